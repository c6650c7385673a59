"""Tests of the DashScope emulator."""
