"""A benchmark's result as data: what was measured, against what, and what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """What a figure counts."""

    RATIO = "×"
    MIB = "MiB"
    MILLISECONDS = "ms"
    SECONDS = "s"
    COUNT = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    """What was measured, such as ``acknowledgement p50, 50 at once``."""
    ours: str
    """What we took, with its unit."""
    against: str
    """The floor or the peer, and what it took in the same run."""
    figure: float
    """What is judged: ours over the floor, or ours itself where the target is absolute."""
    unit: Unit
    wanted: float | None
    """The figure may be at most this; None where it is only told."""
    remark: str = ""
    """Why the platform or physics says no, or what the figure depends on."""

    @property
    def met(self) -> bool:
        """Whether the figure is as good as wanted."""
        return self.wanted is None or self.figure <= self.wanted
