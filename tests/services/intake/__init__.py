"""Tests of services: intake."""
