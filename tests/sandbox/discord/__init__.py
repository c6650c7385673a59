"""Tests of the Discord-compatible server."""
