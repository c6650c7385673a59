"""Charts: right size, nothing cut off, every name legible, whatever people are called."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from bot.domain.guilds.charts import Bar, Chart, Panel, Ranking, Timeline
from bot.media import charts

NAMES = (
    "山田太郎", "김철수", "王小明", "Ada", "Žluťoučký kůň", "$\\frac{1}{2}$ _x_", "🎬", "W" * 40,
)  # fmt: skip
CARD = (0x1E, 0x1F, 0x22)


def a_ranking(*names: str, scale: float = 1.0) -> Ranking:
    bars = (
        Bar(
            label=name,
            value=scale * (len(names) - at),
            note=f"{scale:,.2f} CNY · 1 video",
            otherwise="Member 42",
        )
        for at, name in enumerate(names)
    )
    return Ranking(
        title="Usage by member",
        subtitle="today",
        axis="Cost in CNY",
        bars=tuple(bars),
        empty="–",  # noqa: RUF001
    )


def a_timeline(count: int, scale: float = 1.0) -> Timeline:
    values = tuple(scale * (at % 7) for at in range(count))
    panels = (Panel(axis="Videos", values=values), Panel(axis="Cost in CNY", values=values))
    return Timeline(
        title="Usage by day",
        subtitle="30 days",
        axis="Day (UTC)",
        labels=tuple(f"{at + 1} Nov" for at in range(count)),
        panels=panels,
        empty="Nothing in this period",
    )


CHARTS: dict[str, Chart] = {
    "no member": a_ranking(),
    "one member": a_ranking("Ada"),
    "eight members": a_ranking(*NAMES),
    "huge": a_ranking(*NAMES, scale=1e12),
    "tiny": a_ranking(*NAMES, scale=1e-6),
    "no day": a_timeline(0),
    "one day": a_timeline(1),
    "thirty days": a_timeline(30),
    "sixty-two days": a_timeline(62, 1e9),
    "empty days": a_timeline(30, 0),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_a_card_with_nothing_at_its_edge(name: str) -> None:
    with Image.open(io.BytesIO(charts.draw(CHARTS[name]))) as picture:
        drawn = picture.convert("RGB")
    assert drawn.width == charts.WIDTH_PIXELS
    assert drawn.height <= 2 * drawn.width, "a phone shows it whole"
    width, height = drawn.size
    edges = [
        drawn.crop(box).getcolors()
        for box in (
            (0, 0, width, 10),
            (0, height - 8, width, height),
            (0, 0, 10, height),
            (width - 10, 0, width, height),
        )
    ]
    assert all(
        colours is not None and [colour for _, colour in colours] == [CARD] for colours in edges
    )


def test_a_chart_can_be_told_from_an_empty_one() -> None:
    def inked(chart: Chart) -> int:
        with Image.open(io.BytesIO(charts.draw(chart))) as picture:
            colours = picture.convert("RGB").getcolors(1 << 20) or []
        return sum(count for count, colour in colours if colour != CARD)

    assert inked(a_timeline(30)) > 2 * inked(a_timeline(30, 0))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("山田太郎🎬✨", "山田太郎"),
        ("김철수", "김철수"),
        ("王小明（设计部）", "王小明(设计部)"),  # noqa: RUF001
        ("ﾔﾏﾀﾞ", "ヤマダ"),
        ("🎬🎞️", ""),
        ("tab\tand\nline", "tab and line"),
        ("\u202egnihton", "gnihton"),
    ],
)
def test_characters_without_a_picture_are_left_out(typed: str, shown: str) -> None:
    assert charts.legible(typed) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.25, "0.25"), (1200, "1,200"), (15_000, "15k"), (2.5e6, "2.5M"), (3e9, "3B")],
)
def test_figures_of_an_axis_are_short(value: float, shown: str) -> None:
    assert charts.short_figure(value) == shown


def test_the_font_has_its_licence_beside_it() -> None:
    licence = charts.FONT.with_name(f"{charts.FONT.stem}-LICENSE.txt")
    assert "Apache License" in licence.read_text("utf-8")
    assert charts.FONT.stat().st_size < 4 * 1024 * 1024


def test_matplotlib_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    charts.draw(a_ranking("Ada"))
    assert list(tmp_path.iterdir()) == []
