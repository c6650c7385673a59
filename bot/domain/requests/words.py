"""Blocked words: how a word and a prompt are compared.

Both are folded alike: to words between single spaces, in one case, without what only decorates.
A prompt holds a word where its folded words follow each other in the folded prompt, so nothing is
found inside another word. Scripts that write no spaces are folded to single signs, which makes
their words findable anywhere; so are pictographs.

Not caught: a word spaced or dotted out (``b.a.d``), misspelt, or run together with another one.
Taken for another: a Russian or Greek word written only with letters that look Latin.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

MAX_FOLDED_CHARACTERS = 128
"""A longer word is no word."""

_LIKE_LATIN: Mapping[str, str] = {
    # In lower case, where a small letter counts as what its capital looks like too.
    **dict(zip("авеікмнорстухѕјԁԛԝһӏѵ", "abeikmhopctyxsjdqwhlv", strict=True)),  # Cyrillic
    **dict(zip("αβεζηικμνορτυχωγϳ", "abezhikmnoptyxwyj", strict=True)),  # Greek
    # Latin letters that do not decompose: strokes, no dot, script forms, small capitals.
    **dict(zip("øłđħŧıɡɑɩ", "oldhtigai", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
}
_TO_LATIN = str.maketrans(dict(_LIKE_LATIN))

_PICTURED = {
    # Regional indicators, and letters in dark circles and squares.
    first + offset: chr(ord("a") + offset)
    for first in (0x1F1E6, 0x1F150, 0x1F170)
    for offset in range(26)
}

_FIGURES = str.maketrans("013457", "oieast")
_LETTERS_OF_A_WORD = 2
"""With fewer letters, figures are figures: 5s, 4k, 3d."""

_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters and a pattern that show nothing; formats and controls are known by their category."""

_KEEP_THEIR_MARKS = "\u0900"
"""From here on, marks make another letter of the one before them: Indic vowels, kana's voicing."""

_WITHOUT_SPACES = (
    ("\u0e00", "\u109f"),  # Thai, Lao, Tibetan, Myanmar
    ("\u1780", "\u17ff"),  # Khmer
    ("\u2e80", "\ua4cf"),  # Han, kana, bopomofo, Yi
    ("\uac00", "\ud7a3"),  # Hangul: particles hang on to words
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)


def fold(text: str) -> str:
    """Return a text as it is compared: words between single spaces; empty where none is left."""
    return " ".join(_words(_plain(text)))


def found(prompt: str, folded_words: Iterable[str]) -> str | None:
    """Return the first of some folded words that a prompt holds.

    Args:
        prompt: as it was typed.
        folded_words: what ``fold`` made of the words.
    """
    folded = f" {fold(prompt)} "
    return next((word for word in folded_words if word and f" {word} " in folded), None)


def _plain(text: str) -> str:
    """Return a text in lower case with Latin letters for what looks like them."""
    lower = unicodedata.normalize("NFKC", text.translate(_PICTURED)).casefold()
    bare = "".join(_without_marks(unicodedata.normalize("NFKD", lower)))
    return unicodedata.normalize("NFC", bare.translate(_TO_LATIN))


def _without_marks(decomposed: str) -> Iterator[str]:
    base = ""
    for character in decomposed:
        if character.isspace():
            base = ""
            yield " "
            continue
        category = unicodedata.category(character)
        if category.startswith("C") or category == "Sk" or character in _UNSEEN:
            continue
        if category not in {"Mn", "Me"}:
            base = character
        elif base < _KEEP_THEIR_MARKS or category == "Me" or _is_selector(character):
            continue
        yield character


def _is_selector(character: str) -> bool:
    """Tell whether a mark only chooses how the sign before it is drawn."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _words(plain: str) -> Iterator[str]:
    word = ""
    for character in plain:
        category = unicodedata.category(character)
        alone = category == "So" or _is_without_spaces(character)
        if category.startswith("M") or (character.isalnum() and not alone):
            word += character
            continue
        if word:
            yield _with_letters(word)
        word = character if alone else ""
    if word:
        yield _with_letters(word)


def _is_without_spaces(character: str) -> bool:
    return any(first <= character <= last for first, last in _WITHOUT_SPACES)


def _with_letters(word: str) -> str:
    """Return a word with letters for the figures that stand for them."""
    letters = sum(character.isalpha() for character in word)
    return word.translate(_FIGURES) if letters >= _LETTERS_OF_A_WORD else word
