"""How long to wait after something failed."""

from __future__ import annotations

from datetime import timedelta


def backoff(attempts: int, *, first_seconds: float, most_seconds: float) -> timedelta:
    """Return the wait after so many failed attempts: doubling, bounded."""
    doublings = min(max(0, attempts - 1), 64)  # days of failures must not overflow a float
    return timedelta(seconds=min(most_seconds, first_seconds * 2.0**doublings))
