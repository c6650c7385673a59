"""Draws one PNG of all delivered videos: a row each, with first, middle and last frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sandbox.demo.decoded_video import DecodedVideo, Frame

FONTS = Path(__file__).resolve().parent / "fonts"

CELL = (480, 480)
"""Most room of a frame, pixels; wide and tall videos both fit."""

MARGIN = 28
GAP = 8
TITLE_HEIGHT = 44
CAPTION_HEIGHT = 34
BETWEEN_ROWS = 26

PAPER = "#17181c"
INK = "#f2efe9"
FAINT = "#9a9da6"

TITLE_SIZE, DETAIL_SIZE, CAPTION_SIZE = 24, 17, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Describes one video's row."""

    title: str
    """Its kind."""
    detail: str
    """Job id, size and length."""
    video: DecodedVideo


@dataclass(frozen=True, slots=True)
class _Cell:
    caption: str
    image: Image.Image


def draw(rows: Sequence[Row]) -> Image.Image:
    """Return the sheet."""
    cells = [_cells(row.video) for row in rows]
    heights = [
        TITLE_HEIGHT + max(cell.image.height for cell in row_cells) + CAPTION_HEIGHT
        for row_cells in cells
    ]
    width = 2 * MARGIN + 3 * CELL[0] + 2 * GAP
    height = 2 * MARGIN + sum(heights) + BETWEEN_ROWS * (len(rows) - 1)
    sheet = Image.new("RGB", (width, height), PAPER)
    top = MARGIN
    for row, row_cells, row_height in zip(rows, cells, heights, strict=True):
        _draw_row(sheet, top, row, row_cells)
        top += row_height + BETWEEN_ROWS
    return sheet


def save(rows: Sequence[Row], path: Path) -> None:
    """Write the sheet as PNG."""
    draw(rows).save(path, "PNG", optimize=True)


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


def _draw_row(sheet: Image.Image, top: int, row: Row, cells: Sequence[_Cell]) -> None:
    pen = ImageDraw.Draw(sheet)
    baseline = top + TITLE_HEIGHT - 18
    pen.text(
        (MARGIN, baseline),
        row.title,
        fill=INK,
        font=_font("Medium", TITLE_SIZE),
        anchor="ls",
    )
    pen.text(
        (sheet.width - MARGIN, baseline),
        row.detail,
        fill=FAINT,
        font=_font("Regular", DETAIL_SIZE),
        anchor="rs",
    )
    height = max(cell.image.height for cell in cells)
    font = _font("Regular", CAPTION_SIZE)
    for column, cell in enumerate(cells):
        left = MARGIN + column * (CELL[0] + GAP)
        inset = (CELL[0] - cell.image.width) // 2
        place = (left + inset, top + TITLE_HEIGHT + (height - cell.image.height) // 2)
        sheet.paste(cell.image, place)
        below = top + TITLE_HEIGHT + height + CAPTION_HEIGHT - 10
        pen.text((left + CELL[0] // 2, below), cell.caption, fill=FAINT, font=font, anchor="ms")
