"""Whose turn it is in a lane: the one place where fairness is written.

Guilds take turns, those served longest ago first; within a guild its members take turns likewise,
and among a member's own jobs the oldest goes first. A guild that queued one job does not wait
behind another's thirty, and neither does a member. Claims, and the places that people are shown,
are read from the same two orders: the guilds' and that of a guild's own jobs.

``lane_guilds`` holds a row for each guild that ever queued a job in the lane: when it was served
last, and whether it may have something waiting. A row may say so too long, never too short: whoever
meets one without a waiting job corrects it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import AccountId, GuildId, JobId
from bot.domain.jobs.fairness import GuildInLine
from bot.domain.jobs.job import Step
from bot.domain.jobs.states import JobState
from bot.storage.conditions import ready
from bot.storage.portions import portions
from bot.storage.tables import jobs, lane_guilds
from bot.storage.upsert import upsert

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "not served yet": such guilds go before all others, by when they came."""

AT_ONCE = 16
"""Guilds looked at together for one that may be served; nearly always the first one may."""


async def follow(connection: AsyncConnection, step: Step) -> None:
    """Keep a guild's row true to a change of one of its jobs, in the same transaction.

    A create that was certainly not taken costs its guild no turn.
    """
    job = step.after
    left_create = step.before is not None and step.before.state is JobState.SUBMITTING
    if job.state is JobState.QUEUED:
        key = _key(job.account, job.spec.model, job.guild_id)
        at_first = {"served_at": NEVER, "added_at": job.times.created_at}
        await upsert(connection, lane_guilds, key, {"is_waiting": True}, at_first=at_first)
    elif left_create and job.task.sent_at is not None:
        await connection.execute(
            update(lane_guilds)
            .where(*_is(job.account, job.spec.model), lane_guilds.c.guild_id == job.guild_id)
            .values(served_at=job.task.sent_at)
        )


async def enter_waiting(connection: AsyncConnection, account: AccountId) -> None:
    """Give every guild its row that has jobs waiting for an account, as after a change of key."""
    query = (
        select(jobs.c.model, jobs.c.guild_id, func.min(jobs.c.created_at))
        .where(jobs.c.account == account, jobs.c.state == JobState.QUEUED)
        .group_by(jobs.c.model, jobs.c.guild_id)
    )
    for model, guild_id, first_at in (await connection.execute(query)).all():
        at_first = {"served_at": NEVER, "added_at": first_at}
        key = _key(account, model, guild_id)
        await upsert(connection, lane_guilds, key, {"is_waiting": True}, at_first=at_first)


async def next_job(
    connection: AsyncConnection, account: AccountId, model: str, *, now: datetime, oldest: datetime
) -> JobId | None:
    """Return the job whose turn it is, with the lane's row locked.

    Args:
        connection: a writing transaction.
        account: whose lane.
        model: the lane.
        now: the moment.
        oldest: jobs queued before it are too old: the reaper may not have ended them yet.
    """
    claimable = _claimable(account, model, now=now, oldest=oldest)
    passed: Row[Any] | None = None
    while True:
        turn = await _guilds_after(connection, account, model, passed)
        for row in turn:
            guild_id = GuildId(row.guild_id)
            query = _own_order(and_(claimable, jobs.c.guild_id == guild_id)).limit(1)
            found = (await connection.execute(query)).first()
            if found is not None:
                return JobId(found.id)
            await _rest(connection, account, model, guild_id)
        if len(turn) < AT_ONCE:
            return None
        passed = turn[-1]


async def _guilds_after(
    connection: AsyncConnection, account: AccountId, model: str, passed: Row[Any] | None
) -> list[Row[Any]]:
    """Return the next guilds in turn that may have something waiting."""
    columns = (lane_guilds.c.served_at, lane_guilds.c.added_at, lane_guilds.c.guild_id)
    query = (
        select(*columns)
        .where(*_is(account, model), lane_guilds.c.is_waiting)
        .order_by(*columns)
        .limit(AT_ONCE)
    )
    if passed is not None:
        query = query.where(_beyond(passed))
    return [*(await connection.execute(query))]


def _beyond(row: Row[Any]) -> ColumnElement[bool]:
    """Return what comes after a guild in turn."""
    served_at, added_at, guild_id = (
        lane_guilds.c.served_at,
        lane_guilds.c.added_at,
        lane_guilds.c.guild_id,
    )
    same_served, same_added = served_at == row.served_at, added_at == row.added_at
    return or_(
        served_at > row.served_at,
        and_(same_served, added_at > row.added_at),
        and_(same_served, same_added, guild_id > row.guild_id),
    )


