"""Reports: what members tell their moderators of somebody's video, and why it may not be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import RequestError
from bot.domain.ids import ChannelId, GuildId, JobId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.people import Person

MAX_REPORTS_A_DAY = 20
"""Of a member in a guild: nobody finds more to report, and a script finds no end."""

MAX_POSTS = 3
"""Messages about one job: moderators who took so many away have seen it."""

AGAIN_AFTER = timedelta(minutes=10)
"""So long after Discord refused it, a report may be made once more."""


class ReportOutcome(StrEnum):
    """What came of a member's report."""

    TOLD = "told"
    """It stands in the log channel."""
    WAITING = "waiting"
    """Discord could not be reached; it is told as soon as it can."""
    REFUSED = "refused"
    """Discord does not let the bot write it there."""
    KNOWN = "known"
    """The member has reported it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One member's report of a job."""

    job_id: JobId
    user_id: UserId
    guild_id: GuildId
    user_name: str
    """Display name at the time; empty once the job's content was erased."""
    at: datetime
    channel_id: ChannelId | None = None
    message_id: MessageId | None = None
    """The message that tells it."""
    attempted_at: datetime | None = None
    """Committed before it is posted."""
    due_at: datetime | None = None
    """When it is to be told; None once it is settled."""

    @property
    def receipt(self) -> Receipt | None:
        """The message that tells it; None before there is one."""
        if self.channel_id is None or self.message_id is None:
            return None
        return Receipt(channel_id=self.channel_id, message_id=self.message_id)

    @property
    def outcome(self) -> ReportOutcome:
        """What came of it so far."""
        if self.due_at is not None:
            return ReportOutcome.WAITING
        return ReportOutcome.REFUSED if self.message_id is None else ReportOutcome.TOLD

    def may_be_repeated(self, now: datetime) -> bool:
        """Tell whether it was refused long enough ago for another try."""
        if self.outcome is not ReportOutcome.REFUSED:
            return False
        return self.attempted_at is None or now - self.attempted_at >= AGAIN_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPost:
    """What moderators read of a reported job."""

    job: Job
    channel_id: ChannelId
    """The guild's log channel."""
    reporters: tuple[Person, ...]
    """Who reported it, the first one first."""
    number: int
    """Of the messages about this job, from 1."""
    shows_prompt: bool
    """Whether the guild's admins want prompts to be read."""
    is_blocked: bool
    """Whether the video's requester may not make videos any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedJob:
    """A reported job as it is now, for what can still be done about it."""

    job: Job
    is_blocked: bool
    """Whether its requester may not make videos any more."""


def is_deleted(job: Job) -> bool:
    """Tell whether somebody had a job's messages deleted: then there is nothing to report."""
    return job.messages.removal_requested_at is not None


class NoLogChannelError(RequestError):
    """The guild's moderators have no channel in which they read reports."""

    code = "no_log_channel"


class JobDeletedError(RequestError):
    """The job's content and messages were deleted."""

    code = "job_deleted"

    def __init__(self, job_id: JobId) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} was deleted")


class TooManyReportsError(RequestError):
    """The member has reported too much today."""

    code = "too_many_reports"

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} reports a day")
