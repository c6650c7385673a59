"""Sums and pages for admins, each read from an index that holds all it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import Cursor, ExportedJob, LogQuery, Share, Sums
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage.jobs import jobs_of
from bot.storage.tables import jobs, ledger_entries

Columns = Mapping[str, ColumnElement[Any]]
"""What is summed, by name."""

NAMED_AMONG = 50
"""A member's newest jobs that may tell their name; each may be forgotten before its time."""

_ENTRY = ledger_entries.c
_AMOUNTS = ("videos", "seconds", "micros")
_ENTRIES: Columns = {name: _ENTRY[name] for name in _AMOUNTS}


async def sums(connection: AsyncConnection, guild_id: GuildId, span: Span, *, top: int) -> Sums:
    """Return what a guild reserved and was charged in a period, in one pass over its entries."""
    shares = (
        select(_ENTRY.user_id, _ENTRY.model, *_summed(_ENTRIES))
        .where(*_entries_of(guild_id, span))
        .group_by(_ENTRY.user_id, _ENTRY.model)
        .cte("shares")
    )
    summed = {name: shares.c[name] for name in _AMOUNTS}
    whole = select(
        literal("total").label("kind"),
        cast(func.count(shares.c.user_id.distinct()), String).label("key"),
        *_summed(summed),
    ).where(shares.c.videos > 0)
    parts = [
        _largest(kind, column, summed, top)
        for kind, column in (("member", shares.c.user_id), ("model", shares.c.model))
    ]
    found: dict[str, list[Share]] = {"member": [], "model": [], "total": []}
    for kind, key, *figures in await connection.execute(union_all(whole, *parts)):
        found[kind].append(Share(key=key, amounts=_amounts(figures)))
    (total,) = found["total"]
    return Sums(
        total=total.amounts,
        members=tuple(sorted(found["member"], key=_dearest)),
        members_count=int(total.key),
        models=tuple(sorted(found["model"], key=_dearest)),
    )


def _largest(
    kind: str, key: ColumnElement[Any], shares: Columns, top: int
) -> Select[*tuple[Any, ...]]:
    summed = _summed(shares)
    largest = (
        select(literal(kind).label("kind"), cast(key, String).label("key"), *summed)
        .group_by(key)
        .having(func.sum(shares["videos"]) > 0)
        .order_by(func.sum(shares["micros"]).desc(), key)
        .limit(top)
        .subquery()
    )
    return select(*largest.c)


def _summed(columns: Columns) -> list[ColumnElement[Any]]:
    return [func.coalesce(func.sum(columns[name]), 0).label(name) for name in _AMOUNTS]


def _amounts(figures: Sequence[Any]) -> Amounts:
    videos, seconds, micros = (int(figure) for figure in figures)
    return Amounts(videos=videos, seconds=seconds, micros=micros)


def _dearest(share: Share) -> tuple[int, str]:
    return -share.amounts.micros, share.key


def _entries_of(guild_id: GuildId, span: Span) -> list[ColumnElement[bool]]:
    return [
        _ENTRY.guild_id == guild_id,
        _ENTRY.counted_at >= span.start,
        _ENTRY.counted_at < span.end,
    ]


def _in_period(guild_id: GuildId, span: Span) -> list[ColumnElement[bool]]:
    return [
        jobs.c.guild_id == guild_id,
        jobs.c.created_at >= span.start,
        jobs.c.created_at < span.end,
    ]


async def sums_per_span(
    connection: AsyncConnection, guild_id: GuildId, spans: Sequence[Span]
) -> list[Amounts]:
    """Return what was spent in each of some stretches of time, by one statement."""
    parts = [
        select(literal(number).label("number"), *_summed(_ENTRIES)).where(
            *_entries_of(guild_id, span)
        )
        for number, span in enumerate(spans)
    ]
    found = [NOTHING] * len(spans)
    for number, *figures in await connection.execute(union_all(*parts)):
        found[number] = _amounts(figures)
    return found


async def first_counted_at(connection: AsyncConnection, guild_id: GuildId) -> datetime | None:
    """Return when a guild's first job was queued."""
    query = select(func.min(_ENTRY.counted_at)).where(_ENTRY.guild_id == guild_id)
    moment: datetime | None = (await connection.execute(query)).scalar_one()
    return moment


async def names_of(
    connection: AsyncConnection, guild_id: GuildId, user_ids: Collection[UserId]
) -> dict[UserId, str]:
    """Return what members were called when they last asked; not where retention is over."""
    names = {}
    for user_id in user_ids:
        # Only the newest are looked at: of somebody who left, all of thousands are forgotten.
        newest = (
            select(jobs.c.requester_name, jobs.c.forgotten_at, jobs.c.created_at)
            .where(jobs.c.requester_id == user_id, jobs.c.guild_id == guild_id)
            .order_by(jobs.c.created_at.desc())
            .limit(NAMED_AMONG)
            .subquery()
        )
        query = (
            select(newest.c.requester_name)
            .where(newest.c.forgotten_at.is_(None))
            .order_by(newest.c.created_at.desc())
            .limit(1)
        )
        name = (await connection.execute(query)).scalar_one_or_none()
        if name is not None:
            names[user_id] = name
    return names


