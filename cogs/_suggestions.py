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
from bot.domain.catalogue import MODEL_DECIDES, Catalogue, Kind, Model, Sound
from cogs._checks import guild_of, money_of
from cogs._errors import suggesting

Choice = app_commands.Choice[str]


@suggesting
async def models(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest models of the kind, with what a second costs at least."""
    money, today = money_of(interaction), interaction.client.services.clock.now().date()
    return matching(
        current,
        (
            (text.suggestions.model(model, money, today), model.name)
            for model in _models(interaction, await _catalogue(interaction))
        ),
    )


@suggesting
async def resolutions(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the tiers of the chosen model, with the price of a video."""
    catalogue = await _catalogue(interaction)
    model = _chosen(interaction, catalogue)
    if model is None:
        return []
    priced = _Priced(interaction, model)
    return matching(current, ((priced.words(tier, tier), tier) for tier in model.resolutions))


@suggesting
async def sizes(interaction: discord.Interaction[TweenBot], current: str) -> list[Choice]:
    """Suggest the sizes of the chosen model, with tier and price."""
    catalogue = await _catalogue(interaction)
    model, kind = _chosen(interaction, catalogue), _kind(interaction)
    if model is None or kind is None:
        return []
    priced = _Priced(interaction, model)
    return matching(
        current,
        (
            (priced.words(f"{size} · {tier}" if "*" in size else size, tier), size)
            for size in model.sizes(kind)
            if (tier := model.tier_of(kind, size)) is not None
        ),
    )


@suggesting
async def durations(
    interaction: discord.Interaction[TweenBot], current: str
) -> list[app_commands.Choice[int]]:
    """Suggest lengths of the chosen model, with the price of a video."""
    catalogue = await _catalogue(interaction)
    model, kind = _chosen(interaction, catalogue), _kind(interaction)
    if model is None or kind is None:
        return []
    tier = _tier(interaction, catalogue, kind, model)
    priced = _Priced(interaction, model)
    lengths = list(model.abilities.durations)
    if model.abilities.may_decide_duration:
        lengths.append(MODEL_DECIDES)
    named = {
        str(seconds): priced.words(
            text.phrases.length(seconds, most=model.abilities.longest), tier, seconds=seconds
        )
        for seconds in lengths
    }
    found = [seconds for seconds in named if seconds.startswith(current.strip())] or list(named)
    # More than fit: every length that is often asked for stays.
    shown = found if len(found) <= limits.CHOICES else _spread(found)
    return [app_commands.Choice(name=named[seconds], value=int(seconds)) for seconds in shown]


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


class _Priced:
    """Says what a video costs with what is chosen so far."""

    def __init__(self, interaction: discord.Interaction[TweenBot], model: Model) -> None:
        typed, kind = interaction.namespace, _kind(interaction)
        self._model = model
        self._money = money_of(interaction)
        asked = getattr(typed, "duration", None)
        usual = model.abilities.default_duration
        self._seconds = asked if isinstance(asked, int) and model.can_last(asked) else usual
        self._audio = getattr(typed, "audio", None)
        has_soundtrack = getattr(typed, "soundtrack", None) is not None
        if model.abilities.sound is not Sound.CHOICE:
            self._audio = None
        elif self._audio is None and kind is not None and has_soundtrack:
            self._audio = True

    def words(self, words: str, tier: str, *, seconds: int | None = None) -> str:
        """Return a choice with the price of a video; both prices where sound makes a difference."""

        def cost(audio: bool | None) -> str:  # noqa: FBT001 - said in the call below
            price = self._model.price(
                resolution=tier, seconds=self._seconds if seconds is None else seconds, audio=audio
            )
            return self._money.show(price.reserved.micros)

        if self._audio is None and tier in self._model.silent_prices:
            return text.suggestions.with_prices(words, silent=cost(False), heard=cost(True))
        return text.suggestions.with_price(words, cost(self._audio))


def _tier(
    interaction: discord.Interaction[TweenBot], catalogue: Catalogue, kind: Kind, model: Model
) -> str:
    """Return the tier that is chosen so far, else the one that is taken when nobody chooses."""
    typed = _typed(interaction, "resolution").strip().upper()
    if typed in model.resolutions:
        return typed
    size = _typed(interaction, "size").strip()
    if size and (tier := model.tier_of(kind, size)) is not None:
        return tier
    if model.sizes(kind):
        usual = model.tier_of(kind, catalogue.default_size(kind, model))
        return usual or model.recommended_resolution
    return catalogue.default_resolution(kind, model)


def _spread(lengths: list[str]) -> list[str]:
    """Return as many lengths as Discord shows: the short ones, then every other, and the ends."""
    half = limits.CHOICES // 2
    rest = lengths[half:]
    kept = [*lengths[:half], *rest[1::2]]
    return [*kept[: limits.CHOICES - 2], *[end for end in lengths[-2:] if end not in kept]]


def _folded(words: str) -> str:
    """Return words as they are compared: in any case, and a size with any sign of times."""
    return re.sub(r"(?<!\s)\s*[x×*]\s*", "*", words.casefold())
