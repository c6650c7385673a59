"""Tests of the commands, buttons and autocompletes."""
