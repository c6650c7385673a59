"""What a video costs: reserved at its most when it is queued, charged by its terms when made."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.amounts import Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A job's reservation and the terms of its charge, as they were when it was queued."""

    reserved: Amounts
    """What the RESERVE entry holds."""
    micros_per_second: int
    """Micro-CNY for each second of finished video."""

    def billed(self, *, seconds: int) -> Amounts:
        """Return what a finished task costs whose provider billed so many seconds."""
        return Amounts(videos=1, seconds=seconds, micros=self.micros_per_second * seconds)
