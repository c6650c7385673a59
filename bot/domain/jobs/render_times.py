"""How long the provider takes for a video, as far as anybody knows: quantiles, and when to look.

What is known is a sample of the newest render times and, until there are many, the documentation's
figure. Both together are a list of possible times with weights; everything here is read off it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import pairwise

from bot.domain.jobs.deadlines import UNCONFIRMED_DEADLINE
from bot.domain.jobs.estimates import DurationEstimate
from bot.domain.jobs.job import Job
from bot.domain.requests.task import Task

MOST_SAMPLES = 64
"""Enough for a 90 % quantile, few enough to follow a provider that becomes faster or slower."""

HALF_LIFE_SAMPLES = 16
"""A sample counts half as much as one made so many tasks later."""

TYPICAL_SECONDS = 120
"""The documentation's usual time, for a model that has left the catalogue."""

PRIOR_RANGE = (0.4, 2.5)
"""The documentation's "1 to 5 minutes" around its middle, as factors: symmetric on a log scale."""

PRIOR_SAMPLES = 4
"""The documentation counts as so many samples, and by 1/(n+1) less after n real ones."""

_PRIOR_TIMES = 32
"""So many times stand for the prior, closer to each other than two polls."""

POLL_MARGIN = 0.01
"""A poll is aimed by this share behind a known time: a hair before it would cost an interval."""

POLL_COST_INTERVALS = 1 / 60
"""A poll is held to be worth this share of an interval of waiting: 0.25 s of 15. The setting says
what polls may cost; within it they are cheap, but one that can hardly find anything is left out."""

MOST_INTERVALS = 4
"""The longest gap between two polls. What successes do not teach is seen within it: a task that
fails early and still occupies its lane, one that was cancelled elsewhere, the change to RUNNING."""

OVERTIME_SHARE = 0.25
"""A task that has outlived all others by x s is looked at again after this share of x: by then
nobody can tell, and it will not have waited long for what it has waited already."""

NEXT_PROMISE_FACTOR = 1.25
"""A promise that has passed is followed by one at least this much later: each costs an edit."""

GRACE_SHARE = 0.1
"""A promise counts as kept until so much later: a poll must see the end, and it is aimed behind it.
Without that everybody in line would be told of a delay just before a task is found done."""

