"""/usage: what a guild's admins read of their members' videos."""

from __future__ import annotations

import io
from typing import Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat import usage_panels
from bot.client import TweenBot
from bot.domain.guilds.exports import ExportFormat
from bot.domain.guilds.usage import By, Period
from bot.domain.ids import UserId
from bot.services.guilds.usage_reports import UsageReports
from cogs._checks import guild_of, money_of
from cogs._errors import say
from cogs._guarded import AdminCog
from cogs._pages import FILTERS, AuditButton, LogButton, audit_view, log_view

PeriodName = Literal["today", "7 days", "30 days", "this month", "last month", "all"]
StateName = Literal["active", "done", "failed", "cancelled", "all"]
ByName = Literal["day", "member", "model"]
FormatName = Literal["csv", "json"]

PERIOD = "Which days, in this server's time zone; 30 days if left out"


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.default_permissions(manage_guild=True)
class UsageCog(
    AdminCog, commands.GroupCog, group_name="usage", group_description="What was made and spent"
):
    """Shows usage and changes."""

    def __init__(self, *, usage: UsageReports) -> None:
        self._usage = usage
        super().__init__()

    @app_commands.command(name="summary")
    @app_commands.describe(period=PERIOD)
    async def summary(
        self, interaction: discord.Interaction[TweenBot], period: PeriodName = "30 days"
    ) -> None:
        """Show jobs, cost, times, and who spent most."""
        found = await self._usage.summary(guild_of(interaction), Period(period))
        await say(interaction, embed=usage_panels.summary(found, money_of(interaction)))

    @app_commands.command(name="log")
    @app_commands.describe(
        member="Only this member's jobs", state="Only jobs in this state", period=PERIOD
    )
    async def log(
        self,
        interaction: discord.Interaction[TweenBot],
        member: discord.User | None = None,
        state: StateName = "all",
        period: PeriodName = "30 days",
    ) -> None:
        """List jobs, newest first, each with a link to its message."""
        page = await self._usage.newest_page(
            guild_of(interaction),
            Period(period),
            states=FILTERS[state],
            member_id=None if member is None else UserId(member.id),
        )
        embed = usage_panels.log(page, money_of(interaction))
        await say(interaction, embed=embed, view=log_view(page, state))

    @app_commands.command(name="chart")
    @app_commands.describe(period=PERIOD, by="What is compared; days if left out")
    async def chart(
        self,
        interaction: discord.Interaction[TweenBot],
        period: PeriodName = "30 days",
        by: ByName = "day",
    ) -> None:
        """Draw videos and cost."""
        data = await self._usage.chart(guild_of(interaction), Period(period), By(by))
        drawn = await self._usage.draw(usage_panels.chart(data, money_of(interaction)))
        await say(interaction, file=discord.File(io.BytesIO(drawn), f"usage-by-{by}.png"))

    @app_commands.command(name="export")
    @app_commands.describe(file_format="csv for spreadsheets, json for programs", period=PERIOD)
    @app_commands.rename(file_format="format")
    async def export(
        self,
        interaction: discord.Interaction[TweenBot],
        file_format: FormatName,
        period: PeriodName = "30 days",
    ) -> None:
        """Hand out all jobs of a period as a file."""
        file = await self._usage.export(
            guild_of(interaction),
            Period(period),
            ExportFormat(file_format),
            limit_bytes=interaction.filesize_limit,
        )
        with file.content:
            await say(
                interaction,
                usage_panels.exported(file.jobs, is_compressed=file.is_compressed),
                file=discord.File(file.content, file.name),
            )

    @app_commands.command(name="audit")
    @app_commands.describe(period=PERIOD)
    async def audit(
        self, interaction: discord.Interaction[TweenBot], period: PeriodName = "30 days"
    ) -> None:
        """List who changed quotas and settings, cancelled others' jobs, blocked whom."""
        page = await self._usage.newest_changes(guild_of(interaction), Period(period))
        await say(interaction, embed=usage_panels.audit(page), view=audit_view(page))


async def setup(bot: TweenBot) -> None:
    """Load the cog, and listen for presses of its page buttons."""
    bot.add_dynamic_items(LogButton, AuditButton)
    await bot.add_cog(UsageCog(usage=bot.services.usage_reports))
