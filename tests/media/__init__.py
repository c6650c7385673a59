"""Tests of pictures and videos: generated files, nothing stored."""