_PROMISE_STEPS_SECONDS = (300, 60, 15)
_FINEST_STEP_SECONDS = 5
_STEPS_PER_PROMISE = 8
"""A promise is rounded to an eighth of itself at most, so that one new sample rarely moves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderProfile:
    """What decides how long a task takes: times are kept for each combination."""

    model: str
    resolution: str
    duration_seconds: int


def render_profile_of(job: Job) -> RenderProfile:
    """Return what a job has made."""
    return RenderProfile(
        model=job.spec.model,
        resolution=job.spec.resolution,
        duration_seconds=job.spec.duration_seconds,
    )


def observed_duration(task: Task) -> float | None:
    """Return the render time in seconds that a finished task teaches, by the provider's own clock.

    Without that clock a task teaches nothing: our own knows when a poll saw the end, and the next
    polls would be aimed behind those before them, later and later.
    """
    if task.submitted_at is None or task.ended_at is None:
        return None
    took = task.ended_at - task.submitted_at
    return took.total_seconds() if timedelta(0) < took <= UNCONFIRMED_DEADLINE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTime:
    """What is known about the render time of one profile."""

    typical_seconds: float
    """From the documentation."""
    recent_seconds: tuple[float, ...] = ()
    """Our newest tasks, the oldest of them first."""

    @property
    def samples(self) -> int:
        """How many of our own tasks this rests on."""
        return len(self.recent_seconds)

    def quantile(self, share: float, *, after_seconds: float = 0) -> float:
        """Return the time in seconds within which a share of tasks is done.

        Args:
            share: from 0 to 1.
            after_seconds: of the tasks that are not done by then.
        """
        left = [chance for chance in _chances(self) if chance[0] > after_seconds]
        if not left:
            return after_seconds * (1 + OVERTIME_SHARE)
        wanted = share * sum(weight for _, weight in left)
        for seconds, weight in left:
            wanted -= weight
            if wanted <= 0:
                return seconds
        return left[-1][0]

    def promise(self, *, age_seconds: float = 0) -> DurationEstimate:
        """Return when a task of an age is expected to be done, counted from its beginning.

        The first promise is the median. It stands until it has passed, and then becomes the median
        of the tasks that take longer, and so on: it moves only when it must.
        """
        passed = 0.0
        while True:
            median = self.quantile(0.5, after_seconds=passed)
            done_seconds = max(
                _rounded(max(median, passed * NEXT_PROMISE_FACTOR)), passed + _FINEST_STEP_SECONDS
            )
            if done_seconds * (1 + GRACE_SHARE) > age_seconds:
                break
            passed = done_seconds
        late_seconds = max(done_seconds, self.quantile(0.9, after_seconds=passed))
        return DurationEstimate(
            done_seconds=done_seconds, late_seconds=late_seconds, samples=self.samples
        )

    def poll_wait_seconds(self, *, age_seconds: float, interval_seconds: float) -> float:
        """Return how long to wait before a task is looked at again: at least an interval.

        Looks one poll ahead. Of all moments just behind a possible end it takes the one with the
        least ``expected waiting for the poll + chance of a miss x price of a miss``.

        Args:
            age_seconds: since the task was accepted; it was not done just now.
            interval_seconds: the least time between two polls of it.
        """
        longest_wait = interval_seconds * MOST_INTERVALS
        aims = [(time * (1 + POLL_MARGIN), weight) for time, weight in _chances(self)]
        left = [(aim, weight) for aim, weight in aims if aim > age_seconds]
        if not left:
            overtime_seconds = age_seconds - aims[-1][0]
            return min(longest_wait, max(interval_seconds, OVERTIME_SHARE * overtime_seconds))
        best_wait = _best_moment(left, age_seconds, interval_seconds) - age_seconds
        if best_wait > longest_wait:
            # A look on the way, which leaves room for the poll that matters.
            best_wait = min(longest_wait, best_wait - interval_seconds)
        return max(interval_seconds, best_wait)


@lru_cache(maxsize=64)
def _chances(known: RenderTime) -> tuple[tuple[float, float], ...]:
    """Return possible render times in seconds, shortest first, with their weights."""
    newest_first = enumerate(reversed(known.recent_seconds))
    real = sorted((time, 0.5 ** (ago / HALF_LIFE_SAMPLES)) for ago, time in newest_first)
    return tuple(sorted([*_spread(real), *_prior(known)]))


def _prior(known: RenderTime) -> Iterator[tuple[float, float]]:
    """Yield the documentation's figure as times evenly spread on a log scale."""
    shortest, longest = PRIOR_RANGE
    weight = PRIOR_SAMPLES / (1 + known.samples) / _PRIOR_TIMES
    for number in range(_PRIOR_TIMES):
        factor = shortest * (longest / shortest) ** ((number + 0.5) / _PRIOR_TIMES)
        yield known.typical_seconds * factor, weight


def _spread(real: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Smear each sample towards its neighbours: times between two samples are possible too."""
    yield from ((time, weight / 2) for time, weight in real)
    if real:
        yield real[0][0], real[0][1] / 4
        yield real[-1][0], real[-1][1] / 4
    for (time, weight), (later, later_weight) in pairwise(real):
        third = (later - time) / 3
        yield time + third, weight / 4
        yield later - third, later_weight / 4


def _best_moment(
    left: list[tuple[float, float]], age_seconds: float, interval_seconds: float
) -> float:
    """Return the cheapest moment for a poll, as the task's age then."""
    poll_cost = interval_seconds * POLL_COST_INTERVALS
    earliest = age_seconds + interval_seconds
    total = sum(weight for _, weight in left)
    done = done_weighted = 0.0
    ends = iter([*left, (math.inf, 0.0)])
    end, weight = next(ends)
    choices = []
    for moment in [earliest, *(aim for aim, _ in left if aim > earliest)]:
        while end <= moment:
            done += weight
            done_weighted += weight * end
            end, weight = next(ends)
        choices.append((moment, done / total, (moment * done - done_weighted) / total))
    # What is still to be paid after a miss is what a hit costs by the best of these polls, over
    # and over; and where the end is near, what the next poll is late: half an interval on average.
    hit_cost = min((poll_cost + waiting) / hit for _, hit, waiting in choices if hit)
    miss_cost = max(hit_cost, poll_cost + interval_seconds / 2)
    return min(choices, key=lambda choice: choice[2] + (1 - choice[1]) * miss_cost)[0]


def _rounded(seconds: float) -> float:
    step = next(
        (step for step in _PROMISE_STEPS_SECONDS if step * _STEPS_PER_PROMISE <= seconds),
        _FINEST_STEP_SECONDS,
    )
    return max(round(seconds / step), 1) * step
