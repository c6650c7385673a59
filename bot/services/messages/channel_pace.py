"""How fast messages are written: by message, by channel, and what a slow channel may cost.

Discord's limits are per channel, and so is its slowness: channels are worked on side by side, each
within a budget of time, and one that takes longer waits as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bot.domain.backoff import backoff
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.job import Job
from bot.domain.ports import Clock
from bot.logs import get_logger

log = get_logger(__name__)
_T = TypeVar("_T")

IDLE_SECONDS = 2.0

CHANNEL_SPACING_SECONDS = 1.5
"""Discord allows about 5 edits in 5 s a channel; fewer of old messages, see ``StatusMessages``."""

REMEMBERED_SECONDS = 600.0
"""What failed is tried again as soon as it may; nobody tries what is over, or shown elsewhere."""

BUDGET_SECONDS = 3.0
MOST_BUDGET_SECONDS = 12.0
"""What a channel may cost a round; usual slow answers take 1 to 2 s. A channel that took longer
waits as a whole, and gets twice the time when it is tried again: a slow Discord is written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failures:
    """What failed again and again."""

    count: int
    until: float
    """When it may be tried again; some time later nobody asks any more."""


_NEVER = _Failures(count=0, until=0.0)


class ChannelPace:
    """Remembers what was written when, by the clock that never runs backwards."""

    def __init__(self, clock: Clock, *, edit_interval_seconds: float) -> None:
        self._clock = clock
        self._edit_interval_seconds = edit_interval_seconds
        self._job_free_at: dict[JobId, float] = {}
        self._channel_free_at: dict[ChannelId, float] = {}
        self._failures: dict[JobId, _Failures] = {}
        self._channel_failures: dict[ChannelId, _Failures] = {}

    async def side_by_side(
        self,
        by_channel: Mapping[ChannelId, list[_T]],
        work: Callable[[list[_T]], Awaitable[float]],
    ) -> float:
        """Work on all channels at once, but for those that are to wait.

        Returns:
            Seconds until something may be due.
        """
        now = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._in_time(channel_id, partial(work, its)))
                for channel_id, its in by_channel.items()
                if channel_id not in self._channel_failures
                or self._channel_free_at.get(channel_id, now) <= now
            ]
        return min((task.result() for task in tasks), default=IDLE_SECONDS)

    async def _in_time(self, channel_id: ChannelId, work: Callable[[], Awaitable[float]]) -> float:
        """Work on one channel; where that takes too long the whole channel is to wait."""
        failures = self._channel_failures.get(channel_id, _NEVER).count + 1
        budget = backoff(failures, first_seconds=BUDGET_SECONDS, most_seconds=MOST_BUDGET_SECONDS)
        try:
            async with asyncio.timeout(budget.total_seconds()):
                wait_seconds = await work()
        except TimeoutError:
            wait = backoff(failures, first_seconds=5, most_seconds=60)
            free_at = self._clock.monotonic() + wait.total_seconds()
            self._channel_failures[channel_id] = _Failures(count=failures, until=free_at)
            self._channel_free_at[channel_id] = free_at
            log.info("status_postponed", channel_id=channel_id, reason="no answer in time")
            return wait.total_seconds()
        self._channel_failures.pop(channel_id, None)
        return wait_seconds

    def wait_seconds(self, job: Job) -> float:
        """Return how long a job's message has to wait; nothing or less where it has not."""
        now = self._clock.monotonic()
        job_free_at = self._job_free_at.get(job.id, now)
        return max(job_free_at, self._channel_free_at.get(job.current_channel_id, now)) - now

    def postponed(self) -> set[JobId]:
        """Return the jobs about which nothing is to be tried again yet."""
        now = self._clock.monotonic()
        return {job_id for job_id in self._failures if self._job_free_at.get(job_id, now) > now}

    def is_postponed(self, job: Job) -> bool:
        """Tell whether what was refused about a job is not to be tried again yet."""
        free_at = self._job_free_at.get(job.id)
        return (
            job.id in self._failures and free_at is not None and free_at > self._clock.monotonic()
        )

    def begin_edit(self, job: Job) -> None:
        """Space the next edits of the message and in its channel from now on."""
        now = self._clock.monotonic()
        self._channel_free_at[job.current_channel_id] = now + CHANNEL_SPACING_SECONDS
        self._job_free_at[job.id] = now + self._edit_interval_seconds

    def was_no_edit(self, job: Job) -> None:
        """Let the next edit follow at once: what was begun turned out to be none."""
        self._channel_free_at.pop(job.current_channel_id, None)
        self._job_free_at.pop(job.id, None)

    def postpone(
        self, job: Job, reason: str, *, first_seconds: float = 2, most_seconds: float = 60
    ) -> float:
        """Put off what could not be written of a job; return for how many seconds."""
        failures = self._failures.get(job.id, _NEVER).count + 1
        wait = backoff(failures, first_seconds=first_seconds, most_seconds=most_seconds)
        free_at = self._clock.monotonic() + wait.total_seconds()
        self._failures[job.id] = _Failures(count=failures, until=free_at)
        self._job_free_at[job.id] = free_at
        log.info("status_postponed", job_id=job.id, reason=reason)
        return wait.total_seconds()

    def succeeded(self, job: Job) -> None:
        """Forget that something about a job was put off."""
        self._failures.pop(job.id, None)

    def forget_old(self) -> None:
        """Drop what no longer holds anything back."""
        now = self._clock.monotonic()
        for table in (self._job_free_at, self._channel_free_at):
            for key in [key for key, free_at in table.items() if free_at < now]:
                del table[key]  # type: ignore[arg-type]  # the key comes from the same table
        long_ago = now - REMEMBERED_SECONDS
        for failed in (self._failures, self._channel_failures):
            for key in [key for key, failures in failed.items() if failures.until < long_ago]:
                del failed[key]  # type: ignore[arg-type]  # likewise
