"""A task id is stored however late it comes: it is money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import NOTHING
from bot.domain.errors import DatabaseUnavailableError, ProviderUnavailableError
from bot.domain.ids import TaskId
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.requests.task import TaskRequest
from bot.storage import unconfirmed
from tests.fakes import ACCOUNT, MODEL, NOW, a_submission, a_task
from tests.services.core import Core


async def test_cancel_wanted_meanwhile_is_remembered(core: Core) -> None:
    job = await core.submit(a_submission())

    async def want() -> None:
        await core.writer.update_visible(
            await core.job(job),
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.CANCEL_REQUESTED,
            changes={"cancel_requested_at": core.clock.now()},
        )

    core.provider.during_create = want
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert stored.state is JobState.PENDING
    assert stored.cancellation.requested_at is not None


async def _lapse(core: Core, job: Job) -> None:
    """Let the lease pass, as it does for a process that was suspended."""
    core.clock.advance(seconds=121)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED


async def _adopt(core: Core, job: Job, task_id: str) -> None:
    await _lapse(core, job)
    core.provider.tasks[task_id] = a_task(task_id)
    core.provider.list_task(task_id, at=NOW)
    await core.decisions.carry_out(job.id, taken=TaskId(task_id), failed=False)


async def _adopted_itself(core: Core, job: Job) -> None:
    await _adopt(core, job, LATE)


async def _adopted_another(core: Core, job: Job) -> None:
    await _adopt(core, job, "another")


async def _queued_again(core: Core, job: Job) -> None:
    await _lapse(core, job)
    await core.decisions.carry_out(job.id, taken=None, failed=False)


async def _given_up(core: Core, job: Job) -> None:
    await _lapse(core, job)
    await core.decisions.carry_out(job.id, taken=None, failed=True)


async def _expired(core: Core, job: Job) -> None:
    await _lapse(core, job)
    core.clock.advance(hours=28)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.EXPIRED


LATE = "late-task"


@pytest.mark.parametrize(
    ("meanwhile", "state", "task_id"),
    [
        pytest.param(_lapse, JobState.PENDING, LATE, id="its lease passed: it is stored"),
        pytest.param(_adopted_itself, JobState.PENDING, LATE, id="it was found: nothing to do"),
        pytest.param(_adopted_another, JobState.PENDING, "another", id="another was taken: orphan"),
        pytest.param(_queued_again, JobState.QUEUED, None, id="it waits again: orphan"),
        pytest.param(_given_up, JobState.FAILED, None, id="it was given up: orphan"),
        pytest.param(_expired, JobState.EXPIRED, None, id="it expired: orphan"),
    ],
)
async def test_answer_that_comes_late_finds_the_job(
    core: Core,
    meanwhile: Callable[[Core, Job], Awaitable[None]],
    state: JobState,
    task_id: str | None,
) -> None:
    job = await core.submit(a_submission())
    core.provider.during_create = lambda: meanwhile(core, job)
    core.provider.create_answers.append(LATE)
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert (stored.state, stored.task.id) == (state, task_id)
    is_orphan = task_id != LATE
    async with core.database.read() as connection:
        assert (LATE in await unconfirmed.orphans(connection, ACCOUNT)) is is_orphan
    assert core.provider.cancelled == [LATE] * is_orphan
    assert core.told() == ["orphan_task"] * is_orphan
    if is_orphan:
        facts = core.chat.alerts[0].facts
        assert (facts["subject"], facts["job_id"], facts["cancel"]) == (LATE, job.id, "cancelled")
    assert await core.spent(job) == (NOTHING if stored.is_terminal else job.price.reserved)


async def test_answer_to_the_first_create_serves_the_second_and_only_one_task_stays(
    core: Core,
) -> None:
    """A suspended process's create is answered while its job is being sent for the second time."""
    job = await core.submit(a_submission())
    is_sent_again, is_answered = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        await _queued_again(core, job)
        core.clock.advance(minutes=1)
        core.provider.during_create = second
        sending.create_task(core.restarted().dispatcher.run_once(MODEL))
        await is_sent_again.wait()

    async def second() -> None:
        is_sent_again.set()
        await is_answered.wait()

    core.provider.during_create = first
    core.provider.create_answers.extend([LATE, "second"])
    async with asyncio.timeout(10), asyncio.TaskGroup() as sending:
        await core.dispatcher.run_once(MODEL)
        assert (await core.job(job)).task.id == LATE
        is_answered.set()
    stored = await core.job(job)
    assert (stored.state, stored.task.id) == (JobState.PENDING, LATE)
    assert core.provider.cancelled == ["second"]
    assert core.told() == ["orphan_task"]


async def test_task_that_another_job_owns_does_not_end_the_process(core: Core) -> None:
    owner = await core.put(JobState.RUNNING, task_id="twice")
    job = await core.submit(a_submission())
    core.provider.create_answers.append("twice")
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert (await core.job(owner)).task.id == "twice"
    assert core.provider.cancelled == []
    assert core.told() == ["job_unconfirmed"]


async def test_task_id_is_stored_once_the_database_is_back(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.submit(a_submission())
    trouble = iter([True, True, True])
    write = core.database.write

    @asynccontextmanager
    async def flaky() -> AsyncIterator[AsyncConnection]:
        if next(trouble, False):
            raise DatabaseUnavailableError("gone for a moment")
        async with write() as connection:
            yield connection

    async def go_away() -> None:
        monkeypatch.setattr(core.database, "write", flaky)

    core.provider.during_create = go_away
    core.provider.create_answers.append("the-task")
    await core.dispatcher.run_once(MODEL)
    assert (await core.job(job)).task.id == "the-task"
    assert core.clock.slept == [0.5, 1, 2]


async def test_an_answer_lost_after_the_lease_ends_the_window_then(core: Core) -> None:
    job = await core.submit(a_submission())

    async def suspend() -> None:
        await _lapse(core, job)
        core.clock.advance(minutes=5)

    core.provider.during_create = suspend
    core.provider.create_answers.append(
        ProviderUnavailableError("no answer", request_was_sent=True)
    )
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert (stored.state, stored.task.create_abandoned_at) == (
        JobState.UNCONFIRMED,
        core.clock.now(),
    )


async def test_a_claim_held_up_beyond_its_lease_sends_nothing(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.submit(a_submission())
    requests = core.dispatcher._requests
    prepare = requests.of

    async def suspended(claimed: Job) -> TaskRequest:
        core.clock.advance(seconds=121)
        return await prepare(claimed)

    monkeypatch.setattr(requests, "of", suspended)
    await core.dispatcher.run_once(MODEL)
    assert core.provider.creates == []
    assert await core.state(job) is JobState.QUEUED
