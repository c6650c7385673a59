"""Waits, intervals and honest times, as functions of time alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pacing import (
    CREATE_DEADLINE_SECONDS,
    LEASE,
    TASK_MEMORY,
    UNCONFIRMED_COUNTS_FOR,
    UNCONFIRMED_DEADLINE,
    backoff,
    finish_times,
    making_seconds,
    poll_interval,
)
from tests.fakes import NOW


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 2), (1, 2), (2, 4), (3, 8), (6, 60), (60, 60), (10**9, 60)]
)
def test_wait_doubles_up_to_its_bound(attempts: int, seconds: float) -> None:
    wait = backoff(attempts, first_seconds=2, most_seconds=60)
    assert wait == timedelta(seconds=seconds)


@given(attempts=st.integers(0, 10**6))
def test_wait_never_shrinks(attempts: int) -> None:
    now = backoff(attempts, first_seconds=0.5, most_seconds=300)
    assert now <= backoff(attempts + 1, first_seconds=0.5, most_seconds=300)


@pytest.mark.parametrize(
    ("slow", "late", "seconds"),
    [(False, False, 15), (True, False, 30), (False, True, 60), (True, True, 120)],
)
def test_slow_models_and_late_tasks_are_polled_less(
    *, slow: bool, late: bool, seconds: float
) -> None:
    assert poll_interval(interval_seconds=15, slow=slow, late=late).total_seconds() == seconds


def test_making_time_is_the_median_or_the_documentations() -> None:
    assert making_seconds([], typical_seconds=120) == 120
    assert making_seconds([90, 10, 500], typical_seconds=120) == 90
    assert making_seconds([90, 10, 500, 100], typical_seconds=120) == 95


@pytest.mark.parametrize(
    ("running_for", "in_flight", "waiting", "seconds"),
    [
        pytest.param([], 2, 3, [100, 100, 200], id="empty lane"),
        pytest.param([40], 1, 2, [160, 260], id="after the one that runs"),
        pytest.param([40, 90], 2, 3, [110, 160, 210], id="each place as it becomes free"),
        pytest.param([500], 1, 1, [100], id="overdue: any moment"),
        pytest.param([10, 10, 10], 2, 1, [190], id="more running than places"),
        pytest.param([], 2, 0, [], id="nobody waits"),
    ],
)
def test_times_are_those_of_the_lane(
    running_for: list[int], in_flight: int, waiting: int, seconds: list[int]
) -> None:
    done = finish_times(
        now=NOW,
        started_at=[NOW - timedelta(seconds=ago) for ago in running_for],
        in_flight=in_flight,
        seconds=100,
        waiting=waiting,
    )
    assert [(at - NOW).total_seconds() for at in done] == seconds


@given(ages=st.lists(st.integers(0, 500), max_size=5), waiting=st.integers(0, 20))
def test_nobody_is_done_before_who_stands_in_front(ages: list[int], waiting: int) -> None:
    done = finish_times(
        now=NOW,
        started_at=[NOW - timedelta(seconds=age) for age in ages],
        in_flight=2,
        seconds=120,
        waiting=waiting,
    )
    assert done == sorted(done)
    assert len(done) == waiting
    assert all(at >= NOW + timedelta(seconds=120) for at in done)


def test_figures_fit_each_other() -> None:
    assert timedelta(seconds=CREATE_DEADLINE_SECONDS) * 2 <= LEASE
    assert timedelta(hours=3) < UNCONFIRMED_COUNTS_FOR
    assert timedelta(hours=3) + TASK_MEMORY <= UNCONFIRMED_DEADLINE
