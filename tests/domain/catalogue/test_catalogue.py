"""What is offered where, for how much, and what a host may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from typing_extensions import override

from bot.domain.catalogue import (
    EFFECTS,
    MODELS,
    SIZES,
    Catalogue,
    Kind,
    Model,
    ModelRow,
    Override,
    Region,
    effect_label,
)
from bot.domain.errors import ConfigurationError

FLASH, PLUS, PLUS_INTL = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus", "wan2.1-kf2v-plus"
IMAGE_FLASH, IMAGE_TURBO, IMAGE_PLUS = "wan2.2-i2v-flash", "wanx2.1-i2v-turbo", "wanx2.1-i2v-plus"

FRAMES, IMAGE, TEXT, EFFECT = Kind.FRAMES, Kind.IMAGE, Kind.TEXT, Kind.EFFECT
REFERENCE = Kind.REFERENCE
BEIJING, SINGAPORE = Region.BEIJING, Region.SINGAPORE
VIRGINIA, FRANKFURT, TOKYO = Region.VIRGINIA, Region.FRANKFURT, Region.TOKYO


@dataclass(frozen=True)
class Line:
    """A model as the provider's lists have it."""

    region: Region
    name: str
    kind: Kind
    prices: dict[str, float]
    """CNY per second."""
    per_second: float = 2
    """Creates."""
    durations: tuple[int, ...] = (5,)
    in_flight: int = 2
    silent: dict[str, float] = field(default_factory=dict)
    prompt: int = 800
    negative: int = 500
    others: tuple[Kind, ...] = ()
    """Kinds it makes besides."""

    @override
    def __str__(self) -> str:
        return f"{self.region.value} {self.name}"


EARLY = (
    # model-pricing, rate-limit and the references' capability tables, Beijing.
    Line(BEIJING, "wan2.2-kf2v-flash", FRAMES, {"480P": 0.10, "720P": 0.20, "1080P": 0.48}),
    Line(BEIJING, "wanx2.1-kf2v-plus", FRAMES, {"720P": 0.70}),
    Line(BEIJING, "wan2.2-i2v-flash", IMAGE, {"480P": 0.10, "720P": 0.20, "1080P": 0.48}),
    Line(BEIJING, "wan2.2-i2v-plus", IMAGE, {"480P": 0.14, "1080P": 0.70}),
    Line(BEIJING, "wanx2.1-i2v-turbo", IMAGE, {"480P": 0.24, "720P": 0.24}, durations=(3, 4, 5)),
    Line(BEIJING, "wanx2.1-i2v-plus", IMAGE, {"720P": 0.70}),
    Line(BEIJING, "wan2.2-t2v-plus", TEXT, {"480P": 0.14, "1080P": 0.70}),
    Line(BEIJING, "wanx2.1-t2v-turbo", TEXT, {"480P": 0.24, "720P": 0.24}),
    Line(BEIJING, "wanx2.1-t2v-plus", TEXT, {"720P": 0.70}),
    # The same, Singapore.
    Line(SINGAPORE, "wan2.1-kf2v-plus", FRAMES, {"720P": 0.733924}, per_second=1),
    Line(SINGAPORE, "wan2.2-i2v-flash", IMAGE, {"480P": 0.110089, "720P": 0.264213}),
    Line(SINGAPORE, "wan2.2-i2v-plus", IMAGE, {"480P": 0.146785, "1080P": 0.733924}),
    Line(
        SINGAPORE,
        "wan2.1-i2v-turbo",
        IMAGE,
        {"480P": 0.264213, "720P": 0.264213},
        durations=(3, 4, 5),
    ),
    Line(SINGAPORE, "wan2.1-i2v-plus", IMAGE, {"720P": 0.733924}),
    Line(SINGAPORE, "wan2.2-t2v-plus", TEXT, {"480P": 0.146785, "1080P": 0.733924}),
    Line(SINGAPORE, "wan2.1-t2v-turbo", TEXT, {"480P": 0.264213, "720P": 0.264213}),
    Line(SINGAPORE, "wan2.1-t2v-plus", TEXT, {"720P": 0.733924}),
)

UP_TO_10, UP_TO_15, UP_TO_30 = (tuple(range(2, most + 1)) for most in (10, 15, 30))
RATIOS = {
    "wan2.7": ("16:9", "9:16", "1:1", "4:3", "3:4"),
    "wan3.0": ("16:9", "9:16", "1:1", "4:3", "3:4", "adaptive"),
}


