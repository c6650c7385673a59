"""Limits of buttons, selects and modals.

https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import IntEnum

from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

ROWS = BUTTONS_PER_ROW = MODAL_ITEMS = 5
V2_COMPONENTS = 40
CUSTOM_ID_CHARS = 100
LABEL_CHARS = 80
SELECT_OPTIONS = 25
MODAL_TITLE_CHARS = 45
MODAL_LABEL_CHARS = 45
PLACEHOLDER_CHARS = 150
TEXT_INPUT_CHARS = 4000
STYLE_LINK, STYLE_PREMIUM = 5, 6


class Kind(IntEnum):
    """Component types this server looks into."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    TEXT_DISPLAY = 10
    LABEL = 18


SELECTS = frozenset(
    {
        Kind.STRING_SELECT,
        Kind.USER_SELECT,
        Kind.ROLE_SELECT,
        Kind.MENTIONABLE_SELECT,
        Kind.CHANNEL_SELECT,
    }
)


def walk(components: list[Json] | tuple[Json, ...]) -> Iterator[Json]:
    """Visit every component, whatever holds it."""
    for each in components:
        yield each
        yield from walk(each.get("components") or [])
        for slot in ("accessory", "component"):
            if isinstance(each.get(slot), dict):
                yield from walk([each[slot]])


def check_components(problems: Problems, at: Path, components: list[Json], *, v2: bool) -> None:
    """Note what is wrong with a message's components."""
    if v2:
        if sum(1 for _ in walk(components)) > V2_COMPONENTS:
            problems.count(at, list(walk(components)), V2_COMPONENTS)
    else:
        problems.count(at, components, ROWS)
        for number, row in enumerate(components):
            _check_row(problems, (*at, number), row)
    _check_unique(problems, at, components)


def _check_row(problems: Problems, at: Path, row: Json) -> None:
    if row.get("type") != Kind.ACTION_ROW:
        problems.choices((*at, "type"), "1")
        return
    children = row.get("components") or []
    problems.count((*at, "components"), children, BUTTONS_PER_ROW, minimum=1)
    selects = [each for each in children if each.get("type") in SELECTS]
    if selects and len(children) > 1:
        problems.add(
            (*at, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )
    for number, each in enumerate(children):
        here: Path = (*at, "components", number)
        if each.get("type") == Kind.BUTTON:
            _check_button(problems, here, each)
        elif each.get("type") in SELECTS:
            _check_select(problems, here, each)
        else:
            problems.choices((*here, "type"), "2, 3, 5, 6, 7, 8")


def _check_button(problems: Problems, at: Path, button: Json) -> None:
    problems.text((*at, "label"), button.get("label"), LABEL_CHARS)
    style = button.get("style")
    if style == STYLE_LINK:
        if not str(button.get("url", "")).startswith(("http://", "https://", "discord://")):
            problems.add((*at, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif style == STYLE_PREMIUM:
        return
    elif style in {1, 2, 3, 4}:
        problems.text((*at, "custom_id"), button.get("custom_id"), CUSTOM_ID_CHARS, minimum=1)
    else:
        problems.choices((*at, "style"), "1, 2, 3, 4, 5, 6")
    if not button.get("label") and not button.get("emoji"):
        problems.add(at, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji")


def _check_select(problems: Problems, at: Path, select: Json) -> None:
    problems.text((*at, "custom_id"), select.get("custom_id"), CUSTOM_ID_CHARS, minimum=1)
    problems.text((*at, "placeholder"), select.get("placeholder"), PLACEHOLDER_CHARS)
    if select.get("type") != Kind.STRING_SELECT:
        return
    options = select.get("options") or []
    problems.count((*at, "options"), options, SELECT_OPTIONS, minimum=1)
    for number, each in enumerate(options):
        for key in ("label", "value"):
            problems.text((*at, "options", number, key), each.get(key), 100, minimum=1)
        problems.text((*at, "options", number, "description"), each.get("description"), 100)


def _check_unique(problems: Problems, at: Path, components: list[Json]) -> None:
    ids = Counter(each["custom_id"] for each in walk(components) if each.get("custom_id"))
    if any(count > 1 for count in ids.values()):
        problems.add(
            at,
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )


def check_modal(modal: Json) -> None:
    """Refuse a modal that breaks a limit.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    problems.text(("data", "title"), modal.get("title"), MODAL_TITLE_CHARS, minimum=1)
    problems.text(("data", "custom_id"), modal.get("custom_id"), CUSTOM_ID_CHARS, minimum=1)
    items = modal.get("components") or []
    problems.count(("data", "components"), items, MODAL_ITEMS, minimum=1)
    for number, item in enumerate(items):
        here: Path = ("data", "components", number)
        if item.get("type") not in {Kind.ACTION_ROW, Kind.LABEL, Kind.TEXT_DISPLAY}:
            problems.choices((*here, "type"), "1, 10, 18")
        if item.get("type") == Kind.LABEL:
            problems.text((*here, "label"), item.get("label"), MODAL_LABEL_CHARS, minimum=1)
            problems.text((*here, "description"), item.get("description"), 100)
        for each in walk([item]):
            if each.get("type") == Kind.TEXT_INPUT:
                _check_text_input(problems, here, each)
    _check_unique(problems, ("data", "components"), items)
    problems.refuse()


def _check_text_input(problems: Problems, at: Path, item: Json) -> None:
    problems.text((*at, "custom_id"), item.get("custom_id"), CUSTOM_ID_CHARS, minimum=1)
    problems.text((*at, "label"), item.get("label"), MODAL_LABEL_CHARS)
    problems.text((*at, "placeholder"), item.get("placeholder"), 100)
    maximum = int(item.get("max_length") or TEXT_INPUT_CHARS)
    problems.text((*at, "value"), item.get("value"), min(maximum, TEXT_INPUT_CHARS))


def numbered(components: list[Json]) -> tuple[Json, ...]:
    """Give every component an id where the bot gave none, as Discord does."""
    counter = iter(range(1, 10_000))

    def complete(each: Json) -> Json:
        data: Json = {"id": next(counter), **each}
        if "components" in data:
            data["components"] = [complete(child) for child in data["components"]]
        for slot in ("accessory", "component"):
            if isinstance(data.get(slot), dict):
                data[slot] = complete(data[slot])
        return data

    return tuple(complete(each) for each in components)
