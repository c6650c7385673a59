"""Jobs in the database: the step that advances one, and the questions the loops ask.

``apply`` is the only way a state changes: row, event and ledger entry in one transaction, by
compare-and-swap on ``version``. ``update_visible`` changes other fields the same way; ``patch`` is
for bookkeeping that nobody sees and nobody races for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import StaleJobError
from bot.domain.failure import FailureReason
from bot.domain.guilds.quota import Span
from bot.domain.ids import (
    AccountId,
    GuildId,
    InteractionId,
    JobId,
    TaskId,
    UserId,
)
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.job import Job, JobEvent, JobUpdateKind, Step
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import ACTIVE, IN_FLIGHT, POLLED, JobState, Owner
from bot.storage import grants, ledger, queue_order
from bot.storage.job_rows import difference, job_of, values_of
from bot.storage.portions import portions
from bot.storage.tables import job_events, jobs


async def apply(connection: AsyncConnection, step: Step) -> Job:
    """Write a step: the job's row, its event, its ledger entry.

    Raises:
        StaleJobError: somebody else advanced the job first; nothing was written.
    """
    before, after = step.before, step.after
    if before is None:
        await connection.execute(insert(jobs).values(values_of(after)))
    else:
        await _swap(connection, before, {**difference(before, after), "version": after.version})
    await record(connection, step.event)
    await queue_order.follow(connection, step)
    if step.entry is not None:
        await ledger.append(connection, step.entry)
        if step.entry.kind is not EntryKind.RESERVE:
            await grants.settle(connection, step.after.id)
    return after


async def update_visible(
    connection: AsyncConnection, job: Job, **changes: Unpack[JobChanges]
) -> Job:
    """Change fields that people see, without a change of state.

    Raises:
        StaleJobError: somebody else changed the job first.
    """
    await _swap(connection, job, {**changes, "version": job.version + 1})
    return await _must_get(connection, job.id)


async def patch(connection: AsyncConnection, job_id: JobId, **changes: Unpack[JobChanges]) -> None:
    """Change bookkeeping of a job whatever its version."""
    await connection.execute(update(jobs).where(jobs.c.id == job_id).values(**changes))


async def record(connection: AsyncConnection, event: JobEvent) -> None:
    """Add a line to a job's history."""
    await connection.execute(insert(job_events).values(asdict(event)))


