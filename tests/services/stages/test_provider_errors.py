"""Every documented error: what the member reads, what is charged, and what happens next.

The real client speaks to the emulator, the real services act on what it says, and the sentence is
the one the status message is drawn with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from fnmatch import fnmatchcase

import pytest

from bot.domain.failure import Advice
from bot.domain.jobs.job import Job
from bot.domain.jobs.refused import offers_edit, offers_try_again, refused
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.provider.mapping import ROWS, ErrorRow
from tests.fakes import GUILD, MEMBER
from tests.services.core import Core
from tests.services.emulated import LANE, Stage, emulated
from tests.services.provider_errors import (
    ACCOUNT,
    CREATES,
    FOLLOWED_PAUSED,
    LOST,
    MODEL,
    QUERIES,
    TASKS,
    WAIT,
    Fault,
    Outcome,
)

ASKER = Requester(user_id=MEMBER, guild_id=GUILD)
ENDED = {
    JobState.FAILED: "Your video could not be made.",
    JobState.CANCELLED: "Your video was cancelled.",
}


@pytest.fixture
async def stage(core: Core) -> AsyncIterator[Stage]:
    async with emulated(core) as stage:
        yield stage


async def _check(stage: Stage, job: Job, means: Outcome) -> None:
    assert (await stage.reads(job)).startswith(means.reads)
    assert await stage.core.state(job) is means.state
    assert tuple(await stage.entries(job)) == means.entries
    assert tuple(stage.core.told()) == means.told
    stored = await stage.core.job(job)
    known = refused(stored)
    assert (known and known.part, known and known.advice) == (means.part, means.advice)
    assert offers_try_again(stored) is (means.advice in {Advice.AGAIN_AS_IS, Advice.LATER})
    assert offers_edit(stored) is (means.advice is not None)
    if means.state in ENDED:
        assert await stage.is_told(job) == ENDED[means.state]


# --- as the answer to a create ---------------------------------------------------------------


@pytest.mark.parametrize("fault", CREATES, ids=str)
async def test_error_of_a_create(stage: Stage, fault: Fault) -> None:
    job = await stage.ask()
    stage.server.faults.add(
        "create", "error", status=fault.status, code=fault.code, message=fault.message
    )
    await stage.send()
    await _check(stage, job, fault.means)
    match fault.means:
        case means if means is ACCOUNT:
            await _waits_for_the_account(stage, job)
        case means if means is MODEL:
            await _lane_is_off(stage)
        case means if means is WAIT:
            await _lane_slows_and_goes_on(stage, job)
        case means if means is LOST:
            await _is_not_sent_again(stage)
        case _:
            await _next_one_is_sent(stage)


async def _waits_for_the_account(stage: Stage, job: Job) -> None:
    for _ in range(8):
        stage.pass_time(30)
        await stage.core.account_pause.probe(job.account, LANE)
        await stage.send()
    assert (stage.creates(), stage.count("list")) == (1, 0)
    stage.pass_time(60)
    await stage.core.account_pause.probe(job.account, LANE)
    await stage.send()
    assert await stage.core.state(job) is JobState.PENDING
    assert (await stage.core.account()).paused_at is None
    assert stage.core.told() == ["account_paused"]


async def _lane_is_off(stage: Stage) -> None:
    assert (await stage.core.lane(LANE)).off_at is not None
    stage.pass_time(3600)
    await stage.send()
    assert stage.creates() == 1
    await stage.core.dispatcher.prepare()
    await stage.ask_and_send()


async def _lane_slows_and_goes_on(stage: Stage, job: Job) -> None:
    assert (await stage.core.lane(LANE)).throttled == 1
    wait_seconds = await stage.send()
    assert stage.creates() == 1
    assert wait_seconds == pytest.approx(2, abs=0.5)
    stage.pass_time(wait_seconds)
    await stage.send()
    assert await stage.core.state(job) is JobState.PENDING
    assert (await stage.core.lane(LANE)).throttled == 0


async def _is_not_sent_again(stage: Stage) -> None:
    for _ in range(10):
        stage.pass_time(60)
        await stage.send()
    assert stage.creates() == 1
    # Others go on; one place of the lane is held for the task that may exist.
    await stage.ask_and_send()


async def _next_one_is_sent(stage: Stage) -> None:
    stage.pass_time(2)
    await stage.ask_and_send()


# --- as the reason of a FAILED task ----------------------------------------------------------


@pytest.mark.parametrize("fault", TASKS, ids=str)
async def test_error_of_a_task(stage: Stage, fault: Fault) -> None:
    times = 2 if fault.tried_again else 1
    stage.server.faults.add(
        "task", "fail", code=fault.code, message=fault.message, seconds=0.1, times=times
    )
    job = await stage.ask_and_send()
    if fault.tried_again:
        await stage.poll(job)
        assert await stage.core.state(job) is JobState.QUEUED
        assert (await stage.reads(job)).startswith("Place **1** in line, expected")
        assert tuple(await stage.entries(job)) == WAIT.entries
        stage.pass_time(2)
        await stage.send()
    await stage.poll(job)
    await _check(stage, job, fault.means)
    await _next_one_is_sent(stage)
    assert stage.creates() == times + 1


async def test_task_that_fails_once_is_made_by_the_next_and_paid_once(stage: Stage) -> None:
    stage.server.faults.add("task", "fail", seconds=0.1)
    job = await stage.ask_and_send()
    await stage.poll(job)
    stage.pass_time(2)
    await stage.send()
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    assert (await stage.fetch(job)).state is JobState.DELIVERING
    assert await stage.core.spent(job) == job.price.reserved
    assert [task.status for task in stage.server.tasks.values()] == ["FAILED", "SUCCEEDED"]


# --- as the answer to a query, a cancel or a list ----------------------------------------------


@pytest.mark.parametrize("fault", QUERIES, ids=str)
async def test_error_of_a_query_a_cancel_and_a_list(stage: Stage, fault: Fault) -> None:
    job = await stage.ask_and_send()
    unseen = await stage.core.put(JobState.UNCONFIRMED, model=LANE, sent_at=stage.core.clock.now())
    numbers = [
        stage.server.faults.add(
            point,
            "error",
            status=fault.status,
            code=fault.code,
            message=fault.message,
            times=None,
        )
        for point in ("query", "cancel", "list")
    ]
    for _ in range(6):
        stored = await stage.poll(job)
        assert stored.task.next_poll_at is not None
        wait_seconds = (stored.task.next_poll_at - stage.core.clock.now()).total_seconds()
        assert 14 < wait_seconds <= 300
        await _check(stage, job, fault.means)
    await stage.core.reconciler.run_once()
    assert await stage.reads(unseen) == LOST.reads
    await stage.core.cancellations.cancel(job.id, ASKER)
    await stage.poll(job)
    assert await stage.reads(job) == "Cancelling, if the provider has not begun yet."
    assert stage.count("cancel") == 1
    for number in numbers:
        stage.server.faults.remove(number)
    # It was finished long ago: neither hidden by the errors nor by the cancel.
    assert (await stage.poll(job)).state is JobState.DOWNLOADING
    assert await stage.core.spent(job) == job.price.reserved
    assert ((await stage.core.account()).paused_at is not None) is (fault.means is FOLLOWED_PAUSED)


# --- completeness ------------------------------------------------------------------------------


def _is_tried(row: ErrorRow, code: str) -> bool:
    tried = (*CREATES, *TASKS, *QUERIES)
    return any(
        fnmatchcase(fault.code.lower(), code) and row.fits(fault.code, fault.message)
        for fault in tried
    )


def test_every_code_the_client_knows_is_tried_here() -> None:
    missing = [
        (row.codes, row.says, code)
        for row in ROWS
        for code in row.codes
        if not _is_tried(row, code)
    ]
    assert missing == []
