"""Writes a message as lines of text that are the same in every recording.

What changes from run to run is not the bot's wording: ids it drew, and times, which a client
counts down by itself. Both are shown as of one moment.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.demo.markup import plain, size
from sandbox.discord.world.json import Json
from sandbox.docs.component_lines import component_lines

WIDTH = 96
"""Longest line; wider blocks scroll sideways on a screen."""

EXAMPLE_DAY = "2026-05-04"

EXAMPLE_IDS = (
    *("7F3K2Q", "8HJ4WM", "2C9XTB", "NQ5R1D", "K0V6ZG", "3YPA7S", "W4E8MJ", "Q1T5HC"),
    *("9D2BNX", "F6GK0R", "5ZS3VA", "M8W7PE", "R4J1QY", "6TC9DH", "A2X5KB", "V7N0GF"),
    *("1HS6MC", "E0T9WR", "P4K2YV", "B8G3ZJ"),
)
"""What stands for the ids the bot draws, in the order of their jobs."""

_LISTING = re.compile(r"\A```\n(.*)\n```\Z", re.DOTALL)
_RELATIVE = re.compile(r"(?P<reset>resets )?<t:(?P<at>\d+):R>")
_LENGTHS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(Took|Median render time): [^,]+"), r"\1: 1 min 52 s"),
    (re.compile(r"^(Median wait): [^,]+"), r"\1: 4 s"),
)
"""What stands for lengths of time, by the fact they belong to."""

_HOUR_SECONDS = 3600
_DAY_SECONDS = 24 * _HOUR_SECONDS

_STANDING: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b\d{1,2} [A-Z][a-z]{2}(?: \d{4})? \N{EN DASH} \d{1,2} [A-Z][a-z]{2} \d{4}\b"),
        "5 Apr \N{EN DASH} 4 May 2026",
    ),
    (re.compile(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b"), f"{EXAMPLE_DAY} 12:00:00"),
    (
        re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
        "0385dc79-5ff8-4d82-bcb6-7f2c1e0a9d44",
    ),
    (re.compile(r"\b\d{17,20}\b"), "1234567890123456789"),
    (re.compile(r"(usage-by-\w+\.png) \(.+\)"), r"\1"),
    (re.compile(r"\b(bytes|sha256)=\w+"), r"\1=…"),
)
"""What stands for days and ids that only one recording has."""


@dataclass(slots=True, kw_only=True)
class Placeholders:
    """Puts examples in place of ids and times, which differ from run to run."""

    names: Mapping[str, str]
    """Names of people by id."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Example ids by the real ones."""

    def know(self, job: str) -> str:
        """Return the id that stands for a job's."""
        return self.jobs.setdefault(job, EXAMPLE_IDS[len(self.jobs)])

    def named(self, words: str) -> str:
        """Return words with the ids that stand for the real ones."""
        for real, example in self.jobs.items():
            words = words.replace(real, example)
        return words

    def read(self, markup: str, at: datetime) -> str:
        """Return a text as a person sees it, at the same moment in every recording."""
        since = at.timestamp()
        example = _RELATIVE.sub(lambda found: _moment(found, since), self.named(markup))
        return self.shown(plain(example, names=self.names, at=at))

    def shown(self, words: str) -> str:
        """Return words without anything that only one recording has."""
        words = self.named(words)
        for pattern, example in _STANDING:
            words = pattern.sub(example, words)
        return words


def _moment(found: re.Match[str], since: float) -> str:
    seconds = int(found["at"]) - since
    if found["reset"] and 0 <= seconds < 2 * _DAY_SECONDS:
        # A day ends in a minute or in a day, as the recording happens to be made.
        return "resets in 13 hours"
    return f"{found['reset'] or ''}{_when(seconds)}"


def _when(seconds: float) -> str:
    if seconds < 0:
        return "1 minute ago"
    if seconds < _HOUR_SECONDS:
        return "in 2 minutes"
    return "in 13 hours" if seconds < 2 * _DAY_SECONDS else "in 7 days"


def lines_of(revision: Json, placeholders: Placeholders, at: datetime) -> list[str]:
    """Return a message from top to bottom."""

    def read(markup: object) -> list[str]:
        return placeholders.read(str(markup or ""), at).splitlines()

    # A message that is a listing as a whole needs no sign of it.
    lines = read(_LISTING.sub(r"\1", revision["content"]))
    for file in revision["attachments"]:
        lines += read(f"📎 {file['filename']} ({size(file['size'])})")
    for embed in revision["embeds"]:
        lines += [*read(embed.get("title")), *read(embed.get("description"))]
        lines += _fields(embed, placeholders, at)
        lines += read(embed.get("footer", {}).get("text"))
    return [*lines, *component_lines(revision["components"], read)]


def _fields(embed: Json, placeholders: Placeholders, at: datetime) -> list[str]:
    """Return an embed's fields: the small ones in one line, each other with lines of its own."""
    lines: list[str] = []
    beside: list[str] = []
    for given in (*embed.get("fields", ()), None):
        if given is not None and given.get("inline"):
            value = ", ".join(placeholders.read(given["value"], at).splitlines())
            fact = f"{given['name']}: {value}"
            for pattern, example in _LENGTHS:
                fact = pattern.sub(example, fact)
            beside.append(fact)
            continue
        if beside:
            lines.append(" · ".join(beside))
            beside = []
        if given is not None:
            lines += [given["name"], *_indented(placeholders.read(given["value"], at))]
    return lines


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def wrapped(lines: list[str]) -> str:
    """Return lines that fit the page."""
    return "\n".join(
        part
        for line in lines
        for part in textwrap.wrap(
            line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        or [""]
    )
