"""Checks application commands for what their form alone does not show.

https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from enum import IntEnum

from sandbox.discord.rules import forms
from sandbox.discord.rules.file_types import check_file_types
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

COMMAND_CHARS = 8000
CHAT_INPUT_COMMANDS, MENU_COMMANDS = 100, 15
"""Figures of the documentation alone: the document's 130 is the sum over all kinds."""
EXTRA_NAME_BLOCKS = ((0x0900, 0x097F), (0x0E00, 0x0E7F))
"""Devanagari and Thai: their vowel signs are marks, not letters."""


class OptionKind(IntEnum):
    """Option types."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


class CommandKind(IntEnum):
    """Command types."""

    CHAT_INPUT = 1
    USER = 2
    MESSAGE = 3


NESTING = frozenset({OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP})
CHOICE_DATA = {
    OptionKind.STRING: "InteractionApplicationCommandAutocompleteCallbackStringData",
    OptionKind.INTEGER: "InteractionApplicationCommandAutocompleteCallbackIntegerData",
    OptionKind.NUMBER: "InteractionApplicationCommandAutocompleteCallbackNumberData",
}
"""Forms of autocomplete's answer, by the kinds of option that have choices."""


def check_commands(commands: list[Json]) -> None:
    """Refuse a list of commands that breaks a rule.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    for number, command in enumerate(commands):
        check_command(problems, (number,), command)
    names = Counter((command.get("type") or 1, command.get("name")) for command in commands)
    for number, command in enumerate(commands):
        if names[command.get("type") or 1, command.get("name")] > 1:
            problems.add(
                (number,),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )
    problems.refuse()


def kinds_over_limit(commands: list[Json]) -> int | None:
    """Return the limit that the number of commands of one kind exceeds, if any."""
    kinds = Counter(command.get("type") or 1 for command in commands)
    for kind, count in kinds.items():
        limit = CHAT_INPUT_COMMANDS if kind == CommandKind.CHAT_INPUT else MENU_COMMANDS
        if count > limit:
            return limit
    return None


def check_command(problems: Problems, at: Path, command: Json) -> None:
    """Note what is wrong with one command."""
    if (command.get("type") or CommandKind.CHAT_INPUT) == CommandKind.CHAT_INPUT:
        forms.check(problems, at, command, "ChatInputCommand")
        _check_name(problems, at, command)
        _check_options(problems, (*at, "options"), command.get("options") or [])
    else:
        forms.check(problems, at, command, "ApplicationCommandUpdateRequest")
        if command.get("description") or command.get("options"):
            problems.add(
                (*at, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
                "Context menu commands cannot have description",
            )
    if command_chars(command) > COMMAND_CHARS:
        problems.add(
            at,
            "APPLICATION_COMMAND_TOO_LARGE",
            f"Command exceeds maximum size ({COMMAND_CHARS})",
        )


def command_chars(node: Json) -> int:
    """Count names, descriptions and values of a command with everything below it."""
    total = len(str(node.get("name") or "")) + len(str(node.get("description") or ""))
    for choice in node.get("choices") or ():
        total += len(str(choice.get("name"))) + len(str(choice.get("value")))
    return total + sum(command_chars(option) for option in node.get("options") or ())


def is_name(name: str) -> bool:
    """Tell whether a name has only allowed characters and no capital letters."""
    return name == name.lower() and all(
        char in "-_'"
        or unicodedata.category(char)[0] in "LN"
        or any(low <= ord(char) <= high for low, high in EXTRA_NAME_BLOCKS)
        for char in name
    )


def _check_name(problems: Problems, at: Path, node: Json) -> None:
    """Letters, digits and little else; the document looks at the length alone."""
    name = node.get("name")
    if isinstance(name, str) and not is_name(name):
        problems.add((*at, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_options(problems: Problems, at: Path, options: list[Json]) -> None:
    """Options must go together; the document looks at each by itself."""
    names = Counter(option.get("name") for option in options)
    nested = [option for option in options if option.get("type") in NESTING]
    if nested and len(nested) != len(options):
        problems.add(
            at,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive to all other "
            "types",
        )
    optional_seen = False
    for number, option in enumerate(options):
        here: Path = (*at, number)
        if names[option.get("name")] > 1:
            problems.add(
                here, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique"
            )
        if option.get("required") and optional_seen:
            problems.add(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
        _check_name(problems, here, option)
        if option.get("type") in NESTING:
            _check_options(problems, (*here, "options"), option.get("options") or [])
        else:
            _check_suggestions(problems, here, option)
            check_file_types(problems, (*here, "file_types"), option.get("file_types") or ())


def _check_suggestions(problems: Problems, at: Path, option: Json) -> None:
    """Choices and autocomplete exclude each other, and most kinds of option have neither."""
    choices, autocomplete = option.get("choices"), option.get("autocomplete")
    if choices and autocomplete:
        problems.add(
            (*at, "autocomplete"),
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_INVALID",
            "Autocomplete cannot be used with choices",
        )
    if (choices or autocomplete) and option.get("type") not in CHOICE_DATA:
        problems.choices((*at, "type"), map(int, CHOICE_DATA))


def check_suggestions(data: Json, kind: int) -> None:
    """Refuse autocomplete's answer to an option of a kind.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    forms.check(problems, ("data",), data, CHOICE_DATA[OptionKind(kind)])
    problems.refuse()
