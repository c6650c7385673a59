"""What the options of /video suggest while a member types: the catalogue, from memory.

Each command is called like the kind of video it makes, so one set of functions serves them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import discord
from discord import app_commands

from bot.chat import limits, text
from bot.client import TweenBot
from bot.domain.catalogue import Catalogue, Kind, Model
from cogs._errors import suggesting

Choice = app_commands.Choice[str]


@suggesting
async def models(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest models of the kind, with what a second costs at least."""
    money = interaction.client.money
    return _matching(
        current,
        (
            (f"{model.name} · from {money.show(min(model.prices.values()))}/s", model.name)
            for model in _models(interaction)
        ),
    )


@suggesting
async def resolutions(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the tiers of the chosen model, with the price of a video."""
    model = _chosen(interaction)
    tiers = () if model is None else model.resolutions
    return _matching(current, ((_priced(interaction, tier, tier), tier) for tier in tiers))


@suggesting
async def sizes(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the sizes of the chosen model, with tier and price."""
    model = _chosen(interaction)
    if model is None:
        return []
    return _matching(
        current,
        (
            (_priced(interaction, f"{size} · {tier}", tier), size)
            for size in model.sizes
            if (tier := model.tier_of(size)) is not None
        ),
    )


@suggesting
async def effects(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest effects: what each does, and which picture suits it."""
    model = _catalogue(interaction).get(_typed(interaction, "model"))
    return _matching(
        current,
        (
            (f"{effect.label}: {effect.does} · {effect.suits}", effect.name)
            for effect in _catalogue(interaction).effects
            if model is None or effect.name in model.effects
        ),
    )


def _catalogue(interaction: discord.Interaction[TweenBot]) -> Catalogue:
    return interaction.client.services.catalogue


def _typed(interaction: discord.Interaction[TweenBot], option: str) -> str:
    """Return what another option holds at the moment."""
    return str(getattr(interaction.namespace, option, None) or "")


def _models(interaction: discord.Interaction[TweenBot]) -> tuple[Model, ...]:
    """Return the models of the command's kind that know the effect, where one is chosen."""
    catalogue = _catalogue(interaction)
    effect = catalogue.effect(_typed(interaction, "effect"))
    return catalogue.of_kind(_kind(interaction), effect=effect.name if effect else None)


def _chosen(interaction: discord.Interaction[TweenBot]) -> Model | None:
    """Return the model that will make the video; none where one is typed that cannot."""
    typed = _typed(interaction, "model").strip()
    if typed:
        return next((model for model in _models(interaction) if model.name == typed), None)
    effect = _catalogue(interaction).effect(_typed(interaction, "effect"))
    return _catalogue(interaction).default(
        _kind(interaction), effect=effect.name if effect else None
    )


def _kind(interaction: discord.Interaction[TweenBot]) -> Kind:
    if interaction.command is None:
        raise LookupError("an autocomplete belongs to a command")
    return Kind(interaction.command.name)


def _priced(interaction: discord.Interaction[TweenBot], words: str, tier: str) -> str:
    """Return a choice with the price of a video at a tier, as long as it would be."""
    model = _chosen(interaction)
    if model is None:
        return words
    asked = getattr(interaction.namespace, "duration", None)
    seconds = asked if asked in model.durations else model.default_duration
    price = model.price_micros(resolution=tier, seconds=seconds)
    return f"{words} · {interaction.client.money.show(price)}"


def _matching(current: str, candidates: Iterable[tuple[str, str]]) -> list[Choice]:
    """Return what contains the typed words: what begins with them first, then in order."""
    # Discord sends up to 6,000 characters while a person types.
    typed = _folded(current[: limits.CHOICE_CHARACTERS]).strip()
    words = typed.split()
    found = []
    for name, value in candidates:
        shown = _folded(name)
        if all(word in shown or word in value for word in words):
            found.append((not shown.startswith(typed) and not value.startswith(typed), name, value))
    return [
        app_commands.Choice(name=text.shortened(name, limits.CHOICE_CHARACTERS), value=value)
        for _, name, value in sorted(found, key=lambda each: each[0])
    ][: limits.CHOICES]


def _folded(words: str) -> str:
    """Return words as they are compared: in any case, and a size with any sign of times."""
    return re.sub(r"(?<!\s)\s*[x×*]\s*", "*", words.casefold())
