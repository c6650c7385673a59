"""/operator: for who runs this bot, in the one server the host named; the shell has the same.

Who may is decided by user id alone, whatever Discord's permissions say.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot import __version__
from bot.chat import limits, operator_panels, text
from bot.client import TweenBot
from bot.domain.host.switch import Switch
from bot.services.host.operator import OperatorActions
from cogs._amounts import MOST, read_amount
from cogs._checks import actor_of, is_operator, money_of
from cogs._errors import say, suggesting
from cogs._guarded import OperatorOnlyCog
from cogs._options import AnyUnit, AnyWindow

TO_DEFAULT = -1
"""The limit that takes an operator's ceiling back."""

if TYPE_CHECKING:
    LimitNumber = float
else:
    LimitNumber = app_commands.Range[float, TO_DEFAULT, MOST]


class OperatorCog(
    OperatorOnlyCog,
    commands.GroupCog,
    group_name="operator",
    group_description=text.staff_descriptions.OPERATOR,
):
    """Shows and steers the process."""

    def __init__(self, *, operator: OperatorActions) -> None:
        self._operator = operator
        super().__init__()

    @app_commands.command(
        name="status", description=text.staff_descriptions.OPERATOR_STATUS.description
    )
    async def status(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Show the process: switch, account, lanes, queue, money of today."""
        status = await self._operator.status()
        money = money_of(interaction)
        await say(interaction, embed=operator_panels.status(status, money, version=__version__))

    @app_commands.command(
        name="pause", description=text.staff_descriptions.OPERATOR_PAUSE.description
    )
    async def pause(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Submit nothing more; new jobs wait in line."""
        await self._turn(interaction, Switch.PAUSED)

    @app_commands.command(
        name="resume", description=text.staff_descriptions.OPERATOR_RESUME.description
    )
    async def resume(self, interaction: discord.Interaction[TweenBot]) -> None:
        """End a pause or a drain."""
        await self._turn(interaction, Switch.OPEN)

    @app_commands.command(
        name="drain", description=text.staff_descriptions.OPERATOR_DRAIN.description
    )
    async def drain(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Take and submit no new jobs; let those under way finish."""
        await self._turn(interaction, Switch.DRAINING)

    async def _turn(self, interaction: discord.Interaction[TweenBot], switch: Switch) -> None:
        status = await self._operator.turn(switch, actor_of(interaction))
        await say(interaction, operator_panels.turned(status))

    @app_commands.command(
        name="ceiling", description=text.staff_descriptions.OPERATOR_CEILING.description
    )
    @app_commands.describe(**text.staff_descriptions.OPERATOR_CEILING.options)
    async def ceiling(
        self,
        interaction: discord.Interaction[TweenBot],
        guild: str,
        limit: LimitNumber,
        unit: AnyUnit,
        per: AnyWindow,
    ) -> None:
        """Set what a server may spend at most."""
        money = money_of(interaction)
        changed = await self._operator.set_ceiling(
            guild,
            unit=unit,
            window=per,
            limit=None if limit == TO_DEFAULT else read_amount(unit, limit, money),
            actor=actor_of(interaction),
        )
        await say(interaction, text.operators.ceiling(changed, money))

    @app_commands.command(
        name="guilds", description=text.staff_descriptions.OPERATOR_GUILDS.description
    )
    async def guilds(self, interaction: discord.Interaction[TweenBot]) -> None:
        """List servers: members, jobs and cost of 30 days, ceiling, left or not."""
        overviews = await self._operator.guilds()
        await say(interaction, embed=operator_panels.guilds(overviews, money_of(interaction)))

    @app_commands.command(name="job", description=text.staff_descriptions.OPERATOR_JOB.description)
    @app_commands.describe(**text.staff_descriptions.OPERATOR_JOB.options)
    async def job(
        self,
        interaction: discord.Interaction[TweenBot],
        id: str,  # noqa: A002 - the option's name is the contract's
    ) -> None:
        """Show a job's full history, of any server."""
        told = await self._operator.history(id)
        content, whole = operator_panels.history(told)
        job_id = told.job.id
        said = text.alt_texts.history(job_id)
        file = (
            None
            if whole is None
            else discord.File(io.BytesIO(whole), f"job-{job_id}.txt", description=said)
        )
        await say(interaction, content, file=file)

    @app_commands.command(
        name="reconcile", description=text.staff_descriptions.OPERATOR_RECONCILE.description
    )
    async def reconcile(self, interaction: discord.Interaction[TweenBot]) -> None:
        """Settle unconfirmed jobs by the provider's list."""
        await say(interaction, text.operators.unconfirmed_left(await self._operator.reconcile()))

    @ceiling.autocomplete("guild")
    @suggesting
    async def _guild(
        self, interaction: discord.Interaction[TweenBot], current: str
    ) -> list[app_commands.Choice[str]]:
        if not is_operator(interaction):
            return []
        typed = current.strip().casefold()
        names = (
            (text.operators.guild_choice(guild, limits.CHOICE_CHARACTERS), str(guild.guild_id))
            for guild in await self._operator.guilds()
        )
        return [
            app_commands.Choice(name=name, value=value)
            for name, value in names
            if typed in name.casefold()
        ][: limits.CHOICES]


async def setup(bot: TweenBot) -> None:
    """Load the cog where the host named a server for it; without one the shell is the place."""
    services = bot.services
    if services.operator_guild is None:
        return
    cog = OperatorCog(operator=services.operator)
    await bot.add_cog(cog, guild=discord.Object(services.operator_guild))
