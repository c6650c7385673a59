"""Thin: parse, authorise, call one service, render. Loaded by name from ``bot.client``."""
