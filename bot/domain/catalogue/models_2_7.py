"""Wan 2.5, 2.6 and 2.7: with sound. A row a model; dated ids are models of their own.

Sources under https://help.aliyun.com/zh/model-studio/, read from May to October 2026:
``image-to-video``, ``wan-text-to-video`` and ``wan-reference-to-video`` (2.5, 2.6),
``image-to-video-general-api-reference``, ``text-to-video-api-reference`` and
``wan-video-to-video-api-reference`` (2.7); prices in ``model-pricing``, lane limits in
``rate-limit``. Render times are those of the pages' sample tasks where there is one; else the
middle of "usually 1 to 5 minutes".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.domain.catalogue.prices import InputBilling
from bot.domain.catalogue.records import (
    Abilities,
    Kind,
    LaneLimits,
    ModelRow,
    Offer,
    Region,
    Sound,
    SoundtrackBounds,
)
from bot.domain.catalogue.shapes import RATIOS_2_7, RequestShape

_FIVE = LaneLimits(in_flight=5, submits_per_second=5)
"""Every model from 2.5 on, in every region."""

_CHINA = MappingProxyType({"720P": 600_000, "1080P": 1_000_000})
"""Beijing, and the global scope of Virginia and Frankfurt."""
_SINGAPORE = MappingProxyType({"720P": 733_924, "1080P": 1_100_886})
_UNITED_STATES = _SINGAPORE
"""Virginia's US scope. The price list has it under the names without ``-us``."""

_WITH_480P = ("480P", "720P", "1080P")
_TIERS = ("720P", "1080P")
_UP_TO_15 = tuple(range(2, 16))
_UP_TO_10 = tuple(range(2, 11))


def _two_regions(name: str, china: Mapping[str, int], singapore: Mapping[str, int]) -> ModelOffers:
    return {
        Region.BEIJING: Offer(name=name, prices=china, limits=_FIVE),
        Region.SINGAPORE: Offer(name=name, prices=singapore, limits=_FIVE),
    }


def _four_regions(name: str) -> ModelOffers:
    return {
        **_two_regions(name, _CHINA, _SINGAPORE),
        Region.VIRGINIA: Offer(name=name, prices=_CHINA, limits=_FIVE),
        Region.FRANKFURT: Offer(name=name, prices=_CHINA, limits=_FIVE),
    }


def _flash(name: str) -> ModelOffers:
    """Return the offers of a model that costs half without sound."""
    return {
        Region.BEIJING: Offer(
            name=name,
            prices={"720P": 300_000, "1080P": 500_000},
            silent_prices={"720P": 150_000, "1080P": 250_000},
            limits=_FIVE,
        ),
        Region.SINGAPORE: Offer(
            name=name,
            prices={"720P": 366_962, "1080P": 550_443},
            silent_prices={"720P": 183_481, "1080P": 275_221},
            limits=_FIVE,
        ),
        # On Frankfurt's rate list ("wan2.6-*") but not on its price list: not offered until a
        # host who knows the price names it in CATALOGUE_OVERRIDES.
        Region.FRANKFURT: Offer(name=name, prices={}, limits=_FIVE),
    }


def _in_virginia(name: str, prices: Mapping[str, int]) -> ModelOffers:
    return {Region.VIRGINIA: Offer(name=name, prices=prices, limits=_FIVE)}


ModelOffers = dict[Region, Offer]

