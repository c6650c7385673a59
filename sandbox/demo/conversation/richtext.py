"""Discord's markup as runs of styled words: what is bold, a mention, a time, a block of code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sandbox.demo.markup import moment


class Style(Enum):
    """How a run looks."""

    PLAIN = auto()
    STRONG = auto()
    CODE = auto()
    LINK = auto()
    MENTION = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one style."""

    words: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One line as it was written; it may need several on the screen."""

    runs: tuple[Run, ...]
    is_small: bool = False
    """Subtext: ``-#`` at its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A fenced block."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks, and when."""

    names: Mapping[str, str]
    """Names of people by id."""
    at: datetime


_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_SUBTEXT = "-# "
_INLINE = re.compile(
    r"\*\*(?P<strong>.+?)\*\*"
    r"|`(?P<code>[^`]+)`"
    r"|\[(?P<link>(?:[^\]\\]|\\.)+)\]\(https?://[^)\s]+\)"
    r"|<@!?(?P<person>\d+)>"
    r"|<t:(?P<epoch>\d+)(?::(?P<form>[a-zA-Z]))?>"
)


def read(markup: str, reader: Reader) -> Iterator[Paragraph | Code]:
    """Read a text from top to bottom."""
    begin = 0
    for found in _FENCE.finditer(markup):
        yield from _paragraphs(markup[begin : found.start()], reader)
        yield Code(words=found[1])
        begin = found.end()
    yield from _paragraphs(markup[begin:], reader)


def _paragraphs(markup: str, reader: Reader) -> Iterator[Paragraph]:
    for line in markup.strip("\n").splitlines():
        words = line.removeprefix(_SUBTEXT)
        yield Paragraph(runs=tuple(runs(words, reader)), is_small=words != line)


def runs(line: str, reader: Reader) -> Iterator[Run]:
    """Read one line."""
    begin = 0
    for found in _INLINE.finditer(line):
        if found.start() > begin:
            yield Run(line[begin : found.start()])
        yield from _styled(found, reader)
        begin = found.end()
    if begin < len(line):
        yield Run(line[begin:])


def _styled(found: re.Match[str], reader: Reader) -> Iterator[Run]:
    parts = found.groupdict()
    if parts["strong"]:
        yield Run(parts["strong"], Style.STRONG)
    elif parts["code"]:
        yield Run(parts["code"], Style.CODE)
    elif parts["link"]:
        # A link's own words may have backticks around them.
        yield Run(parts["link"].replace("`", ""), Style.LINK)
    elif parts["person"]:
        yield Run(f"@{reader.names.get(parts['person'], 'somebody')}", Style.MENTION)
    else:
        yield Run(moment(int(parts["epoch"]), parts["form"], reader.at), Style.TIME)
