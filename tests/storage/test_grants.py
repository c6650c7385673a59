"""What grants hold and give: drawn with the RESERVE, given back with the RELEASE."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.quota import Draw, Unit, Window, window_span
from bot.domain.ids import TaskId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.storage import grants, guilds, jobs
from bot.storage.engine import Connection, Database
from tests.fakes import GUILD, MEMBER, NOW, a_job

TODAY = window_span(Window.DAY, NOW, ZoneInfo("UTC"))
LATER = NOW + timedelta(days=7)


async def _grant(connection: Connection, unit: Unit, amount: int) -> int:
    await guilds.ensure(connection, GUILD)
    await grants.add(
        connection,
        GUILD,
        user_id=MEMBER,
        unit=unit,
        amount=amount,
        granted_by=UserId(9),
        granted_at=NOW,
        expires_at=LATER,
    )
    return (await grants.usable(connection, GUILD, now=NOW, user_id=MEMBER))[-1].id


async def _queued(connection: Connection, *taken: Draw) -> Job:
    job = a_job(state=JobState.QUEUED)
    await jobs.apply(connection, open_job(job))
    await grants.draw(connection, job, taken)
    return job


async def _left(connection: Connection) -> list[int]:
    return [grant.left for grant in await grants.usable(connection, GUILD, now=NOW)]


async def test_drawn_amounts_leave_the_grant_and_the_members_usage(database: Database) -> None:
    async with database.write() as connection:
        number = await _grant(connection, Unit.VIDEOS, 3)
        await _queued(connection, Draw(grant_id=number, unit=Unit.VIDEOS, amount=1))
        assert await _left(connection) == [2]
        drawn = await grants.drawn(connection, TODAY, guild_id=GUILD, user_id=MEMBER)
        assert drawn == Amounts(videos=1)
        tomorrow = window_span(Window.DAY, NOW + timedelta(days=1), ZoneInfo("UTC"))
        assert await grants.drawn(connection, tomorrow, guild_id=GUILD, user_id=MEMBER) == NOTHING


async def test_a_released_job_gives_back_what_it_drew(database: Database) -> None:
    async with database.write() as connection:
        number = await _grant(connection, Unit.SECONDS, 9)
        job = await _queued(connection, Draw(grant_id=number, unit=Unit.SECONDS, amount=5))
        assert await _left(connection) == [4]
        await jobs.apply(
            connection, transition(job, JobState.CANCELLED, owner=Owner.SUBMISSIONS, at=NOW)
        )
        assert await _left(connection) == [9]
        drawn = await grants.drawn(connection, TODAY, guild_id=GUILD, user_id=MEMBER)
        assert drawn == NOTHING


@pytest.mark.parametrize(("billed_seconds", "kept"), [(5, 4), (3, 3), (0, 0)])
async def test_a_charge_below_the_draw_gives_the_rest_back(
    database: Database, billed_seconds: int, kept: int
) -> None:
    async with database.write() as connection:
        number = await _grant(connection, Unit.SECONDS, 9)
        job = await _queued(connection, Draw(grant_id=number, unit=Unit.SECONDS, amount=4))
        step = transition(job, JobState.SUBMITTING, owner=Owner.DISPATCHER, at=NOW)
        sent = await jobs.apply(connection, step)
        confirmed = transition(
            sent, JobState.PENDING, owner=Owner.DISPATCHER, at=NOW, changes={"task_id": TaskId("t")}
        )
        made = transition(
            await jobs.apply(connection, confirmed),
            JobState.DOWNLOADING,
            owner=Owner.POLLER,
            at=NOW,
            billed=Amounts(videos=1, seconds=billed_seconds, micros=1),
        )
        await jobs.apply(connection, made)
        assert await _left(connection) == [9 - kept]


async def test_an_expired_grant_is_not_usable(database: Database) -> None:
    async with database.write() as connection:
        await _grant(connection, Unit.VIDEOS, 3)
        assert await grants.usable(connection, GUILD, now=LATER) == []
        assert await grants.usable(connection, GUILD, now=NOW, user_id=UserId(77)) == []
