"""Picks from selects and groups of boxes, in messages and in modals."""

from __future__ import annotations

from sandbox.discord.client.command_input import ClientRefusedError, Reader
from sandbox.discord.rules.choices import bounds
from sandbox.discord.rules.commands import OptionKind
from sandbox.discord.world.component_tree import Kind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, Role, User

MENTIONS = {
    Kind.USER_SELECT: OptionKind.USER,
    Kind.ROLE_SELECT: OptionKind.ROLE,
    Kind.MENTIONABLE_SELECT: OptionKind.MENTIONABLE,
    Kind.CHANNEL_SELECT: OptionKind.CHANNEL,
}
"""What selects without options of their own offer."""


def listed(given: object) -> list[object]:
    """Read one value or several."""
    if isinstance(given, list | tuple):
        return list(given)
    return [] if given is None else [given]


def pick(reader: Reader, component: Json, given: object, *, required: bool = True) -> list[str]:
    """Return the values that picking sends; options are named by value or label.

    Args:
        reader: Puts members, roles and channels among what is resolved.
        component: The select or group.
        given: One thing or several; None leaves the defaults.
        required: False where nothing at all may be picked, whatever the minimum is.

    Raises:
        ClientRefusedError: that cannot be picked.
    """
    values = _defaults(component) if given is None else listed(given)
    check_count(component, len(values), required=required)
    kind = Kind(component["type"])
    if kind not in MENTIONS:
        return [option_value(component, value) for value in values]
    field = {"name": component["custom_id"], "channel_types": component.get("channel_types")}
    return [reader.mention(field, MENTIONS[kind], _thing(value)) for value in values]


def check_count(component: Json, count: int, *, required: bool) -> None:
    """Refuse too many and too few.

    Raises:
        ClientRefusedError: so many cannot be picked.
    """
    low, high = bounds(component)
    if not count and not required:
        return
    if not low <= count <= high:
        raise ClientRefusedError(f"{component['custom_id']}: {count} values, not {low}..{high}")


def option_value(component: Json, wanted: object) -> str:
    """Find an option by its value or its label.

    Raises:
        ClientRefusedError: it is not offered.
    """
    options = component.get("options") or ()
    for key in ("value", "label"):
        for option in options:
            if option[key] == wanted:
                return str(option["value"])
    offered = [option["value"] for option in options]
    raise ClientRefusedError(f"{component['custom_id']!r} does not offer {wanted!r} but {offered}")


def _defaults(component: Json) -> list[object]:
    chosen = [option["value"] for option in component.get("options") or () if option.get("default")]
    return chosen + [default["id"] for default in component.get("default_values") or ()]


def _thing(value: object) -> object:
    """Leave ids to the lookup by number."""
    if isinstance(value, User | Role | Channel):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else value
