"""Draws what an operator asks for. No network, no state."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.chat import colours, limits, text
from bot.domain.host.overview import GuildOverview, HostStatus, JobHistory
from bot.domain.host.switch import Switch
from bot.domain.money import Money

_COLOURS = {
    Switch.OPEN: colours.BLURPLE,
    Switch.PAUSED: colours.AMBER,
    Switch.DRAINING: colours.AMBER,
}

_FENCE = "```\n{}\n```"
MORE_CHARACTERS = 40
"""Room for the line that counts what was left out."""


def status(facts: HostStatus, money: Money, *, version: str) -> discord.Embed:
    """Return the process and its work."""
    embed = discord.Embed(title=text.operators.PROGRAM, colour=_COLOURS[facts.switch])
    for fact in text.operators.status_facts(facts, money, text.phrases.relative):
        shown = text.phrases.shortened(fact.value, limits.EMBED_FIELD_VALUE_CHARACTERS)
        embed.add_field(name=fact.name, value=shown, inline=not fact.is_wide)
    embed.set_footer(text=text.operators.version(version))
    return embed


def turned(facts: HostStatus) -> str:
    """Return the answer to pause, resume and drain."""
    words = text.operators.TURNED[facts.switch]
    return f"{words} {text.operators.drained(facts)}" if facts.switch is Switch.DRAINING else words


def guilds(overviews: Sequence[GuildOverview], money: Money) -> discord.Embed:
    """Return as many guilds as an embed takes, the dearest first."""
    most = limits.EMBED_DESCRIPTION_CHARACTERS - MORE_CHARACTERS
    shown: list[str] = []
    for guild in overviews:
        name = discord.utils.escape_markdown(text.operators.guild_name(guild))
        facts = text.operators.guild_facts(guild, money, text.phrases.relative)
        entry = f"**{name}** · `{guild.guild_id}`\n{facts}"
        if len("\n".join([*shown, entry])) > most:
            break
        shown.append(entry)
    missing = len(overviews) - len(shown)
    if missing:
        shown.append(text.operators.guilds_left_out(missing))
    return discord.Embed(
        title=text.operators.guilds_title(len(overviews)),
        description="\n".join(shown) or text.operators.NO_GUILDS,
        colour=_COLOURS[Switch.OPEN],
    )


def history(told: JobHistory) -> tuple[str, bytes | None]:
    """Return a job's way as a message, and as a file where a message is too short for it."""
    lines = [line.replace("`", "'").rstrip() for line in text.operators.history(told)]
    whole = _FENCE.format("\n".join(lines))
    if len(whole) <= limits.CONTENT_CHARACTERS:
        return whole, None
    return text.operators.history_title(told.job.id, len(lines)), "\n".join(lines).encode()
