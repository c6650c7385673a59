"""One engine per URL, and the two ways to use it: ``read()`` and ``write()``.

SQLite runs in WAL mode with foreign keys; a write transaction begins IMMEDIATE, so that reading
what is about to be changed and changing it cannot be interleaved. On PostgreSQL the same Python
locks rows with ``FOR UPDATE``, which SQLAlchemy leaves out for SQLite.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.domain.errors import ConfigurationError, ConflictError, DatabaseUnavailableError
from bot.domain.units import MIB
from bot.storage.postgresql import POOL_SIZE, PostgresqlEngine
from bot.storage.timeouts import UNHURRIED, Timeouts

BUSY_TIMEOUT_SECONDS = 10
"""For a lock of another process: SQLite's own waiting sleeps in steps, and knows no line."""
MAX_JOURNAL_BYTES = 16 * MIB
"""What SQLite keeps of its write-ahead log once all of it is in the database."""
CHECKPOINT_WAIT_MILLISECONDS = 200
"""So long a checkpoint waits for readers; writers wait with it, and the next round tries again."""

_PASSING = ("08", "40", "53", "55", "57", "58")
"""Connection, transaction rollback, resources, object in use, operator, system."""


SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""libpq's: https://www.postgresql.org/docs/current/libpq-ssl.html."""

_IN_QUERY = {"sslmode", "host", "port"}
"""``host`` is the folder of a socket, where there is one."""


def async_url(database_url: str) -> URL:
    """Return the URL with its asynchronous driver.

    Raises:
        ConfigurationError: its query names what is not understood, or a mode nobody knows.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    if unknown := sorted(set(url.query) - _IN_QUERY):
        raise ConfigurationError("DATABASE_URL", f"has {unknown[0]}, which is not understood")
    query = dict(url.query)
    mode = query.pop("sslmode", None)
    if mode is not None and mode not in SSL_MODES:
        raise ConfigurationError("DATABASE_URL", f"sslmode must be one of {', '.join(SSL_MODES)}")
    # asyncpg has libpq's modes under another name, and refuses libpq's.
    query |= {} if mode is None else {"ssl": mode}
    return url.set(drivername="postgresql+asyncpg", query=query)


Connection = AsyncConnection
"""What a transaction hands out; services pass it on without knowing SQLAlchemy."""


class Database:
    """A connection pool that hands out short transactions."""

    def __init__(self, database_url: str, timeouts: Timeouts | None = None) -> None:
        """Open nothing yet.

        Args:
            database_url: where it is.
            timeouts: how long it is waited for; the product's own where nothing is given.

        Raises:
            ConfigurationError: the URL is not understood, or needs a package that is missing.
        """
        url = async_url(database_url)
        self._url = database_url
        self._timeouts = timeouts or Timeouts()
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._writing = asyncio.Lock()
        # An earlier process may have ended between an erasure and the log's truncation.
        self._erased = True
        self.file = Path(url.database).absolute() if self.is_sqlite and url.database else None
        """Where SQLite keeps it."""
        self._postgresql: PostgresqlEngine | None = None
        try:
            if self.is_sqlite:
                self.engine = _sqlite_engine(url, self._timeouts)
            else:
                self._postgresql = PostgresqlEngine(url, self._timeouts)
                self.engine = self._postgresql.engine
        except ModuleNotFoundError as error:
            raise ConfigurationError("DATABASE_URL", f"needs the package {error.name}") from error

    def make_folder(self) -> None:
        """Make the folder of a database that may not be there yet; nothing else makes it."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)

    async def aclose(self) -> None:
        """Close all connections, or drop them where nobody answers."""
        if self._postgresql is None:
            await self.engine.dispose()
        else:
            await self._postgresql.aclose()

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[Database]:
        """Hand out the same database for work that may take as long as it takes."""
        if self.is_sqlite:
            yield self
            return
        patient = Database(self._url, UNHURRIED)
        try:
            yield patient
        finally:
            await patient.aclose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """
        async with _converted(), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; it is committed when the block ends without an error.

        Raises:
            DatabaseUnavailableError: the database cannot be reached or stayed locked.
        """
        async with _converted(), self._turn(), self.engine.connect() as connection:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            async with _ending(connection):
                yield connection

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for the writers of this process in turn: SQLite's own waiting sleeps in steps."""
        if not self.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(self._timeouts.line_seconds):
                await self._writing.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailableError("other writers of this process keep it") from error
        try:
            yield
        finally:
            self._writing.release()

    def mark_erased(self) -> None:
        """Remember that something was erased, of which the write-ahead log still has copies."""
        self._erased = True

    async def drop_traces(self) -> None:
        """Empty SQLite's write-ahead log if something was erased since it was last empty.

        On PostgreSQL nothing happens: its own VACUUM and recycling of the log do it, in their time.

        Raises:
            DatabaseUnavailableError: the database cannot be reached.
        """
        if not (self.is_sqlite and self._erased):
            return
        async with _converted(), self._turn(), self.engine.connect() as connection:
            await connection.exec_driver_sql(
                f"PRAGMA busy_timeout = {CHECKPOINT_WAIT_MILLISECONDS}"
            )
            try:
                found = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                is_busy, *_ = found.one()
            finally:
                usual = BUSY_TIMEOUT_SECONDS * 1000
                await connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")
        self._erased = bool(is_busy)

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseUnavailableError: there is none.
        """
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))


async def _wait_for_others(connection: AsyncConnection, milliseconds: int) -> None:
    await connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")


@asynccontextmanager
async def _ending(connection: AsyncConnection) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await connection.rollback()
        raise
    await connection.commit()


@asynccontextmanager
async def _converted() -> AsyncIterator[None]:
    """Turn the driver's trouble into ours."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailableError(str(error.orig)) from error
    except IntegrityError as error:
        raise ConflictError(str(error.orig)) from error
    except DBAPIError as error:
        if error.connection_invalidated or _will_pass(error):
            raise DatabaseUnavailableError(str(error.orig)) from error
        raise
    except (OSError, PoolTimeoutError) as error:
        raise DatabaseUnavailableError(str(error)) from error


def _will_pass(error: DBAPIError) -> bool:
    """Tell whether it is the server's trouble and not ours: connecting failed, or its own words.

    Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html.
    """
    sqlstate: str = getattr(error.orig, "sqlstate", None) or ""
    return error.statement is None or sqlstate.startswith(_PASSING)


def _sqlite_engine(url: URL, timeouts: Timeouts) -> AsyncEngine:
    engine = create_async_engine(
        url,
        # An error that repeats its parameters would carry prompts and signed URLs into the log.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
        # Each connection is a thread, with a cache and a heap of its own: more of them, opened and
        # closed by every rush, cost more than the line in which the sixth reader waits. The one
        # that worked last is taken first.
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=timeouts.line_seconds,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Without this the driver would begin transactions by itself, and DEFERRED ones:
    # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#sqlite-transactions
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # What is deleted is overwritten; not every SQLite is built with it, and without it prompts
        # outlive their erasure in free pages: https://www.sqlite.org/pragma.html#pragma_secure_delete
        "secure_delete = ON",
        f"journal_size_limit = {MAX_JOURNAL_BYTES}",
        f"busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
