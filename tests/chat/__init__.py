"""Tests of what Discord is shown and told."""
