"""What admins read about their guild: sums, pages of the log, exports.

Jobs are counted by the moment they were queued and money by the ledger's ``counted_at``, which is
the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.amounts import Amounts
from bot.domain.guilds.audit import AuditEntry
from bot.domain.guilds.periods import Column, Interval
from bot.domain.guilds.quota import Span
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId, GuildId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, StateFilter

MOST_SERIES = 8
"""More bars than this are told as one: the others."""


class By(StrEnum):
    """What a chart compares."""

    DAY = "day"
    MEMBER = "member"
    MODEL = "model"


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
class Cursor:
    """A job in the log, where a page begins or ends."""

    at: datetime
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which page of the log is asked for."""

    span: Span
    states: frozenset[JobState] = frozenset()
    """Empty means all."""
    member_id: UserId | None = None
    cursor: Cursor | None = None
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
class ChartData:
    """The figures of a chart; which of both is filled depends on ``by``."""

    guild: Guild
    by: By
    span: Span
    sums: Sums
    interval: Interval = Interval.DAY
    columns: tuple[Column, ...] = ()
