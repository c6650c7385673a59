"""Charts as PNG: a dark card of their own, so that they read the same on any of Discord's themes.

The only importer of matplotlib, which is imported when the first chart is drawn, in a media
child. ``Figure`` alone is used: pyplot keeps every figure in a global list.
"""

from __future__ import annotations

import io
import os
import tempfile
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.guilds.charts import Bar, Chart, Panel, Ranking, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

FONT = Path(__file__).parent / "fonts" / "DroidSansFallback.ttf"
"""Chinese, Japanese and Korean; everything else comes from matplotlib's own DejaVu Sans."""
FAMILIES = ("DejaVu Sans", "Droid Sans Fallback")

WIDTH_PIXELS = 1000
DOTS_PER_INCH = 100
TEXT_POINTS = 21.0
"""29 pixels of 1000: on a phone, where the picture is 400 wide, as large as small text."""
TITLE_POINTS = 27.0
SMALL_POINTS = 18.0

CARD = "#1e1f22"
INK = "#f2f3f5"
FAINT = "#b5bac1"
GRID = "#3f4248"
COLOURS = ("#5b9df9", "#f0b232")
"""One a panel; both have a contrast of more than 6 to the card, and differ for the colour-blind."""

_MARGIN_PIXELS = 36
_HEADER_PIXELS = 130
_ROW_PIXELS = 92
_PANEL_PIXELS = 300
_FOOTER_PIXELS = 110
_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})
_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
"""Between text and emoji: what is left of an emoji without a picture."""
_LETTERS = ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From which figure on which letter stands for how much."""
_TICKS = 6
"""Dates that fit beside each other."""


def draw(chart: Chart) -> bytes:
    """Return a chart as PNG."""
    _load()
    match chart:
        case Ranking():
            figure = _ranking(chart)
        case Timeline():
            figure = _timeline(chart)
    written = io.BytesIO()
    figure.savefig(written, format="png", facecolor=CARD)
    return written.getvalue()


@cache
def _load() -> frozenset[int]:
    """Import matplotlib with our font; return the characters that can be drawn."""
    with tempfile.TemporaryDirectory(prefix="tween-fonts-") as folder:
        # It wants to keep a list of the machine's fonts; in a container it may write nowhere. Where
        # is read once, at its import, and from this variable alone. This is the environment of a
        # child process, where nothing else reads it.
        os.environ["MPLCONFIGDIR"] = folder  # noqa: TID251 - matplotlib asks nowhere else
        import matplotlib as mpl
        from matplotlib import font_manager
    font_manager.fontManager.addfont(FONT)
    mpl.rcParams.update(
        {
            "font.family": list(FAMILIES),
            "font.size": TEXT_POINTS,
            "text.color": INK,
            "text.parse_math": False,
            "axes.unicode_minus": False,
        }
    )
    dejavu = font_manager.findfont(FAMILIES[0])
    return frozenset(
        code for path in (dejavu, FONT) for code in font_manager.get_font(path).get_charmap()
    )


def legible(words: str) -> str:
    """Return words without what no font of ours has, such as most emoji, on one line."""
    known = _load()
    kept = "".join(
        character if ord(character) in known else " "
        for character in unicodedata.normalize("NFKC", words)
        if unicodedata.category(character) not in _INVISIBLE and character not in _SELECTORS
    )
    return " ".join(kept.split())


def _figure(height_pixels: int) -> Figure:
    from matplotlib.figure import Figure

    size = (WIDTH_PIXELS / DOTS_PER_INCH, height_pixels / DOTS_PER_INCH)
    return Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=CARD)


def _header(figure: Figure, title: str, subtitle: str) -> None:
    height = figure.get_figheight() * DOTS_PER_INCH
    left = _MARGIN_PIXELS / WIDTH_PIXELS
    for words, points, below, colour in (
        (title, TITLE_POINTS, 30, INK),
        (subtitle, SMALL_POINTS, 82, FAINT),
    ):
        line = figure.text(
            left, 1 - below / height, legible(words), size=points, color=colour, va="top"
        )
        _shorten(line, WIDTH_PIXELS - 2 * _MARGIN_PIXELS)


def _shorten(line: Text, most_pixels: float) -> None:
    """Cut a text to a width, as it comes out in its font."""
    words = line.get_text()
    while words and line.get_window_extent().width > most_pixels:
        words = words[:-1].rstrip()
        line.set_text(f"{words}…")


def _axes(figure: Figure, *, left: int, bottom: int, width: int, height: int) -> Axes:
    """Return axes at a place in pixels, without a frame."""
    whole = figure.get_figheight() * DOTS_PER_INCH
    axes = figure.add_axes(
        (left / WIDTH_PIXELS, bottom / whole, width / WIDTH_PIXELS, height / whole)
    )
    axes.set_facecolor(CARD)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=FAINT, labelsize=SMALL_POINTS, length=0, pad=8)
    axes.set_axisbelow(True)
    return axes


def _nothing(axes: Axes, words: str) -> None:
    """Say that there is nothing to see: a bare scale looks like a failure."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, legible(words), transform=axes.transAxes, ha="center", va="center", color=FAINT
    )


