"""What the operator lets happen: open, paused or draining."""

from __future__ import annotations

from enum import StrEnum


class Switch(StrEnum):
    """What the operator lets happen; stored, so that it outlives the process."""

    OPEN = "open"
    PAUSED = "paused"
    """No create leaves; new requests wait in line."""
    DRAINING = "draining"
    """No create leaves and no request is accepted; what is under way ends."""
