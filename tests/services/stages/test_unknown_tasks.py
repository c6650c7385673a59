"""Tasks the provider knows nothing of: given up only where something vouches for the key."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.amounts import NOTHING
from bot.domain.failure import FailureReason
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import TaskState
from tests.fakes import (
    NOW,
    a_task,
)
from tests.services.core import POLL_SECONDS, Core


async def test_unknown_task_older_than_a_day_expires_at_once(core: Core) -> None:
    job = await core.put(JobState.RUNNING, confirmed_at=NOW - timedelta(hours=24, seconds=1))
    await core.poller.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.EXPIRED, FailureReason.TASK_LOST)
    assert stored.failure.possibly_billed
    assert await core.spent(job) == NOTHING


async def _poll_for(core: Core, minutes: float) -> None:
    for _ in range(int(minutes * 60 / POLL_SECONDS)):
        core.clock.advance(seconds=POLL_SECONDS)
        await core.poller.run_once()


async def test_unknown_task_expires_while_another_is_readable(core: Core) -> None:
    job = await core.put(JobState.RUNNING)
    await core.put(JobState.PENDING, task_id="readable")
    core.provider.tasks["readable"] = a_task("readable")
    await _poll_for(core, 9.5)
    assert await core.state(job) is JobState.RUNNING
    await _poll_for(core, 1)
    assert await core.state(job) is JobState.EXPIRED


async def test_unknown_task_is_followed_while_none_is_readable(core: Core) -> None:
    jobs = [await core.put(JobState.RUNNING, task_id=f"t{at}") for at in range(2)]
    await _poll_for(core, 30)
    assert [await core.state(job) for job in jobs] == [JobState.RUNNING] * 2


async def test_tasks_that_are_all_forgotten_end_where_an_older_one_is_readable(core: Core) -> None:
    """Two of them fill a lane: nothing else of it would ever vouch for the key."""
    over = await core.put(JobState.DELIVERED, task_id="over")
    core.provider.tasks["over"] = a_task("over", TaskState.SUCCEEDED)
    first = await core.put(JobState.RUNNING, task_id="first")
    second = await core.put(JobState.RUNNING, task_id="second")
    await _poll_for(core, 11)
    assert await core.state(first) is JobState.EXPIRED
    assert await core.state(second) is JobState.EXPIRED
    assert await core.state(over) is JobState.DELIVERED


async def test_the_operator_hears_after_ten_minutes_of_a_task_nobody_knows(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    await _poll_for(core, 20)
    assert await core.state(job) is JobState.RUNNING
    assert core.told() == ["task_unknown"]
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await _poll_for(core, 1)
    del core.provider.tasks["t"]
    await _poll_for(core, 20)
    assert core.told() == ["task_unknown"] * 2, "the next time is told again"


async def test_readable_answer_ends_a_run_of_unknown_ones(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    await core.put(JobState.PENDING, task_id="readable")
    core.provider.tasks["readable"] = a_task("readable")
    await _poll_for(core, 9)
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await _poll_for(core, 0.25)
    stored = await core.job(job)
    assert (stored.task.unknown_since, stored.task.unknown_polls) == (None, 0)
    del core.provider.tasks["t"]
    await _poll_for(core, 9)
    assert await core.state(job) is JobState.RUNNING
