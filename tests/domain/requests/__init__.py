"""Tests of domain: requests."""
