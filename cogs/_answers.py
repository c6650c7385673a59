"""Private answers that several commands, presses and forms give."""

from __future__ import annotations

import discord

from bot.chat import panels
from bot.client import TweenBot
from bot.services.intake.submissions import Queued
from cogs._checks import money_of
from cogs._errors import say


async def say_queued(interaction: discord.Interaction[TweenBot], queued: Queued) -> None:
    """Tell that a video is in line, what it costs and what is left."""
    words = panels.queued(
        queued.job, queued.quota, money_of(interaction), queued.otherwise, queued.ends_on
    )
    await say(interaction, words)
