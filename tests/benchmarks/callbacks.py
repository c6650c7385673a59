"""Detection delay and queries on a day on which the provider calls, against the same day without.

Both days have the same tasks of 60 to 300 s, drawn by lot. On the second the emulator calls
``/callbacks/dashscope`` over a socket when a task has ended, signed as EventBridge signs; the delay
is from a task's end to the moment the poller has read SUCCEEDED. Waiting is skipped
(``simulated_time``), but never past the end of a task, nor while it is being told.
"""

from __future__ import annotations

from tests.benchmarks.days import a_day
from tests.benchmarks.figures import median, percentile
from tests.benchmarks.makespan import QUIET_SECONDS
from tests.benchmarks.polling import RANDOM, Following, followed
from tests.benchmarks.rows import Row, Unit

JOBS = 20
WANTED_SECONDS = 1.0


async def rows() -> list[Row]:
    """Measure a day of polling alone, then one with calls."""
    alone, called = await _day(is_called=False), await _day(is_called=True)
    return [
        Row(
            name="detection delay with the provider's calls",
            ours=_delays(called),
            against=f"{_delays(alone)} by polling alone",
            figure=percentile(called.delays_seconds, 0.95),
            unit=Unit.SECONDS,
            wanted=WANTED_SECONDS,
            remark=(
                "median, p95 and most, of which p95 is judged; the emulator calls at once, "
                "EventBridge when it comes to it"
            ),
        ),
        Row(
            name="provider requests per job with the provider's calls",
            ours=f"{called.per_job:.2f}",
            against=f"{alone.per_job:.2f} by polling alone",
            figure=called.per_job / alone.per_job,
            unit=Unit.RATIO,
            wanted=1.0,
            remark=f"{JOBS} jobs on the same tasks; the usual polls go on beside the calls",
        ),
    ]


async def _day(*, is_called: bool) -> Following:
    async with a_day(
        RANDOM, is_called=is_called, status_edit_interval_seconds=QUIET_SECONDS
    ) as day:
        await day.submit(JOBS)
        await day.all_delivered(JOBS)
        return await followed(day)


def _delays(following: Following) -> str:
    delays = following.delays_seconds
    return f"{median(delays):.2f} s, {percentile(delays, 0.95):.2f} s, {max(delays):.2f} s"
