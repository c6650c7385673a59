"""Tests of services: messages."""
