"""A wake makes one poll of a task due, and only the poll's answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ids import TaskId
from bot.domain.jobs.states import JobState
from bot.domain.ports import Clock
from bot.domain.requests.task import Task, TaskState
from bot.services.stages.task_wakes import TaskWakes, WakeOutcome
from tests.fakes import ACCOUNT, NOW, SLOW_MODEL, InMemoryProvider, a_task
from tests.services.core import POLL_SECONDS, Core
from tests.services.database_trouble import read_only

TASK = TaskId("t")
LATER = NOW + timedelta(seconds=POLL_SECONDS)
HASTENED, REPEATED, UNKNOWN = (
    WakeOutcome.HASTENED,
    WakeOutcome.REPEATED,
    WakeOutcome.UNKNOWN_TASK,
)


class Woken:
    """Wakes of a process, and how often its poller was hastened."""

    def __init__(self, core: Core) -> None:
        self.hastened = 0
        self.wakes = TaskWakes(
            database=core.database,
            clock=core.clock,
            catalogue=core.catalogue,
            account=ACCOUNT,
            interval_seconds=POLL_SECONDS,
            hasten=self._hasten,
        )

    def _hasten(self) -> None:
        self.hastened += 1

    async def wake(self, task_id: TaskId = TASK) -> WakeOutcome:
        return await self.wakes.wake(task_id)


@pytest.fixture
def woken(core: Core) -> Woken:
    return Woken(core)


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING])
async def test_a_woken_task_is_polled_at_once_and_then_as_always(
    core: Core, woken: Woken, state: JobState
) -> None:
    job = await core.put(state, task_id=TASK, next_poll_at=LATER)
    core.provider.tasks[TASK] = a_task(TASK, TaskState.RUNNING)
    await core.poller.run_once()
    assert core.provider.asked == []
    with capture_logs() as logs:
        assert await woken.wake() is HASTENED
    assert [(line["event"], line["job_id"]) for line in logs] == [("poll_hastened", job.id)]
    assert woken.hastened == 1
    await core.poller.run_once()
    assert core.provider.asked == [TASK]
    stored = await core.job(job)
    assert stored.state is JobState.RUNNING, "it is not over because somebody says so"
    assert stored.task.next_poll_at is not None
    assert stored.task.next_poll_at >= LATER
    await core.poller.run_once()
    assert core.provider.asked == [TASK]


async def test_a_flood_makes_one_poll_an_interval(core: Core, woken: Woken) -> None:
    await core.put(JobState.RUNNING, task_id=TASK, next_poll_at=LATER)
    core.provider.tasks[TASK] = a_task(TASK, TaskState.RUNNING)
    for interval in range(3):
        outcomes = await asyncio.gather(*(woken.wake() for _ in range(20)))
        assert sorted(outcomes) == [HASTENED] + [REPEATED] * 19
        for _ in range(10):
            await core.poller.run_once()
            core.clock.advance(seconds=POLL_SECONDS / 100)
            assert await woken.wake() is REPEATED
        assert len(core.provider.asked) == interval + 1
        core.clock.advance(seconds=POLL_SECONDS * 0.9)
    assert woken.hastened == 3


async def test_a_slow_model_is_not_woken_more_often_than_it_may_be_polled(
    core: Core, woken: Woken
) -> None:
    await core.put(JobState.RUNNING, task_id=TASK, model=SLOW_MODEL, next_poll_at=LATER)
    assert await woken.wake() is HASTENED
    core.clock.advance(seconds=2 * POLL_SECONDS - 1)
    assert await woken.wake() is REPEATED
    core.clock.advance(seconds=1)
    assert await woken.wake() is HASTENED


@pytest.mark.parametrize(
    "state",
    [state for state in JobState if state not in {JobState.PENDING, JobState.RUNNING}],
)
async def test_a_task_no_job_follows_wakes_nothing(
    core: Core, woken: Woken, state: JobState
) -> None:
    job = await core.put(state, task_id=TASK)
    before = await core.job(job)
    assert await woken.wake() is UNKNOWN
    assert await core.job(job) == before
    assert await woken.wake(TaskId("somebody-elses")) is UNKNOWN
    assert woken.hastened == 0


async def test_a_task_of_another_account_is_not_ours(core: Core, woken: Woken) -> None:
    await core.put(JobState.RUNNING, task_id=TASK, account="beijing:another:1")
    assert await woken.wake() is UNKNOWN


class LateAnswer(InMemoryProvider):
    """Its answers were true when they left, and something happens before they arrive."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.meanwhile: list[Callable[[], Awaitable[None]]] = []

    @override
    async def get_task(self, task_id: TaskId) -> Task:
        answer = await super().get_task(task_id)
        if self.meanwhile:
            await self.meanwhile.pop()()
        return answer


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING])
async def test_an_end_told_while_a_poll_is_under_way_is_not_missed(
    core: Core, state: JobState
) -> None:
    provider = LateAnswer(core.clock)
    core = core.altered(provider=provider)
    woken = Woken(core)
    job = await core.put(state, task_id=TASK)

    async def end() -> None:
        provider.tasks[TASK] = a_task(TASK, TaskState.SUCCEEDED)
        core.clock.advance(milliseconds=100)
        assert await woken.wake() is HASTENED

    provider.meanwhile.append(end)
    provider.tasks[TASK] = a_task(TASK, TaskState.RUNNING)
    await core.poller.run_once()
    assert await core.state(job) is JobState.RUNNING
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    assert provider.asked == [TASK, TASK]


async def test_a_wake_that_was_not_stored_is_not_spent(core: Core, woken: Woken) -> None:
    await core.put(JobState.RUNNING, task_id=TASK, next_poll_at=LATER)
    async with read_only(core):
        with pytest.raises(DatabaseUnavailableError):
            await woken.wake()
    assert woken.hastened == 0
    assert await woken.wake() is HASTENED
