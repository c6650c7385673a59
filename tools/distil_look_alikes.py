"""Write which signs look like Latin letters, taken from Unicode's table of confusable signs.

``python -m tools.distil_look_alikes confusables.txt``, the file of
https://www.unicode.org/Public/security/latest/confusables.txt. What is left of it are the signs
that stand for Latin letters once a text was folded as ``bot.domain.requests.words`` folds it; what
its tables of letters that look Latin have already is left out, as they know better: they say which
Latin letter a Cyrillic or Greek capital looks like.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import click

from bot.domain.requests import look_alikes

RECOMMENDED = (
    *("ARABIC", "ARMENIAN", "BENGALI", "BOPOMOFO", "CYRILLIC", "DEVANAGARI", "ETHIOPIC"),
    *("EXTENDED ARABIC-INDIC", "GEORGIAN", "GREEK", "GUJARATI", "GURMUKHI", "HANGUL", "HEBREW"),
    *("HIRAGANA", "KANNADA", "KATAKANA", "KHMER", "LAO", "MALAYALAM", "MYANMAR", "ORIYA"),
    *("SINHALA", "TAMIL", "TELUGU", "THAANA", "THAI", "TIBETAN", "CJK"),
)
"""Scripts in everyday use by https://www.unicode.org/reports/tr31/#Table_Recommended_Scripts, as
the names of their letters begin; Latin itself is not among them here."""

_LINE = re.compile(r"^([0-9A-F]+) ;\t([0-9A-F ]+) ;", re.MULTILINE)
_VERSION = re.compile(r"^# Version: (\S+)$", re.MULTILINE)
_WIDTH = 96


@click.command()
@click.argument("table", type=click.Path(exists=True, path_type=Path))
def main(table: Path) -> None:
    """Write ``bot/domain/requests/look_alikes.py`` anew."""
    Path(look_alikes.__file__).write_text(written(table.read_text("utf-8-sig")), "utf-8")


def written(text: str) -> str:
    """Return the module for the text of a ``confusables.txt``."""
    version = _VERSION.search(text)
    if version is None:
        raise click.ClickException("this is not Unicode's confusables.txt")
    anywhere: dict[str, set[str]] = {}
    among_latin: dict[str, set[str]] = {}
    for sign, letters in pairs(text):
        is_living = unicodedata.name(sign, "").startswith(RECOMMENDED)
        (among_latin if is_living else anywhere).setdefault(letters, set()).add(sign)
    return "\n".join(
        (
            '"""Signs that look like Latin letters; written by ``tools.distil_look_alikes``.',
            "",
            f"Facts of confusables.txt {version[1]}, https://www.unicode.org/reports/tr39/, for",
            "texts as ``words`` folds them. Copyright Unicode, Inc., whose licence is at",
            "https://www.unicode.org/license.txt.",
            '"""',
            "",
            "from __future__ import annotations",
            "",
            "from collections.abc import Mapping",
            "",
            f'UNICODE = "{version[1]}"',
            "",
            *_mapping("ANYWHERE", anywhere),
            '"""Symbols, and scripts not in everyday use: the letters, and their signs."""',
            "",
            *_mapping("AMONG_LATIN", among_latin),
            '"""Scripts in everyday use: looked at in a word with a Latin letter."""',
            "",
        )
    )


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield each sign that folding leaves as it is, with the Latin letters it looks like."""
    found: dict[str, str] = {}
    by_capital: dict[str, str] = {}
    for match in _LINE.finditer(text):
        sign = chr(int(match[1], 16))
        letters = _letters(sign, "".join(chr(int(point, 16)) for point in match[2].split()))
        if sign.isascii() or letters is None:
            continue
        small = _bare(sign)
        if small == sign:
            found[sign] = letters
        elif len(small) == 1 and not small.isascii():
            by_capital[small] = letters
    yield from sorted((by_capital | found).items())


def _letters(sign: str, looks_like: str) -> str | None:
    letters = _bare(looks_like).replace("rn", "m")  # which is what the table has for m
    if letters == "l" and unicodedata.name(sign, "").endswith((" I", "IOTA", "IOTATED")):
        letters = "i"  # and l is what it has for I
    return letters if re.fullmatch("[a-z]{1,3}", letters) else None


def _bare(text: str) -> str:
    lower = unicodedata.normalize("NFKC", text).casefold()
    decomposed = unicodedata.normalize("NFKD", lower)
    return "".join(sign for sign in decomposed if not unicodedata.category(sign).startswith("M"))


def _mapping(name: str, signs: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield f"{name}: Mapping[str, str] = {{"
    for letters in sorted(signs):
        yield f'    "{letters}": ('
        line = ""
        for sign in sorted(signs[letters]):
            escaped = sign.encode("unicode_escape").decode("ascii")
            if len(line) + len(escaped) > _WIDTH - 10:
                yield f'        "{line}"'
                line = ""
            line += escaped
        yield f'        "{line}"'
        yield "    ),"
    yield "}"


if __name__ == "__main__":
    main()