async def _rest(
    connection: AsyncConnection, account: AccountId, model: str, guild_id: GuildId
) -> None:
    """Pass a guild over from now on, if nothing of it waits at all."""
    waits = select(jobs.c.id).where(_in_line(account, model), jobs.c.guild_id == guild_id)
    if (await connection.execute(waits.limit(1))).first() is None:
        await connection.execute(
            update(lane_guilds)
            .where(*_is(account, model), lane_guilds.c.guild_id == guild_id)
            .values(is_waiting=False)
        )


def _own_order(condition: ColumnElement[bool]) -> Select[tuple[str, int]]:
    """Return the order of guilds' own jobs: member by member, each member's oldest first."""
    by_member = (jobs.c.guild_id, jobs.c.requester_id)
    waiting = (
        select(
            jobs.c.id,
            *by_member,
            func.row_number()
            .over(partition_by=by_member, order_by=(jobs.c.created_at, jobs.c.id))
            .label("nth"),
            func.min(jobs.c.created_at).over(partition_by=by_member).label("first_at"),
        )
        .where(condition)
        .cte("waiting")
    )
    earlier = jobs.alias("earlier")
    served_at = (
        select(func.max(earlier.c.sent_at))
        .where(
            earlier.c.guild_id == waiting.c.guild_id,
            earlier.c.requester_id == waiting.c.requester_id,
            earlier.c.sent_at.is_not(None),
        )
        .scalar_subquery()
    )
    return select(waiting.c.id, waiting.c.guild_id).order_by(
        waiting.c.nth,
        served_at.asc().nulls_first(),
        waiting.c.first_at,
        waiting.c.requester_id,
    )


async def own_order(
    connection: AsyncConnection, account: AccountId, model: str, guild_ids: Collection[GuildId]
) -> dict[GuildId, list[JobId]]:
    """Return the waiting jobs of some guilds, each guild's in the order of its turns."""
    ordered: dict[GuildId, list[JobId]] = {guild_id: [] for guild_id in guild_ids}
    for some in portions(guild_ids):
        query = _own_order(and_(_in_line(account, model), jobs.c.guild_id.in_(some)))
        for row in await connection.execute(query):
            ordered[GuildId(row.guild_id)].append(JobId(row.id))
    return ordered


async def guilds_in_line(
    connection: AsyncConnection, account: AccountId, model: str
) -> list[GuildInLine]:
    """Return the guilds that wait for the lane, in the order of their turns."""
    waiting = (
        select(jobs.c.guild_id, func.count().label("jobs"))
        .where(_in_line(account, model))
        .group_by(jobs.c.guild_id)
        .cte("waiting")
    )
    query = (
        select(waiting.c.guild_id, waiting.c.jobs)
        .join(lane_guilds, lane_guilds.c.guild_id == waiting.c.guild_id)
        .where(*_is(account, model))
        .order_by(lane_guilds.c.served_at, lane_guilds.c.added_at, lane_guilds.c.guild_id)
    )
    return [
        GuildInLine(guild_id=GuildId(row.guild_id), waiting=row.jobs)
        for row in await connection.execute(query)
    ]


async def is_refused(
    connection: AsyncConnection, account: AccountId, model: str, *, now: datetime
) -> bool:
    """Tell whether a job of the lane waits because its create was refused or did not arrive."""
    query = (
        select(jobs.c.id)
        .where(_in_line(account, model), jobs.c.attempts > 0, jobs.c.not_before > now)
        .limit(1)
    )
    return (await connection.execute(query)).first() is not None


def _in_line(account: AccountId, model: str) -> ColumnElement[bool]:
    """A job that will be claimed sooner or later; the lane's index is named by its own words."""
    return and_(
        jobs.c.account == account,
        jobs.c.model == model,
        jobs.c.finished_at.is_(None),
        jobs.c.state == JobState.QUEUED,
        jobs.c.cancel_requested_at.is_(None),
    )


def _claimable(
    account: AccountId, model: str, *, now: datetime, oldest: datetime
) -> ColumnElement[bool]:
    """A job may be claimed once its status message stands in the channel, until it is too old."""
    return and_(
        _in_line(account, model),
        jobs.c.status_message_id.is_not(None),
        jobs.c.created_at >= oldest,
        ready(now),
    )


def _key(account: AccountId, model: str, guild_id: GuildId) -> dict[str, Any]:
    return {"account": account, "model": model, "guild_id": guild_id}


def _is(account: AccountId, model: str) -> tuple[ColumnElement[bool], ...]:
    return lane_guilds.c.account == account, lane_guilds.c.model == model
