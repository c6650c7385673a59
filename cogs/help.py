"""/help: how to, whose servers see the pictures, retention, version."""

from __future__ import annotations

from datetime import timedelta

import discord
from discord import app_commands

from bot import __version__
from bot.chat import panels, text
from bot.client import TweenBot
from bot.domain.catalogue import Region
from cogs._errors import say
from cogs._guarded import GuardedCog


class HelpCog(GuardedCog):
    """Explains the bot."""

    def __init__(self, *, region: Region, retention: timedelta) -> None:
        self._region = region
        self._retention = retention

    @app_commands.command(name="help", description=text.descriptions.HELP.description)
    async def show_help(self, interaction: discord.Interaction[TweenBot]) -> None:
        """How to make a video, where your pictures go, and how long they are kept."""
        embed = panels.help_panel(
            version=__version__, retention=self._retention, region=self._region.value
        )
        await say(interaction, embed=embed)


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    services = bot.services
    await bot.add_cog(HelpCog(region=services.region, retention=services.retention))
