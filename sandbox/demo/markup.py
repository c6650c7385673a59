"""Reads Discord's markup as a person sees it: no stars, names for ids, times counted down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\(https?://[^)\s]+\)")
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*|__(.+?)__|\|\|(.+?)\|\||`([^`]+)`")
_SUBTEXT = re.compile(r"^-# ", re.MULTILINE)
_MENTION = re.compile(r"<(?:(?P<sign>#|@)[!&]?)(?P<id>\d+)>")
_TIME = re.compile(r"<t:(\d+)(?::([a-zA-Z]))?>")

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def plain(markup: str, *, names: Mapping[str, str], at: datetime) -> str:
    """Return a text without markup.

    Args:
        markup: What the bot wrote.
        names: Names of people, roles and channels by id.
        at: When somebody looks at it.
    """
    text = _FENCE.sub(r"“\1”", markup)
    text = _SUBTEXT.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _EMPHASIS.sub(lambda found: next(group for group in found.groups() if group), text)
    text = _MENTION.sub(lambda found: _name(found["sign"], names.get(found["id"])), text)
    return _TIME.sub(lambda found: moment(int(found[1]), found[2], at), text)


def _name(sign: str, name: str | None) -> str:
    return f"{sign}{name or ('somebody' if sign == '@' else 'somewhere')}"


def moment(epoch: int, style: str | None, at: datetime) -> str:
    """Return a time as Discord's client shows it to somebody who looks at ``at``."""
    if style != "R":
        return f"{datetime.fromtimestamp(epoch, at.tzinfo):%Y-%m-%d %H:%M}"
    seconds = round(epoch - at.timestamp())
    return f"in {span(seconds)}" if seconds >= 0 else f"{span(-seconds)} ago"


def span(seconds: int) -> str:
    """Return a length of time in its largest fitting unit, as Discord's client rounds it."""
    for length, word in _UNITS:
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {word}" if count == 1 else f"{count} {word}s"
    return "a moment"


def size(count: int) -> str:
    """Return a number of bytes for people."""
    mib = 1024 * 1024
    return f"{count / mib:.1f} MiB" if count >= mib else f"{max(1, round(count / 1024))} KiB"
