"""What a form is about, kept from its opening until it is sent.

A form may be sent hours after it was opened, by then to another process. What it was opened on has
to be remembered: of another person's message Discord shows the files only with the press itself.
https://discord.com/developers/docs/events/gateway#message-content-intent
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from bot.domain.ids import CROCKFORD, GuildId, UserId

DraftId = NewType("DraftId", str)
DRAFT_ID_LENGTH = 12


def new_draft_id() -> DraftId:
    """Draw an id that nobody guesses."""
    return DraftId("".join(secrets.choice(CROCKFORD) for _ in range(DRAFT_ID_LENGTH)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """A file of a message, as Discord describes it."""

    name: str
    """As its sender called it."""
    url: str
    """Where Discord hands it out, for a day."""
    size_bytes: int
    content_type: str | None
    """As the sender's client said; the bytes decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFiles:
    """The files of the message a form was opened on."""

    files: tuple[AttachedFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A form that was opened on a message."""

    id: DraftId
    guild_id: GuildId
    user_id: UserId
    """Who opened it; nobody else may send it."""
    files: DraftFiles
    made_at: datetime