async def count_by_state(
    connection: AsyncConnection, guild_id: GuildId, span: Span
) -> dict[JobState, int]:
    """Return how many of a period's jobs are in each state."""
    query = (
        select(jobs.c.state, func.count()).where(*_in_period(guild_id, span)).group_by(jobs.c.state)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def newest_times(
    connection: AsyncConnection, guild_id: GuildId, span: Span, *, limit: int
) -> list[tuple[float, float]]:
    """Return how long the newest videos waited and were made, in seconds."""
    query = (
        select(jobs.c.created_at, jobs.c.sent_at, jobs.c.finished_at)
        .where(*_in_period(guild_id, span), jobs.c.state == JobState.DELIVERED)
        .order_by(jobs.c.created_at.desc())
        .limit(limit)
    )
    return [
        ((sent_at - asked_at).total_seconds(), (ended_at - sent_at).total_seconds())
        for asked_at, sent_at, ended_at in await connection.execute(query)
        if sent_at is not None and ended_at is not None
    ]


# --- pages -----------------------------------------------------------------------------------


async def page(
    connection: AsyncConnection, guild_id: GuildId, asked: LogQuery, *, limit: int
) -> list[Job]:
    """Return jobs beside a cursor, the nearest first: towards the past, or towards now."""
    states = asked.states if asked.member_id is None else frozenset[JobState]()
    # Each state has its stretch of an index; one query for several would sort all of theirs.
    found = [
        job
        for state in states or {None}
        for job in await _stretch(connection, guild_id, asked, state, limit)
    ]
    found.sort(key=lambda job: (job.times.created_at, job.id), reverse=not asked.is_newer)
    return found[:limit]


async def _stretch(
    connection: AsyncConnection,
    guild_id: GuildId,
    asked: LogQuery,
    state: JobState | None,
    limit: int,
) -> list[Job]:
    conditions = _in_period(guild_id, asked.span)
    if state is not None:
        conditions.append(jobs.c.state == state)
    if asked.member_id is not None:
        conditions.append(jobs.c.requester_id == asked.member_id)
        if asked.states:
            conditions.append(jobs.c.state.in_(asked.states))
    if asked.cursor is not None:
        conditions += _beyond(asked.cursor, is_newer=asked.is_newer)
    columns = (jobs.c.created_at, jobs.c.id)
    order = columns if asked.is_newer else [column.desc() for column in columns]
    query = select(jobs).where(*conditions).order_by(*order).limit(limit)
    return await jobs_of(connection, query)


def _beyond(cursor: Cursor, *, is_newer: bool) -> list[ColumnElement[bool]]:
    """Return what is on one side of a cursor: a bound the index knows, and the exact one."""
    at, job_id = jobs.c.created_at, jobs.c.id
    if is_newer:
        return [at >= cursor.at, or_(at > cursor.at, and_(at == cursor.at, job_id > cursor.job_id))]
    return [at <= cursor.at, or_(at < cursor.at, and_(at == cursor.at, job_id < cursor.job_id))]


async def exported(
    connection: AsyncConnection,
    guild_id: GuildId,
    span: Span,
    *,
    after: Cursor | None,
    limit: int,
) -> list[ExportedJob]:
    """Return the next jobs of an export, oldest first, with what each has in the ledger."""
    conditions = _in_period(guild_id, span)
    if after is not None:
        conditions += _beyond(after, is_newer=True)
    columns = [jobs.c[name] for name in _EXPORTED]
    query = select(*columns).where(*conditions).order_by(jobs.c.created_at, jobs.c.id).limit(limit)
    rows = (await connection.execute(query)).all()
    spent = await _spent(connection, [row.id for row in rows])
    return [
        ExportedJob(
            job_id=row.id,
            guild_id=row.guild_id,
            asked_at=row.created_at,
            ended_at=row.finished_at,
            state=row.state,
            member_id=row.requester_id,
            member_name=row.requester_name if row.forgotten_at is None else None,
            kind=row.kind.value,
            model=row.model,
            resolution=row.resolution,
            spent=spent.get(row.id, NOTHING),
            failure=row.failure_reason.value if row.failure_reason else None,
            channel_id=row.delivered_channel_id or row.status_channel_id or row.channel_id,
            message_id=row.delivered_message_id or row.status_message_id,
        )
        for row in rows
    ]


_EXPORTED = (
    *("id", "guild_id", "created_at", "finished_at", "state", "requester_id", "requester_name"),
    *("forgotten_at", "kind", "model", "resolution", "failure_reason", "channel_id"),
    *("status_channel_id", "status_message_id", "delivered_channel_id", "delivered_message_id"),
)


async def _spent(connection: AsyncConnection, job_ids: Collection[JobId]) -> dict[JobId, Amounts]:
    query = (
        select(_ENTRY.job_id, *_summed(_ENTRIES))
        .where(_ENTRY.job_id.in_(job_ids))
        .group_by(_ENTRY.job_id)
    )
    return {job_id: _amounts(figures) for job_id, *figures in await connection.execute(query)}
