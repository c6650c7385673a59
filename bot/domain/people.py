"""People, as far as a record needs them: who did something, and who asks for something."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.ids import ChannelId, GuildId, RoleId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on Discord."""

    user_id: UserId
    name: str
    """Display name at the time; empty once retention has erased it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who asks, and what Discord said of them when they did."""

    user_id: UserId
    guild_id: GuildId | None
    """None in the bot's direct messages: there only own jobs exist."""
    name: str = field(default="", compare=False)
    """Display name at the time."""
    may_moderate: bool = False
    role_ids: frozenset[RoleId] = frozenset()
    channel_path: tuple[ChannelId, ...] = ()
    """The channel asked from and what it belongs to, nearest first: thread, channel, category."""

    @property
    def person(self) -> Person:
        """The same person as the one who does something."""
        return Person(user_id=self.user_id, name=self.name)
