"""Tests of services: stages."""
