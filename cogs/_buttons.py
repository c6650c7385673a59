"""Buttons that survive restarts: their state is the custom id, in whatever process runs.

discord.py only logs what a dynamic item raises, so the base class's callback is final and hands
every error to ``_errors``.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, Self, final

import discord
from typing_extensions import override

from bot.chat import panels, text
from bot.chat.custom_ids import JOB, JobVerb, job_button
from bot.client import TweenBot
from bot.domain.errors import JobNotFoundError
from bot.domain.ids import JobId
from cogs._checks import acknowledge, requester_of
from cogs._errors import answer, say


class JobButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"job:never"):
    """A button that belongs to a job."""

    def __init__(self, item: discord.ui.Button[Any], job_id: JobId) -> None:
        super().__init__(item)
        self.job_id = job_id

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        if not isinstance(item, discord.ui.Button):
            raise TypeError(type(item))
        return cls(item, JobId(match["job"]))

    @final
    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await acknowledge(interaction)
            await self.press(interaction)
        except Exception as error:  # noqa: BLE001 - the named boundary of buttons
            await answer(interaction, error)

    @abstractmethod
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Do what the button says; it is acknowledged already."""


class CancelButton(JobButton, template=job_button(JobVerb.CANCEL, JOB)):
    """Cancels a job while that can still help."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        cancellations = interaction.client.services.cancellations
        try:
            job = await cancellations.cancel(self.job_id, requester_of(interaction))
        except JobNotFoundError:
            # The message stands before everybody's eyes: nothing is given away.
            await say(interaction, text.refusals.ONLY_OWN_BUTTON)
            return
        await say(interaction, panels.cancelled(job))


async def setup(bot: TweenBot) -> None:
    """Listen for presses of every button, whenever its message was posted."""
    bot.add_dynamic_items(CancelButton)
