"""Many workers on one database: never above a limit, nothing twice, on either engine.

Two ``Database`` objects stand for two processes: they share nothing but the database.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.domain.errors import ConfigurationError, DuplicateInteractionError, StaleJobError
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import GuildId, JobId, UserId, WorkerId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.domain.people import Person
from bot.services.host.process_lease import ProcessLease
from bot.storage import grants, guilds, jobs, lanes, leases
from bot.storage.engine import Database
from bot.storage.tables import draws
from tests.fakes import (
    ACCOUNT,
    GUILD,
    MEMBER,
    MODEL,
    NOW,
    InMemoryProvider,
    ManualClock,
    RecordingChat,
    a_job,
    a_submission,
)
from tests.services.core import GENEROUS, Core
from tests.services.media import FakeMedia

Opener = Callable[[], Database]


@pytest.fixture
async def processes(connect: Opener, clock: ManualClock, tmp_path: Path) -> list[Core]:
    """Two processes with one provider and one database between them."""
    provider = InMemoryProvider(clock)
    cores = [
        Core(
            database=connect(),
            data_dir=tmp_path,
            clock=clock,
            provider=provider,
            chat=RecordingChat(),
            media=FakeMedia(),
        )
        for _ in range(2)
    ]
    for core in cores:
        await core.dispatcher.prepare()
    return cores


def _bound(processes: Sequence[Core], **changes: object) -> None:
    for core in processes:
        core.quotas._defaults = replace(GENEROUS, **changes)  # type: ignore[arg-type]


async def _all_jobs(core: Core) -> list[Job]:
    async with core.database.read() as connection:
        return await jobs.in_states(connection, set(JobState))


# --- submissions -----------------------------------------------------------------------------


async def _submit_all(processes: Sequence[Core], submissions: Sequence[object]) -> Counter[type]:
    outcomes = await asyncio.gather(
        *(
            processes[at % len(processes)].submissions.submit(submission)  # type: ignore[arg-type]
            for at, submission in enumerate(submissions)
        ),
        return_exceptions=True,
    )
    return Counter(type(outcome) for outcome in outcomes)


@pytest.mark.parametrize("count", [1, 2], ids=["one process", "two processes"])
async def test_twenty_commands_at_once_against_a_limit_of_five_make_five_jobs(
    processes: list[Core], count: int
) -> None:
    limit = Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=5)
    _bound(processes, rules=(limit,))
    outcomes = await _submit_all(processes[:count], [a_submission() for _ in range(20)])
    assert outcomes == {Job: 5, QuotaExceededError: 15}
    assert len(await _all_jobs(processes[0])) == 5


async def test_a_grant_is_drained_once_under_commands_at_once(processes: list[Core]) -> None:
    limit = Rule(scope=Scope.MEMBER_DEFAULT, unit=Unit.VIDEOS, window=Window.DAY, limit=1)
    _bound(processes, rules=(limit,))
    moderator = Person(user_id=UserId(9), name="mo")
    await processes[0].quota_rules.grant(
        GUILD, MEMBER, moderator, unit=Unit.VIDEOS, amount=4, days=7
    )
    outcomes = await _submit_all(processes, [a_submission() for _ in range(20)])
    assert outcomes == {Job: 5, QuotaExceededError: 15}
    async with processes[0].database.read() as connection:
        assert await grants.usable(connection, GUILD, now=NOW) == [], "nothing is left of it"
        (drawn,) = (await connection.execute(select(func.sum(draws.c.amount)))).one()
    assert drawn == 4


async def test_budget_of_all_guilds_holds_under_commands_at_once(processes: list[Core]) -> None:
    _bound(processes, daily_budget_micros=5_000_000)
    submissions = [
        a_submission(guild_id=GuildId(at), requester_id=UserId(at)) for at in range(1, 21)
    ]
    outcomes = await _submit_all(processes, submissions)
    assert outcomes == {Job: 5, QuotaExceededError: 15}


async def test_full_queue_holds_under_commands_at_once(processes: list[Core]) -> None:
    _bound(processes, max_queued_per_member=3)
    outcomes = await _submit_all(processes, [a_submission() for _ in range(12)])
    assert outcomes[Job] == 3


async def test_same_interaction_at_once_makes_one_job(processes: list[Core]) -> None:
    outcomes = await _submit_all(processes, [a_submission(interaction_id=7)] * 8)
    assert outcomes == {Job: 1, DuplicateInteractionError: 7}


# --- creates ---------------------------------------------------------------------------------


async def _queue(core: Core, count: int) -> list[JobId]:
    queued = []
    async with core.database.write() as connection:
        for at in range(count):
            guild_id, requester_id = GuildId(1 + at % 3), UserId(1 + at % 5)
            job = a_job(guild_id=guild_id, requester_id=requester_id)
            await guilds.ensure(connection, guild_id)
            await jobs.apply(connection, open_job(job))
            queued.append(job.id)
    return queued


async def test_workers_of_two_processes_never_press_a_lane_above_its_limits(
    processes: list[Core],
) -> None:
    core, provider = processes[0], processes[0].provider
    queued = await _queue(core, 12)
    in_flight: list[int] = []
    creates_at = []

    async def look() -> None:
        creates_at.append(core.clock.now())
        async with core.database.read() as connection:
            found = await lanes.in_flight(connection, ACCOUNT, MODEL, now=core.clock.now())
        in_flight.append(len(found))
        await asyncio.sleep(0.001)

    async def finish_all() -> None:
        async with core.database.write() as connection:
            for job in await jobs.in_states(connection, {JobState.PENDING}):
                await jobs.patch(connection, job.id, state=JobState.DOWNLOADING)

    provider.during_create = look
    for _ in range(20):
        rounds = [process.dispatcher.run_once(MODEL) for process in processes for _ in range(3)]
        await asyncio.gather(*rounds)
        await asyncio.gather(*(process.dispatcher.run_once(MODEL) for process in processes))
        core.clock.advance(seconds=1)
        if len(provider.creates) % 2 == 0:
            await finish_all()
    assert max(in_flight) == 2
    assert provider.most_outstanding == 1
    stored = await _all_jobs(core)
    assert {job.id for job in stored if job.state is JobState.DOWNLOADING} == set(queued)
    assert len(provider.creates) == len(queued), "no job twice"
    gaps = [later - earlier for earlier, later in pairwise(creates_at)]
    assert min(gaps) >= timedelta(seconds=0.5)


# --- claims and steps ------------------------------------------------------------------------


async def test_each_download_is_claimed_once(connect: Opener) -> None:
    ours, other = connect(), connect()
    async with ours.write() as connection:
        for _ in range(12):
            await jobs.apply(connection, open_job(a_job(state=JobState.DOWNLOADING)))

    async def claim(database: Database, name: str) -> JobId | None:
        async with database.write() as connection:
            job = await leases.claim_next(
                connection,
                JobState.DOWNLOADING,
                worker_id=WorkerId(name),
                now=NOW,
                until=NOW + timedelta(minutes=1),
            )
        return job.id if job else None

    claimed = await asyncio.gather(
        *(claim(database, f"w{at}") for at in range(10) for database in (ours, other))
    )
    found = [job_id for job_id in claimed if job_id is not None]
    assert len(found) == len(set(found)) == 12


async def test_one_of_many_steps_from_the_same_version_wins(connect: Opener) -> None:
    ours, other = connect(), connect()
    job = a_job()
    async with ours.write() as connection:
        await jobs.apply(connection, open_job(job))

    async def cancel(database: Database) -> bool:
        step = transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
        try:
            async with database.write() as connection:
                await jobs.apply(connection, step)
        except StaleJobError:
            return False
        return True

    won = await asyncio.gather(*(cancel(database) for database in (ours, other) * 5))
    assert won.count(True) == 1
    async with ours.read() as connection:
        assert len(await jobs.history(connection, job.id)) == 2


async def test_guilds_first_commands_at_once_make_one_row(connect: Opener) -> None:
    databases = [connect(), connect()]

    async def lock(database: Database) -> None:
        async with database.write() as connection:
            await guilds.lock(connection, GuildId(77))

    await asyncio.gather(*(lock(database) for database in databases * 5))


async def test_two_starts_at_once_leave_one_process(connect: Opener) -> None:
    ours, other = connect(), connect()
    instances = [ProcessLease(ours, ManualClock()), ProcessLease(other, ManualClock())]

    async def start(instance: ProcessLease) -> bool:
        clock = instance._clock
        sleep = clock.sleep

        async def renewing(seconds: float) -> None:
            await sleep(0)
            for rival in instances:
                if rival is not instance:
                    clock.advance(seconds=seconds)  # type: ignore[attr-defined]
                    rival._clock.advance(seconds=seconds)  # type: ignore[attr-defined]
                    await rival.run_once()

        clock.sleep = renewing  # type: ignore[method-assign]
        try:
            await instance.acquire()
        except ConfigurationError:
            return False
        return True

    started = await asyncio.gather(*(start(instance) for instance in instances))
    assert sorted(started) == [False, True]
