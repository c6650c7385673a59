"""Draws the private answers of /settings. No network, no state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord

from bot.chat import text
from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.catalogue.permits import Permits
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId

_COLOUR = discord.Colour(0x5865F2)

MOST_NAMES = 20
"""Of a list: two of them, of mentions, fit a field."""


def overview(
    guild: Guild, permits: Permits, defaults: Mapping[Kind, Choices], offered: Catalogue
) -> discord.Embed:
    """Return everything a guild's admins decided, and what follows from it.

    Args:
        guild: its settings.
        permits: what is allowed and denied.
        defaults: what was chosen for members who choose nothing.
        offered: what all of that leaves of the catalogue.
    """
    embed = discord.Embed(title="Settings of this server", colour=_COLOUR)
    whole = offered.unfiltered
    models = [model.name for model in whole if offered.get(model.name) is None]
    effects = [effect.label for effect in whole.effects if not permits.allows_effect(effect)]
    kinds = [_default(kind, offered, defaults) for kind in Kind if whole.of_kind(kind)]
    for name, value in (
        ("Videos are made", _places(permits.channels)),
        ("Denied models", _list(models)),
        ("Denied effects", _list(effects)),
        ("When a member chooses nothing", "\n".join(kinds)),
    ):
        embed.add_field(name=name, value=value, inline=False)
    log_channel = "off" if guild.log_channel_id is None else f"<#{guild.log_channel_id}>"
    for name, value in (
        ("Time zone", discord.utils.escape_markdown(guild.time_zone)),
        ("Log channel", log_channel),
        ("When a job is over", text.NOTIFY[guild.notify]),
        ("Preview of pictures", "on" if guild.preview else "off"),
        ("Prompts in the usage log", "shown" if guild.show_prompts else "hidden"),
        ("Others' pictures", "allowed" if guild.others_pictures else "denied"),
    ):
        embed.add_field(name=name, value=value)
    return embed


def changed(subject: str, before: str | None, after: str | None, hint: str = "") -> str:
    """Return the private answer to a change, or to one that changes nothing."""
    name = text.SETTINGS.get(subject, subject)
    said = f"{name[0].upper()}{name[1:]}: **{_value(after)}**"
    if before == after:
        return f"Nothing to change. {said} already."
    return f"{said}, before: {_value(before)}. {hint or text.FROM_NOW_ON}"


def _value(value: str | None) -> str:
    if value is None:
        return "not set"
    return discord.utils.escape_markdown(text.VALUES.get(value, value))


def _places(channels: Mapping[ChannelId, bool]) -> str:
    allowed = [f"<#{each}>" for each, is_allowed in channels.items() if is_allowed]
    denied = [f"<#{each}>" for each, is_allowed in channels.items() if not is_allowed]
    where = f"only in {_list(allowed)}" if allowed else "everywhere"
    return f"{where}; not in {_list(denied)}" if denied else where


def _default(kind: Kind, offered: Catalogue, defaults: Mapping[Kind, Choices]) -> str:
    model = offered.default(kind)
    if model is None:
        return f"{kind.value}: every model is denied"
    shape = (
        offered.default_size(kind, model).replace("*", "×")
        if kind is Kind.TEXT
        else offered.default_resolution(kind, model)
    )
    whose = "" if kind in defaults else " (the catalogue's)"
    return f"{kind.value}: **{model.name}** · **{shape}**{whose}"


def _list(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return f"{shown} and {more} more" if more > 0 else shown or "none"
