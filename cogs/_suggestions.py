"""What options about models and effects suggest while somebody types: what the guild may choose.

The catalogue is in memory, what the guild's admins decided is one read. A command of /video is
called like the kind of video it makes; others have an option for the kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import discord
from discord import app_commands

from bot.chat import limits, text
from bot.client import TweenBot
from bot.domain.catalogue import Catalogue, Kind, Model
from cogs._checks import guild_of, money_of
from cogs._errors import suggesting

Choice = app_commands.Choice[str]


@suggesting
async def models(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest models of the kind, with what a second costs at least."""
    money = money_of(interaction)
    return matching(
        current,
        (
            (text.suggestions.model(model, money), model.name)
            for model in _models(interaction, await _catalogue(interaction))
        ),
    )


@suggesting
async def resolutions(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the tiers of the chosen model, with the price of a video."""
    model = _chosen(interaction, await _catalogue(interaction))
    if model is None:
        return []
    return matching(
        current, ((_priced(interaction, model, tier, tier), tier) for tier in model.resolutions)
    )


@suggesting
async def sizes(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the sizes of the chosen model, with tier and price."""
    model = _chosen(interaction, await _catalogue(interaction))
    if model is None:
        return []
    return matching(
        current,
        (
            (_priced(interaction, model, f"{size} · {tier}", tier), size)
            for size in model.sizes
            if (tier := model.tier_of(size)) is not None
        ),
    )


@suggesting
async def effects(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest effects: what each does, and which picture suits it."""
    catalogue = await _catalogue(interaction)
    model = catalogue.get(_typed(interaction, "model"))
    return matching(
        current,
        (
            (text.suggestions.effect(effect), effect.name)
            for effect in catalogue.effects
            if model is None or effect.name in model.effects
        ),
    )


def matching(current: str, candidates: Iterable[tuple[str, str]]) -> list[Choice]:
    """Return what contains the typed words: what begins with them first, then in order.

    Args:
        current: what was typed so far.
        candidates: what people read, and the value that is sent.
    """
    # Discord sends up to 6,000 characters while a person types.
    typed = _folded(current[: limits.CHOICE_CHARACTERS]).strip()
    words = typed.split()
    found = []
    for name, value in candidates:
        shown = _folded(name)
        if all(word in shown or word in value for word in words):
            found.append((not shown.startswith(typed) and not value.startswith(typed), name, value))
    return [
        app_commands.Choice(
            name=text.phrases.shortened(name, limits.CHOICE_CHARACTERS), value=value
        )
        for _, name, value in sorted(found, key=lambda candidate: candidate[0])
    ][: limits.CHOICES]


async def _catalogue(interaction: discord.Interaction[TweenBot]) -> Catalogue:
    return await interaction.client.services.admission.catalogue(guild_of(interaction))


def _typed(interaction: discord.Interaction[TweenBot], option: str) -> str:
    """Return what another option holds at the moment."""
    return str(getattr(interaction.namespace, option, None) or "")


def _models(interaction: discord.Interaction[TweenBot], catalogue: Catalogue) -> tuple[Model, ...]:
    """Return the models of the command's kind that know the effect, where one is chosen."""
    kind = _kind(interaction)
    return () if kind is None else catalogue.of_kind(kind, effect=_effect(interaction, catalogue))


def _chosen(interaction: discord.Interaction[TweenBot], catalogue: Catalogue) -> Model | None:
    """Return the model that will make the video; none where one is typed that cannot."""
    typed, kind = _typed(interaction, "model").strip(), _kind(interaction)
    if typed:
        known = _models(interaction, catalogue)
        return next((model for model in known if model.name == typed), None)
    if kind is None:
        return None
    return catalogue.default(kind, effect=_effect(interaction, catalogue))


def _effect(interaction: discord.Interaction[TweenBot], catalogue: Catalogue) -> str | None:
    """Return the effect that is chosen, where one is."""
    effect = catalogue.effect(_typed(interaction, "effect"))
    return effect.name if effect else None


def _kind(interaction: discord.Interaction[TweenBot]) -> Kind | None:
    """Return the kind of video that is asked about; none while its option is empty or unknown."""
    if interaction.command is None:
        raise LookupError("an autocomplete belongs to a command")
    named = (interaction.command.name, _typed(interaction, "kind"))
    return next((kind for kind in Kind if kind.value in named), None)


def _priced(interaction: discord.Interaction[TweenBot], model: Model, words: str, tier: str) -> str:
    """Return a choice with the price of a video at a tier, as long as it would be."""
    asked = getattr(interaction.namespace, "duration", None)
    seconds = asked if asked in model.durations else model.default_duration
    price = model.price(resolution=tier, seconds=seconds).reserved.micros
    return f"{words} · {money_of(interaction).show(price)}"


def _folded(words: str) -> str:
    """Return words as they are compared: in any case, and a size with any sign of times."""
    return re.sub(r"(?<!\s)\s*[x×*]\s*", "*", words.casefold())
