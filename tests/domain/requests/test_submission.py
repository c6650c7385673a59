"""Where options meet the catalogue: a spec the model can fulfil, or why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.catalogue import EFFECTS, SIZES, Catalogue, Choices, Kind, Override, Region
from bot.domain.errors import InvalidOptionsError, InvalidPromptError, RequestError
from bot.domain.requests.submission import MAX_SEED, VideoOptions, VideoSpec, price_of, validate

FLASH, PLUS = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"
IMAGE_FLASH, IMAGE_TURBO, IMAGE_PLUS = "wan2.2-i2v-flash", "wanx2.1-i2v-turbo", "wanx2.1-i2v-plus"
TEXT_PLUS, TEXT_TURBO = "wan2.2-t2v-plus", "wanx2.1-t2v-turbo"
CATALOGUES = {region: Catalogue.of_region(region) for region in Region}
BEIJING, SINGAPORE = CATALOGUES[Region.BEIJING], CATALOGUES[Region.SINGAPORE]


def _price(spec: VideoSpec) -> int:
    """Return micro-CNY."""
    model = CATALOGUES[Region.BEIJING].get(spec.model)
    assert model is not None
    return price_of(model, spec).reserved.micros


def _validated(
    kind: Kind = Kind.FRAMES,
    *,
    options: VideoOptions | None = None,
    catalogue: Catalogue = BEIJING,
    **choices: Any,  # noqa: ANN401 - fields of Choices
) -> VideoSpec:
    return validate(
        catalogue,
        kind,
        options or VideoOptions(prompt="fog" if kind is Kind.TEXT else None),
        Choices(**choices),
    )


def _effect(name: str, *, catalogue: Catalogue = BEIJING, **choices: Any) -> VideoSpec:  # noqa: ANN401
    options = VideoOptions(effect=name)
    return _validated(Kind.EFFECT, options=options, catalogue=catalogue, **choices)


def _problem(kind: Kind, **asked: Any) -> InvalidOptionsError:  # noqa: ANN401
    with pytest.raises(InvalidOptionsError) as caught:
        _validated(kind, **asked)
    return caught.value


# --- frames ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "resolution", "chosen", "tier", "price"),
    [
        (None, None, FLASH, "720P", 1_000_000),
        (None, "480p", FLASH, "480P", 500_000),
        (FLASH, " 1080P ", FLASH, "1080P", 2_400_000),
        (PLUS, None, PLUS, "720P", 3_500_000),
        (f" {PLUS} ", "720P", PLUS, "720P", 3_500_000),
    ],
)
def test_what_was_left_out_is_filled_in(
    model: str | None, resolution: str | None, chosen: str, tier: str, price: int
) -> None:
    spec = _validated(model=model, resolution=resolution)
    assert (spec.model, spec.resolution, _price(spec)) == (chosen, tier, price)
    assert (spec.kind, spec.duration_seconds, spec.size) == (Kind.FRAMES, 5, None)


@pytest.mark.parametrize(
    ("kind", "asked", "problem"),
    [
        (Kind.FRAMES, {"model": "wan9.9"}, "unknown_model"),
        (Kind.FRAMES, {"model": "wan2.1-kf2v-plus"}, "unknown_model"),
        (Kind.FRAMES, {"model": IMAGE_FLASH}, "unknown_model"),
        (Kind.FRAMES, {"model": ""}, "unknown_model"),
        (Kind.FRAMES, {"model": PLUS, "resolution": "1080P"}, "resolution_not_offered"),
        (Kind.FRAMES, {"resolution": "4K"}, "resolution_not_offered"),
        (Kind.FRAMES, {"options": VideoOptions(seed=-1)}, "seed_range"),
        (Kind.FRAMES, {"options": VideoOptions(seed=MAX_SEED + 1)}, "seed_range"),
        (Kind.IMAGE, {"model": FLASH}, "unknown_model"),
        (Kind.IMAGE, {"model": TEXT_PLUS}, "unknown_model"),
        (Kind.IMAGE, {"model": "wan2.2-i2v-plus", "resolution": "720P"}, "resolution_not_offered"),
        (Kind.IMAGE, {"model": IMAGE_TURBO, "duration_seconds": 6}, "duration_range"),
        (Kind.IMAGE, {"model": IMAGE_TURBO, "duration_seconds": 0}, "duration_range"),
        (Kind.IMAGE, {"duration_seconds": 3}, "duration_fixed"),
        (Kind.TEXT, {"model": IMAGE_FLASH}, "unknown_model"),
        (Kind.TEXT, {"duration_seconds": 4}, "duration_fixed"),
        (Kind.TEXT, {"size": "1280*720"}, "size_not_offered"),
        (Kind.TEXT, {"options": VideoOptions()}, "no_prompt"),
        (Kind.TEXT, {"options": VideoOptions(prompt="")}, "no_prompt"),
    ],
)
def test_what_does_not_go_together_is_named(
    kind: Kind, asked: dict[str, Any], problem: str
) -> None:
    assert _problem(kind, **asked).problem == problem


def test_a_refused_model_names_those_that_make_this_kind() -> None:
    error = _problem(Kind.TEXT, model=FLASH)
    assert error.facts["models"] == ", ".join(model.name for model in BEIJING.of_kind(Kind.TEXT))
    assert FLASH not in error.facts["models"]


@pytest.mark.parametrize("model", [None, TEXT_PLUS, "wan9.9"])
def test_a_kind_that_no_model_makes_is_said_whatever_model_is_named(model: str | None) -> None:
    off = {model.name: Override(enabled=False) for model in BEIJING.of_kind(Kind.TEXT)}
    without = Catalogue.of_region(Region.BEIJING, off)
    error = _problem(Kind.TEXT, catalogue=without, model=model)
    assert (error.problem, error.facts) == ("kind_not_offered", {"kind": "text"})


@pytest.mark.parametrize("seed", [None, 0, MAX_SEED])
def test_seed_within_its_range_is_kept(seed: int | None) -> None:
    assert _validated(options=VideoOptions(seed=seed)).options.seed == seed


@pytest.mark.parametrize(
    ("kind", "model"),
    [(Kind.FRAMES, FLASH), (Kind.IMAGE, IMAGE_FLASH), (Kind.TEXT, TEXT_PLUS)],
)
@pytest.mark.parametrize(("field", "limit"), [("prompt", 800), ("negative_prompt", 500)])
@pytest.mark.parametrize("letter", ["a", "狐", "🦊"])
def test_text_longer_than_the_model_reads_is_refused(
    kind: Kind, model: str, field: str, limit: int, letter: str
) -> None:
    def ask(length: int) -> VideoSpec:
        texts = {"prompt": "fog", field: letter * length}
        return _validated(kind, options=VideoOptions(**texts))  # type: ignore[arg-type]

    assert getattr(ask(limit).options, field) == letter * limit
    with pytest.raises(InvalidPromptError) as caught:
        ask(limit + 1)
    error = caught.value
    assert (error.field, error.model, error.limit, error.actual) == (
        field,
        model,
        limit,
        limit + 1,
    )


# --- image -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "model", "tier", "seconds", "price"),
    [
        ({}, IMAGE_FLASH, "720P", 5, 1_000_000),
        ({"duration_seconds": 5}, IMAGE_FLASH, "720P", 5, 1_000_000),
        ({"model": "wan2.2-i2v-plus"}, "wan2.2-i2v-plus", "480P", 5, 700_000),
        ({"model": IMAGE_TURBO}, IMAGE_TURBO, "720P", 5, 1_200_000),
        ({"model": IMAGE_TURBO, "duration_seconds": 3}, IMAGE_TURBO, "720P", 3, 720_000),
        ({"model": IMAGE_TURBO, "duration_seconds": 4}, IMAGE_TURBO, "720P", 4, 960_000),
        ({"model": IMAGE_TURBO, "duration_seconds": 5}, IMAGE_TURBO, "720P", 5, 1_200_000),
        ({"model": IMAGE_PLUS, "duration_seconds": 5}, IMAGE_PLUS, "720P", 5, 3_500_000),
    ],
)
def test_the_price_of_a_picture_follows_model_tier_and_length(
    choices: dict[str, Any], model: str, tier: str, seconds: int, price: int
) -> None:
    spec = _validated(Kind.IMAGE, **choices)
    assert (spec.model, spec.resolution, spec.size) == (model, tier, None)
    assert (spec.duration_seconds, _price(spec)) == (seconds, price)


# --- text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "size", "sent", "tier", "price"),
    [
        (None, None, "832*480", "480P", 700_000),
        (None, "1920*1080", "1920*1080", "1080P", 3_500_000),
        (None, "624X624", "624*624", "480P", 700_000),
        (TEXT_TURBO, None, "1280*720", "720P", 1_200_000),
        (TEXT_TURBO, "1280x720", "1280*720", "720P", 1_200_000),
        (TEXT_TURBO, "1280×720", "1280*720", "720P", 1_200_000),
        (TEXT_TURBO, " 1280*720 ", "1280*720", "720P", 1_200_000),
        (TEXT_TURBO, "1280 x 720", "1280*720", "720P", 1_200_000),
        (TEXT_TURBO, "480*832", "480*832", "480P", 1_200_000),
    ],
)
def test_the_tier_and_price_of_words_follow_the_size(
    model: str | None, size: str | None, sent: str, tier: str, price: int
) -> None:
    spec = _validated(Kind.TEXT, model=model, size=size)
    assert (spec.size, spec.resolution, _price(spec)) == (sent, tier, price)


@pytest.mark.parametrize("size", ["", "*", "720P", "16:9", "1280**720", "1280*720*1", "1280"])
def test_what_is_no_size_is_refused_with_those_there_are(size: str) -> None:
    error = _problem(Kind.TEXT, model=TEXT_TURBO, size=size)
    assert error.problem == "size_not_offered"
    listed = str(error.facts["sizes"]).split(", ")
    assert set(listed) == {*SIZES["480P"], *SIZES["720P"]}


# --- effect ----------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["frenchkiss", "FrenchKiss", "kiss", "KISS", " Kiss "])
def test_an_effect_is_asked_for_by_name_or_label(asked: str) -> None:
    spec = _effect(asked)
    assert spec.kind is Kind.EFFECT
    assert spec.options.effect == "frenchkiss"


@pytest.mark.parametrize(
    ("effect", "model", "price"),
    [
        ("squish", IMAGE_TURBO, 1_200_000),
        ("melt", IMAGE_PLUS, 3_500_000),
        ("hanfu-1", PLUS, 3_500_000),
    ],
)
def test_an_effect_is_made_by_the_cheapest_model_that_knows_it(
    effect: str, model: str, price: int
) -> None:
    spec = _effect(effect)
    assert (spec.model, spec.resolution, spec.size) == (model, "720P", None)
    assert (spec.duration_seconds, _price(spec)) == (5, price)


def test_an_effect_is_made_by_the_chosen_model_at_the_chosen_tier() -> None:
    spec = _effect("hug", model=IMAGE_PLUS)
    assert (spec.model, _price(spec)) == (IMAGE_PLUS, 3_500_000)
    spec = _effect("hug", resolution="480p")
    assert (spec.model, spec.resolution) == (IMAGE_TURBO, "480P")


@pytest.mark.parametrize(
    ("effect", "model", "problem", "models"),
    [
        ("melt", IMAGE_TURBO, "model_without_effect", IMAGE_PLUS),
        ("hug", PLUS, "model_without_effect", f"{IMAGE_TURBO}, {IMAGE_PLUS}"),
        ("hanfu-1", IMAGE_PLUS, "model_without_effect", PLUS),
        ("hug", IMAGE_FLASH, "model_without_effect", f"{IMAGE_TURBO}, {IMAGE_PLUS}"),
        ("hug", "wan9.9", "unknown_model", f"{IMAGE_TURBO}, {IMAGE_PLUS}"),
    ],
)
def test_a_model_that_does_not_know_the_effect_names_those_that_do(
    effect: str, model: str, problem: str, models: str
) -> None:
    options = VideoOptions(effect=effect)
    error = _problem(Kind.EFFECT, options=options, model=model)
    assert (error.problem, error.facts["models"]) == (problem, models)


@pytest.mark.parametrize("effect", ["", "explode", "hufu-1", None])
def test_an_effect_nobody_has_is_refused(effect: str | None) -> None:
    error = _problem(Kind.EFFECT, options=VideoOptions(effect=effect))
    assert error.problem == "unknown_effect"


@pytest.mark.parametrize("model", [None, "wan2.1-i2v-plus"])
def test_a_region_without_effects_says_so(model: str | None) -> None:
    error = _problem(
        Kind.EFFECT, catalogue=SINGAPORE, options=VideoOptions(effect="hug"), model=model
    )
    assert (error.problem, error.facts) == ("no_effects", {"region": "singapore"})


# --- whatever is asked -----------------------------------------------------------------------

_MODELS = sorted({model.name for catalogue in CATALOGUES.values() for model in catalogue})
_ALL_SIZES = sorted(size for sizes in SIZES.values() for size in sizes)

models = st.none() | st.sampled_from(_MODELS) | st.text(max_size=20)
tiers = st.none() | st.sampled_from(["480P", "720p", " 1080P", "4K"]) | st.text(max_size=6)
sizes = st.none() | st.sampled_from(_ALL_SIZES) | st.text("0123456789x*× ", max_size=12)
lengths = st.none() | st.integers(-1, 11)
names = st.sampled_from([effect.name for effect in EFFECTS] + [effect.label for effect in EFFECTS])
prompts = st.none() | st.text(max_size=20) | st.sampled_from(["x" * 800, "x" * 801])


def _is_kept(spec: VideoSpec, options: VideoOptions, choices: Choices) -> bool:
    """Tell whether a spec keeps what was chosen, where that is one value."""
    return (
        (choices.model is None or spec.model == choices.model.strip())
        and (choices.duration_seconds in {None, spec.duration_seconds})
        and (spec.options.seed, spec.options.prompt) == (options.seed, options.prompt)
    )


@given(
    region=st.sampled_from(Region),
    kind=st.sampled_from(Kind),
    choices=st.builds(
        Choices, model=models, resolution=tiers, size=sizes, duration_seconds=lengths
    ),
    prompt=prompts,
    effect=names | st.text(max_size=12),
    seed=st.none() | st.integers(-2, MAX_SEED + 2),
)
@example(Region.BEIJING, Kind.TEXT, Choices(size="1920 × 1080"), "fog", "", 0)
@example(Region.BEIJING, Kind.EFFECT, Choices(model=IMAGE_PLUS), None, "melt", 0)
def test_any_choices_are_refused_or_make_a_request_the_model_offers(
    region: Region, kind: Kind, choices: Choices, prompt: str | None, effect: str, seed: int | None
) -> None:
    catalogue = CATALOGUES[region]
    asked = effect if kind is Kind.EFFECT else None
    options = VideoOptions(prompt=prompt, effect=asked, seed=seed)
    try:
        spec = validate(catalogue, kind, options, choices)
    except RequestError:
        return
    model = catalogue.get(spec.model)
    assert model is not None
    assert model.makes(kind)
    assert spec.kind is kind
    assert model.can_last(spec.duration_seconds)
    reserved = price_of(model, spec).reserved
    per_second = model.per_second(resolution=spec.resolution, audio=spec.audio)
    most = model.most_seconds(spec.duration_seconds)
    assert reserved.micros == per_second * most > 0
    assert (reserved.videos, reserved.seconds) == (1, most)
    assert (spec.size is not None or spec.ratio is not None) or not model.sizes(kind)
    assert spec.size is None or spec.size in SIZES[spec.resolution]
    assert (spec.options.effect is not None) is (kind is Kind.EFFECT)
    assert spec.options.effect is None or spec.options.effect in model.effects
    assert len(spec.options.prompt or "") <= model.abilities.prompt_limit
    assert spec.options.prompt or kind not in {Kind.TEXT, Kind.REFERENCE}
    assert _is_kept(spec, options, choices)
