"""Asking: the composer with a command typed into it, and what may be set besides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image
from typing_extensions import override

from sandbox.demo.conversation.flow import Look, Text, words
from sandbox.demo.conversation.ink import Canvas, Colour, Face, width_of
from sandbox.demo.conversation.parts import Box, Column
from sandbox.demo.conversation.windows import PAD, WINDOW_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload(Box):
    """A picture given to an option."""

    image: Image.Image
    option: str
    file_name: str
    width: float

    @property
    @override
    def height(self) -> float:
        return self._picture_height + 50

    @property
    def _picture_height(self) -> float:
        return (self.width - 16) * 2 / 3

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        canvas.box((left, top, self.width, self.height), fill=Colour.BAR, radius=6)
        inner, height = self.width - 16, self._picture_height
        cut = self.image.copy()
        canvas.picture(_filling(cut, inner / height), (left + 8, top + 8, inner, height), radius=4)
        canvas.text(
            (left + 8, top + height + 25),
            self.option,
            face=Face.STRONG,
            size=12.5,
            fill=Colour.HEADING,
        )
        canvas.text(
            (left + 8, top + height + 41),
            self.file_name,
            face=Face.TEXT,
            size=12,
            fill=Colour.FAINT,
        )


def _filling(image: Image.Image, ratio: float) -> Image.Image:
    """Cut a picture to a ratio, around its middle."""
    width = min(image.width, round(image.height * ratio))
    height = min(image.height, round(image.width / ratio))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Box):
    """An option with the words typed into it."""

    name: str
    name_width: float
    """Of the name's own ground."""
    text: Text
    width: float

    @property
    @override
    def height(self) -> float:
        return max(28.0, self.text.height + 10)

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        canvas.box((left, top, self.width, self.height), fill=Colour.CODE, radius=5)
        square = (False, True, True, False)
        canvas.box(
            (left, top, self.name_width, self.height), fill=Colour.BAR, radius=5, square=square
        )
        canvas.text((left + 8, top + 18), self.name, face=Face.MEDIUM, size=13, fill=Colour.FAINT)
        self.text.paint(canvas, left + self.name_width + 9, top + 5)


def option(name: str, typed: str, width: float) -> Option:
    """Return an option as wide as it may be, the words in it broken into lines."""
    name_width = width_of(name, Face.MEDIUM, 13) + 16
    text = words(typed, Look(size=14), width - name_width - 18)
    return Option(name=name, name_width=name_width, text=text, width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer(Box):
    """The line at the bottom of a chat window, with a command typed into it."""

    inside: Column

    @property
    @override
    def height(self) -> float:
        return self.inside.height + 24

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        width = WINDOW_WIDTH - 2 * PAD
        canvas.box((left, top, width, self.height), fill=Colour.FIELD, radius=8)
        self.inside.paint(canvas, left + 12, top + 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chips(Box):
    """Short words on grounds of their own, as many in a line as fit."""

    lines: tuple[tuple[str, ...], ...]

    @property
    @override
    def height(self) -> float:
        return len(self.lines) * CHIP_STEP - 6

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        for number, line in enumerate(self.lines):
            x, y = left, top + number * CHIP_STEP
            for name in line:
                wide = _chip_width(name)
                canvas.box((x, y, wide, CHIP_STEP - 6), fill=Colour.FIELD, radius=5)
                canvas.text((x + 7, y + 16), name, face=Face.TEXT, size=12.5, fill=Colour.TEXT)
                x += wide + 6


CHIP_STEP = 29.0
"""From the top of a line of chips to the top of the next."""


def _chip_width(name: str) -> float:
    return width_of(name, Face.TEXT, 12.5) + 14


def chips(names: Iterable[str], width: float) -> Chips:
    """Return names as chips, broken into lines."""
    lines: list[list[str]] = [[]]
    room = width
    for name in names:
        needed = _chip_width(name) + 6
        if lines[-1] and needed > room + 6:
            lines.append([])
            room = width
        lines[-1].append(name)
        room -= needed
    return Chips(lines=tuple(map(tuple, lines)))