def _newer(
    region: Region,
    name: str,
    kind: Kind,
    *prices: float,
    **more: Any,  # noqa: ANN401 - fields of a Line
) -> Line:
    """Return a line of 2.5 to 3.0, whose tiers end with 1080P."""
    tiers = ("480P", "720P", "1080P")[-len(prices) :]
    facts: dict[str, Any] = {"per_second": 5, "in_flight": 5, "prompt": 1500, "durations": UP_TO_15}
    return Line(region, name, kind, dict(zip(tiers, prices, strict=True)), **{**facts, **more})


def _lines_2_5_to_3_0() -> Iterator[Line]:
    china, singapore = (0.6, 1.0), (0.733924, 1.100886)
    for region, prices, early in (
        (BEIJING, china, (0.3, 0.6, 1.0)),
        (SINGAPORE, singapore, (0.366961, 0.733923, 1.100885)),
    ):
        yield _newer(region, "wan2.5-i2v-preview", IMAGE, *early, durations=(5, 10))
        yield _newer(region, "wan2.5-t2v-preview", TEXT, *early, durations=(5, 10))
        for name in ("wan2.7-t2v", "wan2.7-t2v-2026-04-25", "wan2.7-t2v-2026-06-12"):
            yield _newer(region, name, TEXT, *prices, prompt=5000)
        for name in ("wan2.7-i2v", "wan2.7-i2v-2026-04-25"):
            yield _newer(region, name, FRAMES, *prices, prompt=5000, others=(IMAGE,))
        for name in ("wan2.7-r2v", "wan2.7-r2v-2026-06-12"):
            yield _newer(region, name, REFERENCE, *prices, prompt=5000)
    for region, heard, silent in (
        (BEIJING, (0.3, 0.5), {"720P": 0.15, "1080P": 0.25}),
        (SINGAPORE, (0.366962, 0.550443), {"720P": 0.183481, "1080P": 0.275221}),
    ):
        yield _newer(region, "wan2.6-i2v-flash", IMAGE, *heard, silent=silent)
        yield _newer(
            region, "wan2.6-r2v-flash", REFERENCE, *heard, silent=silent, durations=UP_TO_10
        )
    for region in (BEIJING, SINGAPORE, VIRGINIA, FRANKFURT):
        prices = singapore if region is SINGAPORE else china
        yield _newer(region, "wan2.6-i2v", IMAGE, *prices)
        yield _newer(region, "wan2.6-t2v", TEXT, *prices)
        yield _newer(region, "wan2.6-r2v", REFERENCE, *prices, durations=UP_TO_10)
    yield _newer(VIRGINIA, "wan2.6-i2v-us", IMAGE, *singapore, durations=(5, 10, 15))
    yield _newer(VIRGINIA, "wan2.6-t2v-us", TEXT, *singapore, durations=(5, 10))
    for region in Region:
        is_there = region is SINGAPORE
        for name, by_tier in (
            ("wan3.0-video", (0.37471, 0.74942, 1.49884) if is_there else (0.3, 0.6, 1.2)),
            (
                "wan3.0-video-prime",
                (0.495838, 1.020844, 2.041687) if is_there else (0.45, 0.9, 1.8),
            ),
        ):
            yield _newer(
                region,
                name,
                FRAMES,
                *by_tier,
                durations=UP_TO_30,
                prompt=20_000,
                negative=0,
                others=(IMAGE, TEXT, REFERENCE),
            )


LINES = (*EARLY, *_lines_2_5_to_3_0())

SIZES_OF_TIER = {
    "480P": {"832*480", "480*832", "624*624"},
    "720P": {"1280*720", "720*1280", "960*960", "1088*832", "832*1088"},
    "1080P": {"1920*1080", "1080*1920", "1440*1440", "1632*1248", "1248*1632"},
}

TURBO_TOO = {
    *("squish", "rotation", "poke", "inflate", "dissolve", "carousel", "singleheart"),
    *("flying", "rose", "crystalrose", "hug", "frenchkiss", "coupleheart"),
}
PLUS_ONLY = {
    *("melt", "icecream", "dance1", "dance2", "dance3", "dance4", "dance5"),
    *("mermaid", "graduation", "dragon", "money", "jellyfish", "pupil"),
}
OF_FRAMES = {"hanfu-1", "solaron", "magazine", "mech1", "mech2"}
TWO_PEOPLE = {"hug", "frenchkiss", "coupleheart"}


def _model(catalogue: Catalogue, name: str) -> Model:
    model = catalogue.get(name)
    assert model is not None
    return model


def _row(name: str) -> ModelRow:
    (row,) = [row for row in MODELS if name in {offer.name for offer in row.offers.values()}]
    return row


