"""The table of signs that look like Latin letters, and how it is made of Unicode's."""

from __future__ import annotations

import unicodedata

import click
import pytest

from bot.domain.requests import look_alikes
from bot.domain.requests.look_alikes import AMONG_LATIN, ANYWHERE
from tools.distil_look_alikes import RECOMMENDED, pairs, written

HEADER = "# Version: 99.0.0\n"


def line(sign: str, looks_like: str) -> str:
    target = " ".join(f"{ord(letter):04X}" for letter in looks_like)
    return f"{ord(sign):04X} ;\t{target} ;\tMA\t# whatever\n"


@pytest.mark.parametrize(
    ("sign", "looks_like", "found"),
    [
        pytest.param("\u0570", "h", ("\u0570", "h"), id="a letter"),
        pytest.param("\u0555", "O", ("\u0585", "o"), id="a capital counts for its small letter"),
        pytest.param("\ua4f2", "l", ("\ua4f2", "i"), id="what looks like I and is one"),
        pytest.param("\u0627", "l", ("\u0627", "l"), id="what looks like I and is none"),
        pytest.param("\u1d39", "M", None, id="folded away before"),
        pytest.param("\u2133", "rn", None, id="folded away before, as m"),
        pytest.param("\U000118e3", "rn", ("\U000118e3", "m"), id="m"),
        pytest.param("m", "rn", None, id="Latin already"),
        pytest.param("\u0431", "6", None, id="looks like a figure"),
        pytest.param("\u2028", " ", None, id="looks like nothing"),
    ],
)
def test_what_is_left_of_a_line(sign: str, looks_like: str, found: tuple[str, str] | None) -> None:
    assert list(pairs(line(sign, looks_like))) == ([] if found is None else [found])


def test_the_module_says_which_unicode_it_is_of() -> None:
    made: dict[str, object] = {}
    text = HEADER + line("\u0570", "h") + line("\ua4f2", "l")
    exec(written(text), made)  # noqa: S102 - what was just written
    assert made["UNICODE"] == "99.0.0"
    assert made["ANYWHERE"] == {"i": "\ua4f2"}
    assert made["AMONG_LATIN"] == {"h": "\u0570"}
    with pytest.raises(click.ClickException):
        written("<html>")


def test_the_table_is_as_the_tool_writes_it() -> None:
    assert look_alikes.UNICODE == "13.0.0"
    signs = "".join((*ANYWHERE.values(), *AMONG_LATIN.values()))
    assert len(signs) == len(set(signs)) > 400
    assert not any(sign.isascii() for sign in signs)
    assert all(letters.isascii() and letters.islower() for letters in (*ANYWHERE, *AMONG_LATIN))
    names = map(unicodedata.name, "".join(ANYWHERE.values()))
    assert not any(name.startswith(RECOMMENDED) for name in names)
