"""When a job will be done and its line served: pure functions of what is known of durations."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    *, busy: Sequence[DurationEstimate], in_flight: int, mean: DurationEstimate, count: int
) -> list[StartEstimate]:
    """Return when each place in line will be served, the first one first.

    Simulates the lane: each of its places that becomes free takes the next job.

    Args:
        busy: what is left of each task in flight.
        in_flight: how many run at once.
        mean: what a waiting job takes on average.
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
        ended = begin.of(mean)
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
