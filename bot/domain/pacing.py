"""When to look again, when to give up, and when it will be done: pure functions of time.

Figures with their reasons live here; the services pass the moment in.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEASE = timedelta(seconds=120)
"""A claim of a create, download or delivery; twice the create's own deadline of 60 s."""

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

ACCOUNT_PROBE_INTERVAL = timedelta(minutes=5)
"""A paused account is tried with a free list call this often."""

LATE_POLL_FACTOR = 4
"""Polling slows by this after TASK_TIMEOUT_SECONDS."""

SLOW_POLL_FACTOR = 2
"""For models whose documentation asks for twice the interval (kf2v 2.1: every 30 s)."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def backoff(attempts: int, *, first_seconds: float, most_seconds: float) -> timedelta:
    """Return the wait after so many failed attempts: doubling, bounded."""
    doublings = min(max(0, attempts - 1), 64)  # days of failures must not overflow a float
    return timedelta(seconds=min(most_seconds, first_seconds * 2.0**doublings))


def poll_interval(*, interval_seconds: float, slow: bool, late: bool) -> timedelta:
    """Return the least time between two polls of one task."""
    factor = (SLOW_POLL_FACTOR if slow else 1) * (LATE_POLL_FACTOR if late else 1)
    return timedelta(seconds=interval_seconds * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
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


def estimate(promise: Promise, *, since: datetime) -> Estimate:
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


def finish_times(
    *,
    busy: Sequence[Promise],
    in_flight: int,
    waiting: Sequence[Promise],
) -> list[Promise]:
    """Return when each waiting job should be done, first in line first, counted from now.

    Simulates the lane: each place that becomes free takes the next job. How far two tasks in a
    row may be late adds up in squares: one makes up for the other.

    Args:
        busy: what is left of each task in flight; less than nothing while it is just overdue, so
            that the times behind it stand still for so long.
        in_flight: the lane's places.
        waiting: the jobs in line, as if they began now.
    """
    # Where more run than there are places, the first to end free none.
    ends = sorted((left.done_seconds, left.late_seconds - left.done_seconds) for left in busy)
    places = ends[-in_flight:]
    places += [(0.0, 0.0)] * max(0, in_flight - len(places))
    heapq.heapify(places)
    done = []
    for job in waiting:
        begins, spread = heapq.heappop(places)
        ends_after = max(0.0, begins + job.done_seconds)
        spread = math.hypot(spread, job.late_seconds - job.done_seconds)
        heapq.heappush(places, (ends_after, spread))
        done.append(
            Promise(done_seconds=ends_after, late_seconds=ends_after + spread, samples=job.samples)
        )
    return done
