"""Honest times: when a line is served and a job is done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.jobs.estimates import (
    DurationEstimate,
    estimate,
    mean_estimate,
    on_grid,
    start_estimates,
)
from tests.fakes import NOW


def _promise(seconds: float, *, late_by: float = 0, samples: int = 40) -> DurationEstimate:
    return DurationEstimate(done_seconds=seconds, late_seconds=seconds + late_by, samples=samples)


@pytest.mark.parametrize(
    ("left", "in_flight", "waiting", "seconds"),
    [
        pytest.param([], 2, 3, [100, 100, 200], id="empty lane"),
        pytest.param([60], 1, 2, [160, 260], id="after the one that runs"),
        pytest.param([60, 10], 2, 3, [110, 160, 210], id="each place as it becomes free"),
        pytest.param([5, 90, 90], 2, 1, [190], id="more running than places"),
        pytest.param([-10], 1, 1, [90], id="just overdue"),
        pytest.param([-300], 1, 1, [0], id="never in the past"),
        pytest.param([], 2, 0, [], id="nobody waits"),
    ],
)
def test_times_are_those_of_the_lane(
    left: list[int], in_flight: int, waiting: int, seconds: list[int]
) -> None:
    mean = _promise(100)
    begins = start_estimates(
        busy=[_promise(remaining) for remaining in left],
        in_flight=in_flight,
        mean=mean,
        count=waiting,
    )
    assert [begin.of(mean).done_seconds for begin in begins] == seconds


def test_a_waiting_job_takes_its_own_time_behind_average_ones() -> None:
    begins = start_estimates(busy=[], in_flight=1, mean=_promise(400), count=2)
    assert [begin.of(_promise(60)).done_seconds for begin in begins] == [60, 460]


def test_lateness_of_those_in_front_adds_up_in_squares() -> None:
    (begin,) = start_estimates(
        busy=[_promise(50, late_by=30)], in_flight=1, mean=_promise(1), count=1
    )
    promise = begin.of(_promise(100, late_by=40))
    assert (promise.done_seconds, promise.late_seconds) == (150, 200)


@given(left=st.lists(st.floats(0, 500), max_size=5), waiting=st.integers(0, 20))
def test_nobody_is_served_before_who_stands_in_front(left: list[float], waiting: int) -> None:
    begins = start_estimates(
        busy=[_promise(remaining) for remaining in left],
        in_flight=2,
        mean=_promise(120),
        count=waiting,
    )
    seconds = [begin.seconds for begin in begins]
    assert seconds == sorted(seconds)
    assert len(begins) == waiting
    assert all(begin >= 0 for begin in seconds)


def test_average_is_of_jobs_and_as_sure_as_the_least_sure() -> None:
    mean = mean_estimate([(_promise(100, samples=3), 3), (_promise(300, late_by=40), 1)])
    assert (mean.done_seconds, mean.late_seconds, mean.samples) == (150, 160, 3)
    with pytest.raises(ValueError, match="no job"):
        mean_estimate([])


@pytest.mark.parametrize(
    ("late_by", "samples", "late_in"),
    [
        pytest.param(90, 40, 240, id="known and clearly later: the next whole minute"),
        pytest.param(30, 40, None, id="hardly later"),
        pytest.param(90, 9, None, id="fewer than ten seen"),
    ],
)
def test_nine_of_ten_are_spoken_of_where_that_is_known_and_says_something(
    late_by: float, samples: int, late_in: float | None
) -> None:
    made = estimate(_promise(120, late_by=late_by, samples=samples), since=NOW)
    assert (made.done_at, made.samples) == (NOW + timedelta(seconds=120), samples)
    assert made.late_at == (None if late_in is None else NOW + timedelta(seconds=late_in))


@given(seconds=st.floats(0, 10**6), step=st.integers(1, 3_600).map(lambda s: timedelta(seconds=s)))
def test_moment_on_a_grid_is_never_earlier_and_less_than_a_step_later(
    seconds: float, step: timedelta
) -> None:
    moment = NOW + timedelta(seconds=seconds)
    shown = on_grid(moment, step)
    assert moment <= shown < moment + step
    assert on_grid(shown, step) == shown
