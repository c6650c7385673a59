"""What a row of the catalogue holds, and what a model is once a region and a host offer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.domain.amounts import Amounts
from bot.domain.catalogue.prices import Price


class Kind(StrEnum):
    """What a member starts from."""

    FRAMES = "frames"
    """A first and a last frame."""
    IMAGE = "image"
    """One picture."""
    TEXT = "text"
    """Only words."""
    EFFECT = "effect"
    """One picture and a named effect; made by models of the two kinds above that know it."""


class Region(StrEnum):
    """Where the account lives: decides base URL, names, prices and limits."""

    BEIJING = "beijing"
    SINGAPORE = "singapore"


class Endpoint(StrEnum):
    """The two paths a task is created at, below ``/services/aigc/``."""

    IMAGE2VIDEO = "image2video/video-synthesis"
    VIDEO_GENERATION = "video-generation/video-synthesis"


SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "480P": ("832*480", "480*832", "624*624"),
        "720P": ("1280*720", "720*1280", "960*960", "1088*832", "832*1088"),
        "1080P": ("1920*1080", "1080*1920", "1440*1440", "1632*1248", "1248*1632"),
    }
)
"""``W*H`` values of each tier for models that start from words; the first is what we send when
nobody chose.

https://help.aliyun.com/zh/model-studio/legacy-wan-text-to-video-api-reference (May 2026)
"""

_INPUT_FIELDS = {
    Endpoint.IMAGE2VIDEO: {
        "first_frame": "first_frame_url",
        "last_frame": "last_frame_url",
        "image": "first_frame_url",
    },
    Endpoint.VIDEO_GENERATION: {"image": "img_url"},
}


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
    """Characters; the provider cuts off what is beyond without a word."""
    negative_prompt_limit: int = 500
    """Characters, likewise."""
    recommended: bool
    """May be chosen as the default model."""
    typical_seconds: int
    """Render time from the documentation, until our own tasks tell."""
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
    effects: frozenset[str] = frozenset()
    """Names of the effects it knows in this region."""

    @property
    def default_duration(self) -> int:
        """Seconds made when nobody chose; every documented default is the longest or only one."""
        return self.durations[-1]

    @property
    def has_fixed_duration(self) -> bool:
        """True where the provider fails a task that names a duration."""
        return len(self.durations) == 1

    @property
    def sizes(self) -> tuple[str, ...]:
        """``W*H`` values on offer, smallest tier first; none where a picture sets the shape."""
        if self.kind is not Kind.TEXT:
            return ()
        return tuple(size for tier in self.resolutions for size in SIZES[tier])

    def makes(self, kind: Kind) -> bool:
        """Tell whether the model makes this kind of video."""
        return bool(self.effects) if kind is Kind.EFFECT else self.kind is kind

    def still_makes(self, *, resolution: str, seconds: int, effect: str | None) -> bool:
        """Tell whether what was asked for once can be bought today.

        Regions share names of models, but neither tiers nor effects.
        """
        return (
            resolution in self.resolutions
            and seconds in self.durations
            and (effect is None or effect in self.effects)
        )

    def tier_of(self, size: str) -> str | None:
        """Return the tier a ``W*H`` value is priced at, where the model offers it."""
        return next((tier for tier in self.resolutions if size in SIZES[tier]), None)

    def input_field(self, option: str) -> str:
        """Return the key of a picture in the request's ``input``.

        An effect of a model for frames takes its picture as the first frame and no last one:
        https://help.aliyun.com/zh/model-studio/wanx-video-effects
        """
        return _INPUT_FIELDS[self.endpoint][option]

    def price(self, *, resolution: str, seconds: int) -> Price:
        """Return what a video of a tier and length reserves, and by which terms it is charged."""
        per_second = self.prices[resolution]
        return Price(
            reserved=Amounts(videos=1, seconds=seconds, micros=per_second * seconds),
            micros_per_second=per_second,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was chosen of a model, as it was typed; None is for us to decide."""

    model: str | None = None
    resolution: str | None = None
    """Tier, where a picture sets the shape."""
    size: str | None = None
    """``W*H``, where only words do."""
    duration_seconds: int | None = None
