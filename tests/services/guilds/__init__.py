"""Tests of services: guilds."""
