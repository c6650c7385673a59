"""Tests of domain: guilds."""
