"""Lists the models as data: what each accepts, how fast it is, how it reports its usage.

Another model is another row. Figures are from help.aliyun.com/zh/model-renderer:
legacy-image-to-video-by-first-and-last-frame-api-reference, legacy-image-to-video-api-reference,
legacy-wan-text-to-video-api-reference, rate-limit and wanx-video-effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Region(StrEnum):
    """Where the account is; names, limits and templates differ."""

    BEIJING = "beijing"
    SINGAPORE = "singapore"

    @property
    def region_id(self) -> str:
        """The identifier the list answer carries."""
        return {"beijing": "cn-beijing", "singapore": "ap-southeast-1"}[self.value]


class Kind(StrEnum):
    """What a video is made from; the value is the third part of ``services/aigc/<task>``."""

    FRAMES = "kf2v"
    PICTURE = "i2v"
    PROMPT = "t2v"

    @property
    def path(self) -> str:
        """The part of the address that belongs to the kind."""
        return "image2video" if self is Kind.FRAMES else "video-generation"


class UsageShape(StrEnum):
    """Which of the documented ``usage`` objects a finished task carries."""

    DURATION_SR_KF2V = "kf2v-2.2"
    RATIO_STANDARD = "2.1"
    DURATION_SR = "i2v-2.2"
    RATIO_SIZE = "t2v"


@dataclass(frozen=True, slots=True)
class Limits:
    """How fast one account may use one model in one region."""

    creates_per_second: int
    running: int
    """Tasks processed at once; more of them stay PENDING."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model under one of its names."""

    name: str
    kind: Kind
    limits: Mapping[Region, Limits]
    tiers: tuple[str, ...]
    default_tier: str
    usage: UsageShape
    task_seconds: tuple[float, float]
    """Realistic shortest and longest running time, seconds."""
    durations: tuple[int, ...] = (5,)
    default_duration: int = 5
    prompt_characters: int = 800
    """What is beyond is cut off without a word; a Chinese character counts as one."""
    image_bytes: int = 10 * 1024 * 1024
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


TIER_PIXELS = {"480P": 832 * 480, "720P": 1280 * 720, "1080P": 1920 * 1080}
"""Pixels a tier aims at; 480P differs between sources, this is the open-source figure."""

SIZES = {
    "480P": ("480*832", "832*480", "624*624"),
    "720P": ("720*1280", "1280*720", "960*960", "1088*832", "832*1088"),
    "1080P": ("1080*1920", "1920*1080", "1440*1440", "1632*1248", "1248*1632"),
}
"""In the order of the live message ``size must be in …``."""

BOTH_PLUS_TURBO = (
    "squish rotation poke inflate dissolve carousel singleheart flying rose crystalrose hug "
    "frenchkiss coupleheart"
)
PLUS_ONLY = (
    "melt icecream dance1 dance2 dance3 dance4 dance5 mermaid graduation dragon money jellyfish "
    "pupil"
)
TURBO_TEMPLATES = frozenset(BOTH_PLUS_TURBO.split())
PLUS_TEMPLATES = TURBO_TEMPLATES | frozenset(PLUS_ONLY.split())
FRAMES_TEMPLATES = frozenset({"hanfu-1", "hufu-1", "solaron", "magazine", "mech1", "mech2"})
"""``hufu-1`` is how one page spells ``hanfu-1``; both are accepted."""

TWO = Limits(2, 2)
BEIJING = MappingProxyType({Region.BEIJING: TWO})
SINGAPORE = MappingProxyType({Region.SINGAPORE: TWO})
EVERYWHERE = MappingProxyType({Region.BEIJING: TWO, Region.SINGAPORE: TWO})
ALL_TIERS = ("480P", "720P", "1080P")


def _rows() -> tuple[ModelRow, ...]:
    rows = [
        # In Singapore its samples use it although the rate table there does not list it.
        ModelRow(
            name="wan2.2-kf2v-flash",
            kind=Kind.FRAMES,
            limits=EVERYWHERE,
            tiers=ALL_TIERS,
            default_tier="720P",
            usage=UsageShape.DURATION_SR_KF2V,
            task_seconds=(60, 120),
        ),
        ModelRow(
            name="wan2.2-i2v-flash",
            kind=Kind.PICTURE,
            limits=EVERYWHERE,
            tiers=ALL_TIERS,
            default_tier="720P",
            usage=UsageShape.DURATION_SR,
            task_seconds=(60, 120),
        ),
        ModelRow(
            name="wan2.2-i2v-plus",
            kind=Kind.PICTURE,
            limits=EVERYWHERE,
            tiers=("480P", "1080P"),
            default_tier="1080P",
            usage=UsageShape.DURATION_SR,
            task_seconds=(90, 180),
        ),
        ModelRow(
            name="wan2.2-t2v-plus",
            kind=Kind.PROMPT,
            limits=EVERYWHERE,
            tiers=("480P", "1080P"),
            default_tier="1080P",
            usage=UsageShape.RATIO_SIZE,
            task_seconds=(90, 180),
        ),
    ]
    slower_creates = MappingProxyType({Region.SINGAPORE: Limits(1, 2)})
    # The 2.1 models have one name per region; only Beijing has effects.
    for prefix, where, effects in (("wanx2.1", BEIJING, True), ("wan2.1", SINGAPORE, False)):
        none: frozenset[str] = frozenset()
        rows += [
            ModelRow(
                name=f"{prefix}-kf2v-plus",
                kind=Kind.FRAMES,
                limits=where if effects else slower_creates,
                tiers=("720P",),
                default_tier="720P",
                usage=UsageShape.RATIO_STANDARD,
                task_seconds=(120, 300),
                templates=FRAMES_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-i2v-turbo",
                kind=Kind.PICTURE,
                limits=where,
                tiers=("480P", "720P"),
                default_tier="720P",
                durations=(3, 4, 5),
                usage=UsageShape.RATIO_STANDARD,
                task_seconds=(60, 150),
                templates=TURBO_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-i2v-plus",
                kind=Kind.PICTURE,
                limits=where,
                tiers=("720P",),
                default_tier="720P",
                usage=UsageShape.RATIO_STANDARD,
                task_seconds=(120, 300),
                templates=PLUS_TEMPLATES if effects else none,
            ),
            ModelRow(
                name=f"{prefix}-t2v-turbo",
                kind=Kind.PROMPT,
                limits=where,
                tiers=("480P", "720P"),
                default_tier="720P",
                usage=UsageShape.RATIO_SIZE,
                task_seconds=(60, 150),
            ),
            ModelRow(
                name=f"{prefix}-t2v-plus",
                kind=Kind.PROMPT,
                limits=where,
                tiers=("720P",),
                default_tier="720P",
                usage=UsageShape.RATIO_SIZE,
                task_seconds=(120, 300),
            ),
        ]
    return tuple(rows)


MODELS: Mapping[str, ModelRow] = MappingProxyType({row.name: row for row in _rows()})
