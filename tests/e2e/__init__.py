"""Whole stories: the real process against both local platforms."""
