"""Checks a message's components for what their form does not show.

https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from collections import Counter

from sandbox.discord.rules import forms
from sandbox.discord.rules.choices import check_choices
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.component_tree import (
    ATTACHMENT_SCHEME,
    SELECTS,
    Kind,
    located,
    media,
    walk,
)
from sandbox.discord.world.json import Json

V2_COMPONENTS = 40
"""Of a message with everything nested in it; the document counts each list by itself."""
V2_TEXT_CHARS = 4000
"""Of all text displays together; the document measures each by itself.

https://github.com/discord/discord-api-docs/pull/8562
"""
STYLE_LINK, STYLE_PREMIUM = 5, 6
LINK_SCHEMES = ("http://", "https://", "discord://")
MEDIA_SCHEMES = ("http://", "https://", ATTACHMENT_SCHEME)


def check_components(problems: Problems, at: Path, components: list[Json], *, v2: bool) -> None:
    """Note what is wrong with a message's components."""
    forms.check(problems, at, components, "ComponentsV2" if v2 else "ActionRows")
    if v2:
        _check_layout(problems, at, components)
    for here, component in located(at, components):
        if component.get("type") == Kind.BUTTON:
            _check_button(problems, here, component)
        elif component.get("type") == Kind.ACTION_ROW:
            check_width(problems, here, component.get("components") or [], SELECTS)
        elif component.get("type") in SELECTS:
            check_choices(problems, here, component)
    check_unique(problems, at, components)


def _check_layout(problems: Problems, at: Path, components: list[Json]) -> None:
    if sum(1 for _ in walk(components)) > V2_COMPONENTS:
        problems.length(at, 0, V2_COMPONENTS)
    texts = [part for part in walk(components) if part.get("type") == Kind.TEXT_DISPLAY]
    if sum(len(str(part.get("content"))) for part in texts) > V2_TEXT_CHARS:
        problems.add(
            at,
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"Component's displayable text size exceeds maximum size of {V2_TEXT_CHARS}",
        )


def check_media(problems: Problems, at: Path, components: list[Json], files: set[str]) -> None:
    """Note addresses nobody can fetch, and references to files the message does not have."""
    for here, url in media(at, components):
        # https://discord.com/developers/docs/components/reference#file: no other address there
        allowed = (ATTACHMENT_SCHEME,) if "file" in here else MEDIA_SCHEMES
        if not url.startswith(allowed):
            problems.add(
                here,
                "URL_TYPE_INVALID_SCHEME",
                f'Scheme "{url.partition(":")[0]}" is not supported. '
                f"Scheme must be one of {tuple(scheme.partition(':')[0] for scheme in allowed)}.",
            )
        elif url.startswith(ATTACHMENT_SCHEME) and url.removeprefix(ATTACHMENT_SCHEME) not in files:
            problems.add(
                here,
                "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                f"The referenced attachment '{url.removeprefix(ATTACHMENT_SCHEME)}' was not found",
            )


def check_width(problems: Problems, at: Path, children: list[Json], wide: frozenset[Kind]) -> None:
    """Some components fill their row; the document counts children and does not weigh them."""
    if len(children) > 1 and any(child.get("type") in wide for child in children):
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


def check_unique(problems: Problems, at: Path, components: list[Json]) -> None:
    """No id twice in one message or modal; the document looks at each component by itself."""
    for key, code, sentence in (
        (
            "custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        ),
        ("id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated"),
    ):
        ids = Counter(part[key] for part in walk(components) if part.get(key))
        if any(count > 1 for count in ids.values()):
            problems.add(at, code, sentence)
