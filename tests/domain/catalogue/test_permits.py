"""What a guild's admins allow, and what that leaves of the catalogue."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.catalogue.permits import Permits
from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import ChannelId
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError
from bot.domain.requests.submission import VideoOptions, validate

CATALOGUE = Catalogue.of_region(Region.BEIJING)
CATEGORY, CHANNEL, THREAD, OTHER = (ChannelId(number) for number in range(1, 5))
FLASH, FRAMES_PLUS = "wan2.2-kf2v-flash", "wanx2.1-kf2v-plus"
TURBO, PLUS = "wanx2.1-i2v-turbo", "wanx2.1-i2v-plus"
TWO_PEOPLE = {"hug", "frenchkiss", "coupleheart"}


def without(*models: str, **defaults: Choices) -> Catalogue:
    """Return the catalogue of a guild whose admins denied models and chose defaults."""
    permits = Permits(models=dict.fromkeys(models, False))
    return CATALOGUE.within(permits, {Kind(name): model for name, model in defaults.items()})


# --- channels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channels", "path", "allowed"),
    [
        pytest.param({}, (CHANNEL,), True, id="nothing decided"),
        pytest.param({OTHER: False}, (CHANNEL,), True, id="another one denied"),
        pytest.param({OTHER: True}, (CHANNEL,), False, id="once anything is allowed"),
        pytest.param({CHANNEL: True}, (THREAD, CHANNEL), True, id="a thread as its parent"),
        pytest.param({CHANNEL: False}, (THREAD, CHANNEL), False, id="a thread, parent denied"),
        pytest.param({CATEGORY: True}, (CHANNEL, CATEGORY), True, id="a channel as its category"),
        pytest.param(
            {CATEGORY: True}, (THREAD, CHANNEL, CATEGORY), True, id="a thread as its category"
        ),
        pytest.param(
            {CATEGORY: True, CHANNEL: False}, (CHANNEL, CATEGORY), False, id="the nearest denies"
        ),
        pytest.param(
            {CATEGORY: False, CHANNEL: False, THREAD: True},
            (THREAD, CHANNEL, CATEGORY),
            True,
            id="the nearest allows",
        ),
        pytest.param(
            {CATEGORY: False, THREAD: True}, (CHANNEL, CATEGORY), False, id="a thread is no parent"
        ),
    ],
)
def test_the_nearest_decision_counts(
    channels: dict[ChannelId, bool], path: tuple[ChannelId, ...], *, allowed: bool
) -> None:
    assert Permits(channels=channels).allows_channel(path) is allowed


# --- models and effects ----------------------------------------------------------------------


def test_without_decisions_only_effects_for_two_people_are_missing() -> None:
    reduced = CATALOGUE.within(Permits(), {})
    assert [model.name for model in reduced] == [model.name for model in CATALOGUE]
    names = {effect.name for effect in reduced.effects}
    assert {effect.name for effect in CATALOGUE.effects} - names == TWO_PEOPLE


OTHERS = tuple(model.name for model in CATALOGUE.of_kind(Kind.FRAMES) if model.name != FLASH)


def test_a_denied_model_is_nowhere_and_is_not_taken_by_default() -> None:
    reduced = without(FLASH)
    assert reduced.get(FLASH) is None
    assert tuple(model.name for model in reduced.of_kind(Kind.FRAMES)) == OTHERS
    default = reduced.default(Kind.FRAMES)
    assert default is not None
    assert default.name == "wan3.0-video"
    assert CATALOGUE.get(FLASH) is not None, "others have it still"


def test_a_denied_model_is_told_from_one_that_does_not_exist() -> None:
    with pytest.raises(ModelDeniedError) as denied:
        validate(without(FLASH), Kind.FRAMES, VideoOptions(), Choices(model=f" {FLASH} "))
    assert (denied.value.model, denied.value.instead) == (FLASH, OTHERS)
    # A model of another kind would not make this, allowed or not.
    for name in ("wan9.9", TURBO):
        with pytest.raises(InvalidOptionsError) as unknown:
            validate(without(TURBO), Kind.FRAMES, VideoOptions(), Choices(model=name))
        assert unknown.value.problem == "unknown_model"


def test_where_every_model_of_a_kind_is_denied_that_is_said() -> None:
    names = [model.name for model in CATALOGUE.of_kind(Kind.TEXT)]
    for choices in (Choices(), Choices(model=names[0])):
        with pytest.raises(ModelDeniedError) as denied:
            validate(without(*names), Kind.TEXT, VideoOptions(prompt="fog"), choices)
        assert (denied.value.model, denied.value.instead) == (choices.model, ())


@pytest.mark.parametrize("asked", ["hug", "Hug", " HUG "])
def test_an_effect_for_two_people_is_denied_until_it_is_allowed(asked: str) -> None:
    options = VideoOptions(effect=asked)
    with pytest.raises(EffectDeniedError) as denied:
        validate(CATALOGUE.within(Permits(), {}), Kind.EFFECT, options, Choices())
    assert denied.value.effect == "Hug"
    allowed = CATALOGUE.within(Permits(effects={"hug": True}), {})
    assert validate(allowed, Kind.EFFECT, options, Choices()).options.effect == "hug"


def test_an_effect_goes_with_the_last_model_that_knows_it() -> None:
    options = VideoOptions(effect="melt")
    with pytest.raises(EffectDeniedError):
        validate(without(PLUS), Kind.EFFECT, options, Choices())
    with pytest.raises(InvalidOptionsError, match="unknown_effect"):
        validate(without(PLUS), Kind.EFFECT, VideoOptions(effect="explode"), Choices())


def test_a_model_without_an_allowed_effect_plays_none() -> None:
    known = next(model for model in CATALOGUE if model.name == FRAMES_PLUS).effects
    effects = dict.fromkeys(known, False)
    reduced = CATALOGUE.within(Permits(effects=effects), {})
    assert FRAMES_PLUS not in {model.name for model in reduced.of_kind(Kind.EFFECT)}
    assert reduced.get(FRAMES_PLUS) is not None, "it makes frames all the same"


# --- defaults --------------------------------------------------------------------------------


def test_what_nobody_chose_is_the_guilds_default() -> None:
    frames = Choices(model=FRAMES_PLUS)
    offered = without(frames=frames, text=Choices(size="480*832"))
    spec = validate(offered, Kind.FRAMES, VideoOptions(), Choices())
    assert (spec.model, spec.resolution) == (FRAMES_PLUS, "720P")
    spec = validate(offered, Kind.TEXT, VideoOptions(prompt="fog"), Choices())
    assert (spec.model, spec.size, spec.resolution) == ("wan2.2-t2v-plus", "480*832", "480P")
    spec = validate(offered, Kind.FRAMES, VideoOptions(), Choices(model=FLASH))
    assert spec.model == FLASH, "a member's choice counts"


def test_a_default_tier_holds_for_every_model_that_makes_it() -> None:
    offered = without(frames=Choices(resolution="480P"))
    chosen = {
        name: validate(offered, Kind.FRAMES, VideoOptions(), Choices(model=name)).resolution
        for name in (FLASH, FRAMES_PLUS)
    }
    assert chosen == {FLASH: "480P", FRAMES_PLUS: "720P"}


@pytest.mark.parametrize("gone", ["denied", "not offered"])
def test_a_default_that_is_gone_gives_way_to_the_catalogues(gone: str) -> None:
    if gone == "denied":
        offered = without(FRAMES_PLUS, frames=Choices(model=FRAMES_PLUS, resolution="4320P"))
    else:
        offered = without(frames=Choices(model="wan1.0-gone", resolution="4320P"))
    spec = validate(offered, Kind.FRAMES, VideoOptions(), Choices())
    assert (spec.model, spec.resolution) == (FLASH, "720P")


def test_a_default_for_effects_is_taken_where_the_model_knows_the_effect() -> None:
    offered = without(effect=Choices(model=PLUS))
    made_by = {
        name: validate(offered, Kind.EFFECT, VideoOptions(effect=name), Choices()).model
        for name in ("squish", "hanfu-1")
    }
    assert made_by == {"squish": PLUS, "hanfu-1": FRAMES_PLUS}


NAMES = [model.name for model in CATALOGUE]


@given(
    denied=st.sets(st.sampled_from(NAMES)),
    effects=st.dictionaries(
        st.sampled_from([effect.name for effect in CATALOGUE.effects]), st.booleans()
    ),
    default=st.sampled_from([*NAMES, None]),
    tier=st.sampled_from(["480P", "720P", "1080P", None]),
)
def test_whatever_is_decided_a_request_is_one_the_guild_allows_or_is_refused(
    denied: set[str], effects: dict[str, bool], default: str | None, tier: str | None
) -> None:
    permits = Permits(models=dict.fromkeys(denied, False), effects=effects)
    chosen = dict.fromkeys(Kind, Choices(model=default, resolution=tier))
    offered = CATALOGUE.within(permits, chosen)
    for kind, asked in product(Kind, [None, *NAMES[:3]]):
        options = VideoOptions(prompt="fog", effect="hug" if kind is Kind.EFFECT else None)
        try:
            spec = validate(offered, kind, options, Choices(model=asked))
        except (ModelDeniedError, EffectDeniedError, InvalidOptionsError):
            continue
        assert spec.model not in denied
        assert kind is not Kind.EFFECT or effects.get("hug") is True
        model = CATALOGUE.get(spec.model)
        assert model is not None
        assert spec.resolution in model.resolutions
