"""A task id is stored however late it comes: it is money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ids import TaskId
from bot.domain.job import Amendment, JobState, Owner
from bot.domain.ledger import NOTHING
from bot.storage import unconfirmed
from tests.fakes import ACCOUNT, MODEL, a_submission
from tests.services.core import Core


async def test_answer_after_the_reaper_gave_up_still_makes_the_job_pending(core: Core) -> None:
    job = await core.submissions.submit(a_submission())

    async def lapse() -> None:
        core.clock.advance(seconds=121)
        await core.reaper.run_once()
        assert await core.state(job) is JobState.UNCONFIRMED

    core.provider.during_create = lapse
    core.provider.create_answers.append("late-task")
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert (stored.state, stored.task_id) == (JobState.PENDING, "late-task")


async def test_cancel_wanted_meanwhile_is_remembered(core: Core) -> None:
    job = await core.submissions.submit(a_submission())

    async def want() -> None:
        await core.advancer.amend(
            await core.job(job),
            owner=Owner.SUBMISSIONS,
            name=Amendment.CANCEL_REQUESTED,
            cancel_requested_at=core.clock.now(),
        )

    core.provider.during_create = want
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert stored.state is JobState.PENDING
    assert stored.cancel_requested_at is not None


async def test_task_that_fits_no_job_any_more_is_kept_cancelled_and_told(core: Core) -> None:
    job = await core.submissions.submit(a_submission())

    async def end() -> None:
        core.clock.advance(seconds=121)
        await core.reaper.run_once()
        core.clock.advance(hours=28)
        await core.reaper.run_once()
        assert await core.state(job) is JobState.EXPIRED

    core.provider.during_create = end
    core.provider.create_answers.append("late-task")
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.EXPIRED
    assert core.provider.cancelled == ["late-task"]
    async with core.database.read() as connection:
        assert await unconfirmed.orphans(connection, ACCOUNT) == {TaskId("late-task")}
    assert core.told() == ["orphan_task"]
    assert await core.spent(job) == NOTHING


async def test_task_that_another_job_owns_does_not_end_the_process(core: Core) -> None:
    owner = await core.put(JobState.RUNNING, task_id="twice")
    job = await core.submissions.submit(a_submission())
    core.provider.create_answers.append("twice")
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.UNCONFIRMED
    assert (await core.job(owner)).task_id == "twice"
    assert core.provider.cancelled == []
    assert core.told() == ["job_unconfirmed"]


async def test_task_id_is_stored_once_the_database_is_back(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.submissions.submit(a_submission())
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
    assert (await core.job(job)).task_id == "the-task"
    assert core.clock.slept == [0.5, 1, 2]
