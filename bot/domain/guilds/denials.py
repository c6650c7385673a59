"""What a guild's people or rules forbid: part of the tree in ``bot.domain.errors``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from bot.domain.errors import RequestError
from bot.domain.guilds.quota import Refusal, Window
from bot.domain.ids import ChannelId
from bot.domain.problems import PromptOption


class QuotaExceededError(RequestError):
    """A rule has no room for this job."""

    code = "quota_exceeded"

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(f"{refusal.scope.value} {refusal.unit.value} per {refusal.window.value}")


class QueueFullError(RequestError):
    """The member or the guild has too many jobs waiting."""

    code = "queue_full"

    def __init__(self, *, whose: Literal["member", "guild"], waiting: int, limit: int) -> None:
        self.whose = whose
        self.waiting = waiting
        self.limit = limit
        super().__init__(f"{whose} has {waiting} of {limit} jobs waiting")


class TooManyAttemptsError(RequestError):
    """The member began far more videos than a rule allows; most were cancelled or refused."""

    code = "too_many_attempts"

    def __init__(self, *, limit: int, window: Window, resets_at: datetime) -> None:
        self.limit = limit
        self.window = window
        self.resets_at = resets_at
        super().__init__(f"{limit} attempts per {window.value}")


class TooManyContentRefusalsError(RequestError):
    """The provider's content check refused too many of the member's requests today."""

    code = "too_many_content_refusals"

    def __init__(self, *, limit: int, resets_at: datetime) -> None:
        self.limit = limit
        self.resets_at = resets_at
        super().__init__(f"{limit} content refusals per day")


class MemberBlockedError(RequestError):
    """A moderator blocked this member."""

    code = "member_blocked"


class ChannelClosedError(RequestError):
    """The guild's admins do not let videos be made in this channel."""

    code = "channel_closed"

    def __init__(self, *, instead: tuple[ChannelId, ...]) -> None:
        self.instead = instead
        """Channels and categories that were opened, where any were."""
        super().__init__(f"closed; {len(instead)} channels are open")


class WordBlockedError(RequestError):
    """A word rule of the guild stopped a prompt."""

    code = "word_blocked"

    def __init__(self, *, field: PromptOption) -> None:
        self.field = field
        super().__init__(f"a word rule stopped the {field}")
