"""Reports as they are stored, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.guilds.reports import Report
from bot.domain.ids import ChannelId, GuildId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.storage import guilds, jobs, reports
from bot.storage.engine import Connection, Database
from tests.fakes import GUILD, NOW, a_job

TOM, MIA = UserId(42), UserId(43)
LOG = ChannelId(700)
MINUTE = timedelta(minutes=1)


async def _a_job(connection: Connection, **changes: object) -> Job:
    job = a_job(**changes)
    await guilds.ensure(connection, GUILD)
    await jobs.apply(connection, open_job(job))
    return job


def _report(job: Job, user_id: UserId = TOM, **changes: object) -> Report:
    made = Report(
        job_id=job.id, user_id=user_id, guild_id=GUILD, user_name="tom", at=NOW, due_at=NOW
    )
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_member_reports_a_job_once(database: Database) -> None:
    async with database.write() as connection:
        job = await _a_job(connection)
        assert await reports.add(connection, _report(job))
        assert not await reports.add(connection, _report(job, at=NOW + MINUTE))
        assert await reports.add(connection, _report(job, MIA, at=NOW - MINUTE))
        assert [report.user_id for report in await reports.of_job(connection, job.id)] == [MIA, TOM]
        assert await reports.get(connection, job.id, TOM) == _report(job)
        assert await reports.get(connection, job.id, UserId(1)) is None


async def test_a_members_reports_of_a_guild_are_counted(database: Database) -> None:
    async with database.write() as connection:
        for minutes in (-2, -1, 0):
            job = await _a_job(connection)
            at = NOW + minutes * MINUTE
            await reports.add(connection, _report(job, at=at))
            await reports.add(connection, _report(job, MIA, at=at))
        since = NOW - 2 * MINUTE
        assert await reports.count_since(connection, GUILD, TOM, since) == 2
        assert await reports.count_since(connection, GuildId(5), TOM, since) == 0


async def test_what_is_due_is_told_or_postponed_and_then_settled(database: Database) -> None:
    async with database.write() as connection:
        first, second = await _a_job(connection), await _a_job(connection)
        await reports.add(connection, _report(second))
        await reports.add(connection, _report(second, MIA))
        await reports.add(connection, _report(first, due_at=NOW - MINUTE))
        assert await reports.due_jobs(connection, NOW, limit=5) == [first.id, second.id]
        assert await reports.due_jobs(connection, NOW, limit=1) == [first.id]

        await reports.postpone(connection, first.id, NOW + MINUTE)
        assert await reports.due_jobs(connection, NOW, limit=5) == [second.id]

        await reports.mark_attempted(connection, second.id, NOW)
        receipt = Receipt(channel_id=LOG, message_id=MessageId(9))
        await reports.settle(connection, second.id, [TOM], receipt, now=NOW + MINUTE)
        await reports.settle(connection, first.id, [TOM], None, now=NOW + MINUTE)
        assert await reports.due_jobs(connection, NOW + MINUTE, limit=5) == [second.id]
        told, waiting = await reports.of_job(connection, second.id)
        assert (told.receipt, told.attempted_at, told.due_at) == (receipt, NOW, None)
        assert (waiting.receipt, waiting.attempted_at, waiting.due_at) == (None, NOW, NOW)
        (refused,) = await reports.of_job(connection, first.id)
        assert (refused.receipt, refused.attempted_at) == (None, NOW + MINUTE)

        await reports.revive(connection, first.id, TOM, NOW)
        assert first.id in await reports.due_jobs(connection, NOW, limit=5)


async def test_messages_about_a_job_are_listed_once_each_the_newest_last(
    database: Database,
) -> None:
    sent = [Receipt(channel_id=LOG, message_id=MessageId(number)) for number in (8, 9)]
    async with database.write() as connection:
        job = await _a_job(connection)
        for user_id, receipt in ((TOM, sent[1]), (MIA, sent[1]), (UserId(44), sent[0])):
            await reports.add(connection, _report(job, user_id))
            await reports.settle(connection, job.id, [user_id], receipt, now=NOW)
        await reports.add(connection, _report(job, UserId(45)))
        assert await reports.messages_of(connection, job.id) == sent


async def test_names_are_erased_with_the_jobs_content_once_they_are_told(
    database: Database,
) -> None:
    async with database.write() as connection:
        kept = await _a_job(connection)
        erased = await _a_job(
            connection, state=JobState.DELIVERED, finished_at=NOW, forgotten_at=NOW
        )
        for job in (kept, erased):
            await reports.add(connection, _report(job, due_at=None))
            await reports.add(connection, _report(job, MIA, due_at=None))
        assert await reports.with_names_to_erase(connection, limit=5) == [erased.id]
        await reports.erase_names(connection, [erased.id])
        assert await reports.with_names_to_erase(connection, limit=5) == []
        assert [one.user_name for one in await reports.of_job(connection, erased.id)] == ["", ""]
        assert [one.user_name for one in await reports.of_job(connection, kept.id)] == ["tom"] * 2
