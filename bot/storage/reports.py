"""What members reported to their moderators, and the messages that tell it."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.guilds.reports import Report
from bot.domain.ids import ChannelId, GuildId, JobId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.storage.tables import jobs, reports
from bot.storage.upsert import insert_unless_there

_COLUMNS = [reports.c[field.name] for field in fields(Report)]


async def add(connection: AsyncConnection, report: Report) -> bool:
    """Store a report; return False where the member has reported the job before."""
    return await insert_unless_there(connection, reports, asdict(report))


async def of_job(connection: AsyncConnection, job_id: JobId) -> list[Report]:
    """Return all reports of a job, oldest first."""
    query = (
        select(*_COLUMNS)
        .where(reports.c.job_id == job_id)
        .order_by(reports.c.at, reports.c.user_id)
    )
    return [Report(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def get(connection: AsyncConnection, job_id: JobId, user_id: UserId) -> Report | None:
    """Return a member's report of a job."""
    query = select(*_COLUMNS).where(reports.c.job_id == job_id, reports.c.user_id == user_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Report(**row._mapping)  # noqa: SLF001


async def count_since(
    connection: AsyncConnection, guild_id: GuildId, user_id: UserId, moment: datetime
) -> int:
    """Return how much a member has reported since a moment."""
    query = select(func.count()).where(
        reports.c.guild_id == guild_id, reports.c.user_id == user_id, reports.c.at > moment
    )
    return int((await connection.execute(query)).scalar_one())


async def due_jobs(connection: AsyncConnection, now: datetime, *, limit: int) -> list[JobId]:
    """Return the jobs of which a report is to be told now, the longest due first."""
    query = (
        select(reports.c.job_id)
        .where(reports.c.due_at <= now)
        .group_by(reports.c.job_id)
        .order_by(func.min(reports.c.due_at), reports.c.job_id)
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def messages_of(connection: AsyncConnection, job_id: JobId) -> list[Receipt]:
    """Return the messages that show a job to moderators, the oldest first."""
    query = (
        select(reports.c.channel_id, reports.c.message_id)
        .where(reports.c.job_id == job_id, reports.c.message_id.is_not(None))
        .distinct()
        .order_by(reports.c.message_id)
    )
    return [
        Receipt(channel_id=ChannelId(row.channel_id), message_id=MessageId(row.message_id))
        for row in await connection.execute(query)
    ]


async def mark_attempted(connection: AsyncConnection, job_id: JobId, at: datetime) -> None:
    """Store that what is due of a job is about to be posted."""
    await connection.execute(
        update(reports)
        .where(reports.c.job_id == job_id, reports.c.due_at.is_not(None))
        .values(attempted_at=at)
    )


async def postpone(connection: AsyncConnection, job_id: JobId, until: datetime) -> None:
    """Store when what is due of a job is tried again."""
    await connection.execute(
        update(reports)
        .where(reports.c.job_id == job_id, reports.c.due_at.is_not(None))
        .values(due_at=until)
    )


async def settle(
    connection: AsyncConnection,
    job_id: JobId,
    user_ids: list[UserId],
    receipt: Receipt | None,
    *,
    now: datetime,
) -> None:
    """Store that some members' reports were told, or are not to be.

    Args:
        connection: a transaction.
        job_id: what they reported.
        user_ids: the members.
        receipt: the message that tells it; None where Discord refused it.
        now: when that was.
    """
    await connection.execute(
        update(reports)
        .where(reports.c.job_id == job_id, reports.c.user_id.in_(user_ids))
        .values(
            due_at=None,
            attempted_at=func.coalesce(reports.c.attempted_at, now),
            channel_id=None if receipt is None else receipt.channel_id,
            message_id=None if receipt is None else receipt.message_id,
        )
    )


async def revive(
    connection: AsyncConnection, job_id: JobId, user_id: UserId, now: datetime
) -> None:
    """Let a report that was refused be told once more."""
    await connection.execute(
        update(reports)
        .where(reports.c.job_id == job_id, reports.c.user_id == user_id)
        .values(due_at=now, attempted_at=None)
    )


async def with_names_to_erase(connection: AsyncConnection, *, limit: int) -> list[JobId]:
    """Return jobs whose content was erased, while their reports still name who made them."""
    query = (
        select(reports.c.job_id)
        .join(jobs, jobs.c.id == reports.c.job_id)
        .where(
            reports.c.user_name != "",
            reports.c.due_at.is_(None),
            jobs.c.forgotten_at.is_not(None),
        )
        .distinct()
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def erase_names(connection: AsyncConnection, job_ids: list[JobId]) -> None:
    """Erase the names of who reported some jobs; how many did stays."""
    await connection.execute(
        update(reports).where(reports.c.job_id.in_(job_ids)).values(user_name="")
    )
