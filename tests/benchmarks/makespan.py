"""Makespan of 100 jobs through one lane, from the first create to the last video in Discord.

Against the lane's ideal schedule: the same tasks, with the very durations the emulator drew, each
begun on the first of the lane's places that becomes free, with nothing in between. Waiting is
skipped (``simulated_time``), so computing and requests count at their real length. Status messages
say where a job is, but are not edited each time that the line moves: ``edits`` measures that.

Two rows, because no bot can know when a task ends before it asks. Where tasks take a steady time
the poll can be aimed. Where they take anything from one to five minutes, a poll at most every
POLL_INTERVAL_SECONDS finds each end some seconds late, and the place stands empty meanwhile; that
row comes from ``polling``.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

from tests.benchmarks.days import MODEL, Day, a_day, seconds_of
from tests.benchmarks.figures import median
from tests.benchmarks.rows import Row, Unit

JOBS = 100
STEADY = (120.0, 120.0)
WANTED = 1.02
QUIET_SECONDS = 600.0
"""A hundred messages that follow a line are some 4,000 edits, which take minutes to carry out."""


def ideal_seconds(durations: Sequence[float], *, places: int) -> float:
    """Return how long a list schedule takes: each task on the place that is free first."""
    free_at = [0.0] * places
    for seconds in durations:
        heapq.heappush(free_at, heapq.heappop(free_at) + seconds)
    return max(free_at)


async def rows() -> list[Row]:
    """Measure steady tasks; ``polling`` measures the others on the day it needs anyway."""
    async with a_day(STEADY, status_edit_interval_seconds=QUIET_SECONDS) as day:
        await day.submit(JOBS)
        await day.all_delivered(JOBS)
        return [row_of(day, "tasks of 120 s")]


def row_of(day: Day, tasks_are: str) -> Row:
    """Compare a day on which everything was delivered with the ideal of its tasks.

    Args:
        day: the day, at its end.
        tasks_are: what the row's name says of the tasks.
    """
    tasks = list(day.dashscope.tasks.values())
    delivered_at = max(message.current.at for message in day.status_messages()).timestamp()
    model = day.app.catalogue.get(MODEL)
    if model is None:
        raise LookupError(MODEL)
    places = model.limits.in_flight
    durations = [seconds_of(task) for task in tasks]
    ideal = ideal_seconds(durations, places=places)
    # What remains of the ideal where an end is seen at the next look, and looks are this far apart.
    apart = day.app.settings.poll_interval_seconds
    looked = [math.ceil(seconds / apart) * apart for seconds in durations]
    metronome = ideal_seconds(looked, places=places) / ideal
    took = delivered_at - tasks[0].submitted_at
    gaps = empty_seconds([(task.submitted_at, task.ended_at or 0.0) for task in tasks], places)
    late_seconds = (took - ideal) / (len(tasks) / places)
    return Row(
        name=f"makespan of {len(tasks)} jobs, {tasks_are}",
        ours=f"{took:.0f} s",
        against=f"{ideal:.0f} s ideal on {places} places",
        figure=took / ideal,
        unit=Unit.RATIO,
        wanted=WANTED,
        remark=(
            f"{late_seconds:.1f} s more per job and place; a place stood empty for "
            f"{median(gaps):.1f} s (median) between two tasks, {max(gaps):.1f} s at most; looking "
            f"blindly every {apart:.0f} s, the least time between two polls of a task, and losing "
            f"nothing else, would take {metronome:.3f} ×"
        ),
    )


def empty_seconds(spans: Sequence[tuple[float, float]], places: int) -> list[float]:
    """Return how long a place stood empty before each task but the first ones."""
    ends: list[float] = []
    gaps = []
    for begun, ended in spans:
        if len(ends) == places:
            gaps.append(begun - heapq.heappop(ends))
        heapq.heappush(ends, ended)
    return gaps