async def history(connection: AsyncConnection, job_id: JobId) -> list[JobEvent]:
    """Return a job's history, oldest first."""
    columns = [job_events.c[field.name] for field in fields(JobEvent)]
    query = select(*columns).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
    return [JobEvent(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def _swap(connection: AsyncConnection, job: Job, values: Mapping[str, object]) -> None:
    result = await connection.execute(
        update(jobs).where(jobs.c.id == job.id, jobs.c.version == job.version).values(**values)
    )
    if result.rowcount != 1:
        raise StaleJobError(job.id)


async def _must_get(connection: AsyncConnection, job_id: JobId) -> Job:
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    if row is None:
        raise StaleJobError(job_id)
    return job_of(row)


READ_AT_ONCE = 50
"""A row of so many columns takes a tenth of a millisecond; hundreds would hold the loop."""


async def jobs_of(connection: AsyncConnection, query: Select[*tuple[Any, ...]]) -> list[Job]:
    """Return the jobs a query of whole rows finds, some at a time."""
    found = []
    result = await connection.stream(query.execution_options(yield_per=READ_AT_ONCE))
    async for rows in result.partitions():
        found += [job_of(row) for row in rows]
        await asyncio.sleep(0)
    return found


# --- reading ---------------------------------------------------------------------------------


async def get(connection: AsyncConnection, job_id: JobId) -> Job | None:
    """Return a job of any guild: for loops and operators."""
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else job_of(row)


async def get_in_guild(connection: AsyncConnection, job_id: JobId, guild_id: GuildId) -> Job | None:
    """Return a job of this guild; one of another guild does not exist here."""
    query = select(jobs).where(jobs.c.id == job_id, jobs.c.guild_id == guild_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else job_of(row)


async def get_of_requester(
    connection: AsyncConnection, job_id: JobId, requester_id: UserId
) -> Job | None:
    """Return one of a person's own jobs, in any guild: for the direct message."""
    query = select(jobs).where(jobs.c.id == job_id, jobs.c.requester_id == requester_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else job_of(row)


async def get_several(
    connection: AsyncConnection, job_ids: Collection[JobId], guild_id: GuildId
) -> list[Job]:
    """Return those of some jobs that are a guild's, oldest first."""
    query = (
        select(jobs)
        .where(jobs.c.id.in_(job_ids), jobs.c.guild_id == guild_id)
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    return await jobs_of(connection, query)


async def exists(connection: AsyncConnection, job_id: JobId) -> bool:
    """Tell whether an id is taken."""
    query = select(jobs.c.id).where(jobs.c.id == job_id)
    return (await connection.execute(query)).first() is not None


async def interaction_seen(connection: AsyncConnection, interaction_id: InteractionId) -> bool:
    """Tell whether an interaction has made its job already."""
    query = select(jobs.c.id).where(jobs.c.interaction_id == interaction_id)
    return (await connection.execute(query)).first() is not None


async def newest(
    connection: AsyncConnection,
    *,
    guild_id: GuildId | None = None,
    requester_id: UserId | None = None,
    states: Collection[JobState] = (),
    limit: int = 25,
) -> list[Job]:
    """Return jobs, newest first, with every filter that is given."""
    conditions: list[ColumnElement[bool]] = []
    if guild_id is not None:
        conditions.append(jobs.c.guild_id == guild_id)
    if requester_id is not None:
        conditions.append(jobs.c.requester_id == requester_id)
    if states:
        conditions.append(jobs.c.state.in_(states))
    query = (
        select(jobs).where(*conditions).order_by(jobs.c.created_at.desc(), jobs.c.id).limit(limit)
    )
    return await jobs_of(connection, query)


async def in_states(
    connection: AsyncConnection,
    states: Collection[JobState],
    *,
    guild_id: GuildId | None = None,
    limit: int | None = None,
) -> list[Job]:
    """Return jobs in the given states, oldest first."""
    conditions: list[ColumnElement[bool]] = [jobs.c.state.in_(states)]
    if guild_id is not None:
        conditions.append(jobs.c.guild_id == guild_id)
    query = select(jobs).where(*conditions).order_by(jobs.c.created_at, jobs.c.id).limit(limit)
    return await jobs_of(connection, query)


async def count_by_state(connection: AsyncConnection) -> dict[JobState, int]:
    """Return how many jobs are in each state that is not terminal."""
    query = (
        select(jobs.c.state, func.count()).where(jobs.c.state.in_(ACTIVE)).group_by(jobs.c.state)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def count_queued(
    connection: AsyncConnection, guild_id: GuildId, requester_id: UserId
) -> tuple[int, int]:
    """Return how many jobs the guild and, of those, the member have waiting."""
    query = (
        select(jobs.c.requester_id, func.count())
        .where(jobs.c.guild_id == guild_id, jobs.c.state == JobState.QUEUED)
        .group_by(jobs.c.requester_id)
    )
    counts = {row[0]: row[1] for row in await connection.execute(query)}
    return sum(counts.values()), counts.get(requester_id, 0)


async def count_failed(
    connection: AsyncConnection,
    span: Span,
    *,
    guild_id: GuildId,
    requester_id: UserId,
    reasons: Collection[FailureReason],
) -> int:
    """Count a member's jobs of a window that failed for one of some reasons."""
    query = select(func.count()).where(
        jobs.c.guild_id == guild_id,
        jobs.c.requester_id == requester_id,
        jobs.c.created_at >= span.start,
        jobs.c.created_at < span.end,
        jobs.c.failure_reason.in_(reasons),
    )
    return int((await connection.execute(query)).scalar_one())


async def take_over_queued(connection: AsyncConnection, account: AccountId) -> None:
    """Let waiting jobs of other accounts be submitted by this one."""
    await connection.execute(
        update(jobs)
        .where(jobs.c.state == JobState.QUEUED, jobs.c.account != account)
        .values(account=account)
    )


async def foreign_in_flight(connection: AsyncConnection, account: AccountId) -> list[Job]:
    """Return jobs in flight of another account: its key is needed to follow them."""
    query = select(jobs).where(jobs.c.state.in_(IN_FLIGHT), jobs.c.account != account)
    return await jobs_of(connection, query)


async def known_task_ids(
    connection: AsyncConnection, account: AccountId, task_ids: Collection[TaskId]
) -> dict[TaskId, Job]:
    """Return the jobs that own any of these tasks now."""
    query = select(jobs).where(jobs.c.account == account, jobs.c.task_id.in_(task_ids))
    owned = [job_of(row) for row in await connection.execute(query)]
    return {job.task.id: job for job in owned if job.task.id is not None}


# --- claims ----------------------------------------------------------------------------------


async def due_polls(connection: AsyncConnection, *, now: datetime, limit: int) -> Sequence[Job]:
    """Return tasks that are due for a query, most overdue first."""
    query = (
        select(jobs)
        .where(
            jobs.c.state.in_(POLLED),
            or_(jobs.c.next_poll_at.is_(None), jobs.c.next_poll_at <= now),
        )
        .order_by(jobs.c.next_poll_at, jobs.c.id)
        .limit(limit)
    )
    return await jobs_of(connection, query)


async def make_poll_due(
    connection: AsyncConnection, job_id: JobId, task_id: TaskId, *, now: datetime
) -> bool:
    """Let a task be polled at once; False where its job does not follow it any more.

    A poll that is under way sees that the moment has changed, see ``postpone_poll``.
    """
    result = await connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.task_id == task_id, jobs.c.state.in_(POLLED))
        .values(next_poll_at=now)
    )
    return result.rowcount == 1


async def postpone_poll(
    connection: AsyncConnection, job_id: JobId, *, known: datetime | None, until: datetime
) -> None:
    """Let a task be polled next at a moment, unless somebody has made it due meanwhile.

    Args:
        connection: a writing transaction.
        job_id: whose task it is.
        known: when the poll was due that is over now.
        until: when the next one is.
    """
    await connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.next_poll_at.is_not_distinct_from(known))
        .values(next_poll_at=until)
    )


async def next_poll_at(connection: AsyncConnection) -> datetime | None:
    """Return when the next query is due."""
    query = select(func.min(jobs.c.next_poll_at)).where(jobs.c.state.in_(POLLED))
    moment: datetime | None = (await connection.execute(query)).scalar_one()
    return moment


# --- upkeep ----------------------------------------------------------------------------------


async def older_than(
    connection: AsyncConnection,
    state: JobState,
    moment: datetime,
    *,
    column: str = "created_at",
    without_message: bool = False,
) -> list[Job]:
    """Return jobs of a state whose time column lies before a moment."""
    query = select(jobs).where(jobs.c.state == state, jobs.c[column] <= moment)
    if without_message:
        query = query.where(jobs.c.status_message_id.is_(None))
    return await jobs_of(connection, query.order_by(jobs.c.id))


async def lapsed(connection: AsyncConnection, state: JobState, *, now: datetime) -> list[Job]:
    """Return jobs of a state that nobody holds a lease on."""
    query = select(jobs).where(
        jobs.c.state == state, or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
    )
    return await jobs_of(connection, query)


async def cancel_wanted(connection: AsyncConnection) -> list[Job]:
    """Return waiting jobs that were to be cancelled while they were being submitted."""
    query = select(jobs).where(
        jobs.c.state == JobState.QUEUED, jobs.c.cancel_requested_at.is_not(None)
    )
    return await jobs_of(connection, query)


async def to_forget(
    connection: AsyncConnection, finished_before: datetime, *, limit: int
) -> list[Job]:
    """Return ended jobs whose content has been kept long enough."""
    query = (
        select(jobs)
        .where(jobs.c.finished_at <= finished_before, jobs.c.forgotten_at.is_(None))
        .order_by(jobs.c.finished_at)
        .limit(limit)
    )
    return await jobs_of(connection, query)


async def retries_of_erased(connection: AsyncConnection, *, limit: int) -> list[Job]:
    """Return ended jobs that others made again from what its people have had erased since.

    Of one's own every take is one's own to delete. What was made again from such a copy holds the
    same pictures, whoever made it.
    """
    original = jobs.alias("original")
    original_was_erased = (
        select(job_events.c.id)
        .join(original, original.c.id == job_events.c.job_id)
        .where(
            original.c.id == jobs.c.retry_of,
            job_events.c.name == JobUpdateKind.JOB_FORGOTTEN,
            or_(
                original.c.requester_id != jobs.c.requester_id,
                job_events.c.owner == Owner.REAPER,
            ),
        )
        .exists()
    )
    query = (
        select(jobs)
        .where(
            jobs.c.finished_at.is_not(None),
            jobs.c.forgotten_at.is_(None),
            jobs.c.retry_of.is_not(None),
            original_was_erased,
        )
        .order_by(jobs.c.finished_at)
        .limit(limit)
    )
    return await jobs_of(connection, query)


async def newest_finished_task(
    connection: AsyncConnection, account: AccountId, *, since: datetime
) -> TaskId | None:
    """Return the task of the job that was over last, of those that were over since a moment."""
    query = (
        select(jobs.c.task_id)
        .where(jobs.c.account == account, jobs.c.finished_at >= since, jobs.c.task_id.is_not(None))
        .order_by(jobs.c.finished_at.desc())
        .limit(1)
    )
    found = (await connection.execute(query)).scalar_one_or_none()
    return None if found is None else TaskId(found)


async def known_ids(connection: AsyncConnection, job_ids: Collection[str]) -> set[str]:
    """Return which of these ids are jobs."""
    known: set[str] = set()
    for some in portions(job_ids):
        query = select(jobs.c.id).where(jobs.c.id.in_(some))
        known |= {row.id for row in await connection.execute(query)}
    return known


async def cancelled_before(
    connection: AsyncConnection, moment: datetime, job_ids: Collection[str]
) -> list[JobId]:
    """Return which of these jobs were cancelled before a moment."""
    found: list[JobId] = []
    for some in portions(job_ids):
        query = select(jobs.c.id).where(
            jobs.c.id.in_(some),
            jobs.c.state == JobState.CANCELLED,
            jobs.c.finished_at < moment,
        )
        found += [JobId(row.id) for row in await connection.execute(query)]
    return found


async def nearest_result_deadline(connection: AsyncConnection) -> datetime | None:
    """Return when the next result not yet on disk expires."""
    query = select(func.min(jobs.c.url_expires_at)).where(jobs.c.state == JobState.DOWNLOADING)
    moment: datetime | None = (await connection.execute(query)).scalar_one()
    return moment
