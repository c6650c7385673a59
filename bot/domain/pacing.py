"""When to look again, when to give up, and when it will be done: pure functions of time.

Figures with their reasons live here; the services pass the moment in.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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


def backoff(attempts: int, *, first_seconds: float, most_seconds: float) -> timedelta:
    """Return the wait after so many failed attempts: doubling, bounded."""
    doublings = min(max(0, attempts - 1), 64)  # days of failures must not overflow a float
    return timedelta(seconds=min(most_seconds, first_seconds * 2.0**doublings))


def poll_interval(*, interval_seconds: float, slow: bool, late: bool) -> timedelta:
    """Return the time between two polls of one task."""
    factor = (SLOW_POLL_FACTOR if slow else 1) * (LATE_POLL_FACTOR if late else 1)
    return timedelta(seconds=interval_seconds * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """When a job is expected to be done, and from how many finished ones we know."""

    done_at: datetime
    samples: int
    """0 where only the documentation is known."""


def making_seconds(recent: Sequence[float], *, typical_seconds: float) -> float:
    """Return the usual making time: the median of recent tasks, else the documentation's."""
    if not recent:
        return typical_seconds
    ordered = sorted(recent)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def finish_times(
    *,
    now: datetime,
    started_at: Sequence[datetime],
    in_flight: int,
    seconds: float,
    waiting: int,
) -> list[datetime]:
    """Return when each waiting job should be done, first in line first.

    Simulates the lane: running tasks end after the usual time (at once where they are overdue),
    and each place that becomes free takes the next job.

    Args:
        now: the moment of the estimate.
        started_at: when each task in flight was accepted.
        in_flight: the lane's places.
        seconds: the usual making time.
        waiting: how many jobs are in line.
    """
    span = timedelta(seconds=seconds)
    # Where more run than there are places, the first to end free none.
    places = sorted(max(now, started + span) for started in started_at)[-in_flight:]
    places += [now] * max(0, in_flight - len(places))
    heapq.heapify(places)
    done: list[datetime] = []
    for _ in range(waiting):
        finish = heapq.heappop(places) + span
        heapq.heappush(places, finish)
        done.append(finish)
    return done
