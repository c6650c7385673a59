"""Reads a message as lines of text, and tells what is new in it after an edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox.demo.markup import plain, size
from sandbox.discord.world.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One revision of a message, without markup."""

    title: str
    text: tuple[str, ...]
    """Content and descriptions, a line each."""
    facts: tuple[str, ...]
    """The small fields: name and value."""
    things: tuple[str, ...]
    """Attachments and buttons."""
    footer: str

    @property
    def lines(self) -> list[str]:
        """Everything, from top to bottom."""
        return [
            line
            for line in (self.title, *self.text, *_row(self.facts), *_row(self.things), self.footer)
            if line
        ]

    def news_since(self, before: Card) -> list[str]:
        """Return what an earlier revision did not show; the title is told elsewhere."""
        facts = [fact for fact in self.facts if fact not in before.facts]
        things = [thing for thing in self.things if thing not in before.things]
        text = [line for line in self.text if line not in before.text]
        return [*text, *_row(facts), *_row(things)]


def _row(parts: Sequence[str]) -> list[str]:
    """Put short parts into one line, or none."""
    return [" · ".join(parts)] if parts else []


def card_of(revision: Json, *, names: Mapping[str, str], at: datetime) -> Card:
    """Read a message's revision as the Discord sandbox shows it."""

    def read(markup: object) -> str:
        return plain(str(markup or ""), names=names, at=at)

    embeds = revision["embeds"]
    fields = [field for embed in embeds for field in embed.get("fields", ())]
    text = [revision["content"], *(embed.get("description") for embed in embeds)]
    files = [f"📎 {file['filename']} ({size(file['size'])})" for file in revision["attachments"]]
    buttons = [
        f"[{part['label']}]"
        for row in revision["components"]
        for part in row.get("components", ())
        if part.get("label")
    ]
    return Card(
        title=" ".join(read(embed.get("title")) for embed in embeds),
        text=tuple(line for part in text for line in read(part).splitlines()),
        facts=tuple(f"{read(field['name'])}: {read(field['value'])}" for field in fields),
        things=tuple(files + buttons),
        footer=" ".join(read(embed.get("footer", {}).get("text")) for embed in embeds),
    )
