"""Composes, posts, changes and removes messages, and notifies whom they concern."""
