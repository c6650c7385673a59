"""Lanes and accounts: what occupies a place, and whose turn it is."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

from bot.domain.catalogue import LaneLimits
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.fairness import Places
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.services.jobs.estimates import fair_order
from bot.storage import guilds, jobs, lanes
from bot.storage.engine import Database
from tests.fakes import ACCOUNT, MEMBER, MODEL, NOW, SLOW_MODEL, a_job

LIMITS = LaneLimits(in_flight=2, submits_per_second=2)


QUEUE_TTL = timedelta(days=1)


async def _put(database: Database, **changes: object) -> JobId:
    job = a_job(**changes)
    async with database.write() as connection:
        await guilds.ensure(connection, job.guild_id)
        await jobs.apply(connection, open_job(job))
    return job.id


async def _turn(database: Database, now: datetime = NOW) -> int | None:
    async with database.read() as connection:
        return await lanes.next_guild(connection, ACCOUNT, MODEL, now=now, oldest=now - QUEUE_TTL)


async def test_start_stores_the_limits_and_keeps_what_was_learnt(database: Database) -> None:
    async with database.write() as connection:
        await lanes.ensure(connection, ACCOUNT, [(MODEL, LIMITS)])
        lane = await lanes.lock(connection, ACCOUNT, MODEL)
        assert lane is not None
        await lanes.set_next_submit(connection, lane, at=NOW, throttled=3)
        await lanes.switch_off(connection, lane, at=NOW, reason="no access")
        await lanes.set_account(connection, ACCOUNT, api_key_id="15001", paused_at=NOW)
        wider = LaneLimits(in_flight=5, submits_per_second=1.5)
        await lanes.ensure(connection, ACCOUNT, [(MODEL, wider), (SLOW_MODEL, LIMITS)])
        changed = await lanes.get(connection, ACCOUNT, MODEL)
        assert await lanes.get(connection, ACCOUNT, SLOW_MODEL) is not None
        account = await lanes.account_of(connection, ACCOUNT)
    assert changed is not None
    assert (changed.in_flight, changed.submits_per_second) == (5, 1.5)
    assert (changed.next_submit_at, changed.throttled, changed.off_at) == (NOW, 3, None)
    assert (account.api_key_id, account.paused_at) == ("15001", NOW)


async def test_lane_that_is_not_stored_is_none(database: Database) -> None:
    async with database.read() as connection:
        assert await lanes.lock(connection, ACCOUNT, MODEL) is None
        assert await lanes.get(connection, ACCOUNT, MODEL) is None


SOON, LONG_AGO = NOW - timedelta(hours=3), NOW - timedelta(hours=3, minutes=11)


@pytest.mark.parametrize(
    ("occupies", "changes"),
    [
        (True, {"state": JobState.SUBMITTING}),
        (True, {"state": JobState.PENDING}),
        (True, {"state": JobState.RUNNING, "sent_at": LONG_AGO}),
        (True, {"state": JobState.UNCONFIRMED, "sent_at": SOON}),
        (False, {"state": JobState.UNCONFIRMED, "sent_at": LONG_AGO}),
        (True, {"state": JobState.PARKED, "parked_from": JobState.RUNNING, "sent_at": SOON}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.RUNNING, "sent_at": LONG_AGO}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.DELIVERING, "sent_at": SOON}),
        (False, {"state": JobState.PARKED, "parked_from": JobState.SUBMITTING}),
        (False, {"state": JobState.QUEUED}),
        (False, {"state": JobState.DOWNLOADING}),
        (False, {"state": JobState.RUNNING, "model": SLOW_MODEL}),
    ],
)
async def test_place_is_occupied_while_a_task_may_run(
    database: Database, *, occupies: bool, changes: dict[str, object]
) -> None:
    await _put(database, **changes)
    async with database.read() as connection:
        occupied = await lanes.in_flight(connection, ACCOUNT, MODEL, now=NOW)
    assert bool(occupied) is occupies


async def test_guild_that_was_never_served_goes_first_then_the_longest_ago(
    database: Database,
) -> None:
    for guild, minutes in ((1, 3), (2, 9), (3, None)):
        if minutes is not None:
            sent_at = NOW - timedelta(minutes=minutes)
            await _put(database, guild_id=GuildId(guild), state=JobState.DELIVERED, sent_at=sent_at)
    for guild in (1, 2, 3):
        await _put(database, guild_id=GuildId(guild))
    assert await _turn(database) == 3
    await _put(database, guild_id=GuildId(3), state=JobState.RUNNING, sent_at=NOW)
    assert await _turn(database) == 2


async def test_equal_guilds_take_turns_by_their_oldest_job(database: Database) -> None:
    await _put(database, guild_id=GuildId(1), created_at=NOW)
    await _put(database, guild_id=GuildId(2), created_at=NOW - timedelta(seconds=1))
    assert await _turn(database) == 2


@pytest.mark.parametrize("served", [0, 3, 20])
@pytest.mark.parametrize("few", [1, 2, 4, 100])
async def test_claims_go_round_as_the_line_says(
    database: Database, monkeypatch: pytest.MonkeyPatch, served: int, few: int
) -> None:
    monkeypatch.setattr(lanes, "LONGEST_AGO", few)
    lots = random.Random(served)  # noqa: S311 - reproducible lots, not a key
    for at in range(20):
        guild, member = GuildId(at % 7 + 1), UserId(lots.randrange(3))
        sent_at = NOW - timedelta(minutes=lots.randrange(900)) if at < served else None
        state = JobState.QUEUED if sent_at is None else JobState.DELIVERED
        await _put(
            database,
            guild_id=guild,
            requester_id=member,
            state=state,
            sent_at=sent_at,
            finished_at=sent_at,
        )
    for _ in range(12):
        created_at = NOW - timedelta(minutes=lots.randrange(900))
        guild, member = GuildId(lots.randrange(1, 6)), UserId(lots.randrange(3))
        await _put(database, guild_id=guild, requester_id=member, created_at=created_at)
    async with database.write() as connection:
        stands = await lanes.guilds_in_line(connection, ACCOUNT, MODEL)
        guild_ids = {guild.guild_id for guild in stands}
        line = await lanes.in_line(connection, ACCOUNT, MODEL, guild_ids)
        assert sum(guild.waiting for guild in stands) == len(line)
        expected = await fair_order(connection, ACCOUNT, MODEL, line)
        places = Places(stands)
        nth: Counter[GuildId] = Counter()
        for place, job in enumerate(expected, start=1):
            assert places.of(job.guild_id, nth[job.guild_id]) == place
            nth[job.guild_id] += 1
        claimed = []
        for turn in range(len(line)):
            guild_id = await lanes.next_guild(
                connection, ACCOUNT, MODEL, now=NOW, oldest=NOW - QUEUE_TTL
            )
            assert guild_id is not None
            heads = await lanes.claimable_of(
                connection, ACCOUNT, MODEL, guild_id, now=NOW, oldest=NOW - QUEUE_TTL
            )
            assert len({job.requester_id for job in heads}) == len(heads)
            first = (await fair_order(connection, ACCOUNT, MODEL, heads))[0]
            claimed.append(first.job_id)
            sent_at = NOW + timedelta(seconds=turn)
            await jobs.patch(connection, first.job_id, state=JobState.RUNNING, sent_at=sent_at)
        assert (
            await lanes.next_guild(connection, ACCOUNT, MODEL, now=NOW, oldest=NOW - QUEUE_TTL)
            is None
        )
    assert claimed == [job.job_id for job in expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"status_message_id": None},
        {"not_before": NOW + timedelta(seconds=1)},
        {"cancel_requested_at": NOW},
        {"model": SLOW_MODEL},
        {"account": "another"},
        {"state": JobState.RUNNING},
    ],
)
async def test_job_that_may_not_be_claimed_gives_its_guild_no_turn(
    database: Database, changes: dict[str, object]
) -> None:
    await _put(database, **changes)
    assert await _turn(database) is None


async def test_line_shows_jobs_that_wait_for_their_message_or_moment_too(
    database: Database,
) -> None:
    waiting = await _put(database, not_before=NOW + timedelta(minutes=1))
    posting = await _put(database, status_message_id=None, created_at=NOW + timedelta(seconds=1))
    await _put(database, cancel_requested_at=NOW)
    async with database.read() as connection:
        (stands,) = await lanes.guilds_in_line(connection, ACCOUNT, MODEL)
        line = await lanes.in_line(connection, ACCOUNT, MODEL, {GuildId(1_000)})
        claimable = await lanes.claimable_of(
            connection, ACCOUNT, MODEL, GuildId(1_000), now=NOW, oldest=NOW - QUEUE_TTL
        )
    assert {job.job_id for job in line} == {waiting, posting}
    assert (stands.guild_id, stands.waiting, stands.served_at) == (1_000, 2, None)
    assert claimable == []


async def test_turns_of_more_guilds_than_a_statement_takes_parameters(database: Database) -> None:
    served = GuildId(33_000)
    await _put(database, guild_id=served, state=JobState.DELIVERED, sent_at=NOW)
    everybody = {(GuildId(guild), MEMBER) for guild in range(1, 33_001)}
    async with database.read() as connection:
        guilds_at = await lanes.guilds_served_at(
            connection, ACCOUNT, MODEL, {guild for guild, _ in everybody}
        )
        members_at = await lanes.members_served_at(connection, everybody)
    assert guilds_at == {served: NOW}
    assert members_at == {(served, MEMBER): NOW}


async def test_when_guilds_and_members_were_served(database: Database) -> None:
    guild, member = GuildId(1), UserId(2)
    for minutes in (5, 3):
        await _put(
            database,
            guild_id=guild,
            requester_id=member,
            state=JobState.DELIVERED,
            sent_at=NOW - timedelta(minutes=minutes),
        )
    await _put(database, guild_id=GuildId(9))
    async with database.read() as connection:
        asked = {guild, GuildId(9)}
        assert await lanes.guilds_served_at(connection, ACCOUNT, MODEL, asked) == {
            guild: NOW - timedelta(minutes=3)
        }
        assert await lanes.members_served_at(connection, {(guild, member)}) == {
            (guild, member): NOW - timedelta(minutes=3)
        }
