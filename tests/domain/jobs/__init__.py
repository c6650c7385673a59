"""Tests of domain: jobs."""
