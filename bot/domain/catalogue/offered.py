"""What one region offers, after the host's overrides, and what a guild's admins leave of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from bot.domain.catalogue.effects import EFFECTS, Effect
from bot.domain.catalogue.models import MODELS
from bot.domain.catalogue.permits import Permits
from bot.domain.catalogue.records import SIZES, Choices, Kind, Model, ModelRow, Region
from bot.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a host changes about one model."""

    prices: Mapping[str, int] = field(default_factory=dict)
    """Micro-CNY per second by tier; a tier the region has no price for is offered by this."""
    in_flight: int | None = None
    submits_per_second: float | None = None
    enabled: bool | None = None


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
        models = [model for row in rows if (model := _offered(row, region, pending)) is not None]
        if pending:
            raise ConfigurationError(
                "CATALOGUE_OVERRIDES", f"no model {min(pending)} in {region.value}"
            )
        if not models:
            raise ConfigurationError("CATALOGUE_OVERRIDES", "no model is left to offer")
        return cls(region, models)

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
        candidates = [model for model in models if model.recommended and model.kind is kind]
        return min(candidates or models, key=_recommended_price, default=None)

    def default_resolution(self, kind: Kind, model: Model) -> str:
        """Return the guild's default tier where the model makes it, else the model's own."""
        chosen = self._chosen.get(kind)
        if chosen is not None and chosen.resolution in model.resolutions:
            return chosen.resolution
        return model.recommended_resolution

    def default_size(self, kind: Kind, model: Model) -> str:
        """Return the guild's default ``W*H`` where the model makes it, else the model's own."""
        chosen = self._chosen.get(kind)
        if chosen is not None and chosen.size is not None and model.tier_of(chosen.size):
            return chosen.size
        return SIZES[model.recommended_resolution][0]

    def effect(self, name: str) -> Effect | None:
        """Return the effect of that name or label, in any case, where it is on offer."""
        asked = name.strip().casefold()
        return next(
            (effect for effect in self.effects if asked in {effect.name, effect.label.casefold()}),
            None,
        )


def _recommended_price(model: Model) -> int:
    return model.prices[model.recommended_resolution] * model.default_duration


def _offered(row: ModelRow, region: Region, pending: dict[str, Override]) -> Model | None:
    offer = row.offers.get(region)
    if offer is None:
        return None
    override = pending.pop(offer.name, Override())
    prices = {
        tier: price
        for tier in row.resolutions
        if (price := override.prices.get(tier, offer.prices.get(tier))) is not None
    }
    unknown = sorted(set(override.prices) - set(row.resolutions))
    if unknown:
        raise ConfigurationError("CATALOGUE_OVERRIDES", f"{offer.name} has no tier {unknown[0]}")
    if override.enabled is False or not prices:
        return None
    recommended = row.recommended_resolution
    return Model(
        name=offer.name,
        kind=row.kind,
        endpoint=row.endpoint,
        resolutions=tuple(prices),
        recommended_resolution=recommended if recommended in prices else next(iter(prices)),
        durations=row.durations,
        prompt_limit=row.prompt_limit,
        negative_prompt_limit=row.negative_prompt_limit,
        recommended=row.recommended,
        typical_seconds=row.typical_seconds,
        slow=row.slow,
        prices=MappingProxyType(prices),
        limits=replace(
            offer.limits,
            in_flight=override.in_flight or offer.limits.in_flight,
            submits_per_second=override.submits_per_second or offer.limits.submits_per_second,
        ),
        effects=frozenset(effect.name for effect in EFFECTS if offer.name in effect.models),
    )
