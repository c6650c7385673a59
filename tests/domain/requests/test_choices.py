"""Sound, length, shape, camera and pictures' names: what is chosen, and what is sent of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.domain.catalogue import (
    CAMERA_MOVES,
    MODEL_DECIDES,
    Catalogue,
    Choices,
    Kind,
    Override,
    Region,
    RequestShape,
)
from bot.domain.catalogue.permits import Permits
from bot.domain.errors import ConfigurationError, InvalidOptionsError
from bot.domain.requests.references import comparable, prompt_for
from bot.domain.requests.submission import VideoOptions, VideoSpec, validate

BEIJING = Catalogue.of_region(Region.BEIJING)
WAN_3, FLASH_2_6, TEXT_2_7 = "wan3.0-video", "wan2.6-i2v-flash", "wan2.7-t2v"


def chosen(
    kind: Kind, *, catalogue: Catalogue = BEIJING, prompt: str = "fog", **choices: object
) -> VideoSpec:
    return validate(
        catalogue,
        kind,
        VideoOptions(prompt=prompt),
        Choices(**choices),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("kind", "model", "asked", "heard"),
    [
        (Kind.IMAGE, FLASH_2_6, {}, False),
        (Kind.IMAGE, FLASH_2_6, {"audio": True}, True),
        (Kind.IMAGE, FLASH_2_6, {"soundtrack": True}, True),
        (Kind.TEXT, WAN_3, {}, True),
        (Kind.TEXT, WAN_3, {"audio": False}, False),
        # Nothing to choose: nothing is sent.
        (Kind.TEXT, TEXT_2_7, {}, None),
        (Kind.TEXT, TEXT_2_7, {"audio": True}, None),
        (Kind.IMAGE, "wan2.2-i2v-flash", {"audio": False}, None),
    ],
)
def test_sound_is_what_was_chosen_else_what_costs_nothing_more(
    kind: Kind,
    model: str,
    asked: dict[str, Any],
    heard: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert chosen(kind, model=model, **asked).audio is heard


def test_a_guild_may_choose_sound_for_its_members_but_a_soundtrack_is_always_heard() -> None:
    loud = BEIJING.within(Permits(), {Kind.IMAGE: Choices(model=FLASH_2_6, audio=True)})
    assert chosen(Kind.IMAGE, catalogue=loud).audio is True
    quiet = BEIJING.within(Permits(), {Kind.IMAGE: Choices(model=FLASH_2_6, audio=False)})
    assert chosen(Kind.IMAGE, catalogue=quiet, soundtrack=True).audio is True


@pytest.mark.parametrize(
    ("asked", "tier", "ratio"),
    [
        (None, "720P", "16:9"),
        ("1080P 9:16", "1080P", "9:16"),
        (" 9:16  1080p ", "1080P", "9:16"),
        ("1:1", "720P", "1:1"),
        ("1080p", "1080P", "16:9"),
    ],
)
def test_a_tier_and_a_ratio_are_read_in_any_order_and_either_may_be_left_out(
    asked: str | None, tier: str, ratio: str
) -> None:
    spec = chosen(Kind.TEXT, model=TEXT_2_7, size=asked)
    assert (spec.resolution, spec.ratio, spec.size) == (tier, ratio, None)


@pytest.mark.parametrize("asked", ["1280*720", "480P 16:9", "720P 21:9", "720P 16:9 9:16", ""])
def test_another_shape_is_refused_with_those_there_are(asked: str) -> None:
    if not asked:
        assert chosen(Kind.TEXT, model=TEXT_2_7, size=asked).ratio == "16:9"
        return
    with pytest.raises(InvalidOptionsError) as caught:
        chosen(Kind.TEXT, model=TEXT_2_7, size=asked)
    assert caught.value.problem == "size_not_offered"
    assert "720P 16:9" in str(caught.value.facts["sizes"])


def test_pictures_of_a_video_set_its_shape_and_words_do_not() -> None:
    assert chosen(Kind.FRAMES, model=WAN_3).ratio == "adaptive"
    assert chosen(Kind.TEXT, model=WAN_3).ratio == "16:9"
    assert chosen(Kind.FRAMES, model="wan2.7-i2v").ratio is None


def test_the_length_is_left_to_the_model_only_where_that_was_asked_for() -> None:
    assert chosen(Kind.TEXT, model=WAN_3).duration_seconds == 5
    assert chosen(Kind.TEXT, model=WAN_3, duration_seconds=-1).duration_seconds == MODEL_DECIDES
    with pytest.raises(InvalidOptionsError) as caught:
        chosen(Kind.TEXT, model=TEXT_2_7, duration_seconds=-1)
    assert caught.value.problem == "duration_range"


@pytest.mark.parametrize("move", CAMERA_MOVES)
def test_a_camera_move_is_added_to_the_prompt_and_shown_with_it(move: str) -> None:
    spec = validate(
        BEIJING, Kind.TEXT, VideoOptions(prompt="fog", camera=f" {move.upper()} "), Choices()
    )
    assert spec.options.prompt == f"fog. {CAMERA_MOVES[move]}"
    assert spec.options.camera == move


@pytest.mark.parametrize(
    ("prompt", "begins"), [("雾。", "雾。 The"), ("Fog!", "Fog! The"), (None, "The camera")]
)
def test_a_camera_move_is_a_sentence_of_its_own(prompt: str | None, begins: str) -> None:
    options = VideoOptions(prompt=prompt, camera="push-in")
    spec = validate(BEIJING, Kind.FRAMES, options, Choices())
    assert (spec.options.prompt or "").startswith(begins)


@pytest.mark.parametrize("said", ["image1 greets Image 2", "IMAGE_1 greets picture-2"])
def test_pictures_are_called_as_each_family_calls_them(said: str) -> None:
    sent = prompt_for(RequestShape.REFERENCE_URLS, said, pictures=2)
    assert sent == "character1 greets character2"
    assert prompt_for(RequestShape.MEDIA, said, pictures=2) == "Image 1 greets Image 2"
    assert comparable(sent) == comparable(said).lower() == "image1 greets image2"


def test_other_words_are_left_alone() -> None:
    for said in (
        "An image of 2 cats, images1, and my picture",
        "In this picture 2 people dance",
        "Image 16:9 film look, an image 35 mm wide",
        "Image 3 is not there, nor is image4",
    ):
        assert prompt_for(RequestShape.REFERENCE_URLS, said, pictures=2) == said


# --- models that end -------------------------------------------------------------------------


END = date(2027, 3, 31)


def test_a_model_is_offered_until_its_day() -> None:
    ending = Catalogue.of_region(Region.BEIJING, {TEXT_2_7: Override(ends_on=END)})
    before, after = ending.on(date(2027, 3, 30)), ending.on(END)
    assert before is ending
    assert after.get(TEXT_2_7) is None
    assert {model.name for model in ending} - {model.name for model in after} == {TEXT_2_7}
    with pytest.raises(InvalidOptionsError) as caught:
        chosen(Kind.TEXT, catalogue=after.within(Permits(), {}), model=TEXT_2_7)
    assert caught.value.problem == "unknown_model"


def test_a_model_of_the_guild_that_ended_is_neither_offered_nor_called_denied() -> None:
    ending = Catalogue.of_region(Region.BEIJING, {TEXT_2_7: Override(ends_on=END)})
    guild = ending.within(Permits(models={TEXT_2_7: True}), {Kind.TEXT: Choices(model=TEXT_2_7)})
    assert chosen(Kind.TEXT, catalogue=guild).model == TEXT_2_7
    assert chosen(Kind.TEXT, catalogue=guild.on(END)).model == "wan2.2-t2v-plus"


def test_people_read_of_an_end_from_thirty_days_before() -> None:
    ending = Catalogue.of_region(Region.BEIJING, {TEXT_2_7: Override(ends_on=END)})
    model = ending.get(TEXT_2_7)
    assert model is not None
    assert not model.ends_soon(date(2027, 2, 28))
    assert model.ends_soon(date(2027, 3, 1))


# --- what a host says of models --------------------------------------------------------------


def test_an_unlisted_model_is_like_one_that_is_listed() -> None:
    override = Override(like=TEXT_2_7, prices={"720P": 500_000})
    offered = Catalogue.of_region(Region.BEIJING, {"wan2.7-t2v-2026-11-01": override})
    model = offered.get("wan2.7-t2v-2026-11-01")
    assert model is not None
    assert dict(model.prices) == {"720P": 500_000, "1080P": 1_000_000}
    assert model.limits.in_flight == 5
    spec = chosen(Kind.TEXT, catalogue=offered, model=model.name, duration_seconds=15)
    assert (spec.model, spec.ratio) == (model.name, "16:9")


def test_an_unlisted_effects_model_knows_no_effects() -> None:
    override = Override(like="wanx2.1-i2v-plus")
    offered = Catalogue.of_region(Region.BEIJING, {"wanx2.1-i2v-max": override})
    model = offered.get("wanx2.1-i2v-max")
    assert model is not None
    assert not model.effects


def test_a_ratio_the_sources_do_not_agree_on_is_offered_by_the_host() -> None:
    override = Override(ratios=("16:9", "21:9"))
    offered = Catalogue.of_region(Region.BEIJING, {WAN_3: override})
    assert chosen(Kind.TEXT, catalogue=offered, model=WAN_3, size="480P 21:9").ratio == "21:9"


def test_a_price_with_sound_by_hand_takes_the_tiers_listed_silent_one_away() -> None:
    offered = Catalogue.of_region(Region.BEIJING, {FLASH_2_6: Override(prices={"720P": 100_000})})
    model = offered.get(FLASH_2_6)
    assert model is not None
    assert dict(model.silent_prices) == {"1080P": 250_000}, "else silence would be the dearer"
    assert model.default_audio() is False, "and what nobody chooses stays what it was"


@pytest.mark.parametrize(
    ("name", "override", "named"),
    [
        ("wan9", Override(like="wan8"), "wan8"),
        (TEXT_2_7, Override(silent_prices={"720P": 1}), "silent"),
        ("wan2.7-i2v", Override(ratios=("1:1",)), "ratios"),
        (FLASH_2_6, Override(silent_prices={"480P": 1}), "480P"),
    ],
)
def test_an_override_that_says_nothing_true_is_named(
    name: str, override: Override, named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Catalogue.of_region(Region.BEIJING, {name: override})
    assert named in caught.value.problem
