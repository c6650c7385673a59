"""Videos, seconds and money, always moved together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much was reserved, charged or given back; signed, so that entries add up."""

    videos: int = 0
    seconds: int = 0
    micros: int = 0
    """Micro-CNY."""

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            videos=self.videos + other.videos,
            seconds=self.seconds + other.seconds,
            micros=self.micros + other.micros,
        )

    def __mul__(self, count: int) -> Amounts:
        return Amounts(
            videos=self.videos * count, seconds=self.seconds * count, micros=self.micros * count
        )

    def __neg__(self) -> Amounts:
        return Amounts(videos=-self.videos, seconds=-self.seconds, micros=-self.micros)

    def __sub__(self, other: Amounts) -> Amounts:
        return self + -other


NOTHING = Amounts()
