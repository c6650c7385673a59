"""What Discord writes into a text for a mention, and the text with names in its place.

A model reads ``<@80351110224678912>`` as noise, and whose account it is is none of the provider's
business. The forms: https://discord.com/developers/docs/reference#message-formatting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class MentionKind(StrEnum):
    """What is mentioned by its id alone; its name has to be found out."""

    MEMBER = "member"
    ROLE = "role"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody or something that a text mentions."""

    kind: MentionKind
    id: int


class TimeStyle(StrEnum):
    """How a moment is written, by the letter Discord has for it."""

    TIME = "t"
    TIME_WITH_SECONDS = "T"
    DATE = "d"
    LONG_DATE = "D"
    MOMENT = "f"
    LONG_MOMENT = "F"
    SHORT_MOMENT = "s"
    SHORT_MOMENT_WITH_SECONDS = "S"
    RELATIVE = "R"


_MARKUP = re.compile(
    r"<(?:"
    r"@!?(?P<member>\d{1,20})|@&(?P<role>\d{1,20})|\#(?P<channel>\d{1,20})"
    r"|a?:(?P<emoji>\w+):\d{1,20}"
    r"|/(?P<command>[^<>:]+):\d{1,20}"
    r"|t:(?P<moment>-?\d{1,14})(?::(?P<style>\w))?"
    r"|id:(?P<page>[\w-]+)(?::\d{1,20})?"
    r")>"
)


def mentions_in(text: str) -> tuple[Mention, ...]:
    """Return who and what a text mentions by id, each once, in the order of the text."""
    return tuple(
        dict.fromkeys(mention for found in _MARKUP.finditer(text) if (mention := _of(found)))
    )


def _of(found: re.Match[str]) -> Mention | None:
    for kind in MentionKind:
        if found[kind] is not None:
            return Mention(kind, int(found[kind]))
    return None


def with_names(
    text: str,
    names: Mapping[Mention, str],
    *,
    written: Callable[[datetime, TimeStyle], str],
    page: str,
) -> str:
    """Return a text that says what people read where Discord's markup stood.

    Args:
        text: as it was typed.
        names: of everything that ``mentions_in`` finds in it.
        written: how a moment reads.
        page: what one of the pages that every server has is called.
    """

    def said(found: re.Match[str]) -> str:
        mention = _of(found)
        if mention is not None:
            # A display name may itself look like markup.
            return names[mention].replace("<", "").replace(">", "")
        if found["moment"] is not None:
            return _moment(found, written)
        if found["page"] is not None:
            return page
        return found["emoji"] or "/" + found["command"]

    return _MARKUP.sub(said, text)


def _moment(found: re.Match[str], written: Callable[[datetime, TimeStyle], str]) -> str:
    try:
        moment = datetime.fromtimestamp(int(found["moment"]), UTC)
        style = TimeStyle(found["style"] or TimeStyle.MOMENT)
    except (OverflowError, OSError, ValueError):
        return found[0]  # no moment that Discord would show either
    return written(moment, style)
