"""Draws one PNG of all delivered videos: a strip each, with first, middle and last frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandbox.demo.decoded_video import DecodedVideo, Frame

FONTS = Path(__file__).resolve().parent / "fonts"

COLUMNS = 2
"""Strips side by side."""

CELL = (320, 320)
"""Most room of a frame, pixels; wide and tall videos both fit."""

MARGIN = 28
GAP = 8
TITLE_HEIGHT = 44
CAPTION_HEIGHT = 34
BETWEEN_ROWS = 26
BETWEEN_COLUMNS = 40

PAPER = "#17181c"
INK = "#f2efe9"
FAINT = "#9a9da6"

TITLE_SIZE, DETAIL_SIZE, CAPTION_SIZE = 22, 16, 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Describes one video's three frames."""

    title: str
    """Its kind."""
    detail: str
    """Command, model, size, length, and whether it is heard."""
    video: DecodedVideo


STRIP_WIDTH = 3 * CELL[0] + 2 * GAP


@dataclass(frozen=True, slots=True)
class _Cell:
    caption: str
    image: Image.Image


def draw(strips: Sequence[Strip]) -> Image.Image:
    """Return the sheet: row by row, as many strips as there are columns in each."""
    cells = [_cells(strip.video) for strip in strips]
    starts = range(0, len(strips), COLUMNS)
    heights = [_height(cells[start : start + COLUMNS]) for start in starts]
    width = 2 * MARGIN + COLUMNS * STRIP_WIDTH + (COLUMNS - 1) * BETWEEN_COLUMNS
    extra = TITLE_HEIGHT + CAPTION_HEIGHT
    height = 2 * MARGIN + sum(heights) + extra * len(heights) + BETWEEN_ROWS * (len(heights) - 1)
    sheet = Image.new("RGB", (width, height), PAPER)
    top = MARGIN
    for start, row_height in zip(starts, heights, strict=True):
        for column in range(min(COLUMNS, len(strips) - start)):
            left = MARGIN + column * (STRIP_WIDTH + BETWEEN_COLUMNS)
            number = start + column
            _draw_strip(sheet, (left, top), row_height, strips[number], cells[number])
        top += row_height + extra + BETWEEN_ROWS
    return sheet


def save(strips: Sequence[Strip], path: Path) -> None:
    """Write the sheet as PNG; not as small as can be, which would take seconds."""
    draw(strips).save(path, "PNG")


def _height(row: Sequence[Sequence[_Cell]]) -> int:
    """Return the height of the tallest frame."""
    return max(cell.image.height for cells in row for cell in cells)


def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS / f"Inter-{weight}.otf", size)


def _cells(video: DecodedVideo) -> list[_Cell]:
    named: tuple[tuple[str, Frame], ...] = (
        ("first frame", video.first),
        ("middle", video.middle),
        ("last frame", video.last),
    )
    cells = []
    for name, frame in named:
        image = frame.image.copy()
        image.thumbnail(CELL, Image.Resampling.LANCZOS)
        cells.append(_Cell(f"{name}  ·  {frame.at_seconds:.2f} s", image))
    return cells


def _draw_strip(
    sheet: Image.Image, at: tuple[int, int], height: int, strip: Strip, cells: Sequence[_Cell]
) -> None:
    """Draw one video's frames below its title, each in the middle of its cell."""
    pen, (edge, top) = ImageDraw.Draw(sheet), at
    baseline = top + TITLE_HEIGHT - 16
    pen.text(
        (edge, baseline),
        strip.title,
        fill=INK,
        font=_font("Medium", TITLE_SIZE),
        anchor="ls",
    )
    pen.text(
        (edge + STRIP_WIDTH, baseline),
        strip.detail,
        fill=FAINT,
        font=_font("Regular", DETAIL_SIZE),
        anchor="rs",
    )
    font = _font("Regular", CAPTION_SIZE)
    for column, cell in enumerate(cells):
        left = edge + column * (CELL[0] + GAP)
        inset = (CELL[0] - cell.image.width) // 2
        place = (left + inset, top + TITLE_HEIGHT + (height - cell.image.height) // 2)
        sheet.paste(cell.image, place)
        below = top + TITLE_HEIGHT + height + CAPTION_HEIGHT - 10
        pen.text((left + CELL[0] // 2, below), cell.caption, fill=FAINT, font=font, anchor="ms")
