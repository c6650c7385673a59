"""Writes components as Discord shows them: defaults filled in, files under signed addresses.

https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sandbox.discord.wire.cdn import Cdn
from sandbox.discord.world.component_tree import ATTACHMENT_SCHEME, SELECTS, Kind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Attachment

DEFAULTS: dict[int, Json] = {
    **{int(kind): {"min_values": 1, "max_values": 1} for kind in SELECTS},
    int(Kind.CONTAINER): {"accent_color": None, "spoiler": False},
    int(Kind.SEPARATOR): {"divider": True, "spacing": 1},
    int(Kind.THUMBNAIL): {"description": None, "spoiler": False},
    int(Kind.FILE): {"spoiler": False},
}
GALLERY_ITEM: Json = {"description": None, "spoiler": False}


class ComponentPayloads:
    """Writes the components of messages."""

    def __init__(self, cdn: Cdn) -> None:
        self._cdn = cdn

    def write(self, components: Iterable[Json], files: tuple[Attachment, ...]) -> list[Json]:
        """Write components of a message that has these files."""
        return [self._component(component, files) for component in components]

    def _component(self, component: Json, files: tuple[Attachment, ...]) -> Json:
        kind = int(component["type"])
        # ``required`` is a modal's and ignored in messages: #string-select
        sent = {
            key: value
            for key, value in component.items()
            if value is not None and (key != "required" or kind not in SELECTS)
        }
        data: Json = {**DEFAULTS.get(kind, {}), **sent}
        if "components" in data:
            data["components"] = self.write(data["components"], files)
        if "accessory" in data:
            data["accessory"] = self._component(data["accessory"], files)
        if "media" in data:
            data["media"] = self._medium(data["media"], files)
        if "items" in data:
            data["items"] = [
                {**GALLERY_ITEM, **item, "media": self._medium(item["media"], files)}
                for item in data["items"]
            ]
        if kind == Kind.FILE:
            found = _found(data["file"]["url"], files)
            data["file"] = self._medium(data["file"], files)
            data["name"] = found.filename if found else None
            data["size"] = found.size if found else None
        return data

    def _medium(self, medium: Json, files: tuple[Attachment, ...]) -> Json:
        url = str(medium["url"])
        found = _found(url, files)
        if found is None:
            digest = hashlib.sha256(url.encode()).digest()
            return {"id": str(int.from_bytes(digest[:7])), "url": url, "proxy_url": url}
        signed = self._cdn.url(found)
        return {
            "id": str(found.id),
            "attachment_id": str(found.id),
            "url": signed,
            "proxy_url": signed,
            "content_type": found.content_type,
            "width": found.width,
            "height": found.height,
        }


def _found(url: str, files: tuple[Attachment, ...]) -> Attachment | None:
    name = url.removeprefix(ATTACHMENT_SCHEME)
    if name == url:
        return None
    return next((file for file in files if file.filename == name), None)
