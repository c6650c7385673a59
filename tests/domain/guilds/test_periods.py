"""Periods in a guild's time zone, and how they are cut for a chart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.guilds.periods import MOST_COLUMNS, Interval, Period, columns_of, period_span
from bot.domain.guilds.quota import Span

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
"""The day on which Berlin's clocks go forward."""


def local(span: Span) -> tuple[str, str]:
    return tuple(f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M}" for moment in (span.start, span.end))  # type: ignore[return-value] # two of them


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.TODAY, "2026-03-29 00:00", "2026-03-30 00:00"),
        (Period.SEVEN_DAYS, "2026-03-23 00:00", "2026-03-30 00:00"),
        (Period.THIRTY_DAYS, "2026-02-28 00:00", "2026-03-30 00:00"),
        (Period.THIS_MONTH, "2026-03-01 00:00", "2026-03-30 00:00"),
        (Period.LAST_MONTH, "2026-02-01 00:00", "2026-03-01 00:00"),
    ],
)
def test_a_period_begins_and_ends_at_midnights_of_the_guild(
    period: Period, start: str, end: str
) -> None:
    assert local(period_span(period, NOW, BERLIN)) == (start, end)


def test_all_begins_before_there_was_anything() -> None:
    span = period_span(Period.ALL, NOW, BERLIN)
    assert span.start.year == 2015
    assert span.end > NOW


def test_thirty_days_have_a_column_each_whatever_the_clocks_do() -> None:
    interval, columns = columns_of(period_span(Period.THIRTY_DAYS, NOW, BERLIN), BERLIN)
    assert (interval, len(columns)) == (Interval.DAY, 30)
    lengths = {column.span.end - column.span.start for column in columns}
    assert lengths == {timedelta(hours=24), timedelta(hours=23)}


@given(
    days=st.integers(1, 5_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_columns_join_up_and_can_be_drawn(days: int, zone: str) -> None:
    end = period_span(Period.TODAY, NOW, ZoneInfo(zone)).end
    span = Span(start=end - timedelta(days=days), end=end)
    _, columns = columns_of(span, ZoneInfo(zone))
    assert 1 <= len(columns) <= MOST_COLUMNS
    assert columns[-1].span.end == end
    for before, after in pairwise(columns):
        assert before.span.end == after.span.start
    if len(columns) < MOST_COLUMNS:
        assert columns[0].span.start == span.start
