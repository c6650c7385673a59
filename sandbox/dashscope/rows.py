"""Says what a row of the model list consists of: one record for every model of every family.

The families differ in their request shapes: first and last fields, one picture field, text and
size, text and ratio, a list of addresses, a list of media. A row names its shape, what its
parameters may be, which files it takes, and how a finished task reports what was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

MEGABYTE = 1024 * 1024


class Region(StrEnum):
    """Where the account is; names, limits and templates differ."""

    BEIJING = "beijing"
    SINGAPORE = "singapore"
    VIRGINIA = "virginia"
    FRANKFURT = "frankfurt"
    TOKYO = "tokyo"

    @property
    def region_id(self) -> str:
        """The identifier the list answer carries (the page ``regions``)."""
        return {
            "beijing": "cn-beijing",
            "singapore": "ap-southeast-1",
            "virginia": "us-east-1",
            "frankfurt": "eu-central-1",
            "tokyo": "ap-northeast-1",
        }[self.value]


class Kind(StrEnum):
    """The shape of a request: which fields of ``input`` say what a video is made from."""

    FRAMES = "kf2v"
    """``first_frame_url`` and ``last_frame_url``."""
    PICTURE = "i2v"
    """``img_url``."""
    PROMPT = "t2v"
    """``prompt``."""
    REFERENCES = "r2v"
    """``prompt`` and ``reference_urls``."""
    MEDIA = "media"
    """``media``, a list of ``{"type", "url"}``."""

    @property
    def path(self) -> str:
        """The third part of ``services/aigc/<task>`` in the address of a creation."""
        return "image2video" if self is Kind.FRAMES else "video-generation"


class Sound(StrEnum):
    """Whether the videos of a model can be heard."""

    NONE = "none"
    ALWAYS = "always"
    CHOICE = "choice"
    """``parameters.audio`` turns it off."""


class Billing(StrEnum):
    """Which seconds of an input video are billed beside those that were made (model-pricing)."""

    OUTPUT = "output"
    ALL_INPUT = "all"
    FIVE_OF_INPUT = "five"
    """At most five seconds of all input videos together."""
    CONTINUATION = "continuation"
    """``duration`` counts the clip a video goes on from, so nothing is added."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast one account may use one model in one region."""

    creates_per_second: int
    running: int
    """Tasks processed at once; more of them stay PENDING."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Which of the documented ``usage`` objects a finished task carries."""

    names: tuple[str, ...]
    """In the order of the answer."""
    floats: frozenset[str] = frozenset()
    """Which of them are written with a decimal point even when they are whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """What a picture may be: JPEG, PNG without alpha, BMP or WEBP."""

    max_bytes: int
    max_ratio: int | None = None
    """Longer side by shorter side; None: no rule is stated."""


@dataclass(frozen=True, slots=True)
class SoundLimits:
    """What a sound may be: WAV or MP3, seconds."""

    shortest: int
    longest: int
    max_bytes: int = 15 * MEGABYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLimits:
    """What an input video may be: MP4 or MOV, seconds and pixels."""

    shortest: int
    longest: int
    sides: tuple[int, int] | None = (240, 4096)
    """Shortest and longest side; None: no rule is stated."""
    max_ratio: int | None = 8
    least_rate: int = 0
    """Frames per second."""
    max_bytes: int = 100 * MEGABYTE


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """What a document may be; its pages are not counted here."""

    extensions: tuple[str, ...]
    max_bytes: int = 100 * MEGABYTE


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """A web page. It is never fetched: an emulator stays on its machine."""


FileLimits = PictureLimits | SoundLimits | ClipLimits | DocumentLimits | LinkLimits


@dataclass(frozen=True, slots=True)
class Together:
    """How many items of several types there are together."""

    types: tuple[str, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class MediaSet:
    """One set of media that may go together; a type it does not name is not part of it."""

    counts: Mapping[str, tuple[int, int]]
    """Least and most items of each type."""
    together: tuple[Together, ...] = ()

    def takes(self, counts: Mapping[str, int]) -> bool:
        """Whether so many items of each type fit."""
        return (
            not set(counts) - set(self.counts)
            and all(
                least <= counts.get(name, 0) <= most for name, (least, most) in self.counts.items()
            )
            and all(
                rule.least <= sum(counts.get(name, 0) for name in rule.types) <= rule.most
                for rule in self.together
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRules:
    """What the ``media`` list of a model may hold."""

    files: Mapping[str, FileLimits]
    """By type, in the order in which the service's sentence lists them."""
    sets: tuple[MediaSet, ...]
    voice: SoundLimits | None = None
    """Of ``reference_voice``, which an item may carry; None: there is none."""
    required: bool = True
    exclusive: str | None = None
    """The sentence about frames beside references, where the service has one of its own."""
    all_seconds: int | None = None
    """The most seconds of all input videos, and of all input sounds, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model under one of its names."""

    name: str
    kind: Kind
    limits: Mapping[Region, Limits]
    tiers: tuple[str, ...]
    default_tier: str
    usage: Usage
    task_seconds: tuple[float, float]
    """Realistic shortest and longest running time, seconds."""
    durations: Sequence[int] = (5,)
    """Seconds; a range is told as its ends."""
    default_duration: int = 5
    """Seconds; 0: as long as the input video."""
    durations_with_video: Sequence[int] | None = None
    """Seconds, where a reference video is among the media."""
    chooses_duration: bool = False
    """Whether -1 leaves the length to the model."""
    all_seconds: int | None = None
    """The most seconds of input videos and result together."""
    takes_size: bool = False
    """Whether ``size`` says how large the video is, instead of a tier."""
    ratios: tuple[str, ...] = ()
    """What ``ratio`` may be; empty: the shape is that of the picture."""
    default_ratio: str | None = None
    """None: the shape is that of the input."""
    frame_beats_ratio: bool = False
    """Whether a first frame gives its shape although a ratio is named."""
    prompt_required: bool = False
    prompt_characters: int = 800
    """What is beyond is cut off without a word; a Chinese character counts as one."""
    tells_rewritten_prompt: bool = True
    """Whether ``actual_prompt`` is returned."""
    picture: PictureLimits = PictureLimits(max_bytes=10 * MEGABYTE)
    soundtrack: SoundLimits | None = None
    """Of ``audio_url``; None: the field is ignored."""
    references: ClipLimits | None = None
    """Of the videos among ``reference_urls``."""
    media: MediaRules | None = None
    sound: Sound = Sound.NONE
    shot_types: tuple[str, ...] = ()
    audio_settings: tuple[str, ...] = ()
    least_seed: int = 0
    billing: Billing = Billing.OUTPUT
    templates: frozenset[str] = field(default=frozenset())
    """Effects the model accepts; they exist in Beijing only."""

    @property
    def api_key_name(self) -> str:
        """The ``user_api_unique_key`` of its tasks."""
        return f"apikey:v1:aigc:{self.kind.path}:video-synthesis:{self.name}"

    def sizes(self) -> tuple[str, ...]:
        """Return the ``W*H`` values a text-to-video model accepts, largest tier first."""
        order = ("1080P", "720P", "480P")
        return tuple(size for tier in order if tier in self.tiers for size in SIZES[tier])


SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "480P": ("480*832", "832*480", "624*624"),
        "720P": ("720*1280", "1280*720", "960*960", "1088*832", "832*1088"),
        "1080P": ("1080*1920", "1920*1080", "1440*1440", "1632*1248", "1248*1632"),
    }
)
"""In the order of the live message ``size must be in …``."""


def tier_of(size: str) -> str:
    """Return the tier a ``W*H`` of the list belongs to."""
    return next(tier for tier, sizes in SIZES.items() if size in sizes)
