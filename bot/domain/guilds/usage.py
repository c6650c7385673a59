"""What admins read about their guild: periods, sums, pages of the log, and what a chart shows.

Jobs are counted by the moment they were queued and money by the ledger's ``counted_at``, which is
the same moment; the bounds of a period are midnights of the guild's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.audit import AuditEntry
from bot.domain.guilds.quota import Span, Window, window_span
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId, GuildId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, StateFilter

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
"""Before the first of Discord's ids: nothing of ours is older."""

MOST_COLUMNS = 62
"""A timeline with more of them cannot be read; longer periods are drawn by week or month."""

MOST_SERIES = 8
"""More bars than this are told as one: the others."""


class Period(StrEnum):
    """Which jobs are counted."""

    TODAY = "today"
    SEVEN_DAYS = "7 days"
    THIRTY_DAYS = "30 days"
    THIS_MONTH = "this month"
    LAST_MONTH = "last month"
    ALL = "all"


class By(StrEnum):
    """What a chart compares."""

    DAY = "day"
    MEMBER = "member"
    MODEL = "model"


class Step(StrEnum):
    """How much time one column of a timeline stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_STEP_WINDOWS = {Step.DAY: Window.DAY, Step.WEEK: Window.WEEK, Step.MONTH: Window.MONTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a member or model has of the sum."""

    key: str
    """The member's id or the model's name."""
    amounts: Amounts
    name: str | None = None
    """The member's display name; None for models, and where retention is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a guild spent: the whole, and the largest shares of it."""

    total: Amounts
    members: tuple[Share, ...]
    """The dearest first."""
    members_count: int
    """All who spent anything."""
    models: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A guild's period at a glance."""

    guild: Guild
    span: Span
    states: Mapping[JobState, int]
    sums: Sums
    refusals: Mapping[str, int]
    """Refused requests by error code, the most frequent first."""
    timed: int
    """How many of the newest videos the medians are taken of."""
    waiting_seconds: float | None
    """Median from being asked for to being handed to the provider."""
    making_seconds: float | None
    """Median from there to the video in Discord."""

    @property
    def jobs(self) -> int:
        """All jobs of the period."""
        return sum(self.states.values())

    @property
    def success_share(self) -> float | None:
        """Which part of the jobs that ran to an end were made; cancelled ones did not."""
        made = sum(self.states.get(state, 0) for state in MADE)
        ended = made + sum(self.states.get(state, 0) for state in FAILED)
        return made / ended if ended else None


MADE = StateFilter.DONE.states
FAILED = StateFilter.FAILED.states


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A job's place in the log, where a page begins or ends."""

    at: datetime
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which page of the log is asked for."""

    span: Span
    states: frozenset[JobState] = frozenset()
    """Empty means all."""
    member_id: UserId | None = None
    place: Place | None = None
    """The page lies beyond this job; None is the newest page."""
    is_newer: bool = False
    """Whether it lies on the newer side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Some jobs, newest first, and where more are."""

    guild: Guild
    query: LogQuery
    jobs: tuple[Job, ...]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Some changes, newest first, and where more are."""

    guild: Guild
    span: Span
    entries: tuple[AuditEntry, ...]
    offset: int
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedJob:
    """One line of an export: figures and names, never a prompt."""

    job_id: JobId
    guild_id: GuildId
    asked_at: datetime
    ended_at: datetime | None
    state: JobState
    member_id: UserId
    member_name: str | None
    """None after retention."""
    kind: str
    model: str
    resolution: str
    spent: Amounts
    """Sum of the job's ledger entries."""
    failure: str | None
    """Stable word of why there is no video."""
    channel_id: ChannelId
    message_id: int | None
    """What the log links to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One stretch of time of a timeline."""

    first: date
    """Its first day in the guild's time zone."""
    span: Span
    amounts: Amounts = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartData:
    """The figures of a chart; which of both is filled depends on ``by``."""

    guild: Guild
    by: By
    span: Span
    sums: Sums
    step: Step = Step.DAY
    columns: tuple[Column, ...] = ()


# --- what is drawn ---------------------------------------------------------------------------


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


# --- periods ---------------------------------------------------------------------------------


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


def columns_of(span: Span, zone: ZoneInfo) -> tuple[Step, tuple[Column, ...]]:
    """Cut a period into as many days as can be drawn, else weeks, else months.

    The first and last column end where the period does. Where even months are too many, the
    newest are taken.
    """
    for step in Step:
        columns = _cut(span, _STEP_WINDOWS[step], zone)
        if len(columns) <= MOST_COLUMNS:
            return step, columns
    return Step.MONTH, columns[-MOST_COLUMNS:]


def _cut(span: Span, window: Window, zone: ZoneInfo) -> tuple[Column, ...]:
    columns = []
    start = span.start
    while start < span.end:
        end = min(window_span(window, start, zone).end, span.end)
        first = start.astimezone(zone).date()
        columns.append(Column(first=first, span=Span(start=start, end=end)))
        start = end
    return tuple(columns)
