"""/queue: what is being made here and who waits."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import panels
from bot.client import TweenBot
from bot.domain.ids import UserId
from bot.domain.jobs.job import JobState
from bot.services.intake.submissions import Submissions
from bot.services.jobs.estimates import Estimates
from cogs._checks import acknowledge, origin_of
from cogs._errors import say


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class QueueCog(commands.GroupCog, group_name="queue", group_description="Who waits for what"):
    """Shows the guild's jobs under way."""

    def __init__(self, *, submissions: Submissions, estimates: Estimates) -> None:
        self._submissions = submissions
        self._estimates = estimates
        super().__init__()

    @app_commands.command(name="show")
    async def show(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show what is being made, what waits, and where your jobs stand."""
        await acknowledge(interaction)
        origin = origin_of(interaction)
        views = await self._estimates.views(await self._submissions.active(origin.guild_id))
        facts = panels.QueueFacts(
            running=[view for view in views if view.job.state is not JobState.QUEUED],
            waiting=[view for view in views if view.job.state is JobState.QUEUED],
            asker_id=UserId(interaction.user.id),
        )
        await say(interaction, embed=panels.queue(facts, await self._estimates.pause()))


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services = bot.services
    await bot.add_cog(QueueCog(submissions=services.submissions, estimates=services.estimates))
