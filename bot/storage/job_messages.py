"""Which messages about jobs are to be written: shown out of date, at another place, not told.

What one guild has of them is bounded in every answer, so that no guild keeps another one waiting.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import JobId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage.jobs import jobs_of
from bot.storage.portions import portions
from bot.storage.tables import jobs


async def unshown(
    connection: AsyncConnection,
    *,
    posted_before: datetime,
    but_not: Collection[JobId] = (),
    a_guild_at_most: int,
    limit: int,
) -> list[Job]:
    """Return jobs whose status message does not show their present version, ended ones first.

    Args:
        connection: an open transaction.
        posted_before: younger jobs without a message are still being posted by their command.
        but_not: jobs that are not to be tried again yet.
        a_guild_at_most: most jobs returned of one guild.
        limit: most jobs returned.
    """
    return await jobs_of(
        connection,
        _fair(
            jobs.c.shown_version < jobs.c.version,
            jobs.c.status_gone_at.is_(None),
            # While delivering, the deliverer is the message's writer.
            jobs.c.state != JobState.DELIVERING,
            or_(jobs.c.status_message_id.is_not(None), jobs.c.created_at <= posted_before),
            but_not=but_not,
            order=(jobs.c.finished_at.is_(None), jobs.c.entered_at, jobs.c.id),
            a_guild_at_most=a_guild_at_most,
            limit=limit,
        ),
    )


def _fair(
    *conditions: ColumnElement[bool],
    but_not: Collection[JobId] = (),
    order: tuple[ColumnElement[Any], ...],
    a_guild_at_most: int,
    limit: int,
) -> Select[Any]:
    """Return the query of the first jobs in an order, of each guild only so many."""
    ranked = (
        select(
            jobs.c.id,
            func.row_number().over(partition_by=jobs.c.guild_id, order_by=order).label("place"),
        )
        .where(*conditions, *(jobs.c.id.not_in(some) for some in portions(but_not)))
        .subquery()
    )
    return (
        select(jobs)
        .join(ranked, ranked.c.id == jobs.c.id)
        .where(ranked.c.place <= a_guild_at_most)
        .order_by(*order)
        .limit(limit)
    )


async def mark_shown(
    connection: AsyncConnection, job_id: JobId, *, version: int, digest: str | None
) -> None:
    """Store what a status message shows now."""
    await connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.shown_version <= version)
        .values(shown_version=version, shown_digest=digest)
    )


async def waiting_and_shown(
    connection: AsyncConnection, *, a_guild_at_most: int, limit: int
) -> list[Job]:
    """Return jobs whose message may need another position or time, oldest first.

    A message that was refused waits for the job's next change: it has no digest.

    Args:
        connection: an open transaction.
        a_guild_at_most: most jobs returned of one guild.
        limit: most jobs returned.
    """
    return await jobs_of(
        connection,
        _fair(
            jobs.c.state.in_((JobState.QUEUED, JobState.PENDING, JobState.RUNNING)),
            jobs.c.shown_digest.is_not(None),
            jobs.c.status_message_id.is_not(None),
            jobs.c.status_gone_at.is_(None),
            order=(jobs.c.created_at, jobs.c.id),
            a_guild_at_most=a_guild_at_most,
            limit=limit,
        ),
    )


async def unannounced(
    connection: AsyncConnection,
    *,
    but_not: Collection[JobId] = (),
    a_guild_at_most: int,
    limit: int,
) -> list[Job]:
    """Return ended jobs whose requester was not told yet, oldest first.

    Args:
        connection: an open transaction.
        but_not: jobs that are not to be tried again yet.
        a_guild_at_most: most jobs returned of one guild.
        limit: most jobs returned.
    """
    return await jobs_of(
        connection,
        _fair(
            jobs.c.finished_at.is_not(None),
            jobs.c.announced_at.is_(None),
            or_(
                jobs.c.status_message_id.is_(None),
                jobs.c.status_gone_at.is_not(None),
                jobs.c.shown_version >= jobs.c.version,
                jobs.c.state == JobState.UNDELIVERABLE,
            ),
            but_not=but_not,
            order=(jobs.c.finished_at, jobs.c.id),
            a_guild_at_most=a_guild_at_most,
            limit=limit,
        ),
    )


async def to_remove(connection: AsyncConnection, now: datetime, *, limit: int) -> list[Job]:
    """Return jobs whose messages are to be taken out of Discord now, the longest due first."""
    query = (
        select(jobs)
        .where(jobs.c.removal_due_at.is_not(None), jobs.c.removal_due_at <= now)
        .order_by(jobs.c.removal_due_at, jobs.c.id)
        .limit(limit)
    )
    return await jobs_of(connection, query)
