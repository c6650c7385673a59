"""Collects what is wrong with a body, in the shape of Discord's ``errors`` tree.

https://discord.com/developers/docs/reference#error-messages
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from sandbox.discord.rules.errors import invalid_form
from sandbox.discord.world.json import Json

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the body."""


class Problems:
    """Grows an ``errors`` tree."""

    def __init__(self) -> None:
        self.tree: Json = {}

    def add(self, path: Path, code: str, message: str) -> None:
        """Note a problem at a place, once."""
        node = self.tree
        for step in path:
            node = node.setdefault(str(step), {})
        problem = {"code": code, "message": message}
        if problem not in node.setdefault("_errors", []):
            node["_errors"].append(problem)

    def refuse(self) -> None:
        """Raise the refusal if anything was noted.

        Raises:
            ApiError: 50035 with the tree.
        """
        if self.tree:
            raise invalid_form(self.tree)

    def required(self, path: Path) -> None:
        """Note that something is missing."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def choices(self, path: Path, allowed: Iterable[object]) -> None:
        """Note a value outside a set."""
        listed = ", ".join(repr(value) for value in allowed)
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")

    def length(self, path: Path, minimum: int, maximum: int | None) -> None:
        """Note a text or list that is too short or too long; None: it cannot be too long."""
        if maximum is None:
            self.add(path, "BASE_TYPE_MIN_LENGTH", f"Must be {minimum} or more in length.")
        elif minimum:
            self.add(
                path, "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length."
            )
        else:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")

    def at_least(self, path: Path, minimum: int) -> None:
        """Note a number that is too small."""
        sentence = f"int value should be greater than or equal to {minimum}."
        self.add(path, "NUMBER_TYPE_MIN", sentence)

    def at_most(self, path: Path, maximum: int) -> None:
        """Note a number that is too large."""
        sentence = f"int value should be less than or equal to {maximum}."
        self.add(path, "NUMBER_TYPE_MAX", sentence)
