"""Whom a crash is counted against."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.ids import ChannelId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.services.stages.deliverer import STAGE
from bot.storage import leases
from tests.fakes import NOW
from tests.services.core import Core


async def _fetched(core: Core, *claims: int) -> list[Job]:
    """Return jobs with a result on disk that were claimed so often without an advance."""
    return [
        await core.put(
            JobState.DELIVERING,
            claims=times,
            task_id=f"t{number}",
            entered_at=NOW + timedelta(milliseconds=number),
        )
        for number, times in enumerate(claims)
    ]


async def test_suspects_are_worked_on_one_at_a_time(core: Core) -> None:
    first, second = await _fetched(core, 1, 2)
    began, let_go = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def work(job: Job) -> None:
        seen.append(job.id)
        began.set()
        await let_go.wait()

    claims = core.claims
    async with asyncio.TaskGroup() as group:
        working = group.create_task(claims.work_on_next(STAGE, work))
        await began.wait()
        assert not await claims.work_on_next(STAGE, work), "the other suspect waits"
        assert (await core.job(second)).lease.claims == 2
        let_go.set()
        assert await working
    assert seen == [first.id]
    assert await claims.work_on_next(STAGE, work)
    assert seen == [first.id, second.id]


async def test_others_go_on_beside_a_suspect(core: Core) -> None:
    suspect, other = await _fetched(core, 1, 0)
    began, let_go = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def hang(job: Job) -> None:
        seen.append(job.id)
        began.set()
        await let_go.wait()

    async def work(job: Job) -> None:
        seen.append(job.id)

    claims = core.claims
    async with asyncio.TaskGroup() as group:
        group.create_task(claims.work_on_next(STAGE, hang))
        await began.wait()
        assert await claims.work_on_next(STAGE, work)
        let_go.set()
    assert seen == [suspect.id, other.id]


class PowerCutError(BaseException):
    """Nobody gives anything back."""


async def _live(core: Core, culprit: Job) -> None:
    """Let one process work on all it may at once; the culprit ends it."""
    async with core.database.write() as connection:
        await leases.drop_other_leases(connection, core.process_lease.worker_id)
    in_hand: list[str] = []
    all_claimed = asyncio.Event()

    async def work(job: Job) -> None:
        in_hand.append(job.id)
        await all_claimed.wait()
        if culprit.id in in_hand:
            raise PowerCutError
        await core.writer.advance(job, JobState.DELIVERED, owner=Owner.DELIVERER)

    loops = [asyncio.ensure_future(core.claims.work_on_next(STAGE, work)) for _ in range(3)]
    while len(in_hand) + sum(loop.done() for loop in loops) < len(loops):
        await asyncio.wait(loops, timeout=0.01)
    all_claimed.set()
    await asyncio.gather(*loops, return_exceptions=True)


async def test_jobs_in_hand_when_another_ends_the_process_are_not_parked_with_it(
    core: Core,
) -> None:
    culprit, *others = await _fetched(core, 0, 0, 0)
    for _ in range(8):
        core = core.restarted()
        await _live(core, culprit)
    assert await core.state(culprit) is JobState.PARKED
    assert [await core.state(job) for job in others] == [JobState.DELIVERED] * 2


async def test_jobs_of_a_busy_channel_are_passed_over(core: Core) -> None:
    first, second = await _fetched(core, 0, 0)
    elsewhere = ChannelId(77)
    await core.patch(second, status_channel_id=elsewhere)
    seen: list[str] = []

    async def work(job: Job) -> None:
        seen.append(job.id)

    claims = core.claims
    busy = {(await core.job(first)).messages.status_channel_id or first.origin.channel_id}
    assert await claims.work_on_next(STAGE, work, busy=busy)
    assert not await claims.work_on_next(STAGE, work, busy=busy | {elsewhere})
    assert seen == [second.id]


async def test_a_look_at_the_same_moment_makes_no_suspect_wait(core: Core) -> None:
    """All loops look at once when a process starts, and the next look is seconds away."""
    (suspect,) = await _fetched(core, 1)
    seen: list[str] = []

    async def work(job: Job) -> None:
        seen.append(job.id)

    claims = core.claims
    looks = [core.claims.work_on_next(STAGE, work) for _ in range(2)]
    looks += [claims.work_on_next(STAGE, work) for _ in range(3)]
    assert any(await asyncio.gather(*looks))
    assert seen[0] == suspect.id
