"""/usage: what a guild's admins read of their members' videos."""

from __future__ import annotations

import io

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import text, usage_panels
from bot.client import TweenBot
from bot.domain.guilds.periods import Period
from bot.domain.guilds.usage import By
from bot.domain.ids import UserId
from bot.domain.jobs.states import StateFilter
from bot.services.guilds.usage_reports import UsageReports
from cogs._checks import guild_of, money_of
from cogs._errors import say
from cogs._guarded import AdminCog
from cogs._options import AnyFormat, AnyPeriod, AnyState, Compared
from cogs._pages import AuditButton, LogButton, audit_view, log_view


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class UsageCog(
    AdminCog, commands.GroupCog, group_name="usage", group_description=text.staff_descriptions.USAGE
):
    """Shows usage and changes."""

    def __init__(self, *, usage: UsageReports) -> None:
        self._usage = usage
        super().__init__()

    @app_commands.command(
        name="summary", description=text.staff_descriptions.USAGE_SUMMARY.description
    )
    @app_commands.describe(**text.staff_descriptions.USAGE_SUMMARY.options)
    async def summary(
        self, interaction: discord.Interaction[TweenBot], period: AnyPeriod = Period.THIRTY_DAYS
    ) -> None:
        """Show jobs, cost, times, and who spent most."""
        found = await self._usage.summary(guild_of(interaction), period)
        await say(interaction, embed=usage_panels.summary(found, money_of(interaction)))

    @app_commands.command(name="log", description=text.staff_descriptions.USAGE_LOG.description)
    @app_commands.describe(**text.staff_descriptions.USAGE_LOG.options)
    async def log(
        self,
        interaction: discord.Interaction[TweenBot],
        member: discord.User | None = None,
        state: AnyState = StateFilter.ALL,
        period: AnyPeriod = Period.THIRTY_DAYS,
    ) -> None:
        """List jobs, newest first, each with a link to its message."""
        page = await self._usage.newest_page(
            guild_of(interaction),
            period,
            states=state.states,
            member_id=None if member is None else UserId(member.id),
        )
        embed = usage_panels.log(page, money_of(interaction))
        await say(interaction, embed=embed, view=log_view(page, state))

    @app_commands.command(name="chart", description=text.staff_descriptions.USAGE_CHART.description)
    @app_commands.describe(**text.staff_descriptions.USAGE_CHART.options)
    async def chart(
        self,
        interaction: discord.Interaction[TweenBot],
        period: AnyPeriod = Period.THIRTY_DAYS,
        by: Compared = By.DAY,
    ) -> None:
        """Draw videos and cost."""
        guild_id = guild_of(interaction)
        data = await self._usage.chart(guild_id, period, by)
        drawn = await self._usage.draw(guild_id, usage_panels.chart(data, money_of(interaction)))
        file = discord.File(
            io.BytesIO(drawn), f"usage-by-{by}.png", description=text.alt_texts.chart(by)
        )
        await say(interaction, file=file)

    @app_commands.command(
        name="export", description=text.staff_descriptions.USAGE_EXPORT.description
    )
    @app_commands.describe(**text.staff_descriptions.USAGE_EXPORT.options)
    @app_commands.rename(file_format="format")
    async def export(
        self,
        interaction: discord.Interaction[TweenBot],
        file_format: AnyFormat,
        period: AnyPeriod = Period.THIRTY_DAYS,
    ) -> None:
        """Hand out all jobs of a period as a file."""
        file = await self._usage.export(
            guild_of(interaction),
            period,
            file_format,
            limit_bytes=interaction.filesize_limit,
        )
        with file.content:
            await say(
                interaction,
                text.usage.exported(file.jobs, is_compressed=file.is_compressed),
                file=discord.File(file.content, file.name, description=text.alt_texts.EXPORT),
            )

    @app_commands.command(name="audit", description=text.staff_descriptions.USAGE_AUDIT.description)
    @app_commands.describe(**text.staff_descriptions.USAGE_AUDIT.options)
    async def audit(
        self, interaction: discord.Interaction[TweenBot], period: AnyPeriod = Period.THIRTY_DAYS
    ) -> None:
        """List who changed quotas and settings, cancelled others' jobs, blocked whom."""
        page = await self._usage.newest_changes(guild_of(interaction), period)
        await say(
            interaction,
            embed=usage_panels.audit(page, money_of(interaction)),
            view=audit_view(page),
        )


async def setup(bot: TweenBot) -> None:
    """Load the cog, and listen for presses of its page buttons."""
    bot.add_dynamic_items(LogButton, AuditButton)
    await bot.add_cog(UsageCog(usage=bot.services.usage_reports))
