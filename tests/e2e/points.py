"""How a story names the crash points it comes past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from tests.e2e.kill_harness import KillHarness

Story = Callable[[Path], Awaitable[KillHarness]]

COVERED: dict[str, tuple[str, ...]] = {}
"""The points each story says it comes past."""


def at(*names: str) -> Callable[[Story], Callable[[Path], Awaitable[None]]]:
    """Name the points of a story, and assert that the process died at all of them."""

    def mark(story: Story) -> Callable[[Path], Awaitable[None]]:
        COVERED[story.__name__] = names

        @wraps(story)
        async def run(tmp_path: Path) -> None:
            killed_at = (await story(tmp_path)).killed_at
            assert set(names) <= set(killed_at)

        return run

    return mark


def step(name: str) -> tuple[str, str]:
    """Return the two points of a change of state."""
    return (f"written {name}", f"committed {name}")


def call(name: str) -> tuple[str, str]:
    """Return the two points of an outside call."""
    return (f"before {name}", f"after {name}")
