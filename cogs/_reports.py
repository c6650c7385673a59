"""Report, under a video and in a message's menu, and what moderators press under a report."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self, final

import discord
from typing_extensions import override

from bot.chat import panels, reports, text
from bot.chat.custom_ids import JOB, JobVerb, ModerationVerb, job_button, report_button
from bot.chat.limits import UNKNOWN_MESSAGE
from bot.client import TweenBot
from bot.domain.ids import JobId, UserId
from bot.logs import get_logger
from cogs._buttons import JobButton
from cogs._checks import (
    ASIDE,
    acknowledge,
    actor_of,
    guild_of,
    is_moderator,
    requester_of,
    require_moderator,
)
from cogs._deletion import deleted
from cogs._errors import answer, say
from cogs._menus import job_shown_on, message_menu

log = get_logger(__name__)


async def report(interaction: discord.Interaction[TweenBot], job_id: JobId) -> None:
    """Tell the moderators of a job, and the member what came of that."""
    outcome = await interaction.client.services.reports.report(job_id, requester_of(interaction))
    await say(interaction, text.reports.OUTCOMES[outcome])


class ReportButton(JobButton, template=job_button(JobVerb.REPORT, JOB)):
    """Reports the video above it."""

    @override
    async def press(self, interaction: discord.Interaction[TweenBot]) -> None:
        await report(interaction, self.job_id)


async def report_message(
    interaction: discord.Interaction[TweenBot], message: discord.Message
) -> None:
    """Report the video in a message."""
    job = await job_shown_on(interaction, message)
    await report(interaction, job.id)


class ReportAction(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"report:never"):
    """A button under a report. The report stays, with what was done written into it."""

    verb: ClassVar[ModerationVerb]

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
            is_allowed = is_moderator(interaction)
            await acknowledge(interaction, in_place=is_allowed)
            interaction.extras[ASIDE] = is_allowed
            require_moderator(interaction)
            done = await self.act(interaction)
            await self._write_down(interaction)
            await say(interaction, done)
        except Exception as error:  # noqa: BLE001 - the named boundary of these buttons
            await answer(interaction, error)

    @abstractmethod
    async def act(self, interaction: discord.Interaction[TweenBot]) -> str:
        """Do what the button says; return what the moderator reads."""

    async def _write_down(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Say in the report what was done; leave the buttons that still mean something."""
        reported = await interaction.client.services.reports.reported(
            self.job_id, requester_of(interaction)
        )
        shown = [] if interaction.message is None else interaction.message.embeds
        is_deleted = self.verb is ModerationVerb.DELETE
        try:
            await interaction.edit_original_response(
                embed=reports.handled(shown, self.verb, UserId(interaction.user.id)),
                view=reports.buttons(reported),
                attachments=[] if is_deleted else discord.utils.MISSING,
            )
        except discord.HTTPException as error:
            # It is done all the same. A deleted video takes its report along: the line about the
            # deletion that follows in the channel says by whom.
            if error.code != UNKNOWN_MESSAGE:
                log.warning("report_not_edited", job_id=self.job_id, code=error.code)


class CancelReported(ReportAction, template=report_button(ModerationVerb.CANCEL, JOB)):
    """Cancels a reported job that is still under way."""

    verb = ModerationVerb.CANCEL

    @override
    async def act(self, interaction: discord.Interaction[TweenBot]) -> str:
        cancellations = interaction.client.services.cancellations
        return panels.cancelled(await cancellations.cancel(self.job_id, requester_of(interaction)))


class DeleteReported(ReportAction, template=report_button(ModerationVerb.DELETE, JOB)):
    """Deletes a reported video."""

    verb = ModerationVerb.DELETE

    @override
    async def act(self, interaction: discord.Interaction[TweenBot]) -> str:
        erasure = interaction.client.services.erasure
        return deleted(await erasure.forget(self.job_id, requester_of(interaction)))


class BlockReported(ReportAction, template=report_button(ModerationVerb.BLOCK, JOB)):
    """Blocks whoever asked for a reported video."""

    verb = ModerationVerb.BLOCK

    @override
    async def act(self, interaction: discord.Interaction[TweenBot]) -> str:
        services = interaction.client.services
        reported = await services.reports.reported(self.job_id, requester_of(interaction))
        user_id = reported.job.requester.user_id
        blocked = await services.moderation.block(
            guild_of(interaction), user_id, actor_of(interaction)
        )
        return text.moderation.blocked(
            user_id,
            is_new=blocked.is_new,
            cancelled=blocked.cancelled,
            requested=blocked.requested,
        )


async def setup(bot: TweenBot) -> None:
    """Listen for presses, and put the entry into the menu of messages."""
    bot.add_dynamic_items(ReportButton, CancelReported, DeleteReported, BlockReported)
    bot.tree.add_command(message_menu(text.reports.MENU, report_message))
