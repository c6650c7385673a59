"""What every cog shares: a command is acknowledged, and its audience checked, before it runs."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from typing_extensions import override

from bot.client import TweenBot
from cogs._checks import (
    acknowledge,
    guild_of,
    require_admin,
    require_moderator,
    require_operator,
    require_options,
)


class GuardedCog(commands.Cog):
    """Acknowledges each command, then lets its audience in."""

    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Let everybody in; cogs of moderators, admins and operators are stricter.

        Raises:
            NotPermittedError: whoever asks is not in the audience.
        """

    @override
    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """Acknowledge and authorise; discord.py sends only its own errors to the error handler.

        https://discordpy.readthedocs.io/en/v2.7.1/ext/commands/api.html#discord.ext.commands.Cog.interaction_check
        """
        try:
            await acknowledge(interaction)
            self.authorise(interaction)
            require_options(interaction)
        except Exception as error:
            raise app_commands.CheckFailure from error
        return True


class ModeratorCog(GuardedCog):
    """Commands of moderators."""

    @override
    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        guild_of(interaction)
        require_moderator(interaction)


class AdminCog(GuardedCog):
    """Commands of admins."""

    @override
    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        require_admin(interaction)


class OperatorOnlyCog(GuardedCog):
    """Commands of operators."""

    @override
    def authorise(self, interaction: discord.Interaction[TweenBot]) -> None:
        require_operator(interaction)
