"""What is asked over all guilds, and what goes with a guild that was left, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Draw, Rule, Scope, Unit, Window
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.storage import departures, grants, guilds, host, jobs, moderation
from bot.storage.engine import Database
from tests.fakes import GUILD, MEMBER, NOW, a_job

OTHER = GuildId(2)
SERVER_RULE = Rule(scope=Scope.SERVER, unit=Unit.VIDEOS, window=Window.DAY, limit=3)
CEILING = Rule(scope=Scope.CEILING, unit=Unit.COST, window=Window.MONTH, limit=0)


async def test_waiting_jobs_of_guilds_that_were_left_are_found(database: Database) -> None:
    here, there = a_job(), a_job(guild_id=OTHER)
    async with database.write() as connection:
        for job in (here, there):
            await guilds.ensure(connection, job.guild_id)
            await jobs.apply(connection, open_job(job))
        await jobs.apply(connection, open_job(a_job(state=JobState.PENDING, guild_id=OTHER)))
        assert await departures.waiting_in_left(connection) == []
        await departures.mark(connection, [OTHER], NOW)
        await departures.mark(connection, [], NOW)
        assert [job.id for job in await departures.waiting_in_left(connection)] == [there.id]
        assert await host.left_at_by_guild(connection) == {GUILD: None, OTHER: NOW}
        assert await departures.left_before(connection, NOW - timedelta(seconds=1)) == []
        assert await departures.left_before(connection, NOW) == [OTHER]
        outside = await departures.waiting_outside(connection, {OTHER})
        assert [job.id for job in outside] == [here.id]


async def test_settings_go_and_jobs_ledger_and_ceilings_stay(database: Database) -> None:
    async with database.write() as connection:
        for guild_id in (GUILD, OTHER):
            job = a_job(guild_id=guild_id)
            await guilds.ensure(connection, guild_id)
            await jobs.apply(connection, open_job(job))
            await guilds.change(connection, guild_id, time_zone="Asia/Tokyo", left_at=NOW)
            await guilds.set_rule(connection, guild_id, SERVER_RULE)
            await moderation.block(connection, guild_id, MEMBER, blocked_by=UserId(9), at=NOW)
            await grants.add(
                connection,
                guild_id,
                user_id=MEMBER,
                unit=Unit.VIDEOS,
                amount=5,
                granted_by=UserId(9),
                granted_at=NOW,
                expires_at=NOW + timedelta(days=7),
            )
            (grant,) = await grants.usable(connection, guild_id, now=NOW)
            draw = Draw(grant_id=grant.id, unit=Unit.VIDEOS, amount=1)
            await grants.draw(connection, job, [draw])
        await guilds.set_rule(connection, OTHER, CEILING)
    for guild_id in (GUILD, OTHER):
        async with database.write() as connection:
            assert await departures.forget_settings(
                connection, await guilds.lock(connection, guild_id)
            )
    async with database.write() as connection:
        left = await guilds.lock(connection, OTHER)
        assert not await departures.forget_settings(connection, left), "nothing is left to erase"
    async with database.read() as connection:
        assert await host.left_at_by_guild(connection) == {OTHER: NOW}
        assert await guilds.get(connection, OTHER) == Guild(guild_id=OTHER, left_at=NOW)
        assert await host.ceilings(connection) == {OTHER: [CEILING]}
        for guild_id in (GUILD, OTHER):
            assert await moderation.blocks_of(connection, guild_id) == []
            assert await grants.usable(connection, guild_id, now=NOW) == []
        assert len(await jobs.in_states(connection, {JobState.QUEUED})) == 2
        spent = await host.spent_by_guild(connection, since=NOW)
    assert spent == {
        guild_id: Amounts(videos=1, seconds=5, micros=1_000_000) for guild_id in (GUILD, OTHER)
    }


async def test_what_was_spent_earlier_is_not_counted(database: Database) -> None:
    async with database.write() as connection:
        await jobs.apply(connection, open_job(a_job()))
        assert await host.spent_by_guild(connection, since=NOW + timedelta(seconds=1)) == {}