_IMAGE_2_5 = Abilities(
    kinds=(Kind.IMAGE,),
    shape=RequestShape.IMAGE_FIELD,
    resolutions=_WITH_480P,
    recommended_resolution="480P",
    durations=(5, 10),
    sound=Sound.ALWAYS,
    soundtrack=SoundtrackBounds(min_seconds=3),
    prompt_limit=1500,
    # A preview.
    recommended=False,
    typical_seconds=180,
)
_IMAGE_2_6 = replace(
    _IMAGE_2_5,
    resolutions=_TIERS,
    recommended_resolution="720P",
    durations=_UP_TO_15,
    recommended=True,
)
_TEXT_2_5 = replace(_IMAGE_2_5, kinds=(Kind.TEXT,), shape=RequestShape.TEXT_SIZE)
_TEXT_2_6 = replace(_IMAGE_2_6, kinds=(Kind.TEXT,), shape=RequestShape.TEXT_SIZE)
_REFERENCE_2_6 = Abilities(
    kinds=(Kind.REFERENCE,),
    shape=RequestShape.REFERENCE_URLS,
    resolutions=_TIERS,
    recommended_resolution="720P",
    durations=_UP_TO_10,
    sound=Sound.ALWAYS,
    prompt_limit=1500,
    extends_prompts=False,
    max_references=5,
    input_billing=InputBilling.CAPPED,
    recommended=True,
    typical_seconds=275,
)
_TEXT_2_7 = Abilities(
    kinds=(Kind.TEXT,),
    shape=RequestShape.TEXT_RATIO,
    resolutions=_TIERS,
    recommended_resolution="720P",
    ratios=RATIOS_2_7,
    durations=_UP_TO_15,
    sound=Sound.ALWAYS,
    soundtrack=SoundtrackBounds(min_seconds=2),
    prompt_limit=5000,
    recommended=True,
    typical_seconds=168,
)
_PICTURES_2_7 = Abilities(
    kinds=(Kind.FRAMES, Kind.IMAGE),
    shape=RequestShape.MEDIA,
    resolutions=_TIERS,
    recommended_resolution="720P",
    durations=_UP_TO_15,
    sound=Sound.ALWAYS,
    soundtrack=SoundtrackBounds(min_seconds=2),
    prompt_limit=5000,
    continues=True,
    recommended=True,
    # A real task: 5 s in 720P took 2 min 48 s.
    typical_seconds=168,
)
_REFERENCE_2_7 = Abilities(
    kinds=(Kind.REFERENCE,),
    shape=RequestShape.MEDIA,
    resolutions=_TIERS,
    recommended_resolution="720P",
    ratios=RATIOS_2_7,
    durations=_UP_TO_15,
    sound=Sound.ALWAYS,
    prompt_limit=5000,
    max_references=5,
    input_billing=InputBilling.CAPPED,
    recommended=True,
    # The page's sample of 10 s took 7 min 9 s.
    typical_seconds=300,
)

MODELS_2_7: tuple[ModelRow, ...] = (
    ModelRow(
        abilities=_IMAGE_2_5,
        offers=_two_regions(
            "wan2.5-i2v-preview",
            {"480P": 300_000, "720P": 600_000, "1080P": 1_000_000},
            {"480P": 366_961, "720P": 733_923, "1080P": 1_100_885},
        ),
    ),
    ModelRow(
        abilities=_TEXT_2_5,
        offers=_two_regions(
            "wan2.5-t2v-preview",
            {"480P": 300_000, "720P": 600_000, "1080P": 1_000_000},
            {"480P": 366_961, "720P": 733_923, "1080P": 1_100_885},
        ),
    ),
    ModelRow(
        # Not what nobody has to choose, though its silent videos are cheap: members would lose
        # 480P and a host's usual video would become another one by an update.
        abilities=replace(_IMAGE_2_6, sound=Sound.CHOICE, recommended=False),
        offers=_flash("wan2.6-i2v-flash"),
    ),
    ModelRow(abilities=_IMAGE_2_6, offers=_four_regions("wan2.6-i2v")),
    ModelRow(
        abilities=replace(_IMAGE_2_6, durations=(5, 10, 15)),
        offers=_in_virginia("wan2.6-i2v-us", _UNITED_STATES),
    ),
    ModelRow(abilities=_TEXT_2_6, offers=_four_regions("wan2.6-t2v")),
    ModelRow(
        abilities=replace(_TEXT_2_6, durations=(5, 10)),
        offers=_in_virginia("wan2.6-t2v-us", _UNITED_STATES),
    ),
    ModelRow(
        abilities=replace(_REFERENCE_2_6, sound=Sound.CHOICE), offers=_flash("wan2.6-r2v-flash")
    ),
    ModelRow(abilities=_REFERENCE_2_6, offers=_four_regions("wan2.6-r2v")),
    *(
        ModelRow(abilities=abilities, offers=_two_regions(name, _CHINA, _SINGAPORE))
        for name, abilities in (
            ("wan2.7-t2v", _TEXT_2_7),
            ("wan2.7-t2v-2026-04-25", _TEXT_2_7),
            ("wan2.7-t2v-2026-06-12", _TEXT_2_7),
            ("wan2.7-i2v", _PICTURES_2_7),
            ("wan2.7-i2v-2026-04-25", _PICTURES_2_7),
            ("wan2.7-r2v", _REFERENCE_2_7),
        )
    ),
    ModelRow(
        abilities=_REFERENCE_2_7,
        offers={
            **_two_regions("wan2.7-r2v-2026-06-12", _CHINA, _SINGAPORE),
            # On Virginia's rate list but not on its price list: not offered until a host who
            # knows the price names it in CATALOGUE_OVERRIDES.
            **_in_virginia("wan2.7-r2v-2026-06-12", {}),
        },
    ),
)
