"""Waits between attempts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.backoff import backoff


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
