"""When to look again, when to give up, and when it will be done: pure functions of time.

Figures with their reasons live here; the services pass the moment in.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

CREATE_LEASE = timedelta(seconds=120)
"""A claim of a create; twice its own deadline of 60 s."""

CREATE_DEADLINE_SECONDS = 60
"""A create call is given up after this; the answer may still have been a task."""

STATUS_MESSAGE_DEADLINE = timedelta(seconds=120)
"""A queued job without a status message for this long is cancelled."""

STATUS_MESSAGE_GRACE = timedelta(seconds=20)
"""Before this the command that made the job is still posting the message itself."""

UNCONFIRMED_DEADLINE = timedelta(hours=27)
"""The provider forgets a task 24 h after its end, which is at most 3 h after its start."""

WINDOW_MARGIN = timedelta(seconds=5)
"""Network and clock error on both sides of the window an unseen task may be born in."""

UNCONFIRMED_GAP = 2 * WINDOW_MARGIN + timedelta(seconds=1)
"""A lane rests this long after an unanswered create, so that no two windows overlap."""

UNCONFIRMED_COUNTS_FOR = timedelta(hours=3, minutes=10)
"""An unseen task can occupy its lane for the provider's 3 h of execution, and a margin."""

TASK_MEMORY = timedelta(hours=24)
"""The provider answers UNKNOWN for older tasks."""

UNKNOWN_SPAN = timedelta(minutes=10)
UNKNOWN_POLLS = 3
"""So many UNKNOWN answers over that span end a younger task."""

LONGEST_WAIT = timedelta(minutes=15)
"""No work that failed is put off for longer; a moment further ahead was stored by another clock."""

ACCOUNT_PROBE_INTERVAL = timedelta(minutes=5)
"""A paused account is tried with a free list call this often."""

LATE_POLL_FACTOR = 4
"""Polling slows by this after TASK_TIMEOUT_SECONDS."""

SLOW_POLL_FACTOR = 2
"""For models whose documentation asks for twice the interval (kf2v 2.1: every 30 s)."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def poll_interval(*, interval_seconds: float, slow: bool, late: bool) -> timedelta:
    """Return the least time between two polls of one task."""
    factor = (SLOW_POLL_FACTOR if slow else 1) * (LATE_POLL_FACTOR if late else 1)
    return timedelta(seconds=interval_seconds * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationEstimate:
    """How long a task will take, as far as is known."""

    done_seconds: float
    """More likely than not it is done by then, counted from its beginning."""
    late_seconds: float
    """9 of 10 are."""
    samples: int
    """Finished tasks of ours this rests on; 0 where only the documentation is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """When a job is expected to be done, and how sure that is."""

    done_at: datetime
    samples: int
    """0 where only the documentation is known."""
    late_at: datetime | None = None
    """9 of 10 are done by then; only where enough tasks say so and it is clearly later."""


SURE_SAMPLES = 10
"""Nobody speaks of 9 of 10 who has not seen ten."""

CLEARLY_LATER = timedelta(minutes=1)
"""A smaller difference is below what people are shown."""


def estimate(promise: DurationEstimate, *, since: datetime) -> Estimate:
    """Return when what began at a moment will be done."""
    done_at = since + timedelta(seconds=promise.done_seconds)
    late_at = since + timedelta(seconds=promise.late_seconds)
    is_told = promise.samples >= SURE_SAMPLES and late_at - done_at >= CLEARLY_LATER
    return Estimate(
        done_at=done_at,
        samples=promise.samples,
        # Whole minutes are shown.
        late_at=on_grid(late_at, timedelta(minutes=1)) if is_told else None,
    )


def on_grid(moment: datetime, step: timedelta) -> datetime:
    """Return the next moment on a grid: what is shown must not change with every second."""
    return moment + (_EPOCH - moment) % step


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEstimate:
    """When a place in line will be served, counted from now."""

    seconds: float
    spread_seconds: float
    """By how much it may be late, as 9 of 10 are not."""

    def of(self, job: DurationEstimate) -> DurationEstimate:
        """Return when a job that stands there will be done.

        Being late adds up in squares: one task makes up for the other.
        """
        # A task that is overdue is expected at any moment, not in the past.
        done_seconds = max(0.0, self.seconds + job.done_seconds)
        spread_seconds = math.hypot(self.spread_seconds, job.late_seconds - job.done_seconds)
        return DurationEstimate(
            done_seconds=done_seconds,
            late_seconds=done_seconds + spread_seconds,
            samples=job.samples,
        )


def start_estimates(
    *, busy: Sequence[DurationEstimate], in_flight: int, each: DurationEstimate, count: int
) -> list[StartEstimate]:
    """Return when each place in line will be served, the first one first.

    Simulates the lane: each of its places that becomes free takes the next job.

    Args:
        busy: what is left of each task in flight.
        in_flight: how many run at once.
        each: what a waiting job takes on average.
        count: how many places are asked for.
    """
    # Where more run than may, the first to end make room for none.
    ends = sorted((left.done_seconds, left.late_seconds - left.done_seconds) for left in busy)
    free = ends[-in_flight:]
    free += [(0.0, 0.0)] * min(count, max(0, in_flight - len(free)))
    heapq.heapify(free)
    begins = []
    for _ in range(count):
        begin = StartEstimate(seconds=free[0][0], spread_seconds=free[0][1])
        begins.append(begin)
        ended = begin.of(each)
        heapq.heapreplace(free, (ended.done_seconds, ended.late_seconds - ended.done_seconds))
    return begins


def mean_estimate(shares: Sequence[tuple[DurationEstimate, int]]) -> DurationEstimate:
    """Return what a job takes on average, of promises and how many jobs each is for.

    Raises:
        ValueError: there is no job.
    """
    count = sum(jobs for _, jobs in shares)
    if not count:
        raise ValueError("no job, no average")
    return DurationEstimate(
        done_seconds=sum(promise.done_seconds * jobs for promise, jobs in shares) / count,
        late_seconds=sum(promise.late_seconds * jobs for promise, jobs in shares) / count,
        samples=min(promise.samples for promise, _ in shares),
    )
