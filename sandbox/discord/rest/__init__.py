"""Serves the subset of REST v10 that ``table.py`` lists; ``front.py`` guards it."""
