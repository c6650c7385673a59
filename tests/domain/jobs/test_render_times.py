"""What is known about making times: quantiles, promises and the moment of the next poll."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.jobs.render_times import (
    MOST_INTERVALS,
    MOST_SAMPLES,
    PRIOR_RANGE,
    RenderTime,
    observed_duration,
)
from bot.domain.requests.task import TaskState
from tests.fakes import NOW, a_task

TIMES = st.lists(st.floats(0.001, 100_000), max_size=MOST_SAMPLES).map(tuple)
KNOWLEDGE = st.builds(RenderTime, typical_seconds=st.floats(1, 20_000), recent_seconds=TIMES)
AGES = st.floats(0, 100_000)


def _known(*seconds: float, typical_seconds: float = 120) -> RenderTime:
    return RenderTime(typical_seconds=typical_seconds, recent_seconds=seconds)


# --- quantiles -------------------------------------------------------------------------------


def test_documentation_alone_is_a_wide_spread_around_its_figure() -> None:
    shortest, longest = (120 * factor for factor in PRIOR_RANGE)
    known = _known()
    assert known.quantile(0.5) == pytest.approx(120, rel=0.05)
    assert shortest < known.quantile(0.1) < 70
    assert 220 < known.quantile(0.9) < longest


def test_every_sample_pushes_the_documentation_out() -> None:
    spreads = []
    for samples in (0, 1, 4, 16, 64):
        known = _known(*[120] * samples)
        spreads.append(known.quantile(0.9) - known.quantile(0.1))
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] == 0


def test_quantiles_follow_a_provider_that_becomes_slower() -> None:
    known = _known(*[100] * 44, *[200] * 20)
    assert known.quantile(0.5) == 200, "the newest count most"
    assert known.quantile(0.1) == 100


def test_what_is_not_done_by_now_takes_at_least_as_long_as_those_that_took_longer() -> None:
    known = _known(*[60] * 30, *[200] * 20, *[300] * 10)
    assert known.quantile(0.5, after_seconds=100) >= 200
    assert known.quantile(0.5, after_seconds=10_000) > 10_000


def test_times_between_two_samples_are_possible_too() -> None:
    known = _known(100, 400, typical_seconds=1)
    assert [known.quantile(share, after_seconds=150) for share in (0.1, 0.3, 0.9)] == [
        200,
        300,
        400,
    ]


@given(known=KNOWLEDGE, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), age=AGES)
def test_larger_shares_take_longer_and_lie_ahead(
    known: RenderTime, shares: tuple[float, float], age: float
) -> None:
    few, many = (known.quantile(share, after_seconds=age) for share in sorted(shares))
    assert age <= few <= many < math.inf


# --- promises --------------------------------------------------------------------------------


def test_promise_stands_until_it_has_passed() -> None:
    known = _known(*range(100, 140))
    promised = [known.promise(age_seconds=age).done_seconds for age in range(300)]
    assert promised[0] == 120
    changes = [age for age in range(1, 300) if promised[age] != promised[age - 1]]
    passed = [promised[age - 1] for age in changes]
    assert all(done < age <= done * 1.1 + 1 for age, done in zip(changes, passed, strict=True))
    assert 1 <= len(changes) <= 4


def test_promise_is_not_moved_by_one_more_usual_task() -> None:
    before, after = _known(*[119.6, 120.3] * 20), _known(*[119.6, 120.3] * 20, 121.8)
    assert before.promise().done_seconds == after.promise().done_seconds == 120


def test_promise_says_how_sure_it_is() -> None:
    assert _known().promise().samples == 0
    steady, wide = _known(*[120] * 40).promise(), _known(*range(60, 300, 6)).promise()
    assert steady.samples == wide.samples == 40
    assert steady.late_seconds == 120
    assert wide.late_seconds == pytest.approx(285, abs=10)


@given(known=KNOWLEDGE, age=AGES)
def test_promise_lies_ahead_or_has_only_just_passed(known: RenderTime, age: float) -> None:
    promise = known.promise(age_seconds=age)
    assert age / 1.1 < promise.done_seconds * 1.000001
    assert promise.done_seconds <= promise.late_seconds < math.inf


# --- polls -----------------------------------------------------------------------------------


def _polls(known: RenderTime, *, until: float, interval: float = 15) -> list[float]:
    ages = [interval]
    while ages[-1] < until:
        wait = known.poll_wait_seconds(age_seconds=ages[-1], interval_seconds=interval)
        ages.append(ages[-1] + wait)
    return ages


def test_steady_model_is_looked_at_right_behind_its_time() -> None:
    assert _polls(_known(*[120] * 40), until=120) == pytest.approx([15, 75, 121.2])


def test_look_on_the_way_leaves_room_for_the_poll_that_matters() -> None:
    ages = _polls(_known(*[80] * 40), until=80)
    assert ages[-1] == pytest.approx(80.8)
    assert ages[-2] <= 80.8 - 15


def test_wide_model_is_polled_about_every_interval_where_it_may_end_and_rarely_before() -> None:
    ages = _polls(_known(*range(150, 450, 5)), until=400)
    assert len([age for age in ages if age < 150]) <= 4
    within = [later - age for age, later in pairwise(ages) if 160 < age < 370]
    assert 15 <= sum(within) / len(within) <= 22


def test_task_beyond_all_that_was_seen_is_polled_slower_and_for_ever() -> None:
    known = _known(*[120] * 64)
    waits = [
        known.poll_wait_seconds(age_seconds=age, interval_seconds=15)
        for age in (310, 400, 500, 1_000, 90_000)
    ]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (15, 60)


@given(known=KNOWLEDGE, age=AGES, interval=st.floats(0.01, 600))
def test_interval_is_never_undercut_and_no_gap_is_long(
    known: RenderTime, age: float, interval: float
) -> None:
    wait = known.poll_wait_seconds(age_seconds=age, interval_seconds=interval)
    assert interval <= wait <= interval * MOST_INTERVALS


@given(known=KNOWLEDGE, interval=st.floats(1, 60))
def test_polls_do_not_depend_on_the_unit_of_time(known: RenderTime, interval: float) -> None:
    faster = RenderTime(
        typical_seconds=known.typical_seconds / 64,
        recent_seconds=tuple(seconds / 64 for seconds in known.recent_seconds),
    )
    wait = known.poll_wait_seconds(age_seconds=interval, interval_seconds=interval)
    assert faster.poll_wait_seconds(
        age_seconds=interval / 64, interval_seconds=interval / 64
    ) == pytest.approx(wait / 64)


# --- lessons ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("began", "ended", "seconds"),
    [
        pytest.param(timedelta(0), timedelta(seconds=93.5), 93.5, id="usual"),
        pytest.param(None, timedelta(seconds=90), None, id="no beginning"),
        pytest.param(timedelta(0), None, None, id="no end"),
        pytest.param(timedelta(0), timedelta(0), None, id="no time at all"),
        pytest.param(timedelta(minutes=1), timedelta(0), None, id="backwards"),
        pytest.param(timedelta(0), timedelta(hours=28), None, id="longer than a task may live"),
    ],
)
def test_task_teaches_by_the_providers_clock_or_not_at_all(
    began: timedelta | None, ended: timedelta | None, seconds: float | None
) -> None:
    task = a_task(
        "t",
        TaskState.SUCCEEDED,
        submitted_at=None if began is None else NOW + began,
        ended_at=None if ended is None else NOW + ended,
    )
    assert observed_duration(task) == seconds