def _default(catalogue: Catalogue, kind: Kind, effect: str | None = None) -> str | None:
    default = catalogue.default(kind, effect=effect)
    return default.name if default else None


# --- models ----------------------------------------------------------------------------------


@pytest.mark.parametrize("region", Region)
def test_each_region_offers_the_models_of_its_price_list_and_no_other(region: Region) -> None:
    listed = {line.name: {line.kind, *line.others} for line in LINES if line.region is region}
    offered = {model.name: set(model.abilities.kinds) for model in Catalogue.of_region(region)}
    assert offered == listed


@pytest.mark.parametrize("line", LINES, ids=str)
def test_figures_are_those_of_the_providers_lists(line: Line) -> None:
    model = _model(Catalogue.of_region(line.region), line.name)
    assert {tier: micros / 1_000_000 for tier, micros in model.prices.items()} == line.prices
    assert model.resolutions == tuple(line.prices)
    silent = {tier: micros / 1_000_000 for tier, micros in model.silent_prices.items()}
    assert silent == line.silent
    limits = (model.limits.in_flight, model.limits.submits_per_second)
    assert limits == (line.in_flight, line.per_second)
    path = "image2video" if "kf2v" in line.name else "video-generation"
    abilities = model.abilities
    assert abilities.shape.endpoint == f"{path}/video-synthesis"
    assert abilities.prompt_limit == line.prompt
    assert abilities.negative_prompt_limit == line.negative
    assert abilities.durations == line.durations
    assert abilities.default_duration == 5, "each documented default, and never the longest"
    assert abilities.has_fixed_duration is (line.durations == (5,))


@pytest.mark.parametrize("line", LINES, ids=str)
def test_sizes_are_those_of_the_priced_tiers_and_only_words_need_one(line: Line) -> None:
    model = _model(Catalogue.of_region(line.region), line.name)
    for kind in {FRAMES, IMAGE} & {line.kind, *line.others}:
        assert model.sizes(kind) == ()
    for kind in {TEXT, REFERENCE} & {line.kind, *line.others}:
        sizes = model.sizes(kind)
        assert len(sizes) == len(set(sizes))
        if ratios := RATIOS.get(line.name[:6]):
            expected = {f"{tier} {ratio}": tier for tier in line.prices for ratio in ratios}
        else:
            expected = {size: tier for tier in line.prices for size in SIZES_OF_TIER[tier]}
        assert {size: model.tier_of(kind, size) for size in sizes} == expected
        assert model.tier_of(kind, "4K 16:9") is None
        assert model.tier_of(kind, "1x1") is None


def test_first_size_of_each_tier_is_wide() -> None:
    firsts = {tier: sizes[0] for tier, sizes in SIZES.items()}
    assert firsts == {"480P": "832*480", "720P": "1280*720", "1080P": "1920*1080"}


def test_names_of_another_region_are_not_known() -> None:
    assert Catalogue.of_region(SINGAPORE).get(FLASH) is None
    assert Catalogue.of_region(BEIJING).get(PLUS_INTL) is None


def test_price_is_by_the_second() -> None:
    catalogue = Catalogue.of_region(BEIJING)
    assert (
        _model(catalogue, FLASH).price(resolution="1080P", seconds=5).reserved.micros == 2_400_000
    )
    assert (
        _model(catalogue, IMAGE_TURBO).price(resolution="480P", seconds=3).reserved.micros
        == 720_000
    )


@pytest.mark.parametrize(
    ("region", "kind", "name", "tier"),
    [
        (BEIJING, FRAMES, FLASH, "720P"),
        (BEIJING, IMAGE, IMAGE_FLASH, "720P"),
        (BEIJING, TEXT, "wan2.2-t2v-plus", "480P"),
        # 5 s in 480P for 1.87 CNY, where the 2.1 model makes 720P for 3.67.
        (SINGAPORE, FRAMES, "wan3.0-video", "480P"),
        (SINGAPORE, IMAGE, IMAGE_FLASH, "720P"),
        (SINGAPORE, TEXT, "wan2.2-t2v-plus", "480P"),
        (BEIJING, REFERENCE, "wan2.6-r2v-flash", "720P"),
        (VIRGINIA, IMAGE, "wan3.0-video", "480P"),
        (TOKYO, FRAMES, "wan3.0-video", "480P"),
    ],
)
def test_default_is_the_cheapest_recommended_at_a_tier_we_send(
    region: Region, kind: Kind, name: str, tier: str
) -> None:
    default = Catalogue.of_region(region).default(kind)
    assert default is not None
    assert (default.name, default.recommended_resolution) == (name, tier)


