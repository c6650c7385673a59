"""Provider requests per job and detection delay, against the official SDK's ``wait()`` in threads.

Tasks take 60 to 300 s, drawn by lot. Two threads, as many as the lane has places, each create a
task with the SDK, wait for it, and go on to the next; Tween makes as many jobs through its lane.
Both talk to the emulator, which counts creates, queries, lists and cancels. Waiting is skipped
(``simulated_time``): the SDK's sleeps are those of the same clock. The delay is from a task's end
to the moment somebody knows: ``wait()`` has returned, or the poller has read SUCCEEDED.

The same day gives the makespan of such tasks, see ``makespan``.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from unittest.mock import patch

import dashscope
from dashscope import VideoSynthesis
from dashscope.api_entities.http_request import close_shared_sync_session
from dashscope.client import base_api

from bot.domain.jobs.states import JobState
from bot.storage import jobs as stored
from sandbox.dashscope import DashScopeServer
from tests.benchmarks.days import MODEL, Day, a_day, emulator_settings
from tests.benchmarks.figures import median, percentile
from tests.benchmarks.makespan import JOBS, QUIET_SECONDS, row_of
from tests.benchmarks.rows import Row, Unit
from tests.benchmarks.simulated_time import SimulatedClock
from tests.e2e.world import KEY
from tests.sandbox.dashscope.helpers import FIRST, LAST

SDK_JOBS = 50
PLACES = 2
RANDOM = (60.0, 300.0)
WANTED = 1 / 3
COUNTED = frozenset({"create", "query", "list", "cancel"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What following the tasks cost, and how late their ends were seen."""

    requests: int
    delays_seconds: tuple[float, ...]

    @property
    def per_job(self) -> float:
        """Requests for one job."""
        return self.requests / len(self.delays_seconds)


async def rows() -> list[Row]:
    """Measure the SDK, then Tween."""
    sdk, (ours, makespan) = await _sdk(), await _tween()
    return [
        makespan,
        Row(
            name="provider requests per job, tasks of 60 to 300 s",
            ours=f"{ours.per_job:.1f}",
            against=f"{sdk.per_job:.1f} of the SDK's wait()",
            figure=ours.per_job / sdk.per_job,
            unit=Unit.RATIO,
            wanted=WANTED,
            remark=(
                f"{len(ours.delays_seconds)} jobs, and {len(sdk.delays_seconds)} by the SDK, "
                f"{PLACES} at a time; creates, queries, lists and cancels"
            ),
        ),
        Row(
            name="detection delay, tasks of 60 to 300 s",
            ours=_delays(ours),
            against=f"{_delays(sdk)} of the SDK's wait()",
            figure=median(ours.delays_seconds),
            unit=Unit.SECONDS,
            wanted=None,
            remark="median and p95; a task is polled every 15 s at most, by the SDK every 5 s",
        ),
    ]


def _delays(following: Following) -> str:
    delays = following.delays_seconds
    return f"{median(delays):.1f} s, p95 {percentile(delays, 0.95):.1f} s"


def _requests(dashscope_server: DashScopeServer) -> int:
    return sum(request.point in COUNTED for request in dashscope_server.requests)


async def _tween() -> tuple[Following, Row]:
    async with a_day(RANDOM, status_edit_interval_seconds=QUIET_SECONDS) as day:
        await day.submit(JOBS)
        await day.all_delivered(JOBS)
        return await followed(day), row_of(day, "tasks of 60 to 300 s")


async def followed(day: Day) -> Following:
    """Return what following the tasks cost on a day on which everything was delivered."""
    seen_at = {}
    async with day.app.database.read() as connection:
        for job in await day.jobs():
            for event in await stored.history(connection, job.id):
                if event.target is JobState.DOWNLOADING:
                    seen_at[str(job.task.id)] = event.at.timestamp()
    return Following(
        requests=_requests(day.dashscope), delays_seconds=_delays_of(day.dashscope, seen_at)
    )


def _delays_of(server: DashScopeServer, seen_at: dict[str, float]) -> tuple[float, ...]:
    return tuple(
        seen_at[task.task_id] - task.ended_at
        for task in server.tasks.values()
        if task.ended_at is not None
    )


async def _sdk() -> Following:
    clock = SimulatedClock()
    seen_at: dict[str, float] = {}
    async with DashScopeServer(emulator_settings(RANDOM)) as server:
        clock.follow(server.clock.advance)
        clock.wait_for(lambda: any(not task.inspected for task in server.tasks.values()))
        times = SimpleNamespace(sleep=_sleeper(clock), time=time.time)
        with (
            patch.object(dashscope, "api_key", KEY),
            patch.object(dashscope, "base_http_api_url", server.base_url),
            patch.object(base_api, "time", times),
        ):
            clock.begin_work(PLACES)
            await asyncio.gather(
                *(asyncio.to_thread(_follow, clock, seen_at) for _ in range(PLACES))
            )
        close_shared_sync_session()
        return Following(requests=_requests(server), delays_seconds=_delays_of(server, seen_at))


def _sleeper(clock: SimulatedClock) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        woken = threading.Event()
        clock.begin_wait(seconds, woken.set)
        woken.wait()

    return sleep


def _follow(clock: SimulatedClock, seen_at: dict[str, float]) -> None:
    """Create tasks and wait for them, one after the other, as the SDK's documentation shows."""
    for _ in range(SDK_JOBS // PLACES):
        created = VideoSynthesis.async_call(
            model=MODEL, prompt="the cat looks up", first_frame_url=FIRST, last_frame_url=LAST
        )
        done = VideoSynthesis.wait(created)
        seen_at[done.output.task_id] = clock.now().timestamp()
    clock.end_work()
