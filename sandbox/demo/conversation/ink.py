"""Colours, fonts and smooth shapes: the only part of the drawing that knows Pillow's canvas."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

SCALE = 2
"""Real pixels for a logical one: crisp on screens with twice the density."""

SMOOTH = 4
"""Shapes are drawn so many times larger and scaled down, because Pillow's have hard edges."""

FONTS = Path(__file__).resolve().parents[1] / "fonts"

EMOJI = re.compile(
    "[\u231a-\u23ff\u2600-\u26ff\u2705\u2728\u274c\U0001f300-\U0001faff]\N{VARIATION SELECTOR-16}?"
)
"""What the colour font draws. Ticks and arrows are ordinary letters of the text font."""

_EMOJI_PIXELS = 109
"""The only size the colour font has."""

_EMOJI_CELL = (136, 128)


class Face(Enum):
    """A font file, all under the SIL Open Font License, cut down to the letters of the bot."""

    TEXT = "Inter-Regular.otf"
    MEDIUM = "Inter-Medium.otf"
    STRONG = "Inter-SemiBold.otf"
    MONO = "JetBrainsMono-Regular.ttf"


class Colour:
    """The palette: a dark chat window."""

    DESK = "#191a1d"
    WINDOW = "#313338"
    BAR = "#2b2d31"
    EDGE = "#3f4147"
    EMBED = "#2b2d31"
    CODE = "#1e1f22"
    FIELD = "#383a40"
    BUTTON = "#4e5058"
    TEXT = "#dbdee1"
    HEADING = "#f2f3f5"
    FAINT = "#949ba4"
    LINK = "#4cb5f5"
    TAG = "#5865f2"
    MENTION = "#3d4270"
    MENTION_TEXT = "#ccd2ff"
    TIME = "#3b3d44"
    PRIVATE = "#37394b"
    PINGED = "#423e37"
    PINGED_EDGE = "#f0b232"
    WHITE = "#ffffff"


@lru_cache(maxsize=64)
def font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """Return a font at a logical size."""
    return ImageFont.truetype(FONTS / face.value, size * SCALE)


@lru_cache(maxsize=64)
def _emoji(symbol: str, pixels: int) -> Image.Image:
    """Return an emoji as a small picture on nothing."""
    face = ImageFont.truetype(FONTS / "NotoColorEmoji.ttf", _EMOJI_PIXELS)
    drawn = Image.new("RGBA", _EMOJI_CELL)
    ImageDraw.Draw(drawn).text((0, 0), symbol[0], font=face, embedded_color=True)
    box = drawn.getbbox()
    cut = drawn.crop(box) if box else drawn
    cut.thumbnail((pixels, pixels), Image.Resampling.LANCZOS)
    return cut


def pieces(words: str) -> Iterator[tuple[str, bool]]:
    """Split a text into letters and single emoji; the flag tells which."""
    begin = 0
    for found in EMOJI.finditer(words):
        if found.start() > begin:
            yield words[begin : found.start()], False
        yield found[0], True
        begin = found.end()
    if begin < len(words):
        yield words[begin:], False


def width_of(words: str, face: Face, size: float) -> float:
    """Return how wide a text is drawn."""
    return sum(
        size * 1.3 if is_emoji else font(face, size).getlength(piece) / SCALE
        for piece, is_emoji in pieces(words)
    )


