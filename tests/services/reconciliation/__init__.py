"""Tests of services: reconciliation."""
