"""Names the kinds of components and walks through what holds them.

https://discord.com/developers/docs/components/reference#component-object-component-types
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

from sandbox.discord.world.json import Json


class Kind(IntEnum):
    """Component types."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


SELECTS = frozenset(
    {
        Kind.STRING_SELECT,
        Kind.USER_SELECT,
        Kind.ROLE_SELECT,
        Kind.MENTIONABLE_SELECT,
        Kind.CHANNEL_SELECT,
    }
)
ATTACHMENT_SCHEME = "attachment://"


def walk(components: Iterable[Json]) -> Iterator[Json]:
    """Visit every component, whatever holds it."""
    return (component for _, component in located((), components))


def located(
    at: tuple[str | int, ...], components: Iterable[Json]
) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Visit every component together with its place."""
    for number, component in enumerate(components):
        yield from _located((*at, number), component)


def _located(
    at: tuple[str | int, ...], component: Json
) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    yield at, component
    yield from located((*at, "components"), component.get("components") or ())
    for slot in ("accessory", "component"):
        if isinstance(component.get(slot), dict):
            yield from _located((*at, slot), component[slot])


def media(
    at: tuple[str | int, ...], components: Iterable[Json]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Visit the address of every picture, video and file a message's components show."""
    for here, component in located(at, components):
        if component.get("type") == Kind.MEDIA_GALLERY:
            for number, item in enumerate(component.get("items") or ()):
                yield (*here, "items", number, "media", "url"), str(item["media"]["url"])
        elif component.get("type") == Kind.THUMBNAIL:
            yield (*here, "media", "url"), str(component["media"]["url"])
        elif component.get("type") == Kind.FILE:
            yield (*here, "file", "url"), str(component["file"]["url"])


def shown_files(components: Iterable[Json]) -> set[str]:
    """Name the uploaded files the components show."""
    return {
        url.removeprefix(ATTACHMENT_SCHEME)
        for _, url in media((), components)
        if url.startswith(ATTACHMENT_SCHEME)
    }


def numbered(components: Iterable[Json]) -> tuple[Json, ...]:
    """Give every component an id where the bot gave none, as Discord does.

    https://discord.com/developers/docs/components/reference#anatomy-of-a-component: 0 counts as
    none, and no id the bot chose is given out again.
    """
    chosen = {component.get("id") for component in walk(components)}
    free = (number for number in range(1, 10_000) if number not in chosen)

    def complete(component: Json) -> Json:
        data: Json = {**component, "id": component.get("id") or next(free)}
        if "components" in data:
            data["components"] = [complete(child) for child in data["components"]]
        for slot in ("accessory", "component"):
            if isinstance(data.get(slot), dict):
                data[slot] = complete(data[slot])
        return data

    return tuple(complete(component) for component in components)
