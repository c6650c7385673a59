"""Supervises the loops in one TaskGroup, and drains them on stop.

Trouble that has a name is logged and tried again; an error that came from no job ends the process
and leaves the restart to the supervisor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.domain.backoff import backoff
from bot.domain.errors import (
    BotError,
    ConfigurationError,
    InvalidTransitionError,
    LostLeaseError,
)
from bot.domain.ports import Clock, Wakeup
from bot.logs import get_logger
from bot.metrics import Metrics

log = get_logger(__name__)

FAILURES_BEFORE_UNWELL = 3

_FINAL = (ConfigurationError, InvalidTransitionError, LostLeaseError)
"""A bug, or what only another start can mend: trying again would never help."""


@dataclass(slots=True, kw_only=True)
class Loop:
    """One loop: what a round does, what wakes it, and how long a round may last."""

    name: str
    run_once: Callable[[], Awaitable[float]]
    """Does one round and returns the seconds until the next is worth it."""
    wakeup: Wakeup
    round_seconds: float = 120
    """A round longer than this is not well."""
    drains: bool = False
    """On stop its round is awaited as long as SHUTDOWN_SECONDS allows: an answer is money."""
    started_at: float | None = field(default=None, init=False)
    failures: int = field(default=0, init=False)

    def is_well(self, monotonic: float) -> bool:
        """Tell whether the loop makes progress."""
        stuck = self.started_at is not None and monotonic - self.started_at > self.round_seconds
        return not stuck and self.failures < FAILURES_BEFORE_UNWELL


class Supervisor:
    """Runs loops until it is told to stop."""

    def __init__(self, loops: list[Loop], *, clock: Clock, metrics: Metrics) -> None:
        self.loops = loops
        self._clock = clock
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._draining: set[asyncio.Task[None]] = set()
        self.is_running = False

    def is_well(self) -> bool:
        """Tell whether all loops run and make progress."""
        now = self._clock.monotonic()
        return self.is_running and all(loop.is_well(now) for loop in self.loops)

    def wake(self, name: str | None = None) -> None:
        """Hasten the loop of a name, or every loop."""
        for loop in self.loops:
            if name in {None, loop.name}:
                loop.wakeup.notify()

    async def run(self) -> None:
        """Run all loops; returns after ``stop``, raises what came from no job."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {loop.name: group.create_task(self._run(loop)) for loop in self.loops}
                self._draining = {tasks[loop.name] for loop in self.loops if loop.drains}
                self.is_running = True
                stopper = group.create_task(self._stopping.wait())
                await stopper
                for name, task in tasks.items():
                    if task not in self._draining:
                        log.debug("loop_cancelled", loop=name)
                        task.cancel()
        finally:
            self.is_running = False

    async def stop(self, *, within_seconds: float) -> None:
        """Begin nothing new; let an outstanding create end within the time, then cancel."""
        self._stopping.set()
        self.wake()
        if self._draining:
            _, late = await asyncio.wait(self._draining, timeout=within_seconds)
            for task in late:
                log.warning("drain_cut_short")
                task.cancel()

    async def _run(self, loop: Loop) -> None:
        while not self._stopping.is_set():
            wait_seconds = await self._round(loop)
            if wait_seconds > 0 and not self._stopping.is_set():
                await loop.wakeup.wait(wait_seconds)

    async def _round(self, loop: Loop) -> float:
        loop.started_at = self._clock.monotonic()
        try:
            wait_seconds = await loop.run_once()
        except Exception as error:
            if not _has_a_name(error):
                raise
            loop.failures += 1
            self._metrics.loop_failures.labels(loop=loop.name).inc()
            wait = backoff(loop.failures, first_seconds=0.5, most_seconds=30)
            log.warning(
                "loop_failed",
                loop=loop.name,
                error=type(error).__name__,
                reason=str(error),
                seconds=wait.total_seconds(),
            )
            return wait.total_seconds()
        else:
            loop.failures = 0
            return wait_seconds
        finally:
            loop.started_at = None


def _has_a_name(error: Exception) -> bool:
    """Tell whether nothing but known trouble happened, in one place or in several at once."""
    if isinstance(error, ExceptionGroup):
        return all(_has_a_name(inner) for inner in error.exceptions)
    return isinstance(error, BotError | OSError) and not isinstance(error, _FINAL)
