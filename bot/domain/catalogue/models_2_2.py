"""Wan 2.1 and 2.2, a row each. Prices are integer micro-CNY per second; only success is billed.

Sources, read in May 2026 under https://help.aliyun.com/zh/model-studio/: capabilities in
``legacy-image-to-video-by-first-and-last-frame-api-reference``,
``legacy-image-to-video-api-reference`` and ``legacy-wan-text-to-video-api-reference``; prices in
``model-pricing``; lane limits in ``rate-limit``. Render times are those of the references' sample
tasks where there is one; else the middle of "usually 1 to 5 minutes", which they say of all.
"""

from __future__ import annotations

from bot.domain.catalogue.records import (
    EARLY_PICTURES,
    Abilities,
    Kind,
    LaneLimits,
    ModelRow,
    Offer,
    Region,
)
from bot.domain.catalogue.shapes import RequestShape

_TWO = LaneLimits(in_flight=2, submits_per_second=2)
"""Every 2.1 and 2.2 model in both regions, but for Singapore's kf2v."""

_FRAMES = (
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.FRAMES,),
            shape=RequestShape.FRAME_FIELDS,
            resolutions=("480P", "720P", "1080P"),
            recommended_resolution="720P",
            pictures=EARLY_PICTURES,
            recommended=True,
            typical_seconds=120,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wan2.2-kf2v-flash",
                prices={"480P": 100_000, "720P": 200_000, "1080P": 480_000},
                limits=_TWO,
            ),
            # In Singapore's samples but on neither its price list nor its rate list: not offered
            # until a host who knows the price names it in CATALOGUE_OVERRIDES.
            Region.SINGAPORE: Offer(name="wan2.2-kf2v-flash", prices={}, limits=_TWO),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.FRAMES,),
            shape=RequestShape.FRAME_FIELDS,
            resolutions=("720P",),
            recommended_resolution="720P",
            pictures=EARLY_PICTURES,
            recommended=True,
            # Runs of the documentation's samples: 4 min 44 s, 6 min 13 s, 8 min 9 s.
            typical_seconds=400,
            slow=True,
        ),
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

_IMAGE = (
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.IMAGE,),
            shape=RequestShape.IMAGE_FIELD,
            resolutions=("480P", "720P", "1080P"),
            recommended_resolution="720P",
            pictures=EARLY_PICTURES,
            recommended=True,
            typical_seconds=120,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wan2.2-i2v-flash",
                prices={"480P": 100_000, "720P": 200_000, "1080P": 480_000},
                limits=_TWO,
            ),
            # Priced in Singapore but for 1080P; its rate list leaves the model out, so it gets
            # the limits of its siblings there.
            Region.SINGAPORE: Offer(
                name="wan2.2-i2v-flash",
                prices={"480P": 110_089, "720P": 264_213},
                limits=_TWO,
            ),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.IMAGE,),
            shape=RequestShape.IMAGE_FIELD,
            resolutions=("480P", "1080P"),
            # The provider's default of 1080P costs five times as much.
            recommended_resolution="480P",
            # For little more the flash model makes 720P, so that one is what nobody has to choose.
            pictures=EARLY_PICTURES,
            recommended=False,
            typical_seconds=163,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wan2.2-i2v-plus", prices={"480P": 140_000, "1080P": 700_000}, limits=_TWO
            ),
            Region.SINGAPORE: Offer(
                name="wan2.2-i2v-plus", prices={"480P": 146_785, "1080P": 733_924}, limits=_TWO
            ),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.IMAGE,),
            shape=RequestShape.IMAGE_FIELD,
            resolutions=("480P", "720P"),
            recommended_resolution="720P",  # both tiers cost the same
            durations=(3, 4, 5),
            pictures=EARLY_PICTURES,
            recommended=False,
            typical_seconds=180,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wanx2.1-i2v-turbo", prices={"480P": 240_000, "720P": 240_000}, limits=_TWO
            ),
            Region.SINGAPORE: Offer(
                name="wan2.1-i2v-turbo", prices={"480P": 264_213, "720P": 264_213}, limits=_TWO
            ),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.IMAGE,),
            shape=RequestShape.IMAGE_FIELD,
            resolutions=("720P",),
            recommended_resolution="720P",
            pictures=EARLY_PICTURES,
            recommended=False,
            typical_seconds=180,
        ),
        offers={
            Region.BEIJING: Offer(name="wanx2.1-i2v-plus", prices={"720P": 700_000}, limits=_TWO),
            Region.SINGAPORE: Offer(name="wan2.1-i2v-plus", prices={"720P": 733_924}, limits=_TWO),
        },
    ),
)

_TEXT = (
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.TEXT,),
            shape=RequestShape.TEXT_SIZE,
            resolutions=("480P", "1080P"),
            # The provider's default of 1920*1080 costs five times as much.
            recommended_resolution="480P",
            recommended=True,
            typical_seconds=90,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wan2.2-t2v-plus", prices={"480P": 140_000, "1080P": 700_000}, limits=_TWO
            ),
            Region.SINGAPORE: Offer(
                name="wan2.2-t2v-plus", prices={"480P": 146_785, "1080P": 733_924}, limits=_TWO
            ),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.TEXT,),
            shape=RequestShape.TEXT_SIZE,
            resolutions=("480P", "720P"),
            recommended_resolution="720P",  # both tiers cost the same
            recommended=False,
            typical_seconds=180,
        ),
        offers={
            Region.BEIJING: Offer(
                name="wanx2.1-t2v-turbo", prices={"480P": 240_000, "720P": 240_000}, limits=_TWO
            ),
            Region.SINGAPORE: Offer(
                name="wan2.1-t2v-turbo", prices={"480P": 264_213, "720P": 264_213}, limits=_TWO
            ),
        },
    ),
    ModelRow(
        abilities=Abilities(
            kinds=(Kind.TEXT,),
            shape=RequestShape.TEXT_SIZE,
            resolutions=("720P",),
            recommended_resolution="720P",
            recommended=False,
            typical_seconds=180,
        ),
        offers={
            Region.BEIJING: Offer(name="wanx2.1-t2v-plus", prices={"720P": 700_000}, limits=_TWO),
            Region.SINGAPORE: Offer(name="wan2.1-t2v-plus", prices={"720P": 733_924}, limits=_TWO),
        },
    ),
)

MODELS_2_2: tuple[ModelRow, ...] = (*_FRAMES, *_IMAGE, *_TEXT)
