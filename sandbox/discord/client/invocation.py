"""Follows one thing a user did until everything the bot made of it can be seen."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.discord.core import Core
from sandbox.discord.world.interaction_records import Interaction
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Message, Revision

DEFERRED = frozenset({5, 6})
UPDATES = frozenset({6, 7})


class NoAnswerError(Exception):
    """The user saw "The application did not respond"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What autocomplete answered, and how fast."""

    choices: list[Json]
    seconds: float

    @property
    def values(self) -> list[object]:
        """The values alone."""
        return [choice["value"] for choice in self.choices]


class Invocation:
    """Shows an interaction live; it fills up while the bot works."""

    def __init__(self, core: Core, interaction: Interaction) -> None:
        self._core = core
        self.interaction = interaction

    @property
    def id(self) -> int:
        """The interaction's id."""
        return self.interaction.id

    @property
    def acknowledged_after_seconds(self) -> float | None:
        """How long the bot took for its first answer, None so far."""
        at = self.interaction.acknowledged_at
        return None if at is None else at - self.interaction.created_at

    @property
    def deferred(self) -> bool:
        """True if the first answer was a deferral."""
        return self.interaction.callback_type in DEFERRED

    @property
    def ephemeral(self) -> bool:
        """True if the first answer is for the user alone."""
        return self.interaction.ephemeral

    @property
    def failed(self) -> bool:
        """True once the user has seen "The application did not respond"."""
        return self.interaction.failed

    @property
    def waiting(self) -> bool:
        """True while the user has no answer: not acknowledged, or "thinking"."""
        original = self.original
        thinking = original is not None and original.current.thinking and not original.deleted
        return self.interaction.acknowledged_at is None or thinking

    @property
    def modal(self) -> Json | None:
        """The modal that opened, if one did."""
        return self.interaction.modal

    @property
    def choices(self) -> list[Json] | None:
        """Autocomplete's suggestions."""
        return self.interaction.choices

    @property
    def original(self) -> Message | None:
        """The message of the first answer."""
        return self._core.state.messages.get(self.interaction.original_id or 0)

    @property
    def follow_ups(self) -> list[Message]:
        """Messages after the first answer."""
        return [
            self._core.state.messages[message_id] for message_id in self.interaction.follow_up_ids
        ]

    @property
    def messages(self) -> list[Message]:
        """The original, then the follow-ups; deleted ones too."""
        original = self.original
        return ([original] if original else []) + self.follow_ups

    @property
    def replies(self) -> list[Revision]:
        """Everything that was ever shown, oldest first, without "thinking"."""
        shown = [
            revision
            for message in self.messages
            for revision in message.revisions
            if not revision.thinking and revision.at.timestamp() >= self.interaction.created_at
        ]
        return sorted(shown, key=lambda revision: revision.at)

    async def acknowledged(self, timeout_seconds: float = 5.0) -> Invocation:
        """Wait for the first answer.

        Raises:
            NoAnswerError: three seconds passed without one.
        """
        await self._core.event_log.wait_for(
            lambda: self.interaction.acknowledged_at is not None or self.failed, timeout_seconds
        )
        if self.failed:
            raise NoAnswerError(self.interaction.title)
        return self

    async def final_reply(self, timeout_seconds: float = 10.0) -> Message:
        """Wait for an answer that is not "thinking" and return its message.

        Raises:
            NoAnswerError: the bot did not acknowledge in time.
        """
        message = await self._core.event_log.wait_for(
            lambda: self._answer() or self.failed, timeout_seconds
        )
        if isinstance(message, Message):
            return message
        raise NoAnswerError(self.interaction.title)

    def _answer(self) -> Message | None:
        """The message that says something about this interaction.

        A component's own message counts only once this interaction changed it.
        """
        is_update = self.interaction.callback_type in UPDATES
        shown = self.messages
        if is_update:
            own = [self.original] if self.original and self.interaction.original_revised else []
            shown = self.follow_ups + own
        return next(
            (message for message in shown if not message.deleted and not message.current.thinking),
            None,
        )

    async def modal_shown(self, timeout_seconds: float = 5.0) -> Json:
        """Wait for a modal.

        Raises:
            NoAnswerError: three seconds passed without any answer.
        """
        await self._core.event_log.wait_for(lambda: self.modal or self.failed, timeout_seconds)
        if self.modal is None:
            raise NoAnswerError(self.interaction.title)
        return self.modal

    def snapshot(self) -> Json:
        """Describe it in JSON for the control API."""
        return {
            "id": str(self.id),
            "title": self.interaction.title,
            "acknowledged_after_seconds": self.acknowledged_after_seconds,
            "deferred": self.deferred,
            "ephemeral": self.ephemeral,
            "failed": self.failed,
            "modal": self.modal,
            "choices": self.choices,
            "replies": [
                {
                    "message_id": str(message.id),
                    "text": message.text,
                    "thinking": message.current.thinking,
                    "deleted": message.deleted,
                }
                for message in self.messages
            ],
        }
