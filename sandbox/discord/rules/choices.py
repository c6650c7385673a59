"""Checks how many of its options a component lets people choose.

Bounds, options and defaults must go together; the document looks at each by itself. Pages are
under https://discord.com/developers/docs/components/reference.
"""

from __future__ import annotations

from collections import Counter

from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.component_tree import Kind
from sandbox.discord.world.json import Json


def bounds(component: Json) -> tuple[int, int]:
    """Return how many values a component takes at least and at most, defaults filled in.

    One and one; a checkbox group takes as many as it has options (#checkbox-group).
    """
    minimum, maximum = component.get("min_values"), component.get("max_values")
    if maximum is None:
        is_group = component.get("type") == Kind.CHECKBOX_GROUP
        maximum = len(component.get("options") or ()) if is_group else 1
    return 1 if minimum is None else int(minimum), int(maximum)


def check_choices(problems: Problems, at: Path, component: Json) -> None:
    """Note bounds and defaults that no choice could keep."""
    options: list[Json] = component.get("options") or []
    minimum, maximum = bounds(component)
    if minimum > maximum:
        problems.at_least((*at, "max_values"), minimum)
    if options and maximum > len(options):
        problems.at_most((*at, "max_values"), len(options))
    values = Counter(option.get("value") for option in options)
    for number, option in enumerate(options):
        if values[option.get("value")] > 1:
            problems.add(
                (*at, "options", number, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
    if sum(bool(option.get("default")) for option in options) > maximum:
        problems.length((*at, "options"), 0, maximum)
    defaults = component.get("default_values") or []
    if defaults and not minimum <= len(defaults) <= maximum:
        problems.length((*at, "default_values"), minimum, maximum)


def check_required_choices(problems: Problems, at: Path, component: Json) -> None:
    """Note a field of a modal that must be filled in and takes nothing.

    Left out, ``required`` is true: #string-select. The code was seen in
    https://github.com/discord/discord-api-docs/issues/7800.
    """
    required = component.get("required")
    if (required is None or required) and component.get("min_values") == 0:
        problems.add(
            (*at, "min_values"),
            "SELECT_COMPONENT_REQUIRED_ZERO_MIN_VALUES",
            "Select menus marked as required cannot have a min_values of 0",
        )