def test_default_follows_the_hosts_prices() -> None:
    overrides = {FLASH: Override(prices={"720P": 900_000})}
    # 1.50 CNY for 480P by 3.0, against 4.50 now.
    assert _default(Catalogue.of_region(BEIJING, overrides), FRAMES) == "wan3.0-video"


def test_without_a_recommended_model_the_cheapest_of_the_others_is_the_default() -> None:
    off = {
        model.name: Override(enabled=False)
        for model in Catalogue.of_region(BEIJING)
        if model.makes(IMAGE) and model.abilities.recommended
    }
    catalogue = Catalogue.of_region(BEIJING, off)
    # 0.14 CNY a second at its 480P, against 0.15 of the silent 2.6 and more of the others.
    assert _default(catalogue, IMAGE) == "wan2.2-i2v-plus"


def test_each_model_is_consistent_with_itself() -> None:
    for region in Region:
        for model in Catalogue.of_region(region):
            assert model.recommended_resolution in model.prices
            assert set(model.prices) == set(model.resolutions)
            abilities = model.abilities
            assert abilities.default_duration in abilities.durations
            assert abilities.typical_seconds > 0
            assert all(price > 0 for price in model.prices.values())
            assert set(model.silent_prices) in (set(), set(model.prices))
            for tier, price in model.silent_prices.items():
                assert 0 < price < model.prices[tier]
            assert bool(abilities.max_references) is (REFERENCE in abilities.kinds)


def test_tiers_without_a_price_are_not_offered() -> None:
    row = _row(FLASH)
    offer = replace(row.offers[BEIJING], prices={"480P": 100_000})
    only = replace(row, offers={BEIJING: offer})
    model = _model(Catalogue.of_region(BEIJING, rows=[only]), FLASH)
    assert (model.resolutions, model.recommended_resolution) == (("480P",), "480P")
    bare = replace(row, offers={BEIJING: replace(offer, prices={})})
    assert Catalogue.of_region(BEIJING, rows=[bare, _row(PLUS)]).get(FLASH) is None


def test_a_host_who_knows_the_price_offers_what_the_regions_list_leaves_out() -> None:
    assert Catalogue.of_region(SINGAPORE).get(FLASH) is None
    priced = Catalogue.of_region(SINGAPORE, {FLASH: Override(prices={"720P": 220_000})})
    assert dict(_model(priced, FLASH).prices) == {"720P": 220_000}
    assert _default(priced, FRAMES) == FLASH


# --- effects ---------------------------------------------------------------------------------


def test_beijing_offers_the_providers_effects_each_with_the_models_that_know_it() -> None:
    catalogue = Catalogue.of_region(BEIJING)
    expected = (
        {name: {IMAGE_TURBO, IMAGE_PLUS} for name in TURBO_TOO}
        | {name: {IMAGE_PLUS} for name in PLUS_ONLY}
        | {name: {PLUS} for name in OF_FRAMES}
    )
    assert len(catalogue.effects) == len(expected) == 31
    known = {
        effect.name: {model.name for model in catalogue.of_kind(EFFECT, effect=effect.name)}
        for effect in catalogue.effects
    }
    assert known == expected
    assert {effect.name: set(effect.models) for effect in EFFECTS} == expected


def test_singapore_has_no_effects() -> None:
    catalogue = Catalogue.of_region(SINGAPORE)
    assert catalogue.effects == ()
    assert catalogue.of_kind(EFFECT) == ()
    assert catalogue.default(EFFECT) is None
    assert catalogue.effect("hug") is None


@pytest.mark.parametrize("effect", sorted(TURBO_TOO | PLUS_ONLY | OF_FRAMES))
def test_the_default_of_an_effect_is_the_cheapest_model_that_knows_it(effect: str) -> None:
    expected = IMAGE_PLUS
    if effect in TURBO_TOO:
        expected = IMAGE_TURBO
    elif effect in OF_FRAMES:
        expected = PLUS
    assert _default(Catalogue.of_region(BEIJING), EFFECT, effect) == expected


def test_a_model_is_recommended_for_its_own_kind_and_not_for_effects() -> None:
    assert _row(PLUS).abilities.recommended
    assert _default(Catalogue.of_region(BEIJING), EFFECT) == IMAGE_TURBO


def test_effects_of_two_people_are_known_as_such() -> None:
    assert {effect.name for effect in EFFECTS if effect.shows_two_people} == TWO_PEOPLE


