"""Text broken into lines that fit, each word in its style."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sandbox.demo.conversation.ink import Canvas, Colour, Face, width_of
from sandbox.demo.conversation.richtext import Paragraph, Run, Style

LEADING = 1.38
"""Height of a line by the size of its letters."""

_WORD = re.compile(r"\S+\s*|\s+")
_CHIP_INSET = 3.0
_CHIPS = {
    Style.CODE: Colour.CODE,
    Style.MENTION: Colour.MENTION,
    Style.TIME: Colour.TIME,
}
"""Styles with a coloured ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Size and colour of a text."""

    size: float
    fill: str = Colour.TEXT
    face: Face = Face.TEXT

    def face_of(self, style: Style) -> Face:
        """Return the font of a style within this text."""
        match style:
            case Style.STRONG:
                return Face.STRONG
            case Style.CODE:
                return Face.MONO
            case Style.MENTION:
                return Face.MEDIUM
            case _:
                return self.face

    def size_of(self, style: Style) -> float:
        """Return the size of a style within this text."""
        return self.size * 0.9 if style is Style.CODE else self.size

    def fill_of(self, style: Style) -> str:
        """Return the colour of a style within this text."""
        match style:
            case Style.LINK:
                return Colour.LINK
            case Style.MENTION:
                return Colour.MENTION_TEXT
            case Style.STRONG:
                return Colour.HEADING
            case _:
                return self.fill

    def width(self, run: Run) -> float:
        """Return how wide a run is drawn."""
        words = width_of(run.words, self.face_of(run.style), self.size_of(run.style))
        return words + (2 * _CHIP_INSET if run.style in _CHIPS else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Paragraphs, broken into lines: a box that knows its height."""

    lines: tuple[tuple[Run, ...], ...]
    look: Look

    @property
    def height(self) -> float:
        """All lines."""
        return len(self.lines) * self.look.size * LEADING

    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        """Draw it."""
        step = self.look.size * LEADING
        for number, line in enumerate(self.lines):
            baseline = top + number * step + step / 2 + self.look.size * 0.36
            self._paint_line(canvas, line, left, baseline)

    def _paint_line(
        self, canvas: Canvas, line: tuple[Run, ...], left: float, baseline: float
    ) -> None:
        look = self.look
        for run in line:
            width = look.width(run)
            inset = 0.0
            if run.style in _CHIPS:
                inset = _CHIP_INSET
                top, height = baseline - look.size * 0.98, look.size * 1.3
                canvas.box((left, top, width, height), fill=_CHIPS[run.style], radius=3)
            canvas.text(
                (left + inset, baseline),
                run.words,
                face=look.face_of(run.style),
                size=look.size_of(run.style),
                fill=look.fill_of(run.style),
            )
            left += width


def flowed(paragraphs: Iterable[Paragraph], look: Look, width: float) -> Text:
    """Break paragraphs into lines of a width."""
    lines = [line for paragraph in paragraphs for line in _lines(paragraph.runs, look, width)]
    return Text(lines=tuple(lines), look=look)


def words(line: str, look: Look, width: float) -> Text:
    """Break words without markup into lines."""
    return flowed([Paragraph(runs=(Run(line),))], look, width)


def _lines(runs: tuple[Run, ...], look: Look, width: float) -> Iterator[tuple[Run, ...]]:
    line: list[Run] = []
    room = width
    for run in _unbroken(runs):
        needed = look.width(Run(run.words.rstrip(), run.style))
        if line and needed > room:
            yield _joined(line)
            line, room = [], width
        line.append(run)
        room -= look.width(run)
    if line:
        yield _joined(line)


def _unbroken(runs: tuple[Run, ...]) -> Iterator[Run]:
    """Split runs where a line may end; what stands on a coloured ground stays whole."""
    for run in runs:
        if run.style in _CHIPS:
            yield run
        else:
            yield from (Run(found[0], run.style) for found in _WORD.finditer(run.words))


def _joined(line: list[Run]) -> tuple[Run, ...]:
    """Put neighbours of one style together, without the blank at the end."""
    joined: list[Run] = []
    for run in line:
        if joined and joined[-1].style is run.style and run.style not in _CHIPS:
            joined[-1] = Run(joined[-1].words + run.words, run.style)
        else:
            joined.append(run)
    joined[-1] = Run(joined[-1].words.rstrip(), joined[-1].style)
    return tuple(joined)
