"""What an operator sees and switches: the process as a whole, all guilds, one job's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Rule, Unit, Window
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ledger import LedgerEntry
from bot.domain.jobs.states import IN_FLIGHT, JobState

UNDER_WAY = IN_FLIGHT | {JobState.DOWNLOADING, JobState.DELIVERING}
"""What a drain waits for: a waiting job has cost nothing, a parked one needs the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildInfo:
    """A guild the bot is in, as Discord describes it."""

    name: str
    members: int | None = None
    """None while Discord cannot say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """One model's lane."""

    model: str
    in_flight: int
    """Places taken."""
    limit: int
    waiting: int
    off_at: datetime | None = None
    """Since when the account may not use the model."""
    ends_on: date | None = None
    """The day, in UTC, from which the provider does not sell it, where that is near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """The process and its work at one moment."""

    switch: Switch
    counts: Mapping[JobState, int]
    """Jobs by state, those that are over included."""
    lanes: tuple[LaneStatus, ...]
    spent_micros: int
    """Reserved and charged over all guilds in the present UTC day."""
    budget_micros: int
    """DAILY_BUDGET; 0 is no bound."""
    account_paused_at: datetime | None
    account_reason: str | None
    result_deadline: datetime | None
    """When the nearest result that is not on disk yet expires."""
    served_at: datetime | None
    """Last sign of life of the process that serves the database; None where there is none."""

    def count(self, *states: JobState) -> int:
        """Return how many jobs are in these states."""
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def under_way(self) -> int:
        """How many jobs a drain still waits for."""
        return self.count(*UNDER_WAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildOverview:
    """A guild as its host sees it."""

    guild_id: GuildId
    presence: GuildInfo | None
    """None where the bot is not in it, or has not been told of it yet."""
    spent: Amounts
    """Reserved and charged lately."""
    ceilings: tuple[Rule, ...]
    """In force: the operator's, and the default in its slot where none is set."""
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """What is in force in one slot of a guild after an operator decided about it."""

    guild_id: GuildId
    unit: Unit
    window: Window
    rule: Rule | None
    """None where nothing bounds the slot."""
    default: bool
    """Whether it is the default again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHistory:
    """Everything stored about a job's way; its prompt is not shown with it."""

    job: Job
    events: tuple[JobEvent, ...]
    entries: tuple[LedgerEntry, ...]
