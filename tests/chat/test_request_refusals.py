"""What a request can be refused for, said with its real facts."""

from __future__ import annotations

import pytest

from bot.chat import text
from bot.domain.catalogue import (
    Catalogue,
    Choices,
    Kind,
    Override,
    Region,
)
from bot.domain.errors import (
    InvalidOptionsError,
    RequestError,
)
from bot.domain.money import Money
from bot.domain.requests.submission import VideoOptions, validate
from tests.chat.sources import holes, is_plain, raised

MONEY = Money()

REFUSED: dict[str, tuple[Region, Kind, VideoOptions, Choices]] = {
    "no_effects": (Region.SINGAPORE, Kind.EFFECT, VideoOptions(effect="hug"), Choices()),
    "unknown_effect": (Region.BEIJING, Kind.EFFECT, VideoOptions(effect="boom"), Choices()),
    "unknown_model": (Region.BEIJING, Kind.IMAGE, VideoOptions(), Choices(model="wan9")),
    "model_without_effect": (
        Region.BEIJING,
        Kind.EFFECT,
        VideoOptions(effect="melt"),
        Choices(model="wanx2.1-i2v-turbo"),
    ),
    "resolution_not_offered": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(resolution="4K"),
    ),
    "size_not_offered": (
        Region.BEIJING,
        Kind.TEXT,
        VideoOptions(prompt="fog"),
        Choices(size="1x1"),
    ),
    "no_prompt": (Region.BEIJING, Kind.TEXT, VideoOptions(), Choices()),
    "seed_range": (Region.BEIJING, Kind.FRAMES, VideoOptions(seed=-1), Choices()),
    "duration_fixed": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(duration_seconds=3),
    ),
    "duration_not_offered": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(model="wan2.5-i2v-preview", duration_seconds=9),
    ),
    "duration_range": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(model="wanx2.1-i2v-turbo", duration_seconds=9),
    ),
    "duration_range_or_open": (
        Region.BEIJING,
        Kind.TEXT,
        VideoOptions(prompt="fog"),
        Choices(model="wan3.0-video", duration_seconds=31),
    ),
    "no_negative_prompt": (
        Region.TOKYO,
        Kind.TEXT,
        VideoOptions(prompt="fog", negative_prompt="people"),
        Choices(),
    ),
    "always_silent": (Region.BEIJING, Kind.FRAMES, VideoOptions(), Choices(audio=True)),
    "no_model_has_sound": (
        Region.BEIJING,
        Kind.EFFECT,
        VideoOptions(effect="squish"),
        Choices(audio=True),
    ),
    "never_silent": (
        Region.FRANKFURT,
        Kind.IMAGE,
        VideoOptions(),
        Choices(model="wan2.6-i2v", audio=False),
    ),
    "soundtrack_not_taken": (
        Region.BEIJING,
        Kind.FRAMES,
        VideoOptions(),
        Choices(soundtrack=True),
    ),
    "no_model_takes_soundtracks": (
        Region.TOKYO,
        Kind.FRAMES,
        VideoOptions(),
        Choices(soundtrack=True),
    ),
    "soundtrack_and_silence": (
        Region.BEIJING,
        Kind.IMAGE,
        VideoOptions(),
        Choices(model="wan2.6-i2v-flash", soundtrack=True, audio=False),
    ),
    "unknown_camera": (Region.BEIJING, Kind.FRAMES, VideoOptions(camera="roll"), Choices()),
}


def said_of(catalogue: Catalogue, kind: Kind, options: VideoOptions, choices: Choices) -> str:
    """Return what somebody reads whose request is refused."""
    with pytest.raises(RequestError) as caught:
        validate(catalogue, kind, options, choices)
    return text.refusals.refusal(caught.value, MONEY) or ""


def test_every_problem_of_a_request_is_tried_here() -> None:
    problems = set(raised("bot/domain", "InvalidOptionsError"))
    assert set(REFUSED) | {"kind_not_offered"} == problems


@pytest.mark.parametrize("problem", sorted(REFUSED))
def test_a_refused_request_is_a_plain_sentence_with_its_facts(problem: str) -> None:
    region, kind, options, choices = REFUSED[problem]
    with pytest.raises(InvalidOptionsError) as caught:
        validate(Catalogue.of_region(region), kind, options, choices)
    assert caught.value.problem == problem
    sentence = text.refusals.refusal(caught.value, MONEY) or ""
    assert is_plain(sentence), sentence
    for fact in holes(text.options.PROBLEMS[caught.value.problem]) - {"region"}:
        assert str(caught.value.facts[fact]) in sentence.replace("×", "*")


@pytest.mark.parametrize("name", [None, "wan2.2-t2v-plus"])
def test_a_kind_that_nobody_makes_is_refused_in_a_plain_sentence(name: str | None) -> None:
    models = Catalogue.of_region(Region.BEIJING).of_kind(Kind.TEXT)
    without = Catalogue.of_region(
        Region.BEIJING, {model.name: Override(enabled=False) for model in models}
    )
    sentence = said_of(without, Kind.TEXT, VideoOptions(prompt="fog"), Choices(model=name))
    assert sentence == "This kind of video is not offered here."


@pytest.mark.parametrize("region", Region)
def test_a_list_of_models_is_never_cut_off(region: Region) -> None:
    catalogue = Catalogue.of_region(region)
    for kind in Kind:
        effects = [effect.name for effect in catalogue.effects] if kind is Kind.EFFECT else [None]
        for effect in effects:
            options = VideoOptions(prompt="fog", effect=effect)
            sentence = said_of(catalogue, kind, options, Choices(model="x" * 900))
            offered = [model.name for model in catalogue.of_kind(kind, effect=effect)]
            assert sentence.endswith(f"Try {', '.join(offered)}.")


@pytest.mark.parametrize("region", Region)
def test_a_list_of_sizes_tiers_or_lengths_is_never_cut_off(region: Region) -> None:
    catalogue = Catalogue.of_region(region)
    for model in catalogue:
        options = VideoOptions(prompt="fog")
        kind = model.abilities.kinds[0]
        if sizes := model.sizes(kind):
            choices = Choices(model=model.name, size="9x" * 900)
            sentence = said_of(catalogue, kind, options, choices).replace("×", "*")
            assert sentence.endswith(f"Try {', '.join(sizes)}.")
            continue
        choices = Choices(model=model.name, resolution="9" * 900)
        sentence = said_of(catalogue, kind, options, choices)
        assert f"{model.name} makes {', '.join(model.resolutions)}, not 9" in sentence
