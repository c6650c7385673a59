"""A guild's settings, as far as making videos depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.ids import GuildId


class Notify(StrEnum):
    """How a requester is told that a job is over."""

    PING = "ping"
    """A one-line reply that pings."""
    DM = "dm"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guild:
    """A guild's settings."""

    guild_id: GuildId
    time_zone: str = "UTC"
    notify: Notify = Notify.PING
    preview: bool = True
    """Whether status messages show a small picture of the frames."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the guild's windows."""
        return ZoneInfo(self.time_zone)
