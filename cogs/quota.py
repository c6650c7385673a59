"""/quota: what a member has left."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import panels, text
from bot.client import TweenBot
from bot.domain.ids import RoleId, UserId
from bot.services.intake.quotas import Quotas
from cogs._checks import money_of, origin_of, requester_of, require_moderator
from cogs._errors import say
from cogs._guarded import GuardedCog


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class QuotaCog(
    GuardedCog, commands.GroupCog, group_name="quota", group_description=text.descriptions.QUOTA
):
    """Shows quotas."""

    def __init__(self, *, quotas: Quotas) -> None:
        self._quotas = quotas
        super().__init__()

    @app_commands.command(name="show", description=text.descriptions.QUOTA_SHOW.description)
    @app_commands.describe(**text.descriptions.QUOTA_SHOW.options)
    async def show(
        self, interaction: discord.Interaction[TweenBot], member: discord.Member | None = None
    ) -> None:
        """Show what is left, rule by rule, and when it resets."""
        asked = origin_of(interaction)
        requester = requester_of(interaction)
        name, user_id, role_ids = requester.name, requester.user_id, requester.role_ids
        if member is not None and member.id != interaction.user.id:
            require_moderator(interaction)
            name, user_id = member.display_name, UserId(member.id)
            role_ids = frozenset(RoleId(role.id) for role in member.roles)
        quota = await self._quotas.show(asked.guild_id, user_id, role_ids)
        embed = panels.quota(
            name,
            quota.checks,
            quota.grants,
            money_of(interaction),
            waiting=quota.waiting,
            max_waiting=quota.max_waiting,
        )
        await say(interaction, embed=embed)


async def setup(bot: TweenBot) -> None:
    """Load the cog."""
    await bot.add_cog(QuotaCog(quotas=bot.services.quotas))
