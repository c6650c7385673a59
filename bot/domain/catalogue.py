"""What can be made, by which model, for how much: the ONE place for such figures.

Each figure is data with its source. Prices are integer micro-CNY per second of finished video;
only success is billed. Adding a model is adding a row to ``MODELS``.

Sources, read in May 2026 under https://help.aliyun.com/zh/model-studio/:
capabilities ``legacy-image-to-video-by-first-and-last-frame-api-reference``, prices
``model-pricing``, lane limits ``rate-limit``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from bot.domain.errors import ConfigurationError


class Kind(StrEnum):
    """What a member starts from."""

    FRAMES = "frames"
    """A first and a last frame."""
    IMAGE = "image"
    """One picture."""
    TEXT = "text"
    """Only words."""
    EFFECT = "effect"
    """One picture and a named effect."""


class Region(StrEnum):
    """Where the account lives: decides base URL, names, prices and limits."""

    BEIJING = "beijing"
    SINGAPORE = "singapore"


class Endpoint(StrEnum):
    """The two paths a task is created at, below ``/services/aigc/``."""

    IMAGE2VIDEO = "image2video/video-synthesis"
    VIDEO_GENERATION = "video-generation/video-synthesis"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """How hard one model of one account may be pressed."""

    in_flight: int
    """Tasks processed at once."""
    submits_per_second: float
    """Create calls per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model as one region sells it."""

    name: str
    """The provider's name there."""
    prices: Mapping[str, int]
    """Micro-CNY per second by resolution tier; a tier without a price is not offered."""
    limits: LaneLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A row of the catalogue: one model in all regions."""

    kind: Kind
    endpoint: Endpoint
    resolutions: tuple[str, ...]
    """Tiers the model can make, smallest first."""
    recommended_resolution: str
    """What we send when nobody chose: never left to the provider, whose default is dear."""
    durations: tuple[int, ...] = (5,)
    """Seconds; one entry means a fixed length, and then ``duration`` is never sent."""
    prompt_limit: int = 800
    negative_prompt_limit: int = 500
    recommended: bool
    """May be chosen as the default model."""
    typical_seconds: int
    """Making time from the documentation's samples, until our own tasks tell."""
    slow: bool = False
    """Polled at twice the interval."""
    offers: Mapping[Region, Offer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that can be bought in the configured region."""

    name: str
    kind: Kind
    endpoint: Endpoint
    resolutions: tuple[str, ...]
    recommended_resolution: str
    durations: tuple[int, ...]
    prompt_limit: int
    negative_prompt_limit: int
    recommended: bool
    typical_seconds: int
    slow: bool
    prices: Mapping[str, int]
    limits: LaneLimits

    @property
    def default_duration(self) -> int:
        """Seconds made when nobody chose; every documented default is the longest or only one."""
        return self.durations[-1]

    @property
    def has_fixed_duration(self) -> bool:
        """True where the provider fails a task that names a duration."""
        return len(self.durations) == 1

    def price_micros(self, *, resolution: str, seconds: int) -> int:
        """Price in micro-CNY of a video."""
        return self.prices[resolution] * seconds


_TWO = LaneLimits(in_flight=2, submits_per_second=2)

MODELS: tuple[ModelRow, ...] = (
    ModelRow(
        kind=Kind.FRAMES,
        endpoint=Endpoint.IMAGE2VIDEO,
        resolutions=("480P", "720P", "1080P"),
        recommended_resolution="720P",
        recommended=True,
        typical_seconds=120,
        offers={
            # Absent from Singapore's price and rate lists, so it is not offered there.
            Region.BEIJING: Offer(
                name="wan2.2-kf2v-flash",
                prices={"480P": 100_000, "720P": 200_000, "1080P": 480_000},
                limits=_TWO,
            ),
        },
    ),
    ModelRow(
        kind=Kind.FRAMES,
        endpoint=Endpoint.IMAGE2VIDEO,
        resolutions=("720P",),
        recommended_resolution="720P",
        recommended=True,
        # Runs of the documentation's samples: 4 min 44 s, 6 min 13 s, 8 min 9 s.
        typical_seconds=400,
        slow=True,
        offers={
            Region.BEIJING: Offer(name="wanx2.1-kf2v-plus", prices={"720P": 700_000}, limits=_TWO),
            Region.SINGAPORE: Offer(
                name="wan2.1-kf2v-plus",
                prices={"720P": 733_924},
                limits=LaneLimits(in_flight=2, submits_per_second=1),
            ),
        },
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What a host changes about one model."""

    prices: Mapping[str, int] = field(default_factory=dict)
    in_flight: int | None = None
    submits_per_second: float | None = None
    enabled: bool | None = None


class Catalogue:
    """The models one region offers, after the host's overrides."""

    def __init__(self, region: Region, overrides: Mapping[str, Override] | None = None) -> None:
        self.region = region
        pending = dict(overrides or {})
        models = [model for row in MODELS if (model := _offered(row, region, pending)) is not None]
        if pending:
            raise ConfigurationError(
                "CATALOGUE_OVERRIDES", f"no model {min(pending)} in {region.value}"
            )
        if not models:
            raise ConfigurationError("CATALOGUE_OVERRIDES", "no model is left to offer")
        self._by_name: Mapping[str, Model] = {model.name: model for model in models}

    def __iter__(self) -> Iterator[Model]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Model | None:
        """Return the model of that name, where this region offers it."""
        return self._by_name.get(name)

    def of_kind(self, kind: Kind) -> tuple[Model, ...]:
        """Return the models that make this kind, in the catalogue's order."""
        return tuple(model for model in self if model.kind is kind)

    def default(self, kind: Kind) -> Model | None:
        """Return the cheapest recommended model of a kind at its recommended tier."""
        candidates = [model for model in self.of_kind(kind) if model.recommended]
        return min(candidates or self.of_kind(kind), key=_recommended_price, default=None)


def _recommended_price(model: Model) -> int:
    return model.price_micros(
        resolution=model.recommended_resolution, seconds=model.default_duration
    )


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
    )
