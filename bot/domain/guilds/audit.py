"""Who changed what: one entry for every change of quotas, settings, blocks and others' jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.ids import ChannelId, GuildId
from bot.domain.people import Person


class Action(StrEnum):
    """What was done."""

    QUOTA_SET = "quota_set"
    QUOTA_CLEARED = "quota_cleared"
    QUOTA_GRANTED = "quota_granted"
    CEILING_SET = "ceiling_set"
    """By an operator."""
    SETTING_CHANGED = "setting_changed"
    PERMIT_CHANGED = "permit_changed"
    """A channel, model or effect was allowed, denied or reset."""
    MEMBER_BLOCKED = "member_blocked"
    MEMBER_UNBLOCKED = "member_unblocked"
    WORD_ADDED = "word_added"
    WORD_REMOVED = "word_removed"
    JOB_CANCELLED = "job_cancelled"
    """Somebody else's."""
    JOB_FORGOTTEN = "job_forgotten"
    """Somebody else's content was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change."""

    guild_id: GuildId
    at: datetime
    actor: Person
    action: Action
    subject: str
    """What was changed: a setting's name, a rule, a member's mention, a job's id."""
    before: str | None = None
    """Readable; None where there was nothing."""
    after: str | None = None
    """Readable; None where there is nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A change that a log channel is still to be told."""

    id: int
    channel_id: ChannelId
    entry: AuditEntry
