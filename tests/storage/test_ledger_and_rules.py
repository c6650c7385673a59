"""Sums over the ledger, the guild's rules, and the small facts that outlive a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.errors import ConflictError
from bot.domain.guilds.quota import Rule, Scope, Unit, Window, window_span
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId, JobId, TaskId, UserId, WorkerId
from bot.domain.jobs.ledger import EntryKind, LedgerEntry
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.storage import guilds, jobs, ledger, process_lease, unconfirmed
from bot.storage.engine import Database
from bot.storage.process_lease import ProcessRow
from bot.storage.unconfirmed import Reading
from tests.fakes import ACCOUNT, GUILD, MEMBER, NOW, a_job

TODAY = window_span(Window.DAY, NOW, ZoneInfo("UTC"))


async def test_usage_is_the_sum_in_the_window_of_the_reservation(database: Database) -> None:
    yesterday = NOW - timedelta(days=1)
    async with database.write() as connection:
        for counted_at in (NOW, yesterday):
            job = a_job(counted_at=counted_at, created_at=counted_at)
            await jobs.apply(connection, open_job(job))
            # Released today: it leaves the window it was counted in, and no other.
            step = transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
            if counted_at is yesterday:
                await jobs.apply(connection, step)
        used = await ledger.usage(connection, TODAY, guild_id=GUILD, user_id=MEMBER)
        assert used == Amounts(videos=1, seconds=5, micros=1_000_000)
        before = window_span(Window.DAY, yesterday, ZoneInfo("UTC"))
        assert await ledger.usage(connection, before) == NOTHING


async def test_usage_is_of_everybody_a_guild_or_a_member(database: Database) -> None:
    async with database.write() as connection:
        for guild, member in ((1, 1), (1, 2), (2, 1)):
            job = a_job(guild_id=GuildId(guild), requester_id=UserId(member))
            await jobs.apply(connection, open_job(job))
        everybody = await ledger.usage(connection, TODAY)
        guild_one = await ledger.usage(connection, TODAY, guild_id=GuildId(1))
        member_one = await ledger.usage(connection, TODAY, guild_id=GuildId(1), user_id=UserId(1))
        assert [used.videos for used in (everybody, guild_one, member_one)] == [3, 2, 1]


async def test_window_includes_its_start_and_excludes_its_end(database: Database) -> None:
    async with database.write() as connection:
        for moment in (TODAY.start, TODAY.end):
            await jobs.apply(connection, open_job(a_job(counted_at=moment)))
        assert (await ledger.usage(connection, TODAY)).videos == 1


async def test_entries_larger_than_32_bits_are_kept(database: Database) -> None:
    job = a_job(price_micros=10**12)
    async with database.write() as connection:
        await jobs.apply(connection, open_job(job))
        await jobs.apply(connection, open_job(a_job(price_micros=10**12)))
        assert (await ledger.usage(connection, TODAY)).micros == 2 * 10**12
        (entry,) = await ledger.of_job(connection, job.id)
        assert entry.amounts == job.price.reserved


async def test_entry_of_no_job_is_refused(database: Database) -> None:
    entry = LedgerEntry(
        job_id=JobId("ZZZZZZ"),
        guild_id=GUILD,
        user_id=MEMBER,
        model="wan2.2-kf2v-flash",
        kind=EntryKind.RESERVE,
        amounts=NOTHING,
        counted_at=NOW,
        at=NOW,
    )
    with pytest.raises(ConflictError):
        async with database.write() as connection:
            await ledger.append(connection, entry)


# --- guilds and rules ------------------------------------------------------------------------


async def test_guild_without_a_row_has_the_defaults(database: Database) -> None:
    async with database.write() as connection:
        assert await guilds.get(connection, GUILD) == Guild(guild_id=GUILD)
        assert await guilds.lock(connection, GUILD) == Guild(guild_id=GUILD)
        assert await guilds.lock(connection, GUILD) == Guild(guild_id=GUILD)


async def test_rule_replaces_the_one_in_its_place_alone(database: Database) -> None:
    def rule(limit: int, scope: Scope = Scope.ROLE, target_id: int | None = 7) -> Rule:
        return Rule(
            scope=scope, unit=Unit.COST, window=Window.WEEK, limit=limit, target_id=target_id
        )

    async with database.write() as connection:
        for stored in (rule(1), rule(2, target_id=8), rule(3, Scope.SERVER, None), rule(4)):
            await guilds.set_rule(connection, GUILD, stored)
        assert sorted(r.limit for r in await guilds.rules_of(connection, GUILD)) == [2, 3, 4]
        assert rule(3, Scope.SERVER, None) in await guilds.rules_of(connection, GUILD)
        assert await guilds.rules_of(connection, GuildId(5)) == []


async def test_guild_row_is_the_lock(connect: Callable[[], Database]) -> None:
    ours, other = connect(), connect()
    order = []

    async def spend(database: Database, name: str, held: asyncio.Event) -> None:
        async with database.write() as connection:
            await guilds.lock(connection, GUILD)
            order.append(f"{name} begins")
            held.set()
            await asyncio.sleep(0.05)
            order.append(f"{name} ends")

    first = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(spend(ours, "first", first))
        await first.wait()
        group.create_task(spend(other, "second", asyncio.Event()))
    assert order == ["first begins", "first ends", "second begins", "second ends"]


# --- processes, readings ---------------------------------------------------------------------


def _row(name: str) -> ProcessRow:
    return ProcessRow(worker_id=WorkerId(name), host="host boot", pid=7, renewed_at=NOW)


async def test_one_process_is_on_record(database: Database) -> None:
    async with database.write() as connection:
        assert await process_lease.current(connection) is None
        await process_lease.register(connection, _row("one"))
        await process_lease.register(connection, _row("two"))
        assert await process_lease.current(connection) == _row("two")
        assert not await process_lease.renew(connection, WorkerId("one"), now=NOW)
        assert await process_lease.renew(connection, WorkerId("two"), now=NOW)
        await process_lease.leave(connection, WorkerId("one"))
        assert await process_lease.current(connection) == _row("two")
        await process_lease.leave(connection, WorkerId("two"))
        assert await process_lease.current(connection) is None


async def test_readings_are_kept_until_the_job_is_settled(database: Database) -> None:
    job = a_job(state=JobState.UNCONFIRMED)
    reading = Reading(at=NOW, has_control=True)
    async with database.write() as connection:
        await jobs.apply(connection, open_job(job))
        await unconfirmed.add_reading(connection, job.id, reading)
        assert await unconfirmed.readings_of(connection, job.id) == [reading]
        await unconfirmed.forget_readings(connection, job.id)
        assert await unconfirmed.readings_of(connection, job.id) == []


async def test_orphan_is_remembered_once(database: Database) -> None:
    async with database.write() as connection:
        for _ in range(2):
            await unconfirmed.add_orphan(connection, ACCOUNT, TaskId("t"), job_id=None, at=NOW)
        assert await unconfirmed.orphans(connection, ACCOUNT) == {TaskId("t")}
