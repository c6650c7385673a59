"""Leases on jobs: who works on what, who gives it back, and what waits too long for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import ChannelId, WorkerId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import ACTIVE, JobState
from bot.storage.conditions import ready
from bot.storage.job_rows import job_of
from bot.storage.tables import jobs

_FIRST = {
    # The URL that dies first is fetched first.
    JobState.DOWNLOADING: jobs.c.url_expires_at,
    JobState.DELIVERING: jobs.c.entered_at,
}


async def cap_future_waits(connection: AsyncConnection, *, now: datetime, latest: datetime) -> int:
    """Make due what would otherwise wait beyond a moment; return how many waits that were.

    Leases stay: somebody works under them.
    """
    waits = [
        await connection.execute(
            update(jobs).where(jobs.c.state.in_(ACTIVE), column > latest).values({column: now})
        )
        for column in (jobs.c.not_before, jobs.c.next_poll_at)
    ]
    return sum(result.rowcount for result in waits)


async def claim_next(
    connection: AsyncConnection,
    state: JobState,
    *,
    worker_id: WorkerId,
    now: datetime,
    until: datetime,
    most_claims: int | None = None,
    busy: Collection[ChannelId] = (),
) -> Job | None:
    """Lease the most urgent job of a state to a worker and count the claim.

    Args:
        connection: a writing transaction.
        state: where the job is.
        worker_id: who takes it.
        now: the moment.
        until: when the lease ends.
        most_claims: pass over jobs claimed more often since their last advance.
        busy: pass over jobs that are shown in these channels.
    """
    candidate = (
        select(jobs.c.id)
        .where(jobs.c.state == state, ready(now))
        .where(true() if most_claims is None else jobs.c.claims <= most_claims)
        .where(func.coalesce(jobs.c.status_channel_id, jobs.c.channel_id).not_in(busy))
        .order_by(_FIRST[state], jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job_id = (await connection.execute(candidate)).scalar_one_or_none()
    if job_id is None:
        return None
    result = await connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(claims=jobs.c.claims + 1, lease_owner=worker_id, lease_until=until)
        .returning(*jobs.c)
    )
    return job_of(result.one())


async def give_back(
    connection: AsyncConnection, job: Job, *, not_before: datetime, attempts: int
) -> None:
    """End a lease whose work met a known, retryable refusal; the claim does not count."""
    await connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.version == job.version)
        .values(
            claims=0,
            attempts=attempts,
            lease_owner=None,
            lease_until=None,
            not_before=not_before,
        )
    )


async def drop_other_leases(connection: AsyncConnection, worker_id: WorkerId) -> int:
    """End the leases of processes that are gone; only the one serving process may ask this."""
    result = await connection.execute(
        update(jobs)
        .where(jobs.c.lease_owner.is_not(None), jobs.c.lease_owner != worker_id)
        .values(lease_owner=None, lease_until=None)
    )
    return result.rowcount
