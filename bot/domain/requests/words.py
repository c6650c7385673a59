"""Blocked words: how a word and a prompt are compared.

Both are folded alike: to words between single spaces, in one case, without what only decorates.
A prompt holds a word where its folded words follow each other in the folded prompt, so nothing is
found inside another word. Scripts that write no spaces are folded to single signs, which makes
their words findable anywhere; so are pictographs.

Letters that look Latin are taken for Latin: those of Cyrillic and Greek and of scripts that hardly
anybody writes wherever they stand, those of living scripts only in a word that has a Latin letter
as well, so that their own words stay what they are. Which look alike is Unicode's to say (see
``look_alikes``). Marks that only join, stretch or belong to another script are not seen.

Not caught: a word spaced or dotted out (``b.a.d``), misspelt, or run together with another one;
written only with the look-alikes of one living script other than Cyrillic and Greek, or with those
of several and no Latin letter; in signs that are like pictures of letters to people and not to
Unicode's table; with look-alikes within a script other than Latin, such as Arabic yeh for alef
maksura.
Taken for another: a Russian or Greek word written only with letters that look Latin.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from bot.domain.requests.look_alikes import AMONG_LATIN, ANYWHERE

MAX_FOLDED_CHARACTERS = 128
"""A longer word is no word."""

_LIKE_LATIN: Mapping[str, str] = {
    # In lower case, where a small letter counts as what its capital looks like too.
    **dict(zip("авеікмнорстухѕјԁԛԝһӏѵ", "abeikmhopctyxsjdqwhlv", strict=True)),  # Cyrillic
    **dict(zip("αβεζηικμνορτυχωγϳ", "abezhikmnoptyxwyj", strict=True)),  # Greek
}
_LATIN: Mapping[str, str] = {
    # Letters that do not decompose: strokes, no dot, script forms, small capitals.
    **dict(zip("øłđħŧıɡɑɩ", "oldhtigai", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
}


def _translation(table: Mapping[str, str]) -> Mapping[int, str]:
    return {ord(sign): latin for latin, signs in table.items() for sign in signs}


_TO_LATIN = str.maketrans(dict(_LIKE_LATIN))
_ANYWHERE = {**_translation(ANYWHERE), **str.maketrans(dict(_LATIN))}
_AMONG_LATIN = {**_translation(AMONG_LATIN), **_TO_LATIN}

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
_JOINING = frozenset("\u0640\u07fa")
"""Letters to Unicode that only draw a word out: of Arabic, and of N'Ko."""
_MODIFIERS = ("\u02b0", "\u02ff")
"""Letters and signs that only say how the one before them sounds: apostrophes, length, stress."""
_MARKS_OF_ANY_SCRIPT = (
    *(("\u0300", "\u036f"), ("\u1ab0", "\u1aff"), ("\u1dc0", "\u1dff")),
    *(("\u20d0", "\u20ff"), ("\ufe20", "\ufe2f")),
)
"""What Unicode calls combining diacritical marks: no script above needs them for its letters."""

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
    return _joined(_words(_plain(text)), _TO_LATIN)


def found(prompt: str, folded_words: Iterable[str]) -> str | None:
    """Return the first of some folded words that a prompt holds.

    Args:
        prompt: as it was typed.
        folded_words: what ``fold`` made of the words.
    """
    words = list(_words(_plain(prompt)))
    # Either may be what a reader sees: a living script's own word, or a Latin one made to look so.
    readings = f" {_joined(words, _TO_LATIN)} ", f" {_joined(words, _AMONG_LATIN)} "
    return next(
        (
            word
            for word in folded_words
            if word and any(f" {word} " in reading for reading in readings)
        ),
        None,
    )


def _joined(words: Iterable[str], among_latin: Mapping[int, str]) -> str:
    return " ".join(
        _with_letters(word.translate(among_latin if _has_latin(word) else _TO_LATIN))
        for word in words
    )


def _plain(text: str) -> str:
    """Return a text in lower case with Latin letters for what looks like them."""
    lower = unicodedata.normalize("NFKC", text.translate(_PICTURED)).casefold()
    bare = "".join(_without_marks(unicodedata.normalize("NFKD", lower)))
    return unicodedata.normalize("NFC", bare.translate(_ANYWHERE))


def _without_marks(decomposed: str) -> Iterator[str]:
    base = ""
    for character in decomposed:
        if character.isspace():
            base = ""
            yield " "
            continue
        category = unicodedata.category(character)
        if category.startswith("C") or category == "Sk" or _is_unseen(character):
            continue
        if not category.startswith("M"):
            base = character
        elif base < _KEEP_THEIR_MARKS or category == "Me" or _belongs_to_none(character):
            continue
        yield character


def _is_unseen(character: str) -> bool:
    """Tell whether a letter shows nothing of its own."""
    first, last = _MODIFIERS
    return character in _UNSEEN or character in _JOINING or first <= character <= last


def _belongs_to_none(mark: str) -> bool:
    """Tell whether a mark makes no other letter, of whatever script the sign before it is."""
    is_selector = (
        "\ufe00" <= mark <= "\ufe0f"
        or "\U000e0100" <= mark <= "\U000e01ef"
        or "\u180b" <= mark <= "\u180f"
    )
    return is_selector or any(first <= mark <= last for first, last in _MARKS_OF_ANY_SCRIPT)


def _words(plain: str) -> Iterator[str]:
    word = ""
    for character in plain:
        category = unicodedata.category(character)
        alone = category == "So" or _is_without_spaces(character)
        if category.startswith("M") or (character.isalnum() and not alone):
            word += character
            continue
        if word:
            yield word
        word = character if alone else ""
    if word:
        yield word


def _is_without_spaces(character: str) -> bool:
    return any(first <= character <= last for first, last in _WITHOUT_SPACES)


def _has_latin(word: str) -> bool:
    return any("a" <= character <= "z" for character in word)


def _with_letters(word: str) -> str:
    """Return a word with letters for the figures that stand for them."""
    letters = sum(character.isalpha() for character in word)
    return word.translate(_FIGURES) if letters >= _LETTERS_OF_A_WORD else word
