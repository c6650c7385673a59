"""The benchmarks' own arithmetic: a figure that hides what it measures is worse than none."""

from __future__ import annotations

import pytest

from tests.benchmarks.fairness import Share, Turn, shares_of
from tests.benchmarks.soak import Sample, flatness

LANE = "wan2.2-kf2v-flash"
MANY, FEW = 1, 2


def turns(order: list[int], *, asked: dict[int, list[float]]) -> list[Turn]:
    """Return turns of one lane, one a second, given to guilds in an order."""
    left = {guild: iter(times) for guild, times in asked.items()}
    return [
        Turn(lane=LANE, guild=guild, waits_from=next(left[guild]), at=10.0 + number)
        for number, guild in enumerate(order)
    ]


def share_of(guild: int, found: list[Share]) -> Share:
    """Return the figures of one guild."""
    return next(share for share in found if share.guild == guild)


def test_turns_that_go_round_are_fair() -> None:
    asked = {MANY: [0.0] * 8, FEW: [1.0] * 2}
    found = shares_of(turns([MANY, FEW, MANY, FEW, *[MANY] * 6], asked=asked))
    assert [share.ratio for share in found] == [1.0, 1.0]
    assert share_of(FEW, found).unordered_ratio > 1.5


def test_a_guild_that_waits_behind_the_crowd_is_found() -> None:
    asked = {MANY: [0.0] * 8, FEW: [1.0] * 2}
    found = shares_of(turns([*[MANY] * 8, FEW, FEW], asked=asked))
    assert found[0].guild == FEW
    assert found[0].actual == pytest.approx(17.5)
    assert found[0].fair == pytest.approx(11.0)
    assert found[0].ratio == pytest.approx(18.5 / 12.0)
    assert share_of(MANY, found).ratio < 1


def test_nobody_is_given_a_turn_before_asking() -> None:
    late = {MANY: [0.0] * 3, FEW: [11.5]}
    found = shares_of(turns([MANY, MANY, FEW, MANY], asked=late))
    assert share_of(FEW, found).fair == pytest.approx(0.5)


def samples(*resident_mib: float) -> list[Sample]:
    """Return a run's samples, one for each job that ended."""
    return [
        Sample(at=float(ended), ended=ended, resident_mib=mib)
        for ended, mib in enumerate(resident_mib)
    ]


def test_memory_that_grows_early_and_then_stays_is_flat() -> None:
    row = flatness(samples(*range(100, 150), *[150.0] * 50))
    assert row.figure == pytest.approx(1.0, abs=0.01)
    assert row.met


def test_memory_that_never_stops_growing_is_not() -> None:
    row = flatness(samples(*(100.0 + ended / 4 for ended in range(101))))
    assert row.figure == pytest.approx(124 / 113.6, abs=0.01)
    assert not row.met
