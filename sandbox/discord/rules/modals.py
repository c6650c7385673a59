"""Checks modals for what the form of their body does not show.

https://discord.com/developers/docs/components/reference, whose sections are named with #.
"""

from __future__ import annotations

from sandbox.discord.rules import forms
from sandbox.discord.rules.choices import check_choices, check_required_choices
from sandbox.discord.rules.components import check_unique, check_width
from sandbox.discord.rules.file_types import check_file_types
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.component_tree import SELECTS, Kind, located
from sandbox.discord.world.json import Json

BOUNDED = SELECTS | {Kind.FILE_UPLOAD, Kind.CHECKBOX_GROUP}
"""Kinds with ``min_values`` and ``max_values``."""
TEXT_CHARS = 4000


def check_modal(modal: Json) -> None:
    """Refuse a modal that breaks a rule.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    at: Path = ("data", "components")
    forms.check(problems, ("data",), modal, "ModalInteractionCallbackRequestData")
    items: list[Json] = modal.get("components") or []
    for here, component in located(at, items):
        kind = component.get("type")
        if kind in BOUNDED:
            check_choices(problems, here, component)
            check_required_choices(problems, here, component)
        if kind in SELECTS and component.get("disabled"):
            # #string-select: "Using disabled in a modal will result in an error"
            problems.add(
                (*here, "disabled"),
                "MODAL_COMPONENT_DISABLED",
                "Components in a modal cannot be disabled",
            )
        if kind == Kind.RADIO_GROUP:
            # #radio-group: exactly one can be chosen
            check_choices(problems, here, {**component, "max_values": 1})
        if kind == Kind.FILE_UPLOAD:
            check_file_types(problems, (*here, "file_types"), component.get("file_types") or ())
        if kind == Kind.TEXT_INPUT:
            _check_text_input(problems, here, component)
        if kind == Kind.ACTION_ROW:
            _check_row(problems, here, component.get("components") or [])
    check_unique(problems, at, items)
    problems.refuse()


def _check_text_input(problems: Problems, at: Path, field: Json) -> None:
    """A text must fit into its own field, of which the document knows nothing."""
    minimum = int(field.get("min_length") or 0)
    maximum = int(field.get("max_length") or TEXT_CHARS)
    if minimum > maximum:
        problems.at_least((*at, "max_length"), minimum)
    value = field.get("value")
    # An empty value is held against min_length too: https://github.com/Cogmasters/concord/pull/184
    if isinstance(value, str) and not minimum <= len(value) <= maximum:
        problems.length((*at, "value"), minimum, maximum)


def _check_row(problems: Problems, at: Path, fields: list[Json]) -> None:
    """The old form, without a label around it: one field a row, which names itself."""
    check_width(problems, at, fields, frozenset({Kind.TEXT_INPUT}))
    for number, field in enumerate(fields):
        if not field.get("label"):
            problems.required((*at, "components", number, "label"))
