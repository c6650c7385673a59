"""What a row of the catalogue holds: what a model can do, and where it is sold for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bot.domain.catalogue.prices import InputBilling
from bot.domain.catalogue.shapes import SIZES, RequestShape


class Kind(StrEnum):
    """What a member starts from."""

    FRAMES = "frames"
    """A first and a last frame."""
    IMAGE = "image"
    """One picture."""
    TEXT = "text"
    """Only words."""
    REFERENCE = "reference"
    """Words, and pictures of who or what is to appear."""
    EFFECT = "effect"
    """One picture and a named effect; made by models of the kinds above that know it."""


class Region(StrEnum):
    """Where the account lives: decides base URL, names, prices and limits."""

    BEIJING = "beijing"
    SINGAPORE = "singapore"
    VIRGINIA = "virginia"
    FRANKFURT = "frankfurt"
    TOKYO = "tokyo"


class Sound(StrEnum):
    """Whether a model's videos can be heard."""

    NEVER = "never"
    ALWAYS = "always"
    CHOICE = "choice"
    """A parameter ``audio`` says."""


MODEL_DECIDES = -1
"""The ``duration`` that leaves the length to the model; the price is known at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """How hard one model of one account may be pressed."""

    in_flight: int
    """Tasks processed at once."""
    submits_per_second: float
    """Create calls per second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBounds:
    """Which pictures a model takes; those made to fit are far below its bytes, 10 or 20 MB."""

    min_side: int = 240
    """Pixels."""
    max_side: int = 8000
    """Pixels."""
    max_ratio: int = 8
    """Longer side by shorter side. 2.5 and 2.6 state none: theirs is that of 2.7."""


EARLY_PICTURES = PictureBounds(min_side=360, max_side=2000, max_ratio=4)
"""Of 2.1 and 2.2. Their pages name 240 to 8000 today and 360 to 2000 before; this suits both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundtrackBounds:
    """Which lengths a model takes as a soundtrack; ``MAX_SOUND_BYTES`` is the same for all."""

    min_seconds: int
    max_seconds: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model as one region sells it."""

    name: str
    """The provider's name there."""
    prices: Mapping[str, int]
    """Micro-CNY per second by resolution tier; a tier without a price is not offered."""
    silent_prices: Mapping[str, int] = field(default_factory=dict)
    """Likewise without sound, where that is cheaper."""
    limits: LaneLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a model can do, in whatever region."""

    kinds: tuple[Kind, ...]
    shape: RequestShape
    resolutions: tuple[str, ...]
    """Tiers the model can make, smallest first."""
    recommended_resolution: str
    """What we send when nobody chose: never left to the provider, whose default is dear."""
    ratios: tuple[str, ...] = ()
    """Values of ``ratio``, ours when nobody chose first; none where the pictures set the shape."""
    durations: tuple[int, ...] = (5,)
    """Seconds; one entry means a fixed length, and then ``duration`` is never sent."""
    default_duration: int = 5
    """Seconds made when nobody chose: never the longest, which is up to six times as dear."""
    may_decide_duration: bool = False
    """Whether the length may be left to the model."""
    sound: Sound = Sound.NEVER
    soundtrack: SoundtrackBounds | None = None
    """None where it takes none."""
    prompt_limit: int = 800
    """Characters; the provider cuts off what is beyond without a word."""
    negative_prompt_limit: int = 500
    """Characters, likewise; 0 where the model has none."""
    extends_prompts: bool = True
    """Whether ``prompt_extend`` is among its parameters."""
    pictures: PictureBounds = PictureBounds()
    max_references: int = 0
    """Pictures of who or what is to appear."""
    continues: bool = False
    """Whether it can go on from a video that is sent along."""
    input_billing: InputBilling = InputBilling.NOTHING
    recommended: bool
    """May be chosen as the default model."""
    typical_seconds: int
    """Render time from the documentation, until our own tasks tell."""
    slow: bool = False
    """Polled at twice the interval."""

    @property
    def has_sizes(self) -> bool:
        """True where a size in pixels is sent."""
        return self.shape in {RequestShape.TEXT_SIZE, RequestShape.REFERENCE_URLS}

    @property
    def has_fixed_duration(self) -> bool:
        """True where the provider fails a task that names a duration."""
        return len(self.durations) == 1

    @property
    def longest(self) -> int:
        """Seconds a video can have at most."""
        return max(self.durations)

    @property
    def may_need_uploads(self) -> bool:
        """True where the provider may have to fetch a file itself."""
        return self.soundtrack is not None or not self.shape.takes_pictures_inside

    def ratios_for(self, kind: Kind) -> tuple[str, ...]:
        """Return the ratios that may be chosen for a kind of video, ours when nobody chose first.

        Pictures that begin or end a video set its shape themselves.
        """
        return self.ratios if kind in {Kind.TEXT, Kind.REFERENCE} else ()

    def sizes_of(self, tier: str) -> tuple[str, ...]:
        """Return the sizes in pixels of a tier, ours when nobody chose first."""
        return SIZES[tier] if self.has_sizes else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """A row of the catalogue: one model in all regions."""

    abilities: Abilities
    offers: Mapping[Region, Offer]
    ends_on: date | None = None
    """The day, in UTC, from which the provider does not make its videos any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What was chosen of a model, as it was typed; None is for us to decide."""

    model: str | None = None
    resolution: str | None = None
    """Tier, where a picture sets the shape."""
    size: str | None = None
    """``W*H``, or a tier and a ratio, where no picture does."""
    duration_seconds: int | None = None
    audio: bool | None = None
    """Whether it is to be heard."""
    soundtrack: bool = False
    """Whether a sound comes along."""
