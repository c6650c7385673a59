"""Finds buttons, selects and inputs, and checks them for what their form does not show.

https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum

from sandbox.discord.rules import forms
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

V2_COMPONENTS = 40
"""Of a message with everything nested in it; the document counts each list by itself."""
STYLE_LINK, STYLE_PREMIUM = 5, 6
LINK_SCHEMES = ("http://", "https://", "discord://")


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


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Visit every component, whatever holds it."""
    return (component for _, component in located((), components))


def located(at: Path, components: Iterable[Json]) -> Iterator[tuple[Path, Json]]:
    """Visit every component together with its place."""
    for number, component in enumerate(components):
        yield from _located((*at, number), component)


def _located(at: Path, component: Json) -> Iterator[tuple[Path, Json]]:
    yield at, component
    yield from located((*at, "components"), component.get("components") or ())
    for slot in ("accessory", "component"):
        if isinstance(component.get(slot), dict):
            yield from _located((*at, slot), component[slot])


def check_components(problems: Problems, at: Path, components: list[Json], *, v2: bool) -> None:
    """Note what is wrong with a message's components."""
    forms.check(problems, at, components, "ComponentsV2" if v2 else "ActionRows")
    if v2 and sum(1 for _ in walk(components)) > V2_COMPONENTS:
        problems.length(at, 0, V2_COMPONENTS)
    for here, component in located(at, components):
        if component.get("type") == Kind.BUTTON:
            _check_button(problems, here, component)
        elif component.get("type") == Kind.ACTION_ROW:
            _check_width(problems, here, component.get("components") or [])
    _check_unique(problems, at, components)


def _check_width(problems: Problems, at: Path, children: list[Json]) -> None:
    """A select fills its row; the document counts children and does not weigh them."""
    if len(children) > 1 and any(child.get("type") in SELECTS for child in children):
        problems.add(
            (*at, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )


def _check_button(problems: Problems, at: Path, button: Json) -> None:
    """What a button needs depends on its style; the document has one form for all styles."""
    style = button.get("style")
    if style == STYLE_PREMIUM:
        return
    if style == STYLE_LINK:
        if not str(button.get("url", "")).startswith(LINK_SCHEMES):
            problems.add((*at, "url"), "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif button.get("custom_id") is None:
        problems.required((*at, "custom_id"))
    if not button.get("label") and not button.get("emoji"):
        problems.add(at, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji")


def _check_unique(problems: Problems, at: Path, components: list[Json]) -> None:
    """No id twice in one message or modal; the document looks at each component by itself."""
    ids = Counter(part["custom_id"] for part in walk(components) if part.get("custom_id"))
    if any(count > 1 for count in ids.values()):
        problems.add(
            at,
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )


def check_modal(modal: Json) -> None:
    """Refuse a modal that breaks a rule.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    forms.check(problems, ("data",), modal, "ModalInteractionCallbackRequestData")
    items = modal.get("components") or []
    for here, component in located(("data", "components"), items):
        # A text must fit into its own field, of which the document knows nothing.
        value, maximum = component.get("value") or "", component.get("max_length")
        if component.get("type") == Kind.TEXT_INPUT and len(value) > (maximum or len(value)):
            problems.length((*here, "value"), 0, int(maximum or 0))
    _check_unique(problems, ("data", "components"), items)
    problems.refuse()


def numbered(components: list[Json]) -> tuple[Json, ...]:
    """Give every component an id where the bot gave none, as Discord does."""
    counter = iter(range(1, 10_000))

    def complete(component: Json) -> Json:
        data: Json = {"id": next(counter), **component}
        if "components" in data:
            data["components"] = [complete(child) for child in data["components"]]
        for slot in ("accessory", "component"):
            if isinstance(data.get(slot), dict):
                data[slot] = complete(data[slot])
        return data

    return tuple(complete(component) for component in components)
