"""What the documentation shows of the bot: steady lines, true tables, and the bot's own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.commands import leaves
from sandbox.demo.transcript import Transcript
from sandbox.docs.blocks import blocks_of
from sandbox.docs.component_lines import form_lines
from sandbox.docs.options import options_table
from sandbox.docs.recording import record
from sandbox.docs.reply import WIDTH, Placeholders, lines_of, wrapped

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def at(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


def test_ids_and_times_are_the_same_in_every_recording() -> None:
    frozen = Placeholders(names={"42": "tom"})
    assert frozen.know("ZZZZZZ") == frozen.know("ZZZZZZ") == "7F3K2Q"
    assert frozen.know("YYYYYY") == "8HJ4WM"
    assert frozen.read("<@42>: `ZZZZZZ` before `YYYYYY`", NOON) == "@tom: 7F3K2Q before 8HJ4WM"
    for minutes, shown in ((-600, "1 minute ago"), (3, "in 2 minutes"), (700, "in 13 hours")):
        assert frozen.read(at(NOON + timedelta(minutes=minutes)), NOON) == shown
    for minutes in (3, 700):
        reset = f"resets {at(NOON + timedelta(minutes=minutes))}"
        assert frozen.read(reset, NOON) == "resets in 13 hours"


def test_days_and_numbers_of_one_recording_are_not_shown() -> None:
    frozen = Placeholders(names={"42": "lounge"})
    assert frozen.read("<#42>, 23 Oct \N{EN DASH} 21 Nov 2026", NOON) == (
        "#lounge, 5 Apr \N{EN DASH} 4 May 2026"
    )
    assert frozen.shown("2026-11-21 12:59:03 bytes=17") == "2026-05-04 12:00:00 bytes=…"
    assert frozen.shown("Club · 1573684159920996354") == "Club · 1234567890123456789"
    assert frozen.read(at(NOON + timedelta(days=6)), NOON) == "in 7 days"


def test_a_message_is_read_from_top_to_bottom() -> None:
    message = {
        "content": "<@42> look",
        "attachments": [{"filename": "a.mp4", "size": 3_000_000}],
        "embeds": [
            {
                "title": "Done",
                "description": "**a model**",
                "fields": [
                    {"name": "Seed", "value": "7", "inline": True},
                    {"name": "Took", "value": "13 s", "inline": True},
                    {"name": "Waiting", "value": "one\ntwo", "inline": False},
                    {"name": "Cost", "value": "1", "inline": True},
                ],
                "footer": {"text": "Job ZZZZZZ"},
            }
        ],
        "components": [
            {
                "type": 1,
                "components": [{"type": 2, "label": "Again"}, {"type": 2, "label": "Edit"}],
            }
        ],
    }
    frozen = Placeholders(names={"42": "tom"}, jobs={"ZZZZZZ": "7F3K2Q"})
    assert lines_of(message, frozen, NOON) == [
        "@tom look",
        "📎 a.mp4 (2.9 MiB)",
        "Done",
        "a model",
        "Seed: 7 · Took: 1 min 52 s",
        "Waiting",
        "  one",
        "  two",
        "Cost: 1",
        "Job 7F3K2Q",
        "[Again] [Edit]",
    ]


def test_a_panel_is_read_with_what_can_be_chosen_in_it() -> None:
    models = [{"label": f"model {number}", "value": str(number)} for number in range(10)]
    container = {
        "type": 17,
        "components": [
            {"type": 10, "content": "### Go on from `ZZZZZZ`"},
            {
                "type": 9,
                "components": [{"type": 10, "content": "Other seeds."}],
                "accessory": {"type": 2, "label": "3 more takes"},
            },
            {
                "type": 1,
                "components": [
                    {"type": 3, "custom_id": "m", "placeholder": "Choose", "options": models}
                ],
            },
            {"type": 14},
            {"type": 10, "content": "Queued:\n-# `ZZZZZZ` · Done"},
        ],
    }
    message = {"content": "", "attachments": [], "embeds": [], "components": [container]}
    frozen = Placeholders(names={}, jobs={"ZZZZZZ": "7F3K2Q"})
    lines = lines_of(message, frozen, NOON)
    assert lines[:4] == [
        "Go on from 7F3K2Q",
        "[3 more takes] Other seeds.",
        "[Choose ▾]",
        "  ( ) model 0",
    ]
    assert lines[-4:] == ["  (and 2 more)", "", "Queued:", "7F3K2Q · Done"]


def test_a_form_is_read_with_what_is_filled_in() -> None:
    options: list[dict[str, Any]] = [
        {"label": "Mine", "value": "m", "default": True},
        {"label": "Theirs", "value": "t"},
    ]
    fields: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
        ("Words", "What happens.", {"type": 4, "value": "a cat"}),
        ("Seed", None, {"type": 4}),
        ("Whose", None, {"type": 21, "options": options}),
        ("Which", None, {"type": 3, "options": [{**options[1], "description": "Dearer"}]}),
        ("Last frame", None, {"type": 19}),
    )
    form = {
        "title": "Edit Job",
        "components": [
            {"type": 18, "label": label, "description": hint, "component": field}
            for label, hint, field in fields
        ],
    }
    assert form_lines(form, lambda words: str(words or "").splitlines()) == [
        "Edit Job",
        *("", "Words: What happens.", "  a cat"),
        *("", "Seed", "  (empty)"),
        *("", "Whose", "  (x) Mine", "  ( ) Theirs"),
        *("", "Which", "  ( ) Theirs (Dearer)"),
        *("", "Last frame", "  (no file)"),
    ]


def test_long_lines_are_broken_and_blank_ones_kept() -> None:
    text = wrapped(["word " * 40, "", "end"])
    lines = text.split("\n")
    assert max(map(len, lines)) <= WIDTH
    assert lines[-2:] == ["", "end"]


def test_options_are_described_with_their_bounds() -> None:
    table = options_table(
        {
            "options": [
                {"name": "a", "type": 11, "required": True, "description": "One"},
                {"name": "b", "type": 4, "min_value": 0, "max_value": 9000, "description": "Two"},
                {
                    "name": "c",
                    "type": 3,
                    "choices": [{"name": "x"}, {"name": "y"}],
                    "description": "3",
                },
                {
                    "name": "d",
                    "type": 3,
                    "max_length": 800,
                    "autocomplete": True,
                    "description": "4",
                },
            ]
        }
    )
    assert table.splitlines()[2:] == [
        "| `a` | required | picture | One |",
        "| `b` |  | whole number, 0 to 9,000 | Two |",
        "| `c` |  | one of `x`, `y` | 3 |",
        "| `d` |  | text, at most 800 characters, from a list | 4 |",
    ]
    assert options_table({"options": []}) == "No options."


def test_commands_below_groups_have_their_full_names() -> None:
    deep = {"name": "b", "type": 2, "options": [{"name": "c", "type": 1, "options": []}]}
    commands: list[dict[str, Any]] = [
        {"name": "a", "options": [deep, {"name": "d", "type": 1}]},
        {"name": "e", "type": 1, "options": [{"name": "o", "type": 3}]},
        {"name": "Animate image", "type": 3},
    ]
    assert list(leaves(commands)) == ["a b c", "a d", "e"]


@pytest.mark.e2e
@pytest.mark.timeout(900)
async def test_the_bot_still_says_what_the_documentation_shows(tmp_path: Path) -> None:
    recording = await record(tmp_path, Transcript())
    blocks = blocks_of((ROOT / "docs" / "commands.md").read_text("utf-8"))
    shown = {f"/{name}": name for name in recording.commands}
    shown |= {name: name for name in recording.pressed}
    for heading, name in shown.items():
        assert blocks[f"replies to {heading}"] == recording.of(name), "run `make docs`"
