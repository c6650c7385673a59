"""/queue: what is being made here and who waits."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import panels, text
from bot.client import TweenBot
from bot.domain.ids import UserId
from bot.services.jobs.estimates import Estimates
from cogs._checks import guild_of
from cogs._errors import say
from cogs._guarded import GuardedCog


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class QueueCog(
    GuardedCog, commands.GroupCog, group_name="queue", group_description=text.descriptions.QUEUE
):
    """Shows the guild's jobs under way."""

    def __init__(self, *, estimates: Estimates) -> None:
        self._estimates = estimates
        super().__init__()

    @app_commands.command(name="show", description=text.descriptions.QUEUE_SHOW.description)
    async def show(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show what is being made, what waits, and where your jobs stand."""
        queue = await self._estimates.queue_of(guild_of(interaction))
        await say(interaction, embed=panels.queue(queue, UserId(interaction.user.id)))


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    await bot.add_cog(QueueCog(estimates=bot.services.estimates))