class Canvas:
    """A picture to draw on, in logical pixels."""

    def __init__(self, width: float, height: float, fill: str) -> None:
        self.image = Image.new("RGB", (_real(width), _real(height)), fill)
        self._pen = ImageDraw.Draw(self.image)

    def text(
        self,
        at: tuple[float, float],
        words: str,
        *,
        face: Face,
        size: float,
        fill: str,
    ) -> float:
        """Write on a baseline; return where it ends."""
        left, baseline = at
        for piece, is_emoji in pieces(words):
            if is_emoji:
                picture = _emoji(piece, _real(size * 1.2))
                middle = _real(baseline - size * 0.36)
                spot = (_real(left + size * 0.05), middle - picture.height // 2)
                self.image.paste(picture, spot, picture)
            else:
                place = (left * SCALE, baseline * SCALE)
                self._pen.text(place, piece, fill=fill, font=font(face, size), anchor="ls")
            left += width_of(piece, face, size)
        return left

    def box(
        self,
        place: tuple[float, float, float, float],
        *,
        fill: str,
        radius: float = 0,
        square: tuple[bool, bool, bool, bool] = (False, False, False, False),
    ) -> None:
        """Fill a rectangle with round corners.

        Args:
            place: Left, top, width, height.
            fill: The colour.
            radius: Of the corners.
            square: Corners that stay square: top left, top right, bottom right, bottom left.
        """
        left, top, width, height = place
        mask = _rounded(_real(width), _real(height), _real(radius), square)
        self.image.paste(Image.new("RGB", mask.size, fill), (_real(left), _real(top)), mask)

    def frame(
        self, place: tuple[float, float, float, float], *, fill: str, edge: str, radius: float
    ) -> None:
        """Fill a rectangle with a thin edge."""
        left, top, width, height = place
        self.box(place, fill=edge, radius=radius)
        self.box((left + 1, top + 1, width - 2, height - 2), fill=fill, radius=radius - 1)

    def circle(self, at: tuple[float, float], radius: float, *, fill: str, part: float = 1) -> None:
        """Fill a circle around a point; ``part`` is how much covers what lies below."""
        self.shape([(at[0], at[1], radius)], fill=fill, part=part)

    def shape(
        self,
        marks: list[tuple[float, float, float]] | list[tuple[float, float]],
        *,
        fill: str,
        part: float = 1,
    ) -> None:
        """Fill circles (x, y, radius), or the one polygon of points (x, y)."""
        reach = [(mark[0], mark[1], mark[2] if len(mark) == 3 else 0) for mark in marks]  # noqa: PLR2004
        left = min(x - radius for x, _, radius in reach) - 1
        top = min(y - radius for _, y, radius in reach) - 1
        right = max(x + radius for x, _, radius in reach) + 1
        bottom = max(y + radius for _, y, radius in reach) + 1
        large = SCALE * SMOOTH
        mask = Image.new("L", (int((right - left) * large), int((bottom - top) * large)))
        pen = ImageDraw.Draw(mask)
        level = round(255 * part)
        if any(radius for _, _, radius in reach):
            for x, y, radius in reach:
                pen.circle(((x - left) * large, (y - top) * large), radius * large, fill=level)
        else:
            pen.polygon([((x - left) * large, (y - top) * large) for x, y, _ in reach], fill=level)
        mask = mask.resize((mask.width // SMOOTH, mask.height // SMOOTH), Image.Resampling.BOX)
        self.image.paste(Image.new("RGB", mask.size, fill), (_real(left), _real(top)), mask)

    def line(self, points: list[tuple[float, float]], *, fill: str, width: float) -> None:
        """Draw a line through points; curves are many short ones."""
        for (x1, y1), (x2, y2) in pairwise(points):
            steps = max(1, round(max(abs(x2 - x1), abs(y2 - y1)) * 2))
            dots = [
                (x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps, width / 2)
                for step in range(steps + 1)
            ]
            self.shape(dots, fill=fill)

    def picture(
        self,
        picture: Image.Image,
        place: tuple[float, float, float, float],
        *,
        radius: float = 0,
    ) -> None:
        """Paste a picture, made exactly as large as the place."""
        left, top, width, height = place
        scaled = picture.convert("RGB").resize(
            (_real(width), _real(height)), Image.Resampling.LANCZOS
        )
        mask = _rounded(scaled.width, scaled.height, _real(radius), (False,) * 4)
        self.image.paste(scaled, (_real(left), _real(top)), mask)

    def shade(self, place: tuple[float, float, float, float], *, radius: float) -> None:
        """Darken a strip towards its lower edge."""
        left, top, width, height = place
        corners = (True, True, False, False)
        mask = _rounded(_real(width), _real(height), _real(radius), corners)
        fall = Image.linear_gradient("L").resize(mask.size).point(lambda level: level * 0.75)
        mask = ImageChops.multiply(mask, fall)
        self.image.paste(Image.new("RGB", mask.size), (_real(left), _real(top)), mask)


def _real(length: float) -> int:
    return round(length * SCALE)


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: int, square: tuple[bool, ...]) -> Image.Image:
    """Return the mask of a rectangle with round corners."""
    mask = Image.new("L", (width, height), 255)
    if not radius:
        return mask
    corner = Image.new("L", (2 * radius * SMOOTH, 2 * radius * SMOOTH))
    ImageDraw.Draw(corner).ellipse((0, 0, corner.width - 1, corner.height - 1), fill=255)
    corner = corner.resize((2 * radius, 2 * radius), Image.Resampling.BOX)
    spots = (
        ((0, 0), (0, 0)),
        ((radius, 0), (width - radius, 0)),
        ((radius, radius), (width - radius, height - radius)),
        ((0, radius), (0, height - radius)),
    )
    for (left, top), spot in (pair for pair, keep in zip(spots, square, strict=True) if not keep):
        mask.paste(corner.crop((left, top, left + radius, top + radius)), spot)
    return mask
