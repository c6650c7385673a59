"""Reads a message as one member sees it: texts, files, buttons and selects."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sandbox.discord.world.component_tree import (
    ATTACHMENT_SCHEME,
    SELECTS,
    Kind,
    located,
    media,
    walk,
)
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownButton:
    """A button."""

    label: str
    """With its emoji in front, if it has one."""
    custom_id: str | None
    """None for a link."""
    url: str | None
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOption:
    """An entry of a select."""

    label: str
    value: str
    description: str | None
    chosen: bool
    """The bot put it there as chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSelect:
    """A select."""

    custom_id: str
    placeholder: str | None
    options: tuple[ShownOption, ...]
    """Empty where it offers members, roles or channels."""
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What a message shows."""

    text: str
    """Everything readable, one line a piece."""
    files: tuple[str, ...]
    """Names of the files a member sees, in their order; addresses of what is not the bot's own."""
    buttons: tuple[ShownButton, ...]
    selects: tuple[ShownSelect, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The buttons' labels."""
        return tuple(button.label for button in self.buttons)

    def button(self, label_or_custom_id: str) -> ShownButton:
        """Find a button.

        Raises:
            KeyError: there is none.
        """
        for button in self.buttons:
            if label_or_custom_id in {button.label, button.custom_id}:
                return button
        raise KeyError(label_or_custom_id)

    def select(self, custom_id: str) -> ShownSelect:
        """Find a select.

        Raises:
            KeyError: there is none.
        """
        for select in self.selects:
            if select.custom_id == custom_id:
                return select
        raise KeyError(custom_id)

    def snapshot(self) -> Json:
        """Describe it in JSON for the control API."""
        return asdict(self)


def read_panel(message: Message, *, is_v2: bool) -> Panel:
    """Read a message as it is now.

    Args:
        message: Which.
        is_v2: It is made of components alone: a file that none of them shows is invisible.
    """
    shown = tuple(url.removeprefix(ATTACHMENT_SCHEME) for _, url in media((), message.components))
    files = shown if is_v2 else tuple(file.filename for file in message.attachments)
    parts = [part for _, part in located((), message.components)]
    return Panel(
        text=message.text,
        files=files,
        buttons=tuple(_button(part) for part in parts if part["type"] == Kind.BUTTON),
        selects=tuple(_select(part) for part in parts if part["type"] in SELECTS),
    )


def _button(part: Json) -> ShownButton:
    emoji = (part.get("emoji") or {}).get("name")
    return ShownButton(
        label=" ".join(piece for piece in (emoji, part.get("label")) if piece),
        custom_id=part.get("custom_id"),
        url=part.get("url"),
        disabled=bool(part.get("disabled")),
    )


def _select(part: Json) -> ShownSelect:
    return ShownSelect(
        custom_id=part["custom_id"],
        placeholder=part.get("placeholder"),
        options=tuple(
            ShownOption(
                label=option["label"],
                value=option["value"],
                description=option.get("description"),
                chosen=bool(option.get("default")),
            )
            for option in part.get("options") or ()
        ),
        disabled=bool(part.get("disabled")),
    )


def find_component(message: Message, wanted: str) -> Json | None:
    """Find a component by custom id or label."""
    for component in walk(message.components):
        if wanted in {component.get("custom_id"), component.get("label")}:
            return component
    return None