def test_each_effect_is_found_by_name_and_label_and_by_no_other_ones() -> None:
    catalogue = Catalogue.of_region(BEIJING)
    names = {effect.name for effect in EFFECTS}
    labels = {effect.label.casefold(): effect.name for effect in EFFECTS}
    assert len(names) == len(labels) == len({effect.original for effect in EFFECTS}) == 31
    for label, name in labels.items():
        # A label that is another effect's name would find the wrong one.
        assert label not in names - {name}
    for effect in EFFECTS:
        for asked in (effect.name, effect.label, f"  {effect.label.upper()} "):
            assert catalogue.effect(asked) == effect


def test_each_effect_has_a_short_name() -> None:
    for effect in EFFECTS:
        assert 0 < len(effect.label) <= 24


def test_an_effect_of_an_older_version_is_shown_by_its_name() -> None:
    assert effect_label("frenchkiss") == "Kiss"
    assert effect_label("retired-9") == "retired-9"


# --- overrides -------------------------------------------------------------------------------


def test_host_changes_prices_and_limits() -> None:
    override = Override(prices={"720P": 150_000}, in_flight=5, submits_per_second=0.5)
    model = _model(Catalogue.of_region(BEIJING, {FLASH: override}), FLASH)
    assert dict(model.prices) == {"480P": 100_000, "720P": 150_000, "1080P": 480_000}
    assert (model.limits.in_flight, model.limits.submits_per_second) == (5, 0.5)


def test_a_tier_the_host_prices_is_offered() -> None:
    override = Override(prices={"1080P": 528_000})
    model = _model(Catalogue.of_region(SINGAPORE, {IMAGE_FLASH: override}), IMAGE_FLASH)
    assert model.resolutions == ("480P", "720P", "1080P")
    assert model.price(resolution="1080P", seconds=5).reserved.micros == 2_640_000
    assert model.recommended_resolution == "720P"


def test_a_tier_the_host_prices_brings_its_sizes() -> None:
    row = _row("wan2.2-t2v-plus")
    cheap = replace(row, offers={BEIJING: replace(row.offers[BEIJING], prices={"480P": 140_000})})
    without = _model(Catalogue.of_region(BEIJING, rows=[cheap]), "wan2.2-t2v-plus")
    assert set(without.sizes(TEXT)) == SIZES_OF_TIER["480P"]
    override = {"wan2.2-t2v-plus": Override(prices={"1080P": 700_000})}
    priced = _model(Catalogue.of_region(BEIJING, override, rows=[cheap]), "wan2.2-t2v-plus")
    assert set(priced.sizes(TEXT)) == SIZES_OF_TIER["480P"] | SIZES_OF_TIER["1080P"]


def test_host_switches_a_model_off() -> None:
    before = {model.name for model in Catalogue.of_region(BEIJING)}
    catalogue = Catalogue.of_region(BEIJING, {FLASH: Override(enabled=False)})
    assert {model.name for model in catalogue} == before - {FLASH}
    assert _default(catalogue, FRAMES) == "wan3.0-video"


def test_effects_go_with_the_models_that_know_them() -> None:
    off = Override(enabled=False)
    without_plus = Catalogue.of_region(BEIJING, {IMAGE_PLUS: off})
    assert {effect.name for effect in without_plus.effects} == TURBO_TOO | OF_FRAMES
    assert without_plus.effect("melt") is None
    without_any = Catalogue.of_region(BEIJING, dict.fromkeys((IMAGE_PLUS, IMAGE_TURBO, PLUS), off))
    assert without_any.effects == ()
    assert without_any.default(EFFECT) is None
    assert _default(without_any, IMAGE) == IMAGE_FLASH


def test_a_kind_whose_models_are_all_off_has_no_default() -> None:
    off = {
        model.name: Override(enabled=False)
        for model in Catalogue.of_region(BEIJING)
        if model.makes(TEXT)
    }
    catalogue = Catalogue.of_region(BEIJING, off)
    assert catalogue.of_kind(TEXT) == ()
    assert catalogue.default(TEXT) is None


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"wan9.9": Override()}, "wan9.9"),
        ({PLUS_INTL: Override()}, PLUS_INTL),
        ({FLASH: Override(prices={"4K": 1})}, "4K"),
        ({"wan2.2-t2v-plus": Override(prices={"720P": 1})}, "720P"),
        (
            {model.name: Override(enabled=False) for model in Catalogue.of_region(BEIJING)},
            "no model is left",
        ),
    ],
    ids=["unknown", "other region", "unknown tier", "tier of others", "all off"],
)
def test_override_that_fits_nothing_is_named(overrides: dict[str, Override], named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Catalogue.of_region(BEIJING, overrides)
    assert caught.value.setting == "CATALOGUE_OVERRIDES"
    assert named in caught.value.problem
