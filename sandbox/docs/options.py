"""Writes a command's options as a Markdown table, from what the bot registers at Discord."""

from __future__ import annotations

from sandbox.discord.world.json import Json

_TYPES = {
    3: "text",
    4: "whole number",
    5: "true or false",
    6: "member",
    7: "channel",
    8: "role",
    9: "member or role",
    10: "number",
    11: "picture",
}

_HEAD = ("| option | | value | what it means |", "|---|---|---|---|")


def options_table(command: Json) -> str:
    """Return the table of one command.

    Args:
        command: A command or sub-command in Discord's form.
    """
    options = command.get("options", ())
    if not options:
        return "No options."
    return "\n".join((*_HEAD, *map(_row, options)))


def _row(option: Json) -> str:
    needed = "required" if option.get("required") else ""
    return f"| `{option['name']}` | {needed} | {_value(option)} | {option['description']} |"


def _value(option: Json) -> str:
    """Return what may be typed, with its bounds."""
    if option.get("choices"):
        return "one of " + ", ".join(f"`{choice['name']}`" for choice in option["choices"])
    words = _TYPES[option["type"]]
    low, high = option.get("min_value"), option.get("max_value")
    if low is not None and high is not None:
        words += f", {low:,} to {high:,}"
    if option.get("max_length"):
        words += f", at most {option['max_length']} characters"
    return words + (", from a list" if option.get("autocomplete") else "")
