"""What a guild's people or rules forbid: part of the tree in ``bot.domain.errors``."""

from __future__ import annotations

from typing import Literal

from bot.domain.errors import RequestError
from bot.domain.guilds.quota import Refusal
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
