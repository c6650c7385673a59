"""What one region offers, after the host's overrides, and what a guild's admins leave of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from bot.domain.catalogue.effects import EFFECTS, Effect
from bot.domain.catalogue.model import Model
from bot.domain.catalogue.models import MODELS
from bot.domain.catalogue.permits import Permits
from bot.domain.catalogue.records import Choices, Kind, ModelRow, Offer, Region, Sound
from bot.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a host changes about one model, or says of one that is not listed."""

    like: str | None = None
    """Name of a listed model of the region that an unlisted one has the abilities, prices and
    lane limits of."""
    prices: Mapping[str, int] = field(default_factory=dict)
    """Micro-CNY per second by tier; a tier the region has no price for is offered by this."""
    silent_prices: Mapping[str, int] = field(default_factory=dict)
    """Likewise without sound."""
    ratios: tuple[str, ...] = ()
    """In place of the listed ones, ours when nobody chose first."""
    in_flight: int | None = None
    submits_per_second: float | None = None
    enabled: bool | None = None
    ends_on: date | None = None
    """The day, in UTC, from which it is not sold any more."""


class Catalogue:
    """The models one region offers, after the host's overrides.

    ``within`` makes the one of a guild, so that everything which asks a catalogue (what is
    suggested, what is valid, what is taken when nobody chose) follows the guild's settings.
    """

    def __init__(
        self,
        region: Region,
        models: Iterable[Model],
        *,
        chosen: Mapping[Kind, Choices] | None = None,
        unfiltered: Catalogue | None = None,
    ) -> None:
        self.region = region
        self.unfiltered = unfiltered or self
        """Without what a guild's admins denied or chose: it tells a denied model from none."""
        self._chosen = chosen or {}
        self._by_name: Mapping[str, Model] = {model.name: model for model in models}
        known = frozenset[str]().union(*(model.effects for model in self))
        self.effects: tuple[Effect, ...] = tuple(
            effect for effect in EFFECTS if effect.name in known
        )
        """Effects that a model on offer knows, in the catalogue's order."""

    @classmethod
    def of_region(
        cls,
        region: Region,
        overrides: Mapping[str, Override] | None = None,
        *,
        rows: Sequence[ModelRow] = MODELS,
    ) -> Catalogue:
        """Return what a region sells after the host's overrides.

        Raises:
            ConfigurationError: an override names no model of the region, or none is left.
        """
        pending = dict(overrides or {})
        listed = {offer.name: row for row in rows if (offer := row.offers.get(region)) is not None}
        for name in listed.keys() & pending.keys():
            if pending[name].like is not None:
                raise ConfigurationError(
                    "CATALOGUE_OVERRIDES", f"{name} is listed in {region.value}: leave like out"
                )
        models = [
            _offered(row, row.offers[region], pending.pop(name, Override()))
            for name, row in listed.items()
        ]
        for name, override in pending.items():
            models.append(_unlisted(name, override, listed, region))
        offered = [model for model in models if model is not None]
        if not offered:
            raise ConfigurationError("CATALOGUE_OVERRIDES", "no model is left to offer")
        return cls(region, offered)

    def on(self, day: date) -> Catalogue:
        """Return what is left of it on a day, in UTC: models end."""
        if all(model.is_sold_on(day) for model in self.unfiltered):
            return self
        unfiltered = (
            None
            if self.unfiltered is self
            else Catalogue(
                self.region, [model for model in self.unfiltered if model.is_sold_on(day)]
            )
        )
        left = [model for model in self if model.is_sold_on(day)]
        return Catalogue(self.region, left, chosen=self._chosen, unfiltered=unfiltered)

    def within(self, permits: Permits, chosen: Mapping[Kind, Choices]) -> Catalogue:
        """Return what a guild's admins leave, with what they chose as defaults.

        Args:
            permits: what they allow and deny.
            chosen: their defaults; what they denied or nobody offers any more does not count.
        """
        denied = {effect.name for effect in self.effects if not permits.allows_effect(effect)}
        models = (
            replace(model, effects=model.effects - denied)
            for model in self
            if permits.allows_model(model.name)
        )
        return Catalogue(self.region, models, chosen=chosen, unfiltered=self.unfiltered)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Model | None:
        """Return the model of that name, where this region offers it."""
        return self._by_name.get(name)

    def of_kind(self, kind: Kind, *, effect: str | None = None) -> tuple[Model, ...]:
        """Return the models that make this kind, in the catalogue's order.

        Args:
            kind: what a member starts from.
            effect: leaves the models that know this effect.
        """
        return tuple(
            model
            for model in self
            if model.makes(kind) and (effect is None or effect in model.effects)
        )

    def default(self, kind: Kind, *, effect: str | None = None) -> Model | None:
        """Return the guild's default model, else the cheapest recommended one of the kind.

        For an effect that is the cheapest that knows it: a model is recommended for its own kind.
        """
        models = self.of_kind(kind, effect=effect)
        chosen = self._chosen.get(kind)
        for model in models:
            if chosen is not None and model.name == chosen.model:
                return model
        candidates = [
            model
            for model in models
            if model.abilities.recommended and kind in model.abilities.kinds
        ]
        return min(candidates or models, key=_usual_price, default=None)

    def default_resolution(self, kind: Kind, model: Model) -> str:
        """Return the guild's default tier where the model makes it, else the model's own."""
        chosen = self._chosen.get(kind)
        if chosen is not None and chosen.resolution in model.resolutions:
            return chosen.resolution
        return model.recommended_resolution

    def default_size(self, kind: Kind, model: Model) -> str:
        """Return the guild's default size where the model makes it, else the model's own."""
        chosen = self._chosen.get(kind)
        if chosen is not None and chosen.size is not None and model.tier_of(kind, chosen.size):
            return chosen.size
        tier = model.recommended_resolution
        return next(size for size in model.sizes(kind) if model.tier_of(kind, size) == tier)

    def default_audio(self, kind: Kind, model: Model, *, soundtrack: bool = False) -> bool | None:
        """Return whether a video is heard when nobody chose; None where the model has no choice.

        Args:
            kind: what the member starts from.
            model: what makes it.
            soundtrack: whether one comes along, which is to be heard.
        """
        chosen = self._chosen.get(kind)
        has_choice = model.abilities.sound is Sound.CHOICE
        if has_choice and not soundtrack and chosen is not None and chosen.audio is not None:
            return chosen.audio
        return model.default_audio(soundtrack=soundtrack)

    def effect(self, name: str) -> Effect | None:
        """Return the effect of that name or label, in any case, where it is on offer."""
        asked = name.strip().casefold()
        return next(
            (effect for effect in self.effects if asked in {effect.name, effect.label.casefold()}),
            None,
        )


