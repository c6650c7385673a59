"""Detection delay and queries on a day on which the provider calls, against the same day without.

Both days have the same tasks of 60 to 300 s, drawn by lot. On the second the emulator calls
``/callbacks/dashscope`` over a socket when a task has ended, signed as EventBridge signs; the delay
is from a task's end to the moment the poller has read SUCCEEDED. Waiting is skipped
(``simulated_time``), but never past the end of a task, nor while it is being told.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.requests.task import TaskState
from tests.benchmarks.days import a_day
from tests.benchmarks.figures import median, percentile
from tests.benchmarks.makespan import QUIET_SECONDS
from tests.benchmarks.polling import RANDOM, Following, followed
from tests.benchmarks.rows import Row, Unit

JOBS = 20
WANTED_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledDay:
    """What was asked on a day, and how late ends were seen."""

    following: Following
    reads_of_ends: float
    """Queries that read SUCCEEDED."""

    @property
    def delays(self) -> str:
        """Median, p95 and most."""
        seconds = self.following.delays_seconds
        return f"{median(seconds):.2f} s, {percentile(seconds, 0.95):.2f} s, {max(seconds):.2f} s"

    @property
    def reads_per_end(self) -> float:
        """Queries of a task from its end on; 1 where none is asked in vain."""
        return self.reads_of_ends / len(self.following.delays_seconds)


async def rows() -> list[Row]:
    """Measure a day of polling alone, then one with calls."""
    alone, called = await _day(is_called=False), await _day(is_called=True)
    per_job = called.following.per_job, alone.following.per_job
    return [
        Row(
            name="detection delay with the provider's calls",
            ours=called.delays,
            against=f"{alone.delays} by polling alone",
            figure=percentile(called.following.delays_seconds, 0.95),
            unit=Unit.SECONDS,
            wanted=WANTED_SECONDS,
            remark=(
                "median, p95 and most, of which p95 is judged; the emulator calls at once, "
                "EventBridge when it comes to it"
            ),
        ),
        Row(
            name="queries of a task from its end on, with the provider's calls",
            ours=f"{called.reads_per_end:.2f}",
            against=f"{alone.reads_per_end:.2f} by polling alone",
            figure=called.reads_per_end / alone.reads_per_end,
            unit=Unit.RATIO,
            wanted=1.0,
            remark="before its end a task is polled as always, so this is all a call can add to",
        ),
        Row(
            name="provider requests per job with the provider's calls",
            ours=f"{per_job[0]:.2f}",
            against=f"{per_job[1]:.2f} by polling alone",
            figure=per_job[0] / per_job[1],
            unit=Unit.RATIO,
            wanted=None,
            remark=(
                f"{JOBS} jobs on the same tasks; polls are aimed by what earlier tasks taught, "
                "which comes sooner with calls, so that one more or less is chance"
            ),
        ),
    ]


async def _day(*, is_called: bool) -> CalledDay:
    async with a_day(
        RANDOM, is_called=is_called, status_edit_interval_seconds=QUIET_SECONDS
    ) as day:
        await day.submit(JOBS)
        await day.all_delivered(JOBS)
        calls = day.app.metrics.provider_calls
        read = calls.labels(call="get", outcome=TaskState.SUCCEEDED.value)
        (sample,) = [
            sample
            for metric in read.collect()
            for sample in metric.samples
            if sample.name.endswith("_total")
        ]
        return CalledDay(following=await followed(day), reads_of_ends=sample.value)
