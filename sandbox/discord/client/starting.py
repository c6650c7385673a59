"""Starts interactions: makes the record, tells the bot, and gives up after three seconds."""

from __future__ import annotations

import asyncio
import secrets

from sandbox.discord.client.invocation import Invocation
from sandbox.discord.core import Core
from sandbox.discord.messages.posting import place
from sandbox.discord.world.interaction_records import Interaction, InteractionKind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, User


class InteractionStarter:
    """Sends what people do to the bot."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._timers: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Forget the three-second timers."""
        for timer in self._timers:
            timer.cancel()

    def start(
        self,
        who: User,
        where: Channel,
        kind: InteractionKind,
        data: Json,
        title: str,
        *,
        message_id: int | None = None,
        opened_by_id: int | None = None,
    ) -> Invocation:
        """Start one.

        Args:
            who: The user.
            where: The channel.
            kind: What the user did.
            data: The payload's ``data``.
            title: What the user saw.
            message_id: The message whose component was used, also where that opened a modal.
            opened_by_id: Of a modal: the interaction that opened it.
        """
        core = self._core
        interaction = Interaction(
            id=core.state.ids.next(),
            token=secrets.token_urlsafe(96),
            kind=kind,
            user_id=who.id,
            channel_id=where.id,
            guild_id=where.guild_id,
            title=title,
            created_at=core.clock.timestamp(),
            data=data,
            message_id=message_id,
            opened_by_id=opened_by_id,
        )
        core.state.interactions[interaction.id] = interaction
        core.event_log.publish(
            "interaction",
            f"{who.name} uses {title} in {place(core, where)}",
            interaction_id=str(interaction.id),
            user_id=str(who.id),
            channel_id=str(where.id),
        )
        payload = core.payloads.interaction(interaction)
        core.gateway.dispatch_interaction(payload, guild_id=where.guild_id)
        self._timers.append(
            asyncio.get_running_loop().call_later(
                core.settings.acknowledge_within_seconds, self._give_up, interaction
            )
        )
        return Invocation(core, interaction)

    def _give_up(self, interaction: Interaction) -> None:
        if interaction.acknowledged_at is None:
            interaction.failed = True
            self._core.event_log.publish(
                "no_answer",
                f"{interaction.title}: the application did not respond",
                interaction_id=str(interaction.id),
            )
