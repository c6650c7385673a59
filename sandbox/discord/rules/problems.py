"""Collecting what is wrong with a body, in the shape of Discord's ``errors`` tree.

https://discord.com/developers/docs/reference#error-messages
"""

from __future__ import annotations

from collections.abc import Sized
from typing import TypeAlias

from sandbox.discord.rules.errors import invalid_form
from sandbox.discord.world.json import Json

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the body."""


class Problems:
    """A growing ``errors`` tree."""

    def __init__(self) -> None:
        self.tree: Json = {}

    def add(self, path: Path, code: str, message: str) -> None:
        """Note a problem at a place."""
        node = self.tree
        for step in path:
            node = node.setdefault(str(step), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

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

    def choices(self, path: Path, allowed: str) -> None:
        """Note a value outside a set."""
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{allowed}}}.")

    def text(self, path: Path, value: object, maximum: int, *, minimum: int = 0) -> None:
        """Check a string's length in code points."""
        if value is None and minimum:
            self.required(path)
        elif value is not None and not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", f'Could not interpret "{value}" as string.')
        elif isinstance(value, str) and not minimum <= len(value) <= maximum:
            self._length(path, len(value), minimum, maximum)

    def count(self, path: Path, value: Sized, maximum: int, *, minimum: int = 0) -> None:
        """Check a list's length."""
        if not minimum <= len(value) <= maximum:
            self._length(path, len(value), minimum, maximum)

    def _length(self, path: Path, actual: int, minimum: int, maximum: int) -> None:
        if minimum:
            self.add(
                path, "BASE_TYPE_BAD_LENGTH", f"Must be between {minimum} and {maximum} in length."
            )
        elif actual > maximum:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {maximum} or fewer in length.")
