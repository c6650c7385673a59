"""Describes what a bot registers and what users do with it: commands and interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.discord.world.json import Json


class InteractionKind(IntEnum):
    """Interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A registered application command."""

    id: int
    guild_id: int | None
    """None: global."""
    data: Json
    """As Discord returns it."""

    @property
    def name(self) -> str:
        """Top-level name."""
        return str(self.data["name"])


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One thing a user did that the bot has to answer."""

    id: int
    token: str
    kind: InteractionKind
    user_id: int
    channel_id: int
    guild_id: int | None
    title: str
    """What the user sees: the command, the button's label, the modal's title."""
    created_at: float
    """Seconds since the Unix epoch on the server's clock."""
    data: Json
    message_id: int | None = None
    """The message whose component was used."""
    acknowledged_at: float | None = None
    callback_type: int | None = None
    ephemeral: bool = False
    original_id: int | None = None
    """The message ``@original`` names."""
    original_revised: bool = False
    """True once this interaction changed the message whose component was used."""
    follow_up_ids: list[int] = field(default_factory=list)
    modal: Json | None = None
    """The modal it opened, its components with the ids Discord gave them."""
    modal_dismissed: bool = False
    """The user closed the modal without sending it."""
    modal_submission_id: int | None = None
    """The interaction that the modal, once filled in, became last."""
    opened_by_id: int | None = None
    """Of what a modal brought: the interaction that opened the modal."""
    choices: list[Json] | None = None
    failed: bool = False
    """Three seconds passed without an answer."""
