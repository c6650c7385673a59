"""Tests of services: jobs."""
