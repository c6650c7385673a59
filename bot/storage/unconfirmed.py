"""What the reconciler keeps: readings of the provider's list, and tasks that fit no job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import AccountId, JobId, TaskId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage.job_rows import job_of
from bot.storage.tables import jobs, orphan_tasks
from bot.storage.tables import reconciliation_readings as readings
from bot.storage.upsert import insert_unless_there

READINGS_NEEDED = 2
"""Readings without a candidate that must agree before a job is queued again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One complete reading of the list that held no candidate for a job."""

    at: datetime
    has_control: bool
    """Whether it showed a task of ours near the window: proof that the list was not blind."""


async def unanswered(
    connection: AsyncConnection, account: AccountId, model: str, *, since: datetime
) -> list[Job]:
    """Return jobs whose create may have made a task whose id nobody knows, oldest create first.

    Those given up although nobody knew are among them: their task is no other job's.
    """
    query = select(jobs).where(
        jobs.c.account == account,
        jobs.c.model == model,
        jobs.c.task_id.is_(None),
        jobs.c.sent_at >= since,
        or_(
            jobs.c.state.in_((JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PARKED)),
            jobs.c.possibly_billed,
        ),
    )
    return [job_of(row) for row in await connection.execute(query.order_by(jobs.c.sent_at))]


async def add_reading(connection: AsyncConnection, job_id: JobId, reading: Reading) -> None:
    """Remember a reading, and of each job no more than are needed."""
    await connection.execute(
        insert(readings).values(job_id=job_id, at=reading.at, has_control=reading.has_control)
    )
    newest = (
        select(readings.c.id)
        .where(readings.c.job_id == job_id)
        .order_by(readings.c.id.desc())
        .limit(READINGS_NEEDED)
    )
    await connection.execute(
        delete(readings).where(readings.c.job_id == job_id, readings.c.id.not_in(newest))
    )


async def readings_of(connection: AsyncConnection, job_id: JobId) -> list[Reading]:
    """Return a job's readings, oldest first."""
    query = select(readings.c.at, readings.c.has_control).where(readings.c.job_id == job_id)
    return [
        Reading(at=row.at, has_control=row.has_control)
        for row in await connection.execute(query.order_by(readings.c.id))
    ]


async def has_settled_readings(connection: AsyncConnection) -> bool:
    """Tell whether readings are left of jobs that are settled."""
    query = select(readings.c.id).where(readings.c.job_id.not_in(_unconfirmed())).limit(1)
    return (await connection.execute(query)).first() is not None


async def forget_settled(connection: AsyncConnection) -> None:
    """Drop the readings of every job that is not unconfirmed any more."""
    await connection.execute(delete(readings).where(readings.c.job_id.not_in(_unconfirmed())))


def _unconfirmed() -> Select[tuple[str]]:
    return select(jobs.c.id).where(jobs.c.state == JobState.UNCONFIRMED)


async def forget_readings(connection: AsyncConnection, job_id: JobId) -> None:
    """Drop a job's readings: another one contradicts them, or it is settled."""
    await connection.execute(delete(readings).where(readings.c.job_id == job_id))


async def add_orphan(
    connection: AsyncConnection,
    account: AccountId,
    task_id: TaskId,
    *,
    job_id: JobId | None,
    at: datetime,
) -> None:
    """Remember a task of ours that fits no job any more: it is paid and nobody waits for it."""
    orphan = {"account": account, "task_id": task_id, "job_id": job_id, "found_at": at}
    await insert_unless_there(connection, orphan_tasks, orphan)


async def orphans(connection: AsyncConnection, account: AccountId) -> set[TaskId]:
    """Return the tasks known to fit no job."""
    query = select(orphan_tasks.c.task_id).where(orphan_tasks.c.account == account)
    return {TaskId(row.task_id) for row in await connection.execute(query)}


async def orphans_of_others(
    connection: AsyncConnection, account: AccountId, job_id: JobId
) -> set[TaskId]:
    """Return the tasks known to fit no job that were not made for this one."""
    query = select(orphan_tasks.c.task_id).where(
        orphan_tasks.c.account == account, orphan_tasks.c.job_id.is_distinct_from(job_id)
    )
    return {TaskId(row.task_id) for row in await connection.execute(query)}
