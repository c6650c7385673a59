"""One living process per database, and small facts that outlive a process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.ids import WorkerId
from bot.storage.tables import facts, processes

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
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    result = await connection.execute(
        dialect.insert(processes)
        .values(role=_ROLE, **asdict(process))
        .on_conflict_do_nothing()
        .returning(processes.c.role)
    )
    return result.first() is not None


async def register(connection: AsyncConnection, process: ProcessRow) -> None:
    """Put a process on record in place of the one before."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = asdict(process)
    await connection.execute(
        dialect.insert(processes)
        .values(role=_ROLE, **values)
        .on_conflict_do_update(index_elements=["role"], set_=values)
    )


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


async def get_fact(connection: AsyncConnection, key: str) -> str | None:
    """Return a stored fact."""
    query = select(facts.c.value).where(facts.c.key == key)
    return (await connection.execute(query)).scalar_one_or_none()


async def set_fact(connection: AsyncConnection, key: str, value: str) -> None:
    """Store a fact."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    await connection.execute(
        dialect.insert(facts)
        .values(key=key, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )
