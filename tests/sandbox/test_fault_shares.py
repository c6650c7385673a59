"""Faults that meet a share of their occasions, drawn by lot from a seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.dashscope.faults import PlannedFaults
from sandbox.discord.rules.faults import Fault, Faults

OCCASIONS = 2_000


def provider_hits(seed: int, share: float) -> list[bool]:
    """Return on which occasions a fault of the provider struck."""
    planned = PlannedFaults(seed)
    planned.add("query", "drop", times=None, share=share)
    return [planned.take("query") is not None for _ in range(OCCASIONS)]


def discord_hits(seed: int, share: float) -> list[bool]:
    """Return on which occasions a fault of Discord struck."""
    faults = Faults(seed)
    faults.add(Fault(method="POST", path="/channels/*", drop=True, count=1 << 40, share=share))
    return [faults.take("POST", "/channels/1") is not None for _ in range(OCCASIONS)]


@pytest.mark.parametrize("hits", [provider_hits, discord_hits])
def test_a_share_of_the_occasions_is_met_and_a_seed_repeats_them(
    hits: Callable[[int, float], list[bool]],
) -> None:
    first = hits(7, 0.02)
    assert 0.01 * OCCASIONS < sum(first) < 0.03 * OCCASIONS
    assert hits(7, 0.02) == first
    assert hits(8, 0.02) != first


def test_what_is_not_drawn_is_left_to_the_next_fault() -> None:
    planned = PlannedFaults(1)
    planned.add("query", "drop", times=None, share=0.5)
    planned.add("query", "html", times=None)
    taken = [fault.action for _ in range(40) if (fault := planned.take("query")) is not None]
    assert len(taken) == planned.taken == 40
    assert set(taken) == {"drop", "html"}


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_means_nothing_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        PlannedFaults().add("query", "drop", share=share)
