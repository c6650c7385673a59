"""Draws the private answers of /settings. No network, no state."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from bot.chat import colours, text
from bot.domain.catalogue import Catalogue, Choices, Kind
from bot.domain.catalogue.permits import Permits
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId

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
    settings = text.settings
    embed = discord.Embed(title=settings.OVERVIEW, colour=colours.BLURPLE)
    whole = offered.unfiltered
    models = [model.name for model in whole if offered.get(model.name) is None]
    effects = [effect.label for effect in whole.effects if not permits.allows_effect(effect)]
    kinds = [_default(kind, offered, defaults) for kind in Kind if whole.of_kind(kind)]
    for name, value in (
        (settings.PLACES, _places(permits.channels)),
        (settings.DENIED_MODELS, settings.listed(models, MOST_NAMES)),
        (settings.DENIED_EFFECTS, settings.listed(effects, MOST_NAMES)),
        (settings.DEFAULTS, "\n".join(kinds)),
    ):
        embed.add_field(name=name, value=value, inline=False)
    for name, value in settings.facts(guild):
        embed.add_field(name=name, value=value)
    return embed


def _places(channels: Mapping[ChannelId, bool]) -> str:
    allowed = [f"<#{channel}>" for channel, is_allowed in channels.items() if is_allowed]
    denied = [f"<#{channel}>" for channel, is_allowed in channels.items() if not is_allowed]
    return text.settings.places(allowed, denied, MOST_NAMES)


def _default(kind: Kind, offered: Catalogue, defaults: Mapping[Kind, Choices]) -> str:
    model = offered.default(kind)
    if model is None:
        return text.settings.no_default(kind)
    shape = (
        offered.default_size(kind, model).replace("*", "×")
        if model.sizes(kind)
        else offered.default_resolution(kind, model)
    )
    return text.settings.default(kind, model.name, shape, is_set=kind in defaults)