def _usual_price(model: Model) -> int:
    """Return what a video costs of which nothing but the model is chosen, in micro-CNY."""
    return model.price(
        resolution=model.recommended_resolution,
        seconds=model.abilities.default_duration,
        audio=model.default_audio(),
    ).reserved.micros


def _unlisted(
    name: str, override: Override, listed: Mapping[str, ModelRow], region: Region
) -> Model | None:
    """Return a model this version does not know, as the host says it is like one it does.

    Raises:
        ConfigurationError: it is like none.
    """
    if override.like is None:
        raise ConfigurationError(
            "CATALOGUE_OVERRIDES", f"no model {name} in {region.value}; like = names one it is like"
        )
    row = listed.get(override.like)
    if row is None:
        raise ConfigurationError(
            "CATALOGUE_OVERRIDES",
            f"{name} is like {override.like}, which is none of {region.value}",
        )
    # An effect belongs to the very models that know it, and an end to one id.
    offer = replace(row.offers[region], name=name)
    return _offered(replace(row, ends_on=None), offer, override)


def _offered(row: ModelRow, offer: Offer, override: Override) -> Model | None:
    abilities = row.abilities
    prices = _prices(offer.name, abilities.resolutions, offer.prices, override.prices)
    if override.enabled is False or not prices:
        return None
    if override.silent_prices and abilities.sound is not Sound.CHOICE:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{offer.name} cannot be silent")
    if override.ratios and not abilities.ratios:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{offer.name} has no ratios")
    # A price with sound that was set by hand says nothing of the one without.
    known = {
        tier: price for tier, price in offer.silent_prices.items() if tier not in override.prices
    }
    silent_prices = _prices(offer.name, tuple(prices), known, override.silent_prices)
    recommended = abilities.recommended_resolution
    return Model(
        name=offer.name,
        abilities=replace(abilities, ratios=override.ratios or abilities.ratios),
        resolutions=tuple(prices),
        recommended_resolution=recommended if recommended in prices else next(iter(prices)),
        prices=MappingProxyType(prices),
        silent_prices=MappingProxyType(silent_prices),
        prefers_silence=bool(offer.silent_prices or override.silent_prices),
        limits=replace(
            offer.limits,
            in_flight=override.in_flight or offer.limits.in_flight,
            submits_per_second=override.submits_per_second or offer.limits.submits_per_second,
        ),
        effects=frozenset(effect.name for effect in EFFECTS if offer.name in effect.models),
        ends_on=override.ends_on or row.ends_on,
    )


def _prices(
    name: str, tiers: Sequence[str], listed: Mapping[str, int], overridden: Mapping[str, int]
) -> dict[str, int]:
    """Return the prices by tier that are known, smallest tier first.

    Raises:
        ConfigurationError: a price is for a tier the model does not make.
    """
    unknown = sorted(set(overridden) - set(tiers))
    if unknown:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{name} has no tier {unknown[0]}")
    return {
        tier: price
        for tier in tiers
        if (price := overridden.get(tier, listed.get(tier))) is not None
    }
