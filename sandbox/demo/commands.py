"""Lists the commands a bot registered: each one that can be used, by its full name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.discord.world.json import Json

_BRANCHES = frozenset({1, 2})
"""Option types that are commands themselves: sub-command and group."""


def leaves(commands: Iterable[Json]) -> dict[str, Json]:
    """Return every slash command that can be used.

    Args:
        commands: What the bot registered, as Discord returns it.
    """
    return dict(
        leaf
        for command in commands
        if command.get("type", 1) == 1
        for leaf in _below(command, command["name"])
    )


def _below(command: Json, name: str) -> Iterator[tuple[str, Json]]:
    branches = [option for option in command.get("options", ()) if option["type"] in _BRANCHES]
    for branch in branches:
        yield from _below(branch, f"{name} {branch['name']}")
    if not branches:
        yield name, command
