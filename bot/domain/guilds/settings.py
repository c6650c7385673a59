"""A guild's settings, and whom its moderators block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict
from zoneinfo import ZoneInfo

from bot.domain.ids import ChannelId, GuildId, UserId


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
    show_prompts: bool = False
    """Whether admins read prompts in the usage log; moderators always do in /jobs show."""
    others_pictures: bool = False
    """Whether a member may animate a picture somebody else posted."""
    log_channel_id: ChannelId | None = None
    """Where changes of quotas, settings and blocks are told; None is nowhere."""
    left_at: datetime | None = None
    """When the bot was removed; its settings go 30 days later."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the guild's windows."""
        return ZoneInfo(self.time_zone)


class Setting(TypedDict, total=False):
    """The fields of a guild that one command changes."""

    time_zone: str
    notify: Notify
    preview: bool
    show_prompts: bool
    others_pictures: bool
    log_channel_id: ChannelId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A member who may not make videos in a guild."""

    user_id: UserId
    blocked_by: UserId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockPage:
    """A page of a guild's blocked members, the newest first."""

    blocks: tuple[Block, ...]
    offset: int
    """How many newer ones are on earlier pages."""
    count: int
    """Of all pages."""
    has_older: bool
