"""Limits of application commands.

https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from enum import IntEnum

from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

NAME_CHARS = 32
DESCRIPTION_CHARS = 100
OPTIONS = CHOICES = 25
CHOICE_CHARS = 100
COMMAND_CHARS = 8000
STRING_OPTION_CHARS = 6000
CHAT_INPUT_COMMANDS, MENU_COMMANDS = 100, 15
# fmt: off
LOCALES = frozenset({
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no",
    "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko",
})
# fmt: on
"""https://discord.com/developers/docs/reference#locales"""
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
WITH_CHOICES = frozenset({OptionKind.STRING, OptionKind.INTEGER, OptionKind.NUMBER})


def check_commands(commands: list[Json]) -> None:
    """Refuse a list of commands that breaks a limit.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    for number, command in enumerate(commands):
        check_command(problems, (number,), command)
    names = Counter((each.get("type") or 1, each.get("name")) for each in commands)
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
    kinds = Counter(each.get("type") or 1 for each in commands)
    for kind, count in kinds.items():
        limit = CHAT_INPUT_COMMANDS if kind == CommandKind.CHAT_INPUT else MENU_COMMANDS
        if count > limit:
            return limit
    return None


def check_command(problems: Problems, at: Path, command: Json) -> None:
    """Note what is wrong with one command."""
    kind = command.get("type") or CommandKind.CHAT_INPUT
    if kind == CommandKind.CHAT_INPUT:
        _check_name(problems, at, command)
        problems.text(
            (*at, "description"), command.get("description"), DESCRIPTION_CHARS, minimum=1
        )
        _check_options(problems, (*at, "options"), command.get("options") or [], depth=0)
    else:
        problems.text((*at, "name"), command.get("name"), NAME_CHARS, minimum=1)
        if command.get("description") or command.get("options"):
            problems.add(
                (*at, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID",
                "Context menu commands cannot have description",
            )
    _check_localizations(problems, at, command)
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
    return total + sum(command_chars(each) for each in node.get("options") or ())


def is_name(name: str) -> bool:
    """Tell whether a name has only allowed characters and no capital letters."""
    return name == name.lower() and all(
        char in "-_'"
        or unicodedata.category(char)[0] in "LN"
        or any(low <= ord(char) <= high for low, high in EXTRA_NAME_BLOCKS)
        for char in name
    )


def _check_name(problems: Problems, at: Path, node: Json) -> None:
    name = node.get("name")
    problems.text((*at, "name"), name, NAME_CHARS, minimum=1)
    if isinstance(name, str) and not is_name(name):
        problems.add((*at, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _check_localizations(problems: Problems, at: Path, node: Json) -> None:
    for key, limit in (("name", NAME_CHARS), ("description", DESCRIPTION_CHARS)):
        field = f"{key}_localizations"
        for locale, value in (node.get(field) or {}).items():
            if locale not in LOCALES:
                problems.choices((*at, field, locale), ", ".join(sorted(LOCALES)))
            problems.text((*at, field, locale), value, limit, minimum=1)


def _check_options(problems: Problems, at: Path, options: list[Json], *, depth: int) -> None:
    problems.count(at, options, OPTIONS)
    names = Counter(each.get("name") for each in options)
    nested = [each for each in options if each.get("type") in NESTING]
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
        _check_option(problems, here, option, depth=depth)


def _check_option(problems: Problems, at: Path, option: Json, *, depth: int) -> None:
    _check_name(problems, at, option)
    problems.text((*at, "description"), option.get("description"), DESCRIPTION_CHARS, minimum=1)
    _check_localizations(problems, at, option)
    kind = option.get("type")
    if kind not in set(OptionKind):
        problems.choices((*at, "type"), ", ".join(str(int(each)) for each in OptionKind))
        return
    if kind in NESTING:
        # command → group → sub-command is the deepest nesting there is.
        if depth > (1 if kind == OptionKind.SUB_COMMAND else 0):
            problems.choices((*at, "type"), "3, 4, 5, 6, 7, 8, 9, 10, 11")
            return
        _check_options(problems, (*at, "options"), option.get("options") or [], depth=depth + 1)
        return
    _check_values(problems, at, option)


def _check_values(problems: Problems, at: Path, option: Json) -> None:
    choices = option.get("choices") or []
    kind = option["type"]
    if choices and option.get("autocomplete"):
        problems.add(
            (*at, "autocomplete"),
            "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_INVALID",
            "Autocomplete cannot be used with choices",
        )
    if (choices or option.get("autocomplete")) and kind not in WITH_CHOICES:
        problems.choices((*at, "type"), "3, 4, 10")
    problems.count((*at, "choices"), choices, CHOICES)
    for number, choice in enumerate(choices):
        check_choice(problems, (*at, "choices", number), choice, kind)
    for key, low in (("min_length", 0), ("max_length", 1)):
        value = option.get(key)
        if value is not None and not low <= value <= STRING_OPTION_CHARS:
            problems.add(
                (*at, key),
                "NUMBER_TYPE_MAX",
                f"int value should be less than or equal to {STRING_OPTION_CHARS}.",
            )


def check_choice(problems: Problems, at: Path, choice: Json, kind: int) -> None:
    """Note what is wrong with one choice."""
    problems.text((*at, "name"), choice.get("name"), CHOICE_CHARS, minimum=1)
    value = choice.get("value")
    if kind == OptionKind.STRING:
        problems.text((*at, "value"), value, CHOICE_CHARS, minimum=1)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        problems.add((*at, "value"), "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
