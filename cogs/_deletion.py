"""Delete: asked once, then done; pressed long after it was asked, it is done all the same."""

from __future__ import annotations

import re
from typing import Any, Self, final

import discord
from typing_extensions import override

from bot.chat import text
from bot.chat.custom_ids import JOB, JobVerb, PanelVerb, job_button, panel_button
from bot.chat.status import Buttons
from bot.client import TweenBot
from bot.domain.errors import JobNotFoundError
from bot.domain.ids import JobId
from bot.services.intake.erasure import Erased
from cogs._buttons import JobButton
from cogs._checks import acknowledge, requester_of
from cogs._errors import answer, say


class DeleteButton(JobButton, template=job_button(JobVerb.DELETE, JOB)):
    """Asks whether a video is to be deleted."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        erasure = interaction.client.services.erasure
        try:
            job = await erasure.foresee(self.job_id, requester_of(interaction))
        except JobNotFoundError:
            await say(interaction, text.refusals.ONLY_OWN_BUTTON)
            return
        question = Buttons()
        question.add_item(
            discord.ui.Button(
                label=text.answers.DELETE_IT,
                style=discord.ButtonStyle.danger,
                custom_id=panel_button(PanelVerb.ERASE, job.id),
            )
        )
        await say(interaction, text.answers.ask_to_delete(job.id), view=question)


class EraseButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=panel_button(PanelVerb.ERASE, JOB)
):
    """Deletes a video, as its question said."""

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
            await acknowledge(interaction, in_place=True)
            erased = await interaction.client.services.erasure.forget(
                self.job_id, requester_of(interaction)
            )
            await say(interaction, deleted(erased), view=Buttons())
        except Exception as error:  # noqa: BLE001 - the named boundary of buttons
            await answer(interaction, error)


def deleted(erased: Erased) -> str:
    """Return the private answer to a deletion."""
    if not erased.is_new and not erased.left_in:
        return text.answers.deleted_before(erased.job.id)
    return text.answers.deleted(erased.job.id, erased.left_in)


async def setup(bot: TweenBot) -> None:
    """Listen for presses."""
    bot.add_dynamic_items(DeleteButton, EraseButton)
