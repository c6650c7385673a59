"""Mentions in a text are found, and read as what people saw there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.text import mentions as words
from bot.domain.requests.mentions import Mention, MentionKind, mentions_in, with_names

ANNA, HALL, KNIGHTS = (
    Mention(MentionKind.MEMBER, 101),
    Mention(MentionKind.CHANNEL, 102),
    Mention(MentionKind.ROLE, 103),
)
NAMES = {ANNA: "Anna <3", HALL: "throne-hall", KNIGHTS: "Knights"}


def named(text: str) -> str:
    names = {at: NAMES.get(at) or words.UNKNOWN[at.kind] for at in mentions_in(text)}
    return with_names(text, names, written=words.moment, page=words.PAGE)


def test_each_mention_is_found_once_in_the_order_of_the_text() -> None:
    text = "<@101> and <@!101> lead <@&103> into <#102>, <:party:104> </video text:105> <t:0>"
    assert mentions_in(text) == (ANNA, KNIGHTS, HALL)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("<@101> waves", "Anna 3 waves"),
        ("<@!101> waves", "Anna 3 waves"),
        ("<@999> waves", "someone waves"),
        ("<@&103> ride", "Knights ride"),
        ("<@&999> ride", "some members ride"),
        ("into <#102>", "into throne-hall"),
        ("into <#999>", "into a channel"),
        ("a <:party_cat:104> and an <a:spin:105>", "a party_cat and an spin"),
        ("like </video text:106>", "like /video text"),
        ("from <id:browse> or <id:linked-roles:107>", f"from {words.PAGE} or {words.PAGE}"),
        ("<t:1700000000>", "14 November 2023, 22:13"),
        ("<t:1700000000:R>", "14 November 2023, 22:13"),
        ("<t:1700000000:t>", "22:13"),
        ("<t:1700000000:T>", "22:13:20"),
        ("<t:1700000000:d>", "14 November 2023"),
        ("<t:1700000000:F>", "Tuesday, 14 November 2023, 22:13"),
        ("<t:-86400:D>", "31 December 1969"),
        ("@everyone dances, 1 < 2 > 0, <b>", "@everyone dances, 1 < 2 > 0, <b>"),
        ("<t:99999999999999> and <t:1:x>", "<t:99999999999999> and <t:1:x>"),
    ],
)
def test_markup_reads_as_people_saw_it(typed: str, read: str) -> None:
    assert named(typed) == read


def test_a_display_name_that_looks_like_markup_brings_no_id_in() -> None:
    assert with_names("<@101>", {ANNA: "<@555>"}, written=words.moment, page="") == "@555"


@given(st.text(alphabet="<>@!&#:ta/id 0123456789é", max_size=60))
def test_no_id_of_a_mention_is_left_and_other_text_stays(text: str) -> None:
    read = named(text)
    assert not mentions_in(read)
    if not re.search(r"<.*>", text, re.DOTALL):
        assert read == text
