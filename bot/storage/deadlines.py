"""Until when the provider keeps what a job is made of: its result, or what it knows of its task."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import JobId
from bot.domain.jobs.deadlines import TASK_MEMORY
from bot.domain.jobs.states import POLLED, JobState
from bot.storage.tables import jobs


async def nearest(connection: AsyncConnection, *, limit: int) -> list[tuple[JobId, datetime]]:
    """Return jobs whose video is not on disk yet with the end of what it is made of, nearest first.

    A task that is followed is kept from its beginning on, however late it was found.
    """
    results = (
        select(jobs.c.id, jobs.c.url_expires_at)
        .where(jobs.c.state == JobState.DOWNLOADING, jobs.c.url_expires_at.is_not(None))
        .order_by(jobs.c.url_expires_at)
        .limit(limit)
    )
    tasks = (
        select(jobs.c.id, jobs.c.sent_at)
        .where(jobs.c.state.in_(POLLED), jobs.c.sent_at.is_not(None))
        .order_by(jobs.c.sent_at)
        .limit(limit)
    )
    ends = [(row.id, row.url_expires_at) for row in await connection.execute(results)]
    ends += [(row.id, row.sent_at + TASK_MEMORY) for row in await connection.execute(tasks)]
    return sorted(ends, key=lambda end: end[1])[:limit]
