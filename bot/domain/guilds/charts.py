"""What a chart shows, however it is drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a ranking."""

    label: str
    value: float
    note: str
    """Written beside the bar."""
    otherwise: str = ""
    """Stands for a label that has no legible character, for instance of emoji alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Bars below each other, the longest first."""

    title: str
    subtitle: str
    axis: str
    """What the values are, with their unit."""
    bars: tuple[Bar, ...]
    empty: str
    """Written where there is nothing to draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One figure along a timeline."""

    axis: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Columns beside each other, in one or more panels above each other."""

    title: str
    subtitle: str
    axis: str
    """What a column stands for."""
    labels: tuple[str, ...]
    panels: tuple[Panel, ...]
    empty: str


Chart = Ranking | Timeline
