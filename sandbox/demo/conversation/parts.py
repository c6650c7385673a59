"""Boxes that know their height: embeds, blocks of code, buttons, media, columns of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from PIL import Image
from typing_extensions import override

from sandbox.demo.conversation.flow import Look, Text, flowed, words
from sandbox.demo.conversation.ink import Canvas, Colour, Face, width_of
from sandbox.demo.conversation.richtext import Code, Paragraph, Reader, read
from sandbox.discord.world.json import Json

BODY = Look(size=15)
SMALL = Look(size=12, fill=Colour.FAINT)
EMBED_TEXT = Look(size=13.5)
TITLE = Look(size=15.5, fill=Colour.HEADING, face=Face.STRONG)
FIELD_NAME = Look(size=13, fill=Colour.HEADING, face=Face.STRONG)
MONO = Look(size=12.5, face=Face.MONO)

FIELDS_A_ROW = 3


class Box(Protocol):
    """Something drawn below something else."""

    @property
    def height(self) -> float:
        """How much room it takes."""

    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        """Draw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(Box):
    """Boxes below each other."""

    boxes: Sequence[Box]
    gap: float

    @property
    @override
    def height(self) -> float:
        gaps = self.gap * max(0, len(self.boxes) - 1)
        return sum(box.height for box in self.boxes) + gaps

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        for box in self.boxes:
            box.paint(canvas, left, top)
            top += box.height + self.gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Box):
    """Boxes beside each other."""

    boxes: Sequence[Box]
    step: float
    """From the left of one to the left of the next."""

    @property
    @override
    def height(self) -> float:
        return max(box.height for box in self.boxes)

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        for box in self.boxes:
            box.paint(canvas, left, top)
            left += self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock(Box):
    """A fenced block."""

    text: Text
    width: float

    @property
    @override
    def height(self) -> float:
        return self.text.height + 14

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        place = (left, top, self.width, self.height)
        canvas.frame(place, fill=Colour.CODE, edge=Colour.EDGE, radius=4)
        self.text.paint(canvas, left + 9, top + 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media(Box):
    """A picture, or a video that waits to be played."""

    image: Image.Image
    width: float
    is_video: bool = False
    length: str = ""
    """Of a video, as its player writes it."""

    @property
    @override
    def height(self) -> float:
        return self.width * self.image.height / self.image.width

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        width, height = self.width, self.height
        canvas.picture(self.image, (left, top, width, height), radius=8)
        if not self.is_video:
            return
        strip = 56.0
        canvas.shade((left, top + height - strip, width, strip), radius=8)
        middle, centre = left + width / 2, top + height / 2
        canvas.circle((middle, centre), 31, fill="#000000", part=0.6)
        _triangle(canvas, middle + 2, centre, 14)
        baseline = top + height - 12
        _triangle(canvas, left + 19, baseline - 4.5, 6)
        stamp = width_of(self.length, Face.MEDIUM, 12)
        canvas.text(
            (left + width - stamp - 14, baseline),
            self.length,
            face=Face.MEDIUM,
            size=12,
            fill=Colour.WHITE,
        )
        begin, end = left + 36, left + width - stamp - 26
        canvas.box((begin, baseline - 6, end - begin, 3), fill="#8d8f94", radius=1.5)
        canvas.circle((begin, baseline - 4.5), 5, fill=Colour.WHITE)


def _triangle(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.shape(
        [(x - size * 0.7, y - size), (x + size, y), (x - size * 0.7, y + size)], fill=Colour.WHITE
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons(Box):
    """Buttons below a message, as many beside each other as fit."""

    lines: tuple[tuple[str, ...], ...]

    @property
    @override
    def height(self) -> float:
        return len(self.lines) * BUTTON_STEP - BUTTON_GAP

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        for number, line in enumerate(self.lines):
            x, y = left, top + number * BUTTON_STEP
            for label in line:
                wide = _button_width(label)
                canvas.box((x, y, wide, BUTTON_STEP - BUTTON_GAP), fill=Colour.BUTTON, radius=7)
                canvas.text(
                    (x + 16, y + 20.8), label, face=Face.MEDIUM, size=13.5, fill=Colour.WHITE
                )
                x += wide + BUTTON_GAP


BUTTON_STEP, BUTTON_GAP = 40.0, 8.0
"""From the top of a line of buttons to the top of the next; between two of them."""


def _button_width(label: str) -> float:
    return width_of(label, Face.MEDIUM, 13.5) + 32


def buttons(labels: Sequence[str], width: float) -> Buttons:
    """Return buttons, broken into lines of a width."""
    lines: list[list[str]] = [[]]
    used = 0.0
    for label in labels:
        needed = _button_width(label)
        if lines[-1] and used + needed > width:
            lines.append([])
            used = 0.0
        lines[-1].append(label)
        used += needed + BUTTON_GAP
    return Buttons(lines=tuple(map(tuple, lines)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed(Box):
    """A framed text with a coloured edge."""

    inside: Column
    width: float
    edge: str

    @property
    @override
    def height(self) -> float:
        return self.inside.height + 26

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        canvas.box((left, top, self.width, self.height), fill=Colour.EMBED, radius=5)
        right_side = (False, True, True, False)
        canvas.box((left, top, 4, self.height), fill=self.edge, radius=4, square=right_side)
        self.inside.paint(canvas, left + EMBED_LEFT, top + 12)


EMBED_LEFT, EMBED_RIGHT = 16, 14
"""From an embed's sides to what stands in it."""


def markup(text: str, reader: Reader, look: Look, width: float) -> list[Box]:
    """Return a text with markup as boxes: neighbouring lines of one size are one of them."""
    small = Look(size=look.size * 0.86, fill=Colour.FAINT)
    boxes: list[Box] = []
    lines: list[Paragraph] = []
    for piece in (*read(text, reader), None):
        if lines and (not isinstance(piece, Paragraph) or piece.is_small != lines[0].is_small):
            boxes.append(flowed(lines, small if lines[0].is_small else look, width))
            lines = []
        if isinstance(piece, Code):
            boxes.append(CodeBlock(text=words(piece.words, MONO, width - 18), width=width))
        elif piece is not None:
            lines.append(piece)
    return boxes


def embed(given: Json, reader: Reader, width: float, image: Image.Image | None) -> Embed:
    """Return an embed.

    Args:
        given: As Discord stores it.
        reader: Who looks at it.
        width: Of the whole embed.
        image: Its picture, if it has one.
    """
    inner = width - EMBED_LEFT - EMBED_RIGHT
    boxes: list[Box] = []
    if given.get("title"):
        boxes.append(words(str(given["title"]), TITLE, inner))
    if given.get("description"):
        description = markup(str(given["description"]), reader, EMBED_TEXT, inner)
        boxes.append(Column(boxes=description, gap=6))
    boxes += _fields(given.get("fields", ()), reader, inner)
    if image is not None:
        boxes.append(Media(image=image, width=inner))
    if given.get("footer"):
        boxes.append(words(str(given["footer"]["text"]), SMALL, inner))
    return Embed(
        inside=Column(boxes=boxes, gap=9), width=width, edge=f"#{given.get('color', 0x1E1F22):06x}"
    )


def _fields(fields: Sequence[Json], reader: Reader, width: float) -> list[Box]:
    rows: list[Box] = []
    for is_inline, group in groupby(fields, key=lambda field: bool(field.get("inline"))):
        shown = list(group)
        size = FIELDS_A_ROW if is_inline else 1
        for begin in range(0, len(shown), size):
            step = width / size
            columns = [_field(one, reader, step - 6) for one in shown[begin : begin + size]]
            rows.append(Row(boxes=columns, step=step))
    return rows


def _field(given: Json, reader: Reader, width: float) -> Column:
    name = words(str(given["name"]), FIELD_NAME, width)
    return Column(boxes=[name, *markup(str(given["value"]), reader, EMBED_TEXT, width)], gap=1)
