"""Wan 3.0: one model for words, frames, pictures and references.

Source: https://help.aliyun.com/zh/model-studio/wan3-video-generation-api-reference (August to
October 2026); prices in ``model-pricing``, lane limits in ``rate-limit``. The prices are those of
the list: for an unknown time the provider takes 30 % off ``wan3.0-video``, which a host can say in
CATALOGUE_OVERRIDES while it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.catalogue.prices import InputBilling
from bot.domain.catalogue.records import (
    Abilities,
    Kind,
    LaneLimits,
    ModelRow,
    Offer,
    Region,
    Sound,
)
from bot.domain.catalogue.shapes import RATIOS_3_0, RequestShape

_FIVE = LaneLimits(in_flight=5, submits_per_second=5)

_ABILITIES = Abilities(
    kinds=(Kind.FRAMES, Kind.IMAGE, Kind.TEXT, Kind.REFERENCE),
    shape=RequestShape.MEDIA,
    resolutions=("480P", "720P", "1080P"),
    recommended_resolution="480P",
    ratios=RATIOS_3_0,
    durations=tuple(range(2, 31)),
    may_decide_duration=True,
    # At the same price.
    sound=Sound.CHOICE,
    prompt_limit=20_000,
    # Not among its parameters.
    negative_prompt_limit=0,
    max_references=10,
    continues=True,
    input_billing=InputBilling.ADDED,
    recommended=True,
    # A real task of its first days: 5 s in 720P took 11 min 58 s. Prime is "markedly faster",
    # without a figure.
    typical_seconds=718,
)


def _everywhere(
    name: str, china: Mapping[str, int], singapore: Mapping[str, int]
) -> dict[Region, Offer]:
    """Return offers in all regions; those of the global scope have Beijing's prices."""
    others = (Region.VIRGINIA, Region.FRANKFURT, Region.TOKYO)
    return {
        Region.BEIJING: Offer(name=name, prices=china, limits=_FIVE),
        Region.SINGAPORE: Offer(name=name, prices=singapore, limits=_FIVE),
        **{region: Offer(name=name, prices=china, limits=_FIVE) for region in others},
    }


MODELS_3_0: tuple[ModelRow, ...] = (
    ModelRow(
        abilities=_ABILITIES,
        offers=_everywhere(
            "wan3.0-video",
            {"480P": 300_000, "720P": 600_000, "1080P": 1_200_000},
            {"480P": 374_710, "720P": 749_420, "1080P": 1_498_840},
        ),
    ),
    ModelRow(
        abilities=_ABILITIES,
        offers=_everywhere(
            "wan3.0-video-prime",
            {"480P": 450_000, "720P": 900_000, "1080P": 1_800_000},
            {"480P": 495_838, "720P": 1_020_844, "1080P": 2_041_687},
        ),
    ),
)
