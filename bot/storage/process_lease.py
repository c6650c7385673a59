"""One living process per database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import WorkerId
from bot.storage.tables import processes
from bot.storage.upsert import insert_unless_there, upsert

_ROLE = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """The process that serves a database."""

    worker_id: WorkerId
    host: str
    """Host name and boot: a process id means nothing elsewhere."""
    pid: int
    renewed_at: datetime


async def current(connection: AsyncConnection) -> ProcessRow | None:
    """Return the process on record."""
    query = select(
        processes.c.worker_id, processes.c.host, processes.c.pid, processes.c.renewed_at
    ).where(processes.c.role == _ROLE)
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else ProcessRow(**row._mapping)  # noqa: SLF001


async def register_first(connection: AsyncConnection, process: ProcessRow) -> bool:
    """Put a process on record where there is none; of two at the same moment one succeeds."""
    return await insert_unless_there(connection, processes, {"role": _ROLE, **asdict(process)})


async def register(connection: AsyncConnection, process: ProcessRow) -> None:
    """Put a process on record in place of the one before."""
    await upsert(connection, processes, {"role": _ROLE}, asdict(process))


async def renew(connection: AsyncConnection, worker_id: WorkerId, *, now: datetime) -> bool:
    """Show a sign of life; False where another process has taken over."""
    result = await connection.execute(
        update(processes)
        .where(processes.c.role == _ROLE, processes.c.worker_id == worker_id)
        .values(renewed_at=now)
    )
    return result.rowcount == 1


async def leave(connection: AsyncConnection, worker_id: WorkerId) -> None:
    """Take a process off the record."""
    await connection.execute(
        delete(processes).where(processes.c.role == _ROLE, processes.c.worker_id == worker_id)
    )
