"""The picture of the conversation: markup read, lines broken, windows drawn, nothing missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFont

from sandbox.demo.conversation.flow import Look, words
from sandbox.demo.conversation.ink import FONTS, Face, pieces, width_of
from sandbox.demo.conversation.picture import Conversation, draw
from sandbox.demo.conversation.richtext import Code, Paragraph, Reader, Run, Style, read
from sandbox.demo.errors import DemoError
from sandbox.demo.shown_messages import ShownMessage, Visibility
from sandbox.demo.video_requests import VIDEO_REQUESTS

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
READER = Reader(names={"42": "tom"}, at=NOON)
BOT, TOM, MIA = "1", "42", "43"


def revision(**given: Any) -> dict[str, Any]:  # noqa: ANN401 - Discord's JSON
    return {"content": "", "embeds": [], "components": [], "attachments": [], **given}


def card(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "description": "First and last frame · **a model**\n```\na cat\n```",
        "color": 0x3BA55D,
        "fields": [{"name": "Requested by", "value": "<@42>", "inline": True}],
        "footer": {"text": "Job ABC123"},
    }


BUTTON = [{"type": 1, "components": [{"type": 2, "label": "Cancel"}]}]
VIDEO = {"filename": "a.mp4", "content_type": "video/mp4", "size": 9, "path": "/nowhere/a.mp4"}
ANSWER = ShownMessage(
    visibility=Visibility.PRIVATE,
    at=NOON,
    message_id="10",
    whom=TOM,
    command="/video frames",
    revision=revision(content="Queued as Job `ABC123` · [follow it](https://discord.com/1/2/3)"),
)
STATUS = ShownMessage(
    visibility=Visibility.PUBLIC,
    at=NOON,
    message_id="11",
    revision=revision(embeds=[card("🕓 Waiting")], components=BUTTON),
)
DONE = replace(STATUS, revision=revision(embeds=[card("✅ Done")], attachments=[VIDEO]))
NOTICE = replace(
    STATUS,
    message_id="12",
    reference_id="11",
    revision=revision(content="<@42> your video is ready.\n-# Job ABC123"),
)
LOOKED = replace(ANSWER, message_id="13", whom=MIA, command="/queue show")


def conversation(*seen: ShownMessage) -> Conversation:
    return Conversation(
        request=VIDEO_REQUESTS[0],
        command={"description": "Make a video.", "options": [{"name": "seed"}]},
        seen=seen,
        names={TOM: "tom", MIA: "mia", BOT: "Tween"},
        bot_id=BOT,
        channel="videos",
        frame=Image.new("RGB", (120, 80), "orange"),
        seconds=5,
    )


def test_markup_becomes_runs_of_one_style_each() -> None:
    soon = int((NOON + timedelta(minutes=2)).timestamp())
    markup = f"**wan** costs `1`, says [tom](https://example.org) <@42> <t:{soon}:R>"
    assert list(read(markup, READER)) == [
        Paragraph(
            runs=(
                Run("wan", Style.STRONG),
                Run(" costs "),
                Run("1", Style.CODE),
                Run(", says "),
                Run("tom", Style.LINK),
                Run(" "),
                Run("@tom", Style.MENTION),
                Run(" "),
                Run("in 2 minutes", Style.TIME),
            )
        )
    ]


def test_blocks_of_code_and_small_print_stand_for_themselves() -> None:
    assert list(read("Rewritten:\n```\n**a cat**\n```\n-# small", READER)) == [
        Paragraph(runs=(Run("Rewritten:"),)),
        Code(words="**a cat**"),
        Paragraph(runs=(Run("small"),), is_small=True),
    ]


def test_lines_fit_and_no_word_is_lost() -> None:
    look = Look(size=14)
    text = words("The cat keeps perfectly still while the camera glides in.", look, 120)
    lines = ["".join(run.words for run in line) for line in text.lines]
    assert len(lines) > 2
    assert " ".join(lines) == "The cat keeps perfectly still while the camera glides in."
    assert max(width_of(line, Face.TEXT, 14) for line in lines) <= 120


def test_emoji_are_told_from_letters() -> None:
    assert list(pieces("🛠️ Needs → ✓")) == [("🛠️", True), (" Needs → ✓", False)]


def test_every_emoji_and_letter_of_the_bot_is_in_the_fonts() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bot" / "chat").glob("*.py"))
    used = {letter for letter in sources if not letter.isascii()} - set("▰▱\ufe0f│├└─")
    emoji = ImageFont.truetype(FONTS / "NotoColorEmoji.ttf", 109)
    text = ImageFont.truetype(FONTS / "Inter-Regular.otf", 40)
    missing = [
        letter
        for letter in sorted(used)
        for font in [emoji if next(pieces(letter))[1] else text]
        if bytes(font.getmask(letter)) == bytes(font.getmask("\U0010fffd"))
    ]
    assert missing == []


def test_the_picture_shows_three_windows_and_a_fourth_for_who_looked() -> None:
    three = draw(conversation(ANSWER, STATUS, DONE, NOTICE))
    four = draw(conversation(ANSWER, STATUS, LOOKED, DONE, NOTICE))
    assert three.width == four.width == 2000
    assert four.height >= three.height
    empty = Image.new("RGB", three.size, three.getpixel((0, 0)))
    assert three.tobytes() != empty.tobytes()


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ((STATUS, DONE, NOTICE), "a private answer"),
        ((ANSWER, DONE, NOTICE), "a status message with a button"),
        ((ANSWER, STATUS, NOTICE), "a video"),
        ((ANSWER, STATUS, DONE), "a notification"),
    ],
)
def test_what_was_not_seen_is_not_drawn(seen: tuple[ShownMessage, ...], missing: str) -> None:
    with pytest.raises(DemoError, match=missing):
        draw(conversation(*seen))


def test_the_fonts_come_with_their_licence() -> None:
    licence = (FONTS / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    for path in FONTS.iterdir():
        assert path.name == "OFL.txt" or path.name in licence
