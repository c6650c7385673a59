"""Makes snowflakes: 64-bit ids that carry their time of birth.

discord.py reads ``created_at`` and ``expires_at`` out of them, so made-up small numbers would not
do: https://discord.com/developers/docs/reference#snowflakes
"""

from __future__ import annotations

from sandbox.discord.world.clock import Clock

DISCORD_EPOCH_MS = 1_420_070_400_000
TIMESTAMP_SHIFT = 22


class Snowflakes:
    """Hands out strictly rising ids."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Make the next id."""
        self._last = max(lowest_at(self._clock.timestamp()), self._last + 1)
        return self._last


def lowest_at(timestamp: float) -> int:
    """Return the lowest id of a moment (seconds since the Unix epoch)."""
    return (int(timestamp * 1000) - DISCORD_EPOCH_MS) << TIMESTAMP_SHIFT


def timestamp_of(snowflake: int) -> float:
    """Return the seconds since the Unix epoch at which an id was made."""
    return ((snowflake >> TIMESTAMP_SHIFT) + DISCORD_EPOCH_MS) / 1000
