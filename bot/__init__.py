"""Tween: a self-hosted Discord bot that turns frames, pictures and prompts into short videos."""

__version__ = "0.1.0"
