"""A SQLite database in real trouble: held by another process, read-only, or on a full disk."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bot.domain.errors import DatabaseUnavailableError
from bot.domain.jobs.job import JobEvent
from bot.domain.jobs.states import Owner
from bot.storage import jobs
from tests.fakes import NOW, a_job
from tests.services.core import Core

IMPATIENT = "busy_timeout = 20"


class Trouble(Protocol):
    """Puts a core's database into trouble until the block ends."""

    def __call__(self, core: Core) -> AbstractAsyncContextManager[None]: ...


@asynccontextmanager
async def locked(core: Core) -> AsyncIterator[None]:
    """Let another process hold the write lock; our connections soon stop waiting for it."""
    async with _with_pragma(core, IMPATIENT):
        other = sqlite3.connect(str(core.database.file), isolation_level=None)
        try:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        finally:
            other.close()


@asynccontextmanager
async def read_only(core: Core) -> AsyncIterator[None]:
    """Let the database refuse every write."""
    async with _with_pragma(core, "query_only = ON"):
        yield


@asynccontextmanager
async def full(core: Core) -> AsyncIterator[None]:
    """Let the file not grow any more, and fill what room there is for another event."""
    job = await core.put(state=a_job().state, not_before=NOW.replace(year=NOW.year + 1))
    async with _with_pragma(core, "max_page_count = 1"):  # SQLite takes what there is, if more
        filler = JobEvent(job_id=job.id, at=NOW, owner=Owner.REAPER, name="x", detail={})
        try:
            while True:
                async with core.database.write() as connection:
                    await jobs.record(connection, filler)
        except DatabaseUnavailableError as error:
            assert "full" in str(error)  # noqa: PT017 - how the loop ends
        yield


@asynccontextmanager
async def _with_pragma(core: Core, pragma: str) -> AsyncIterator[None]:
    """Have all connections opened meanwhile begin with a pragma."""

    def begin(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    engine = core.database.engine
    event.listen(engine.sync_engine, "connect", begin)
    await engine.dispose()
    try:
        yield
    finally:
        event.remove(engine.sync_engine, "connect", begin)
        await engine.dispose()
