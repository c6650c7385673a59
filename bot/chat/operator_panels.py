"""Draws what an operator asks for. No network, no state."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bot.chat import limits, text
from bot.chat.text import operators
from bot.domain.host.overview import GuildOverview, HostStatus, JobHistory
from bot.domain.host.switch import Switch
from bot.domain.money import Money

_COLOURS = {
    Switch.OPEN: discord.Colour(0x5865F2),
    Switch.PAUSED: discord.Colour(0xFAA61A),
    Switch.DRAINING: discord.Colour(0xFAA61A),
}
_LONG = frozenset({"Switch", "Account", "Lanes"})
"""Facts that take the whole width."""

_FENCE = "```\n{}\n```"
MORE_CHARACTERS = 40
"""Room for the line that counts what was left out."""


def status(facts: HostStatus, money: Money, *, version: str) -> discord.Embed:
    """Return the process and its work."""
    embed = discord.Embed(title="Tween", colour=_COLOURS[facts.switch])
    for name, value in operators.status_facts(facts, money, text.relative):
        shown = text.shortened(value, limits.EMBED_FIELD_VALUE_CHARACTERS)
        embed.add_field(name=name, value=shown, inline=name not in _LONG)
    embed.set_footer(text=f"Tween {version}")
    return embed


def turned(facts: HostStatus) -> str:
    """Return the answer to pause, resume and drain."""
    words = operators.TURNED[facts.switch]
    return f"{words} {operators.drained(facts)}" if facts.switch is Switch.DRAINING else words


def guilds(overviews: Sequence[GuildOverview], money: Money) -> discord.Embed:
    """Return as many guilds as an embed takes, the dearest first."""
    most = limits.EMBED_DESCRIPTION_CHARACTERS - MORE_CHARACTERS
    shown: list[str] = []
    for guild in overviews:
        name = discord.utils.escape_markdown(operators.guild_name(guild))
        facts = operators.guild_facts(guild, money, text.relative)
        entry = f"**{name}** · `{guild.guild_id}`\n{facts}"
        if len("\n".join([*shown, entry])) > most:
            break
        shown.append(entry)
    missing = len(overviews) - len(shown)
    if missing:
        shown.append(f"… and {missing:,} more: see the shell")
    return discord.Embed(
        title=f"Servers ({len(overviews):,})",
        description="\n".join(shown) or "None yet.",
        colour=_COLOURS[Switch.OPEN],
    )


def history(told: JobHistory) -> tuple[str, bytes | None]:
    """Return a job's way as a message, and as a file where a message is too short for it."""
    lines = [line.replace("`", "'").rstrip() for line in operators.history(told)]
    whole = _FENCE.format("\n".join(lines))
    if len(whole) <= limits.CONTENT_CHARACTERS:
        return whole, None
    return f"Job `{told.job.id}`: {len(lines):,} lines.", "\n".join(lines).encode()
