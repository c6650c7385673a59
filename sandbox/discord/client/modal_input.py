"""Builds what Discord's client sends when a modal is filled in.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.discord.client.command_input import ClientRefusedError, Reader, Resolved
from sandbox.discord.client.select_input import check_count, listed, option_value, pick
from sandbox.discord.core import Core
from sandbox.discord.rules.facts import schemas
from sandbox.discord.world.component_tree import Kind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, User


async def modal_data(
    core: Core, channel: Channel, user: User, modal: Json, values: Mapping[str, object]
) -> Json:
    """Build ``data`` of a modal submit.

    Raises:
        ClientRefusedError: the client would not send it.
    """
    left = dict(values)
    resolved = Resolved()
    reader = Reader(core, channel, user, resolved)
    items: list[Json] = []
    for item in modal["components"]:
        sent: Json = {"type": item["type"], "id": item["id"]}
        if item["type"] == Kind.LABEL:
            field, label = item["component"], item["label"]
            sent["component"] = await _filled(reader, field, _given(left, field, label))
        elif item["type"] == Kind.ACTION_ROW:
            (field,) = item["components"]
            given = _given(left, field, field["label"])
            sent["components"] = [await _filled(reader, field, given)]
        items.append(sent)
    if left:
        raise ClientRefusedError(f"the modal has no field {', '.join(left)}")
    data: Json = {"custom_id": modal["custom_id"], "components": items}
    if resolved.objects:
        data["resolved"] = resolved.objects
    return data


def _given(left: dict[str, object], field: Json, label: str) -> object:
    by_label = left.pop(label, None)
    return left.pop(field["custom_id"], by_label)


async def _filled(reader: Reader, field: Json, given: object) -> Json:
    """Write one field as it was filled in; None leaves what the bot put there."""
    filled: Json = {"type": field["type"], "id": field["id"], "custom_id": field["custom_id"]}
    required = field.get("required") is not False
    match field["type"]:
        case Kind.TEXT_INPUT:
            filled["value"] = _text(field, given, required=required)
        case Kind.RADIO_GROUP:
            filled["value"] = _radio(field, given, required=required)
        case Kind.CHECKBOX:
            filled["value"] = _tick(field, given)
        case Kind.FILE_UPLOAD:
            files = listed(given)
            check_count(field, len(files), required=required)
            named = {**field, "name": field["custom_id"]}
            filled["values"] = [await reader.attach(named, file) for file in files]
        case _:
            filled["values"] = pick(reader, field, given, required=required)
    return filled


def _text(field: Json, given: object, *, required: bool) -> str:
    text = str(field.get("value") or "") if given is None else str(given)
    low = int(field.get("min_length") or (1 if required else 0))
    fields = schemas()["TextInputComponentForModalRequest"]["properties"]
    high = int(field.get("max_length") or fields["value"]["maxLength"])
    if (text or required) and not low <= len(text) <= high:
        msg = f"{field['custom_id']}: {len(text)} characters are not in {low}..{high}"
        raise ClientRefusedError(msg)
    return text


def _radio(field: Json, given: object, *, required: bool) -> str | None:
    if given is not None:
        return option_value(field, given)
    for option in field["options"]:
        if option.get("default"):
            return str(option["value"])
    if required:
        raise ClientRefusedError(f"{field['custom_id']}: one has to be chosen")
    return None


def _tick(field: Json, given: object) -> bool:
    if given is None:
        return bool(field.get("default"))
    if not isinstance(given, bool):
        raise ClientRefusedError(f"{field['custom_id']} takes yes or no, not {given!r}")
    return given
