"""Who changed what: one entry for every change of quotas, settings, blocks and others' jobs.

An entry holds values; ``bot.chat.text.audit`` makes the sentence that people read of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from bot.domain.catalogue import Choices, Kind
from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import ChannelId, GuildId, JobId, UserId
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
    JOB_RETRIED = "job_retried"
    """Somebody else's was made again."""


class SettingName(StrEnum):
    """The settings of a guild, by the commands that change them."""

    PROMPTS = "prompts"
    PREVIEW = "preview"
    OTHERS_PICTURES = "others-pictures"
    NOTIFY = "notify"
    TIME_ZONE = "timezone"
    LOG_CHANNEL = "log-channel"


QuotaAction = Literal[Action.QUOTA_SET, Action.QUOTA_CLEARED, Action.CEILING_SET]
JobAction = Literal[Action.JOB_CANCELLED, Action.JOB_FORGOTTEN, Action.JOB_RETRIED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What counted, or counts, in a slot."""

    limit: int
    """Videos, seconds or micro-CNY; 0 blocks."""
    is_default: bool = False
    """Nobody set it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaChange:
    """A rule or a ceiling was set or taken away."""

    action: QuotaAction
    scope: Scope
    target_id: int | None = None
    """Role or member, where the scope has one."""
    unit: Unit
    window: Window
    before: Allowance | None
    """None where nothing bounded the slot."""
    after: Allowance | None

    @classmethod
    def of(
        cls,
        action: QuotaAction,
        rule: Rule,
        *,
        before: Allowance | None,
        after: Allowance | None,
    ) -> QuotaChange:
        """Return the change of what counts in a rule's place."""
        return cls(
            action=action,
            scope=rule.scope,
            target_id=rule.target_id,
            unit=rule.unit,
            window=rule.window,
            before=before,
            after=after,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChange:
    """A member was granted something to use once."""

    action: Literal[Action.QUOTA_GRANTED] = Action.QUOTA_GRANTED
    user_id: UserId
    unit: Unit
    amount: int
    """Videos, seconds or micro-CNY."""
    days: int


SettingValue = bool | int | str | None
"""As ``Guild`` holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A setting of the guild."""

    action: Literal[Action.SETTING_CHANGED] = Action.SETTING_CHANGED
    setting: SettingName
    before: SettingValue
    after: SettingValue


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultChange:
    """What is taken for members who choose nothing; no choice leaves it to the catalogue."""

    action: Literal[Action.SETTING_CHANGED] = Action.SETTING_CHANGED
    kind: Kind
    before: Choices
    after: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitChange:
    """A channel, a model or an effect was allowed or denied; None is undecided."""

    action: Literal[Action.PERMIT_CHANGED] = Action.PERMIT_CHANGED
    subject: Subject
    name: str
    """A channel's id, a model's name, or the provider's name of an effect."""
    before: bool | None
    after: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """A member may not make videos any more, or may again."""

    action: Literal[Action.MEMBER_BLOCKED, Action.MEMBER_UNBLOCKED]
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class WordChange:
    """A word is blocked, or no longer."""

    action: Literal[Action.WORD_ADDED, Action.WORD_REMOVED]
    word: str
    """As a moderator wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """Somebody did something to another's job."""

    action: JobAction
    job_id: JobId
    requester_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A change that an earlier release wrote down in words."""

    action: Action
    subject: str
    before: str | None = None
    after: str | None = None


Change = (
    QuotaChange
    | GrantChange
    | SettingChange
    | DefaultChange
    | PermitChange
    | MemberChange
    | WordChange
    | JobChange
    | Worded
)
"""What was changed, a record for each kind of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change, who made it and when."""

    guild_id: GuildId
    at: datetime
    actor: Person
    change: Change

    @property
    def action(self) -> Action:
        """What was done."""
        return self.change.action


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """A change that a log channel is still to be told."""

    id: int
    channel_id: ChannelId
    entry: AuditEntry
