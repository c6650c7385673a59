"""Lists the models 2.5 and 2.6, which make sound and choose among lengths.

Another model is another row. Figures are from help.aliyun.com/zh/model-studio:
legacy-image-to-video-api-reference, legacy-wan-text-to-video-api-reference,
wan-reference-to-video, rate-limit and model-pricing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sandbox.dashscope.rows import (
    MEGABYTE,
    Billing,
    ClipLimits,
    Kind,
    Limits,
    ModelRow,
    PictureLimits,
    Region,
    Sound,
    SoundLimits,
    Usage,
)


def lanes(*regions: Region) -> Mapping[Region, Limits]:
    """Return five creations a second and five tasks at once: from 2.5 on all are alike."""
    return MappingProxyType(dict.fromkeys(regions, Limits(5, 5)))


ASIA = lanes(Region.BEIJING, Region.SINGAPORE)
GLOBAL = lanes(Region.BEIJING, Region.SINGAPORE, Region.VIRGINIA, Region.FRANKFURT)
FLASH = lanes(Region.BEIJING, Region.SINGAPORE, Region.FRANKFURT)
"""Frankfurt's rate list has ``wan2.6-*``, its price list no flash model: uncertain."""
VIRGINIA = lanes(Region.VIRGINIA)

HD = ("720P", "1080P")
ALL_TIERS = ("480P", *HD)
ANY_LENGTH = range(2, 16)
SHOTS = ("single", "multi")
COMMON_NAMES = ("duration", "input_video_duration", "output_video_duration", "video_count", "SR")

PICTURE_25 = Usage(("duration", "SR", "video_count"))
PROMPT_25 = Usage(("video_duration", "video_ratio", "video_count"))
PICTURE_26 = Usage(COMMON_NAMES)
FLASH_26 = Usage((*COMMON_NAMES, "audio"))
PROMPT_26 = Usage((*COMMON_NAMES, "size"))
REFERENCES_26 = Usage((*COMMON_NAMES, "size"), frozenset({"duration"}))
"""The sample has 10.0 for 5 + 5. Whether flash reports ``audio`` here too is not stated."""

PICTURE_UP_TO_26 = PictureLimits(max_bytes=20 * MEGABYTE)
SOUNDTRACK = SoundLimits(3, 30)


def _models_25_26() -> list[ModelRow]:
    picture = ModelRow(
        name="wan2.5-i2v-preview",
        kind=Kind.PICTURE,
        limits=ASIA,
        tiers=ALL_TIERS,
        default_tier="1080P",
        usage=PICTURE_25,
        task_seconds=(120, 300),
        durations=(5, 10),
        prompt_characters=1500,
        picture=PICTURE_UP_TO_26,
        soundtrack=SOUNDTRACK,
        sound=Sound.ALWAYS,
    )
    prompt = replace(
        picture,
        name="wan2.5-t2v-preview",
        kind=Kind.PROMPT,
        usage=PROMPT_25,
        takes_size=True,
        prompt_required=True,
    )
    picture_26 = replace(
        picture,
        name="wan2.6-i2v",
        limits=GLOBAL,
        tiers=HD,
        usage=PICTURE_26,
        durations=ANY_LENGTH,
        tells_rewritten_prompt=False,
        shot_types=SHOTS,
    )
    prompt_26 = replace(
        prompt,
        name="wan2.6-t2v",
        limits=GLOBAL,
        tiers=HD,
        usage=PROMPT_26,
        durations=ANY_LENGTH,
        tells_rewritten_prompt=False,
        shot_types=SHOTS,
    )
    references = replace(
        prompt_26,
        name="wan2.6-r2v",
        kind=Kind.REFERENCES,
        usage=REFERENCES_26,
        task_seconds=(240, 480),
        durations=range(2, 11),
        soundtrack=None,
        # Bounds of sides are not stated for these.
        references=ClipLimits(shortest=1, longest=30, sides=None, max_ratio=None),
        billing=Billing.FIVE_OF_INPUT,
    )
    return [
        picture,
        prompt,
        picture_26,
        replace(
            picture_26,
            name="wan2.6-i2v-flash",
            limits=FLASH,
            usage=FLASH_26,
            sound=Sound.CHOICE,
            task_seconds=(60, 150),
        ),
        replace(picture_26, name="wan2.6-i2v-us", limits=VIRGINIA, durations=(5, 10, 15)),
        prompt_26,
        replace(prompt_26, name="wan2.6-t2v-us", limits=VIRGINIA, durations=(5, 10)),
        references,
        replace(
            references,
            name="wan2.6-r2v-flash",
            limits=FLASH,
            sound=Sound.CHOICE,
            task_seconds=(120, 300),
        ),
    ]


SOUND_MODELS = _models_25_26()
