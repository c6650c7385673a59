"""Grants in the database, and what jobs hold of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Draw, Grant, Span, Unit
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.storage.tables import draws, grants, ledger_entries

_DRAWN = (
    select(func.coalesce(func.sum(draws.c.amount), 0))
    .where(draws.c.grant_id == grants.c.id)
    .scalar_subquery()
)


async def add(
    connection: AsyncConnection,
    guild_id: GuildId,
    *,
    user_id: UserId,
    unit: Unit,
    amount: int,
    granted_by: UserId,
    granted_at: datetime,
    expires_at: datetime,
) -> Grant:
    """Store a grant."""
    query = (
        insert(grants)
        .values(
            guild_id=guild_id,
            user_id=user_id,
            unit=unit,
            amount=amount,
            granted_by=granted_by,
            granted_at=granted_at,
            expires_at=expires_at,
        )
        .returning(grants.c.id)
    )
    return Grant(
        id=(await connection.execute(query)).scalar_one(),
        user_id=user_id,
        unit=unit,
        amount=amount,
        drawn=0,
        granted_by=granted_by,
        expires_at=expires_at,
    )


async def usable(
    connection: AsyncConnection,
    guild_id: GuildId,
    *,
    now: datetime,
    user_id: UserId | None = None,
    limit: int | None = None,
) -> list[Grant]:
    """Return grants of which something is left, the next to expire first.

    Args:
        connection: a transaction; the guild's row is its lock where something is to be drawn.
        guild_id: whose.
        now: the moment.
        user_id: leaves one member's.
        limit: at most so many.
    """
    query = (
        select(grants, _DRAWN.label("drawn"))
        .where(*_open(guild_id, now))
        .order_by(grants.c.expires_at, grants.c.id)
        .limit(limit)
    )
    if user_id is not None:
        query = query.where(grants.c.user_id == user_id)
    return [
        Grant(
            id=row.id,
            user_id=row.user_id,
            unit=row.unit,
            amount=row.amount,
            drawn=int(row.drawn),
            granted_by=row.granted_by,
            expires_at=row.expires_at,
        )
        for row in await connection.execute(query)
    ]


async def count_usable(connection: AsyncConnection, guild_id: GuildId, *, now: datetime) -> int:
    """Return of how many grants of a guild something is left."""
    query = select(func.count()).select_from(grants).where(*_open(guild_id, now))
    return int((await connection.execute(query)).scalar_one())


async def count(connection: AsyncConnection, guild_id: GuildId, *, now: datetime) -> int:
    """Return how many grants of a guild have not ended, used up or not."""
    query = select(func.count()).where(grants.c.guild_id == guild_id, grants.c.expires_at > now)
    return int((await connection.execute(query)).scalar_one())


def _open(guild_id: GuildId, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return grants.c.guild_id == guild_id, grants.c.expires_at > now, grants.c.amount > _DRAWN


async def draw(connection: AsyncConnection, job: Job, taken: Sequence[Draw]) -> None:
    """Store what a job takes, in the transaction of its RESERVE."""
    for portion in taken:
        await connection.execute(
            insert(draws).values(
                grant_id=portion.grant_id,
                job_id=job.id,
                guild_id=job.guild_id,
                user_id=job.requester.user_id,
                unit=portion.unit,
                amount=portion.amount,
                counted_at=job.times.counted_at,
            )
        )


async def drawn(
    connection: AsyncConnection, span: Span, *, guild_id: GuildId, user_id: UserId
) -> Amounts:
    """Return what a member's jobs of a window took from grants: their rules do not count it."""
    query = (
        select(draws.c.unit, func.sum(draws.c.amount))
        .where(
            draws.c.guild_id == guild_id,
            draws.c.user_id == user_id,
            draws.c.counted_at >= span.start,
            draws.c.counted_at < span.end,
        )
        .group_by(draws.c.unit)
    )
    taken = {unit: int(amount) for unit, amount in await connection.execute(query)}
    return Amounts(
        videos=taken.get(Unit.VIDEOS, 0),
        seconds=taken.get(Unit.SECONDS, 0),
        micros=taken.get(Unit.COST, 0),
    )


async def settle(connection: AsyncConnection, job_id: JobId) -> None:
    """Give back what a job holds beyond what the ledger says of it: all of it after a RELEASE."""
    held = (
        await connection.execute(select(draws.c.grant_id).where(draws.c.job_id == job_id))
    ).all()
    if not held:
        return
    columns = ledger_entries.c
    sums = {
        Unit.VIDEOS: func.sum(columns.videos),
        Unit.SECONDS: func.sum(columns.seconds),
        Unit.COST: func.sum(columns.micros),
    }
    row = (
        await connection.execute(
            select(*(func.coalesce(total, 0) for total in sums.values())).where(
                columns.job_id == job_id
            )
        )
    ).one()
    for unit, billed in zip(sums, row, strict=True):
        left = max(0, int(billed))
        mine = (draws.c.job_id == job_id) & (draws.c.unit == unit)
        for grant_id, amount in (
            await connection.execute(
                select(draws.c.grant_id, draws.c.amount).where(mine).order_by(draws.c.grant_id)
            )
        ).all():
            kept = min(left, amount)
            left -= kept
            one = mine & (draws.c.grant_id == grant_id)
            await connection.execute(
                update(draws).where(one).values(amount=kept) if kept else delete(draws).where(one)
            )
