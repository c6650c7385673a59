"""The ledger in the database: entries are added, sums are taken, nothing is changed."""

from __future__ import annotations

from sqlalchemy import Select, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import Amounts
from bot.domain.guilds.quota import Span
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.ledger import EntryKind, LedgerEntry
from bot.storage.tables import ledger_entries


async def append(connection: AsyncConnection, entry: LedgerEntry) -> None:
    """Add an entry."""
    await connection.execute(
        insert(ledger_entries).values(
            job_id=entry.job_id,
            guild_id=entry.guild_id,
            user_id=entry.user_id,
            model=entry.model,
            kind=entry.kind,
            videos=entry.amounts.videos,
            seconds=entry.amounts.seconds,
            micros=entry.amounts.micros,
            counted_at=entry.counted_at,
            at=entry.at,
            reason=entry.reason,
        )
    )


async def usage(
    connection: AsyncConnection,
    span: Span,
    *,
    guild_id: GuildId | None = None,
    user_id: UserId | None = None,
) -> Amounts:
    """Return what is reserved and charged in a window: of everybody, a guild, or a member."""
    query = _sums().where(
        ledger_entries.c.counted_at >= span.start, ledger_entries.c.counted_at < span.end
    )
    if guild_id is not None:
        query = query.where(ledger_entries.c.guild_id == guild_id)
    if user_id is not None:
        query = query.where(ledger_entries.c.user_id == user_id)
    row = (await connection.execute(query)).one()
    return Amounts(videos=int(row[0]), seconds=int(row[1]), micros=int(row[2]))


async def attempts(
    connection: AsyncConnection, span: Span, *, guild_id: GuildId, user_id: UserId
) -> int:
    """Return how many videos a member began in a window, whatever became of them."""
    query = select(func.coalesce(func.sum(ledger_entries.c.videos), 0)).where(
        ledger_entries.c.guild_id == guild_id,
        ledger_entries.c.user_id == user_id,
        ledger_entries.c.kind == EntryKind.RESERVE,
        ledger_entries.c.counted_at >= span.start,
        ledger_entries.c.counted_at < span.end,
    )
    return int((await connection.execute(query)).scalar_one())


async def of_job(connection: AsyncConnection, job_id: JobId) -> list[LedgerEntry]:
    """Return a job's entries, oldest first."""
    query = (
        select(ledger_entries)
        .where(ledger_entries.c.job_id == job_id)
        .order_by(ledger_entries.c.id)
    )
    return [
        LedgerEntry(
            job_id=row.job_id,
            guild_id=row.guild_id,
            user_id=row.user_id,
            model=row.model,
            kind=row.kind,
            amounts=Amounts(videos=row.videos, seconds=row.seconds, micros=row.micros),
            counted_at=row.counted_at,
            at=row.at,
            reason=row.reason,
        )
        for row in await connection.execute(query)
    ]


def _sums() -> Select[int, int, int]:
    return select(
        func.coalesce(func.sum(ledger_entries.c.videos), 0),
        func.coalesce(func.sum(ledger_entries.c.seconds), 0),
        func.coalesce(func.sum(ledger_entries.c.micros), 0),
    )
