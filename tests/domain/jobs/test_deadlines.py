"""Intervals and deadlines, and that they fit each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.jobs.deadlines import (
    CREATE_DEADLINE_SECONDS,
    CREATE_LEASE,
    TASK_MEMORY,
    UNCONFIRMED_COUNTS_FOR,
    UNCONFIRMED_DEADLINE,
    poll_interval,
)


@pytest.mark.parametrize(
    ("slow", "late", "seconds"),
    [(False, False, 15), (True, False, 30), (False, True, 60), (True, True, 120)],
)
def test_slow_models_and_late_tasks_are_polled_less(
    *, slow: bool, late: bool, seconds: float
) -> None:
    assert poll_interval(interval_seconds=15, slow=slow, late=late).total_seconds() == seconds


def test_figures_fit_each_other() -> None:
    assert timedelta(seconds=CREATE_DEADLINE_SECONDS) * 2 <= CREATE_LEASE
    assert timedelta(hours=3) < UNCONFIRMED_COUNTS_FOR
    assert timedelta(hours=3) + TASK_MEMORY <= UNCONFIRMED_DEADLINE
