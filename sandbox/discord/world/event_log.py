"""Records everything that happens, in order, and lets others wait for it.

``wait_for`` looks again after each event, so nothing in a test has to sleep and hope.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sandbox.discord.world.clock import Clock
from sandbox.discord.world.json import Json

T = TypeVar("T")


class EventLog:
    """Keeps numbered events, from 1 upwards."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = asyncio.Event()
        self.events: list[Json] = []
        """Each with ``number``, ``at``, ``kind``, ``text`` and whatever belongs to it."""

    def publish(self, kind: str, text: str, **details: object) -> None:
        """Add an event a person understands and wake everybody who waits."""
        self.events.append(
            {
                "number": len(self.events) + 1,
                "at": self._clock.iso(),
                "kind": kind,
                "text": text,
                **{key: value for key, value in details.items() if value is not None},
            }
        )
        self.wake()

    def wake(self) -> None:
        """Wake the waiting ones without an event: something they may look at has changed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def after(self, number: int) -> list[Json]:
        """Return the events with a higher number."""
        return self.events[number:]

    async def wait_for(self, predicate: Callable[[], T], timeout_seconds: float = 10.0) -> T:
        """Wait until ``predicate()`` is truthy and return what it returned.

        Raises:
            TimeoutError: it was not within ``timeout_seconds``; the last events are in the text.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                while not (found := predicate()):
                    await self._changed.wait()
                return found
        except TimeoutError:
            tail = "; ".join(f"{event['number']} {event['text']}" for event in self.events[-8:])
            msg = f"not within {timeout_seconds} s. Last events: {tail or 'none'}"
            raise TimeoutError(msg) from None
