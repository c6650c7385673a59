"""Tests of domain: catalogue."""
