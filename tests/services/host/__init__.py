"""Tests of services: host."""
