"""What a status message is drawn from, and which messages a job may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.jobs.estimates import Estimate
from bot.domain.jobs.job import Job


class Purpose(StrEnum):
    """The messages a job may cause; each has a nonce of its own."""

    STATUS = "s"
    DELIVERY = "d1"
    ANNOUNCEMENT = "p"
    REPORT = "r"
    """To the moderators; with a number, as there may be more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """A job as its status message shows it."""

    job: Job
    position: int | None = None
    """Place in line, from 1, while waiting."""
    estimate: Estimate | None = None
    pause: str | None = None
    """Why nothing is submitted at present, as a key of ``bot.chat.text``."""
    can_report: bool = False
    """Whether the guild has a log channel, in which its moderators read reports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A status message as the chat drew it, ready to be sent."""

    digest: str
    """Fingerprint of everything people see: equal drawings look alike."""
    content: object
    """In the chat's own form; nobody else looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildQueue:
    """A guild's jobs that are not over."""

    running: tuple[StatusView, ...]
    """Those with the provider, or behind it."""
    waiting: tuple[StatusView, ...]
    pause: str | None
    """Why nothing is submitted at present."""
