"""Units that sizes are counted in."""

from __future__ import annotations

MIB = 1024 * 1024
"""Bytes in a mebibyte, Discord's unit for files."""
