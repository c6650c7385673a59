"""Whose turn it is, against turns played out one by one."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from bot.domain.ids import GuildId, JobId, TaskId, UserId
from bot.domain.jobs.fairness import LinePlaces
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.storage import guilds, jobs, queue_order
from bot.storage.engine import Connection, Database
from bot.storage.tables import lane_guilds
from tests.fakes import ACCOUNT, MODEL, NOW, SLOW_MODEL, a_job
from tests.turns import Waiting, played_out

QUEUE_TTL = timedelta(days=1)


async def _put(database: Database, **changes: object) -> Job:
    job = a_job(**changes)
    async with database.write() as connection:
        await guilds.ensure(connection, job.guild_id)
        await jobs.apply(connection, open_job(job))
    return job


async def _serve(connection: Connection, job_id: JobId, at: datetime) -> None:
    """Take a waiting job through its create."""
    job = await jobs.get(connection, job_id)
    assert job is not None
    claim = transition(
        job, JobState.SUBMITTING, owner=Owner.DISPATCHER, at=at, changes={"sent_at": at}
    )
    taken = transition(
        claim.after,
        JobState.PENDING,
        owner=Owner.DISPATCHER,
        at=at,
        changes={"task_id": TaskId(f"task of {job_id}"), "confirmed_at": at},
    )
    await jobs.apply(connection, claim)
    await jobs.apply(connection, taken)


async def _put_served(database: Database, at: datetime, **changes: object) -> None:
    job = await _put(database, **changes)
    async with database.write() as connection:
        await _serve(connection, job.id, at)


async def _next(connection: Connection, now: datetime = NOW) -> JobId | None:
    return await queue_order.next_job(connection, ACCOUNT, MODEL, now=now, oldest=now - QUEUE_TTL)


async def _turn(database: Database) -> int | None:
    async with database.write() as connection:
        job_id = await _next(connection)
        job = None if job_id is None else await jobs.get(connection, job_id)
    return None if job is None else job.guild_id


async def test_guild_that_was_never_served_goes_first_then_the_longest_ago(
    database: Database,
) -> None:
    for guild, minutes in ((1, 3), (2, 9)):
        await _put_served(database, NOW - timedelta(minutes=minutes), guild_id=GuildId(guild))
    for guild in (1, 2, 3):
        await _put(database, guild_id=GuildId(guild))
    assert await _turn(database) == 3
    async with database.write() as connection:
        first = await _next(connection)
        assert first is not None
        await _serve(connection, first, NOW)
    assert await _turn(database) == 2


async def test_equal_guilds_take_turns_by_their_oldest_job(database: Database) -> None:
    await _put(database, guild_id=GuildId(1), created_at=NOW)
    await _put(database, guild_id=GuildId(2), created_at=NOW - timedelta(seconds=1))
    assert await _turn(database) == 2


async def test_create_that_was_not_taken_costs_no_turn(database: Database) -> None:
    refused = await _put(database, guild_id=GuildId(1))
    await _put(database, guild_id=GuildId(2))
    async with database.write() as connection:
        claim = transition(
            refused, JobState.SUBMITTING, owner=Owner.DISPATCHER, at=NOW, changes={"sent_at": NOW}
        )
        back = transition(
            claim.after, JobState.QUEUED, owner=Owner.DISPATCHER, at=NOW, changes={"sent_at": None}
        )
        await jobs.apply(connection, claim)
        await jobs.apply(connection, back)
    assert await _turn(database) == 1


@pytest.mark.parametrize("served", [0, 3, 20])
@pytest.mark.parametrize("at_once", [1, 2, 100])
async def test_claims_and_places_go_round_as_turns_played_out(
    database: Database, monkeypatch: pytest.MonkeyPatch, served: int, at_once: int
) -> None:
    monkeypatch.setattr(queue_order, "AT_ONCE", at_once)
    lots = random.Random(served)  # noqa: S311 - reproducible lots, not a key
    guild_served_at: dict[GuildId, datetime] = {}
    member_served_at: dict[tuple[GuildId, UserId], datetime] = {}
    for number in range(served):
        guild, member = GuildId(number % 7 + 1), UserId(lots.randrange(1, 4))
        at = NOW - timedelta(minutes=100 - number)
        await _put_served(database, at, guild_id=guild, requester_id=member)
        guild_served_at[guild] = member_served_at[guild, member] = at
    line = []
    for number in range(30):
        job = await _put(
            database,
            guild_id=GuildId(lots.randrange(1, 6)),
            requester_id=UserId(lots.randrange(1, 4)),
            created_at=NOW + timedelta(seconds=number),
        )
        line.append(
            Waiting(
                job_id=job.id,
                guild_id=job.guild_id,
                requester_id=job.requester.user_id,
                created_at=job.times.created_at,
            )
        )
    expected = list(
        played_out(line, guild_served_at=guild_served_at, member_served_at=member_served_at)
    )
    guild_ids = {job.guild_id for job in line}
    async with database.write() as connection:
        places = LinePlaces(await queue_order.guilds_in_line(connection, ACCOUNT, MODEL))
        ordered = await queue_order.own_order(connection, ACCOUNT, MODEL, guild_ids)
        nth: Counter[GuildId] = Counter()
        for place, turn in enumerate(expected, start=1):
            assert places.of(turn.guild_id, nth[turn.guild_id]) == place
            assert ordered[turn.guild_id][nth[turn.guild_id]] == turn.job_id
            nth[turn.guild_id] += 1
        claimed = []
        while (job_id := await _next(connection, NOW + timedelta(hours=1))) is not None:
            claimed.append(job_id)
            await _serve(connection, job_id, NOW + timedelta(hours=1, seconds=len(claimed)))
    assert claimed == [turn.job_id for turn in expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"status_message_id": None},
        {"not_before": NOW + timedelta(seconds=1)},
        {"cancel_requested_at": NOW},
        {"model": SLOW_MODEL},
        {"account": "another"},
        {"state": JobState.RUNNING},
        {"created_at": NOW - QUEUE_TTL - timedelta(seconds=1)},
    ],
)
async def test_job_that_may_not_be_claimed_gives_its_guild_no_turn(
    database: Database, changes: dict[str, object]
) -> None:
    await _put(database, guild_id=GuildId(1), **changes)
    assert await _turn(database) is None
    await _put(database, guild_id=GuildId(2))
    assert await _turn(database) == 2


async def test_line_shows_jobs_that_wait_for_their_message_or_moment_too(
    database: Database,
) -> None:
    waiting = await _put(database, not_before=NOW + timedelta(minutes=1))
    posting = await _put(database, status_message_id=None, created_at=NOW + timedelta(seconds=1))
    await _put(database, cancel_requested_at=NOW)
    async with database.write() as connection:
        (guild,) = await queue_order.guilds_in_line(connection, ACCOUNT, MODEL)
        ordered = await queue_order.own_order(connection, ACCOUNT, MODEL, {guild.guild_id})
        assert await _next(connection) is None
    assert guild.waiting == 2
    assert ordered == {guild.guild_id: [waiting.id, posting.id]}


async def test_guild_without_a_waiting_job_is_passed_over_until_it_has_one(
    database: Database,
) -> None:
    async with database.write() as connection:
        row = {"account": ACCOUNT, "model": MODEL, "served_at": queue_order.NEVER}
        many = [
            {**row, "guild_id": guild, "added_at": NOW, "is_waiting": True}
            for guild in range(1, 3 * queue_order.AT_ONCE)
        ]
        await connection.execute(insert(lane_guilds), many)
    assert await _turn(database) is None
    last = GuildId(3 * queue_order.AT_ONCE - 1)
    await _put(database, guild_id=last)
    assert await _turn(database) == last


async def test_jobs_of_another_key_take_their_turns_with_this_one(database: Database) -> None:
    job = await _put(database, account="another")
    async with database.write() as connection:
        await jobs.take_over_queued(connection, ACCOUNT)
        await queue_order.enter_waiting(connection, ACCOUNT)
    assert await _turn(database) == job.guild_id


async def test_line_of_more_guilds_than_a_statement_takes_parameters(database: Database) -> None:
    job = await _put(database, guild_id=GuildId(33_000))
    everybody = {GuildId(guild) for guild in range(1, 33_001)}
    async with database.read() as connection:
        ordered = await queue_order.own_order(connection, ACCOUNT, MODEL, everybody)
    assert ordered.pop(GuildId(33_000)) == [job.id]
    assert not any(ordered.values())
