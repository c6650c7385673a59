"""Writes buttons, selects, panels and forms as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.discord.world.component_tree import SELECTS, Kind
from sandbox.discord.world.json import Json

SHOWN_CHOICES = 8

Read = Callable[[object], list[str]]
"""Returns markup as the lines a person sees."""


def component_lines(components: Sequence[Json], read: Read) -> list[str]:
    """Return what stands below a message, or makes up a panel, from top to bottom."""
    return [line for component in components for line in _of(component, read)]


def _of(component: Json, read: Read) -> list[str]:
    kind = component["type"]
    inside = component.get("components") or []
    if kind == Kind.ACTION_ROW and all(part["type"] == Kind.BUTTON for part in inside):
        return [" ".join(_button(part) for part in inside)]
    if kind == Kind.SECTION:
        first, *others = component_lines(inside, read)
        return [f"{_button(component['accessory'])} {first}", *others]
    if kind == Kind.TEXT_DISPLAY:
        return read(str(component["content"]).removeprefix("### "))
    if kind == Kind.SEPARATOR:
        return [""]
    if kind in SELECTS:
        chosen = _options(component, _in_one_line(read))
        return [f"[{component.get('placeholder') or '…'} ▾]", *(f"  {line}" for line in chosen)]
    return component_lines(inside, read)


def _button(component: Json) -> str:
    return f"[{component['label']}]"


def _in_one_line(read: Read) -> Callable[[object], str]:
    return lambda words: " ".join(read(words))


def form_lines(form: Json, read: Read) -> list[str]:
    """Return a form: its title, and each field with its hint and what is filled in."""
    lines = read(form["title"])
    for label in form["components"]:
        hint = f": {label['description']}" if label.get("description") else ""
        lines += ["", *read(f"{label['label']}{hint}")]
        lines += [f"  {line}" for line in _field(label["component"], read)]
    return lines


def _field(field: Json, read: Read) -> list[str]:
    kind = field["type"]
    if kind == Kind.TEXT_INPUT:
        return read(field.get("value")) or ["(empty)"]
    if kind == Kind.FILE_UPLOAD:
        return ["(no file)"]
    if kind == Kind.RADIO_GROUP:
        return [
            f"{'(x)' if option.get('default') else '( )'} {_in_one_line(read)(option['label'])}"
            for option in field["options"]
        ]
    return _options(field, _in_one_line(read))


def _options(select: Json, read: Callable[[object], str]) -> list[str]:
    """Return what can be chosen, the usual ones first, and how many more there are."""
    options = select.get("options") or ()
    lines = []
    for option in options[:SHOWN_CHOICES]:
        hint = f" ({read(option['description'])})" if option.get("description") else ""
        lines.append(f"{'(x)' if option.get('default') else '( )'} {read(option['label'])}{hint}")
    left = len(options) - len(lines)
    return [*lines, *([f"(and {left} more)"] if left > 0 else [])]
