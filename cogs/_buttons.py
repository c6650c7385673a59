"""Buttons that survive restarts: their state is the custom id, in whatever process runs.

discord.py only logs what a dynamic item raises, so the base classes' callbacks are final and hand
every error to ``_errors``.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, Self, final

import discord
from typing_extensions import override

from bot.chat import forms, limits, panels, text
from bot.chat.custom_ids import JOB, JobVerb, job_button
from bot.client import TweenBot
from bot.domain.errors import InvalidOptionsError, JobNotFoundError
from bot.domain.ids import JobId
from bot.domain.problems import OptionProblem
from cogs._answers import say_queued
from cogs._checks import (
    acknowledge,
    admit,
    money_of,
    open_form,
    origin_of,
    requester_of,
    require_bot_may_post,
)
from cogs._errors import answer, say


class _OfJob(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"job:never"):
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


class JobButton(_OfJob, template=r"job:never"):
    """A button of a job that does something at once."""

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


class FormButton(_OfJob, template=r"job:never"):
    """A button of a job that opens a form, which must be the first answer to the press."""

    @final
    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            admit(interaction)
            require_bot_may_post(interaction)
            await open_form(interaction, await self.form(interaction))
        except Exception as error:  # noqa: BLE001 - the named boundary of buttons
            await answer(interaction, error)

    @abstractmethod
    async def form(self, interaction: discord.Interaction[TweenBot]) -> discord.ui.Modal:
        """Return what is to be filled in; nothing is acknowledged yet."""


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


class AgainButton(JobButton, template=job_button(JobVerb.AGAIN, JOB)):
    """Makes one's own job once more, with another seed."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        origin = origin_of(interaction)
        require_bot_may_post(interaction)
        queued = await interaction.client.services.remakes.again(
            self.job_id, requester_of(interaction), origin
        )
        await say_queued(interaction, queued)


class EditButton(FormButton, template=job_button(JobVerb.EDIT, JOB)):
    """Opens the form that changes one's own job."""

    @override
    async def form(self, interaction: discord.Interaction[TweenBot]) -> discord.ui.Modal:
        offer = await interaction.client.services.remakes.offer(
            self.job_id, requester_of(interaction), own=True
        )
        length = len(offer.job.options.prompt or "")
        if length > limits.FORM_TEXT_CHARACTERS:
            raise InvalidOptionsError(
                problem=OptionProblem.PROMPT_TOO_LONG_FOR_FORM,
                actual=length,
                limit=limits.FORM_TEXT_CHARACTERS,
            )
        return forms.edit_form(offer, money_of(interaction))


class ContinueButton(FormButton, template=job_button(JobVerb.CONTINUE, JOB)):
    """Opens the form that goes on from a video."""

    @override
    async def form(self, interaction: discord.Interaction[TweenBot]) -> discord.ui.Modal:
        offer = await interaction.client.services.continuations.offer(
            self.job_id, requester_of(interaction)
        )
        return forms.continue_form(self.job_id, offer, money_of(interaction))


async def setup(bot: TweenBot) -> None:
    """Listen for presses of every button, whenever its message was posted."""
    bot.add_dynamic_items(CancelButton, AgainButton, EditButton, ContinueButton)
