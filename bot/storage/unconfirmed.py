"""What the reconciler keeps: readings of the provider's list, and tasks that fit no job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import AccountId, JobId, TaskId
from bot.storage.tables import listings, orphan_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One complete reading of the list that held no candidate for a job."""

    at: datetime
    has_control: bool
    """Whether it showed a task of ours near the window: proof that the list was not blind."""


async def add_reading(connection: AsyncConnection, job_id: JobId, reading: Reading) -> None:
    """Remember a reading."""
    await connection.execute(
        insert(listings).values(job_id=job_id, at=reading.at, has_control=reading.has_control)
    )


async def readings_of(connection: AsyncConnection, job_id: JobId) -> list[Reading]:
    """Return a job's readings, oldest first."""
    query = select(listings.c.at, listings.c.has_control).where(listings.c.job_id == job_id)
    return [
        Reading(at=row.at, has_control=row.has_control)
        for row in await connection.execute(query.order_by(listings.c.id))
    ]


async def forget_readings(connection: AsyncConnection, job_id: JobId) -> None:
    """Drop a settled job's readings."""
    await connection.execute(delete(listings).where(listings.c.job_id == job_id))


async def add_orphan(
    connection: AsyncConnection,
    account: AccountId,
    task_id: TaskId,
    *,
    job_id: JobId | None,
    at: datetime,
) -> None:
    """Remember a task of ours that fits no job any more: it is paid and nobody waits for it."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(
        dialect.insert(orphan_tasks)
        .values(account=account, task_id=task_id, job_id=job_id, found_at=at)
        .on_conflict_do_nothing()
    )


async def orphans(connection: AsyncConnection, account: AccountId) -> set[TaskId]:
    """Return the tasks known to fit no job."""
    query = select(orphan_tasks.c.task_id).where(orphan_tasks.c.account == account)
    return {TaskId(row.task_id) for row in await connection.execute(query)}
