"""More…: the private panel of a video, and what its entries do, in whatever process runs."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Self, final

import discord
from typing_extensions import override

from bot.chat import more_panels, text
from bot.chat.custom_ids import JOB, JobVerb, PanelVerb, job_button, panel_button
from bot.chat.retry import converted
from bot.client import TweenBot
from bot.domain.errors import RequestError
from bot.domain.ids import JobId, MessageId
from bot.domain.jobs.job import Job
from bot.domain.jobs.panels import PanelView
from bot.services.intake.submissions import Queued
from cogs._buttons import JobButton
from cogs._checks import ASIDE, acknowledge, money_of, origin_of, requester_of, require_bot_may_post
from cogs._errors import answer, say
from cogs._forms import variant_of

_TIER = r"(?P<tier>\d{3,4}P)"
_MICROS = r"(?P<micros>\d{1,18})"


class MoreButton(JobButton, template=job_button(JobVerb.MORE, JOB)):
    """Opens the panel of a video."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        await show_panel(interaction, self.job_id)


async def show_panel(
    interaction: discord.Interaction[TweenBot], job_id: JobId, followed: Sequence[JobId] = ()
) -> None:
    """Let the private answer be a video's panel, and keep it up to date.

    Args:
        interaction: a press, acknowledged already.
        job_id: the video.
        followed: what was asked for from the panel.

    Raises:
        JobNotFoundError, JobNotRetryableError: there is nothing to show (any more).
    """
    panels = interaction.client.services.open_panels
    requester = requester_of(interaction)
    view = await panels.view(job_id, requester, followed)
    message = await _edit(interaction, view)
    show = partial(_show, interaction)
    panels.remember(MessageId(message.id), requester, view, show)


async def _edit(
    interaction: discord.Interaction[TweenBot], view: PanelView
) -> discord.InteractionMessage:
    # discord.py sets the flag of a panel alone; Discord wants the rest to be emptied with it.
    return await interaction.edit_original_response(
        content=None, embeds=[], view=more_panels.panel(view, money_of(interaction))
    )


async def _show(interaction: discord.Interaction[TweenBot], view: PanelView) -> None:
    try:
        await _edit(interaction, view)
    except (discord.HTTPException, OSError) as error:
        raise converted(error) from error


class _Entry(discord.ui.DynamicItem[discord.ui.Item[Any]], template=r"panel:never"):
    """Something in a panel that is pressed."""

    def __init__(self, item: discord.ui.Item[Any], match: re.Match[str]) -> None:
        super().__init__(item)
        self.match = match
        self.job_id = JobId(match["job"])

    @classmethod
    @override
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        return cls(item, match)

    @final
    @override
    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        try:
            await acknowledge(interaction, in_place=True)
            interaction.extras[ASIDE] = True
            try:
                made = await self.press(interaction)
            except RequestError:
                # What is offered may have changed: the refusal stands beside what is true now.
                await self._redraw(interaction, [])
                raise
            if made:
                await self._redraw(interaction, [queued.job for queued in made])
        except Exception as error:  # noqa: BLE001 - the named boundary of panels
            await answer(interaction, error)

    async def _redraw(self, interaction: discord.Interaction[TweenBot], new: Sequence[Job]) -> None:
        known = more_panels.followed_in(_texts_of(interaction.message))
        try:
            await show_panel(interaction, self.job_id, [*known, *(job.id for job in new)])
        except RequestError:
            if new:
                raise

    @abstractmethod
    async def press(self, interaction: discord.Interaction[TweenBot]) -> list[Queued]:
        """Do what the entry says, and return what was queued; it is acknowledged already."""


class TakesEntry(_Entry, template=panel_button(PanelVerb.TAKES, JOB, _MICROS)):
    """Makes several more takes."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> list[Queued]:
        require_bot_may_post(interaction)
        return await interaction.client.services.remakes.takes(
            self.job_id,
            requester_of(interaction),
            origin_of(interaction),
            at_most_micros=int(self.match["micros"]),
        )


class TierEntry(_Entry, template=panel_button(PanelVerb.TIER, JOB, f"{_TIER} {_MICROS}")):
    """Makes a video in another tier of the same model."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> list[Queued]:
        require_bot_may_post(interaction)
        return [
            await interaction.client.services.remakes.vary_tier(
                self.job_id,
                requester_of(interaction),
                origin_of(interaction),
                self.match["tier"],
                at_most_micros=int(self.match["micros"]),
            )
        ]


class ModelEntry(_Entry, template=panel_button(PanelVerb.MODEL, JOB)):
    """Makes a video by another model."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> list[Queued]:
        if not isinstance(self.item, discord.ui.Select) or not self.item.values:
            return []
        require_bot_may_post(interaction)
        key, micros = variant_of(str(self.item.values[0]))
        return [
            await interaction.client.services.remakes.vary(
                self.job_id,
                requester_of(interaction),
                origin_of(interaction),
                key,
                at_most_micros=micros,
            )
        ]


class OriginalEntry(_Entry, template=panel_button(PanelVerb.ORIGINAL, JOB)):
    """Hands out the file as the provider made it."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> list[Queued]:
        lookup = interaction.client.services.lookup
        async with lookup.original(
            self.job_id, requester_of(interaction), limit_bytes=interaction.filesize_limit
        ) as (job, video):
            file = discord.File(
                video,
                f"tween-{job.id}.mp4",
                spoiler=job.options.spoiler,
                description=text.alt_texts.video(job),
            )
            await say(interaction, file=file)
        return []


def _texts_of(message: discord.Message | None) -> Iterator[str]:
    """Return the texts of a panel."""
    for component in [] if message is None else message.components:
        if isinstance(component, discord.Container):
            for child in component.children:
                if isinstance(child, discord.TextDisplay):
                    yield child.content


async def setup(bot: TweenBot) -> None:
    """Listen for presses of every panel, whenever it was opened."""
    bot.add_dynamic_items(MoreButton, TakesEntry, TierEntry, ModelEntry, OriginalEntry)
