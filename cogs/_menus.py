"""Entries of a message's menu, and the job that a message of ours is about.

discord.py does not ask a cog before it runs an entry of a menu, so entries are made here:
acknowledged and guarded as commands are, their errors answered where those of commands are.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import discord
from discord import app_commands

from bot.chat import text
from bot.chat.custom_ids import JOB
from bot.client import TweenBot
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import JobId, MessageId
from bot.domain.jobs.job import Job
from bot.domain.problems import OptionProblem
from cogs._checks import acknowledge, guild_of

Act = Callable[[discord.Interaction[TweenBot], discord.Message], Awaitable[None]]
"""What an entry does with the message it was chosen on."""

_BUTTON = re.compile(rf"job:[a-z-]+:{JOB}")
_FOOTER = re.compile(text.jobs.footer(JobId(JOB)))


def message_menu(name: str, act: Act, *, opens_form: bool = False) -> app_commands.ContextMenu:
    """Return an entry of the menu of every message in a server, to be added to the tree.

    Whatever ``act`` raises reaches ``_errors``, as discord.py sends an entry's errors where it
    sends those of commands.

    Args:
        name: what people choose; a contract, like the names of commands.
        act: what it does, once the choice is acknowledged.
        opens_form: True where ``act`` answers with a form. That must be the first answer, so
            nothing is acknowledged before it, and ``act`` admits the interaction by itself.
    """

    async def choose(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        if not opens_form:
            await acknowledge(interaction)
        guild_of(interaction)
        await act(interaction, message)

    return app_commands.ContextMenu(
        name=name,
        callback=choose,
        type=discord.AppCommandType.message,
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
    )


async def job_shown_on(interaction: discord.Interaction[TweenBot], message: discord.Message) -> Job:
    """Return the job whose status or video a message of ours is, in the server it stands in.

    Raises:
        InvalidOptionsError: it is somebody else's message, or no job's of this server.
    """
    job_id = _job_id_on(interaction, message)
    job = (
        None
        if job_id is None
        else await interaction.client.services.lookup.shown_on(
            job_id, guild_of(interaction), MessageId(message.id)
        )
    )
    if job is None:
        raise InvalidOptionsError(problem=OptionProblem.NOT_OUR_VIDEO)
    return job


def _job_id_on(
    interaction: discord.Interaction[TweenBot], message: discord.Message
) -> JobId | None:
    """Return the id that a message of ours bears, under its buttons or in its footer."""
    own = interaction.client.user
    if own is None or message.author.id != own.id:
        return None
    for button in _buttons(message):
        if match := _BUTTON.fullmatch(button.custom_id or ""):
            return JobId(match["job"])
    for embed in message.embeds:
        if match := _FOOTER.fullmatch(embed.footer.text or ""):
            return JobId(match["job"])
    return None


def _buttons(message: discord.Message) -> Iterator[discord.Button]:
    for row in message.components:
        if isinstance(row, discord.ActionRow):
            yield from (child for child in row.children if isinstance(child, discord.Button))