# --- rankings --------------------------------------------------------------------------------


def _ranking(chart: Ranking) -> Figure:
    rows = max(1, len(chart.bars))
    figure = _figure(_HEADER_PIXELS + rows * _ROW_PIXELS + _FOOTER_PIXELS)
    _header(figure, chart.title, chart.subtitle)
    axes = _axes(
        figure,
        left=_MARGIN_PIXELS,
        bottom=_FOOTER_PIXELS,
        width=WIDTH_PIXELS - 2 * _MARGIN_PIXELS,
        height=rows * _ROW_PIXELS,
    )
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks([])
    largest = max((bar.value for bar in chart.bars), default=0.0)
    axes.set_xlim(0, largest * 1.02 or 1.0)
    axes.set_xlabel(legible(chart.axis), color=FAINT, size=SMALL_POINTS, labelpad=8)
    _round_ticks(axes, along_x=True)
    axes.grid(visible=True, axis="x", color=GRID, linewidth=1)
    if not chart.bars:
        _nothing(axes, chart.empty)
    for row, bar in enumerate(chart.bars):
        axes.barh(row + 0.22, bar.value, height=0.34, color=COLOURS[0])
        _name(axes, row, bar)
    _keep_inside(figure, axes)
    return figure


def _name(axes: Axes, row: int, bar: Bar) -> None:
    """Write a bar's name and figures above it, where any name has room."""
    at = row - 0.2
    across = axes.get_yaxis_transform()
    note = axes.text(
        1, at, legible(bar.note), transform=across, ha="right", va="center", color=FAINT,
        size=SMALL_POINTS, backgroundcolor=CARD,
    )  # fmt: skip
    room = WIDTH_PIXELS - 2 * _MARGIN_PIXELS - note.get_window_extent().width - 24
    label = legible(bar.label) or legible(bar.otherwise)
    name = axes.text(
        0, at, label, transform=across, ha="left", va="center", color=INK,
        size=TEXT_POINTS, backgroundcolor=CARD,
    )  # fmt: skip
    _shorten(name, room)
    for text in (note, name):
        box = text.get_bbox_patch()
        if box is not None:
            box.set_boxstyle("square", pad=0.12)


# --- timelines -------------------------------------------------------------------------------


def _timeline(chart: Timeline) -> Figure:
    count = max(1, len(chart.panels))
    figure = _figure(_HEADER_PIXELS + count * _PANEL_PIXELS + _FOOTER_PIXELS)
    _header(figure, chart.title, chart.subtitle)
    for number, panel in enumerate(chart.panels):
        bottom = _FOOTER_PIXELS + (count - 1 - number) * _PANEL_PIXELS
        axes = _axes(
            figure, left=150, bottom=bottom, width=WIDTH_PIXELS - 150 - _MARGIN_PIXELS,
            height=_PANEL_PIXELS - 80,
        )  # fmt: skip
        _columns(axes, panel, COLOURS[number % len(COLOURS)])
        is_last = number == count - 1
        if any(panel.values):
            _date_ticks(axes, chart.labels if is_last else ())
        else:
            _nothing(axes, chart.empty)
        if is_last:
            axes.set_xlabel(legible(chart.axis), color=FAINT, size=SMALL_POINTS, labelpad=8)
    return figure


def _columns(axes: Axes, panel: Panel, colour: str) -> None:
    places = range(len(panel.values))
    axes.bar(places, panel.values, width=0.8, color=colour)
    axes.set_xlim(-0.6, max(1, len(panel.values)) - 0.4)
    largest = max(panel.values, default=0.0)
    axes.set_ylim(0, largest * 1.08 or 1.0)
    axes.set_title(legible(panel.axis), loc="left", color=INK, size=TEXT_POINTS, pad=12, x=0)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=1)
    _round_ticks(axes, along_x=False, whole=all(value == int(value) for value in panel.values))


def _date_ticks(axes: Axes, labels: Sequence[str]) -> None:
    step = max(1, -(-len(labels) // _TICKS))
    places = range(0, len(labels), step)
    axes.set_xticks(list(places), [legible(labels[place]) for place in places])


def _round_ticks(axes: Axes, *, along_x: bool, whole: bool = False) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = axes.xaxis if along_x else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins=4, integer=whole, min_n_ticks=1))
    axis.set_major_formatter(FuncFormatter(lambda value, _: short_figure(value)))


def short_figure(value: float) -> str:
    """Return a figure of an axis: 1,200 or 15k or 2.5M."""
    for least, size, letter in _LETTERS:
        if abs(value) >= least:
            return f"{value / size:,.3g}{letter}"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def _keep_inside(figure: Figure, axes: Axes) -> None:
    """Turn the outermost figures of an axis inwards, so that none is cut off."""
    figure.canvas.draw_idle()
    labels = axes.get_xticklabels()
    if labels:
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")
