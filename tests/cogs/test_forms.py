"""What comes back from a form is read with care: anybody can send anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.chat.custom_ids import Field
from bot.domain.errors import InvalidOptionsError
from bot.domain.jobs.remaking import Rewriting
from bot.domain.problems import OptionProblem
from cogs._forms import Filled, variant_of


def filled(**fields: str | list[str] | None) -> Filled:
    values = {
        name: [value] if isinstance(value, str) else list(value or ())
        for name, value in fields.items()
    }
    return Filled(values=values, attachments={})


def test_what_a_form_offers_is_read() -> None:
    sent = filled(variant="wan2.2-i2v-flash 720P 1200000", rewriting="mine", seed=" 7 ", file="2")
    assert sent.variant() == ("wan2.2-i2v-flash 720P", 1_200_000)
    assert sent.rewriting() is Rewriting.MINE
    assert sent.seed() == 7
    assert sent.number() == 2


def test_what_is_left_out_is_the_usual() -> None:
    assert filled().variant() == (None, None)
    assert filled(variant=[]).variant() == (None, None)
    assert filled(rewriting=None).rewriting() is Rewriting.MINE_REWRITTEN
    assert filled(seed="  ").seed() is None
    assert filled().number() == 0


@pytest.mark.parametrize(
    "chosen",
    [
        "junk",
        "1200000",
        " 1200000",
        "wan 720P -1",
        "wan 720P \N{ARABIC-INDIC DIGIT ONE}",
        "wan 720P 1e9",
        "m 720P " + "9" * 19,
    ],
)
def test_a_variant_that_no_form_offers_is_refused_and_never_the_usual(chosen: str) -> None:
    for read in (lambda: variant_of(chosen), filled(variant=chosen).variant):
        with pytest.raises(InvalidOptionsError) as refused:
            read()
        assert refused.value.problem is OptionProblem.NOT_AMONG_CHOICES


READERS: list[tuple[str, str, Callable[[Filled], Any], OptionProblem]] = [
    (Field.REWRITING, "theirs", Filled.rewriting, OptionProblem.NOT_AMONG_CHOICES),
    (Field.SEED, "-1", Filled.seed, OptionProblem.SEED_RANGE),
    (Field.SEED, "seven", Filled.seed, OptionProblem.SEED_RANGE),
    (Field.SEED, "²", Filled.seed, OptionProblem.SEED_RANGE),
]


@pytest.mark.parametrize(("field", "typed", "read", "problem"), READERS)
def test_anything_else_is_refused_with_a_sentence(
    field: str, typed: str, read: Callable[[Filled], Any], problem: OptionProblem
) -> None:
    with pytest.raises(InvalidOptionsError) as refused:
        read(filled(**{field: typed}))
    assert refused.value.problem is problem


def test_a_number_of_a_file_that_is_none_is_no_file() -> None:
    assert filled(file="first").number() == -1
