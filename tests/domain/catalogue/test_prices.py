"""What is reserved is never less than what is charged, whatever is made of which row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.catalogue import (
    MODEL_DECIDES,
    BilledLength,
    Catalogue,
    InputBilling,
    Model,
    Region,
    Sound,
)

MODELS = [(region, model) for region in Region for model in Catalogue.of_region(region)]


@dataclass(frozen=True)
class Asked:
    """One video of one row."""

    model: Model
    resolution: str
    seconds: int
    audio: bool | None
    input_seconds: Decimal


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    _, model = draw(st.sampled_from(MODELS))
    abilities = model.abilities
    lengths = [*abilities.durations, *([MODEL_DECIDES] if abilities.may_decide_duration else [])]
    has_choice = abilities.sound is Sound.CHOICE
    brought = abilities.input_billing is not InputBilling.NOTHING or abilities.continues
    return Asked(
        model=model,
        resolution=draw(st.sampled_from(model.resolutions)),
        seconds=draw(st.sampled_from(lengths)),
        audio=draw(st.booleans()) if has_choice else None,
        input_seconds=(
            draw(st.decimals(0, 15, places=2, allow_nan=False)) if brought else Decimal(0)
        ),
    )


def by_the_price_list(video: Asked, made: int) -> Decimal:
    """Return the seconds that ``model-pricing`` bills, in words of the page alone."""
    name = video.model.name
    if name.startswith("wan3.0"):
        return made + video.input_seconds
    if "-r2v" in name:
        return made + min(video.input_seconds, Decimal(5))
    return Decimal(made)


@given(video=asked(), data=st.data())
def test_no_charge_is_more_than_its_reservation(video: Asked, data: st.DataObject) -> None:
    price = video.model.price(
        resolution=video.resolution,
        seconds=video.seconds,
        audio=video.audio,
        input_seconds=video.input_seconds,
    )
    made = video.seconds
    if made == MODEL_DECIDES:
        made = data.draw(st.sampled_from(video.model.abilities.durations))
    total = by_the_price_list(video, made)
    length = BilledLength(total=total, input=video.input_seconds, output=Decimal(made))
    charged = price.billed(seconds=price.billed_seconds(length))
    assert 0 < charged.micros <= price.reserved.micros
    assert charged.micros == math.ceil(total * price.micros_per_second)


@given(video=asked())
def test_silence_is_never_dearer_and_nobody_pays_for_sound_by_default(video: Asked) -> None:
    model = video.model
    usual = model.default_audio()
    costs = {
        audio: model.price(resolution=video.resolution, seconds=video.seconds, audio=audio)
        for audio in ({None} if usual is None else {True, False})
    }
    least = min(price.reserved.micros for price in costs.values())
    assert costs[usual].reserved.micros == least


@pytest.mark.parametrize(
    ("billing", "length", "seconds"),
    [
        # 3.0: both readings of its ``duration`` come to the same.
        (
            InputBilling.ADDED,
            BilledLength(total=Decimal(8), input=Decimal(3), output=Decimal(5)),
            8,
        ),
        (
            InputBilling.ADDED,
            BilledLength(total=Decimal(5), input=Decimal(3), output=Decimal(5)),
            8,
        ),
        (InputBilling.ADDED, BilledLength(total=Decimal(5), output=Decimal(5)), 5),
        # A continuation of 2.7: 15 s are billed, of which 3 were there.
        (
            InputBilling.NOTHING,
            BilledLength(total=Decimal(15), input=Decimal(3), output=Decimal(12)),
            15,
        ),
        (InputBilling.CAPPED, BilledLength(total=Decimal("10.0"), input=Decimal(5)), 10),
    ],
)
def test_billed_seconds_are_those_of_the_whole(
    billing: InputBilling, length: BilledLength, seconds: int
) -> None:
    for _, model in MODELS:
        if model.abilities.input_billing is billing:
            price = model.price(resolution=model.resolutions[0], seconds=5)
            assert price.billed_seconds(length) == seconds


def test_parts_of_a_second_are_charged_exactly_and_counted_to_the_nearest() -> None:
    model = next(model for region, model in MODELS if model.name == "wan3.0-video")
    price = model.price(resolution="480P", seconds=5)
    charged = price.billed(seconds=Decimal("5.02"))
    assert (charged.seconds, charged.micros) == (5, 1_506_000)
    assert price.billed(seconds=Decimal("0.2")).seconds == 1


def test_a_length_left_to_the_model_reserves_the_longest() -> None:
    model = next(model for region, model in MODELS if model.name == "wan3.0-video")
    price = model.price(resolution="480P", seconds=MODEL_DECIDES)
    assert (price.reserved.seconds, price.reserved.micros) == (30, 9_000_000)
