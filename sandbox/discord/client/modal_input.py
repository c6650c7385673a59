"""Builds what Discord's client sends when a modal is filled in.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.discord.client.command_input import (
    ClientRefusedError,
    Resolved,
    Upload,
    attach,
)
from sandbox.discord.core import Core
from sandbox.discord.rules.components import Kind
from sandbox.discord.rules.facts import schemas
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, User

FILE_UPLOAD = 19
SINGLE_VALUE_KINDS = frozenset({int(Kind.TEXT_INPUT), 21, 23})
"""Text input, radio group and checkbox send ``value``; everything else ``values``."""


async def modal_data(
    core: Core, channel: Channel, user: User, modal: Json, values: Mapping[str, object]
) -> Json:
    """Build ``data`` of a modal submit.

    Raises:
        ClientRefusedError: the client would not send it.
    """
    left = dict(values)
    resolved = Resolved()
    items: list[Json] = []
    for number, item in enumerate(modal["components"], start=1):
        if item["type"] == Kind.LABEL:
            label, inner = item.get("label"), item["component"]
        elif item["type"] == Kind.ACTION_ROW:
            inner = item["components"][0]
            label = inner.get("label")
        else:
            items.append({"type": item["type"], "id": number})
            continue
        given = left.pop(inner["custom_id"], left.pop(label, None))
        filled: Json = {"type": inner["type"], "id": number, "custom_id": inner["custom_id"]}
        if inner["type"] in SINGLE_VALUE_KINDS:
            filled["value"] = _text(inner, given)
        else:
            filled["values"] = await _values(core, channel, user, inner, given, resolved)
        if item["type"] == Kind.LABEL:
            items.append({"type": int(Kind.LABEL), "id": number, "component": filled})
        else:
            items.append({"type": int(Kind.ACTION_ROW), "id": number, "components": [filled]})
    if left:
        raise ClientRefusedError(f"the modal has no field {', '.join(left)}")
    data: Json = {"custom_id": modal["custom_id"], "components": items}
    if resolved.objects:
        data["resolved"] = resolved.objects
    return data


def _text(item: Json, given: object) -> object:
    if item["type"] != Kind.TEXT_INPUT:
        return given
    text = str(item.get("value") or "") if given is None else str(given)
    required = item.get("required", True)
    low = int(item.get("min_length") or (1 if required else 0))
    fields = schemas()["TextInputComponentForModalRequest"]["properties"]
    high = int(item.get("max_length") or fields["value"]["maxLength"])
    if (text or required) and not low <= len(text) <= high:
        msg = f"{item['custom_id']}: {len(text)} characters are not in {low}..{high}"
        raise ClientRefusedError(msg)
    return text


async def _values(
    core: Core, channel: Channel, user: User, item: Json, given: object, resolved: Resolved
) -> list[str]:
    chosen = list(given) if isinstance(given, list | tuple) else [given] if given else []
    if given is None:
        chosen = [option["value"] for option in item.get("options") or () if option.get("default")]
    required = item.get("required", True)
    low = int(item.get("min_values", 1)) if required or chosen else 0
    if not low <= len(chosen) <= int(item.get("max_values", 1)):
        raise ClientRefusedError(f"{item['custom_id']}: {len(chosen)} values")
    if item["type"] == FILE_UPLOAD:
        return [
            await attach(core, channel, user, item["custom_id"], value, resolved)
            for value in chosen
            if isinstance(value, Upload)
        ]
    known = {option["value"] for option in item.get("options") or ()}
    if known and not set(chosen) <= known:
        raise ClientRefusedError(f"{item['custom_id']} does not offer {chosen}")
    return [str(value) for value in chosen]
