"""Spans of time that usage is read over, and how a timeline cuts them.

The bounds of a period are midnights of the guild's time zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.quota import Span, Window, window_span

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""Before the first of Discord's ids: nothing of ours is older."""

MOST_COLUMNS = 62
"""A timeline with more of them cannot be read; longer periods are drawn by week or month."""


class Period(StrEnum):
    """Which jobs are counted."""

    TODAY = "today"
    SEVEN_DAYS = "7 days"
    THIRTY_DAYS = "30 days"
    THIS_MONTH = "this month"
    LAST_MONTH = "last month"
    ALL = "all"


class Interval(StrEnum):
    """How much time one column of a timeline stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_WINDOWS = {
    Interval.DAY: Window.DAY,
    Interval.WEEK: Window.WEEK,
    Interval.MONTH: Window.MONTH,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One stretch of time of a timeline."""

    first: date
    """Its first day in the guild's time zone."""
    span: Span
    amounts: Amounts = NOTHING


def period_span(period: Period, at: datetime, zone: ZoneInfo) -> Span:
    """Return a period's bounds; the present day is whole."""
    today = window_span(Window.DAY, at, zone)
    this_month = window_span(Window.MONTH, at, zone)
    match period:
        case Period.TODAY:
            return today
        case Period.SEVEN_DAYS:
            return Span(start=_days_before(at, 6, zone), end=today.end)
        case Period.THIRTY_DAYS:
            return Span(start=_days_before(at, 29, zone), end=today.end)
        case Period.THIS_MONTH:
            return Span(start=this_month.start, end=today.end)
        case Period.LAST_MONTH:
            before = this_month.start - timedelta(hours=1)
            return window_span(Window.MONTH, before, zone)
        case Period.ALL:
            return Span(start=EPOCH, end=today.end)


def _days_before(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    first = at.astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(first, time.min, zone).astimezone(UTC)


def columns_of(span: Span, zone: ZoneInfo) -> tuple[Interval, tuple[Column, ...]]:
    """Cut a period into as many days as can be drawn, else weeks, else months.

    The first and last column end where the period does. Where even months are too many, the
    newest are taken.
    """
    for interval in Interval:
        columns = _cut(span, _WINDOWS[interval], zone)
        if len(columns) <= MOST_COLUMNS:
            return interval, columns
    return Interval.MONTH, columns[-MOST_COLUMNS:]


def _cut(span: Span, window: Window, zone: ZoneInfo) -> tuple[Column, ...]:
    columns = []
    start = span.start
    while start < span.end:
        end = min(window_span(window, start, zone).end, span.end)
        first = start.astimezone(zone).date()
        columns.append(Column(first=first, span=Span(start=start, end=end)))
        start = end
    return tuple(columns)
