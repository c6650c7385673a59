"""Transactions: what is committed, what is undone, and how the driver's trouble is named."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import QueuePool

from bot.domain.errors import ConfigurationError, ConflictError, DatabaseUnavailableError
from bot.domain.host.account import AccountStatus
from bot.storage.engine import Connection, Database, async_url
from bot.storage.postgresql import POOL_SIZE
from bot.storage.tables import accounts
from bot.storage.timeouts import Timeouts
from bot.storage.upsert import upsert


async def _put(connection: Connection, name: str, value: str) -> None:
    """Store a value under a name; which table has them does not matter here."""
    values = {"pause_reason": value, "status": AccountStatus.OPEN}
    await upsert(connection, accounts, {"account": name}, values)


async def _got(connection: Connection, name: str) -> str | None:
    query = select(accounts.c.pause_reason).where(accounts.c.account == name)
    return (await connection.execute(query)).scalar_one_or_none()


async def test_write_is_committed_when_its_block_ends(database: Database) -> None:
    async with database.write() as connection:
        await _put(connection, "colour", "red")
    async with database.read() as connection:
        assert await _got(connection, "colour") == "red"


async def test_write_is_undone_when_its_block_raises(database: Database) -> None:
    async def write() -> None:
        async with database.write() as connection:
            await _put(connection, "colour", "red")
            raise LookupError

    with pytest.raises(LookupError):
        await write()
    async with database.read() as connection:
        assert await _got(connection, "colour") is None


async def test_write_is_undone_when_its_task_is_cancelled(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await _put(connection, "colour", "red")
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(write())
        await begun.wait()
        task.cancel()
    async with database.read() as connection:
        assert await _got(connection, "colour") is None


async def test_error_of_the_driver_does_not_repeat_what_was_stored(database: Database) -> None:
    async def write() -> None:
        async with database.write() as connection:
            for _ in range(2):
                await connection.execute(
                    insert(accounts).values(account="same", pause_reason="a secret prompt")
                )

    with pytest.raises(ConflictError) as caught:
        await write()
    assert "a secret prompt" not in f"{caught.value} {caught.value.__cause__}"


async def test_exhausted_pool_is_a_database_that_is_not_available(database: Database) -> None:
    pool = database.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.05
    pool._max_overflow = 0
    async with AsyncExitStack() as stack:
        for _ in range(POOL_SIZE):
            await stack.enter_async_context(database.read())
        with pytest.raises(DatabaseUnavailableError):
            await database.ping()


async def test_dropped_connection_is_a_database_that_is_not_available(
    connect: Callable[[], Database], engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("a file drops no connection")
    ours, other = connect(), connect()

    async def write() -> None:
        async with ours.write() as connection:
            own = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with other.read() as outside:
                await outside.execute(text(f"SELECT pg_terminate_backend({own})"))
            await connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailableError):
        await write()
    await ours.ping()


async def test_server_that_ends_every_connection_and_takes_none_is_waited_for(
    connect: Callable[[], Database], server: str, engine_name: str
) -> None:
    """As in a restart of the server: what was not committed is gone, and the pool recovers."""
    if engine_name == "sqlite":
        pytest.skip("a file has no server")
    ours, admin = connect(), Database(server)
    name = ours.engine.url.database
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - a name of our own

    async def administer(*statements: str) -> None:
        async with admin.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                await outside.execute(text(statement))

    async def write() -> None:
        async with ours.write() as connection:
            await _put(connection, "colour", "red")
            await administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", cut)

    try:
        with pytest.raises(DatabaseUnavailableError):
            await write()
        for _ in range(POOL_SIZE + 1):
            with pytest.raises(DatabaseUnavailableError):
                await ours.ping()
        await administer(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        async with ours.write() as connection:
            assert await _got(connection, "colour") is None
            await _put(connection, "colour", "blue")
    finally:
        await admin.aclose()


async def test_server_with_too_many_connections_is_a_database_that_is_not_available(
    connect: Callable[[], Database], server: str, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("a file counts no connections")
    admin, role = connect(), "tween_crowded"
    async with admin.write() as connection:
        await connection.execute(text(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0"))
    url = make_url(server).set(username=role, database=admin.engine.url.database)
    crowded = Database(url.render_as_string(hide_password=False))
    try:
        with pytest.raises(DatabaseUnavailableError, match="too many connections"):
            await crowded.ping()
    finally:
        await crowded.aclose()
        async with admin.write() as connection:
            await connection.execute(text(f"DROP ROLE {role}"))


@pytest.mark.parametrize(
    ("pragma", "said"), [("max_page_count = 1", "is full"), ("query_only = ON", "readonly")]
)
async def test_file_that_takes_nothing_is_a_database_that_is_not_available(
    connect: Callable[[], Database], engine_name: str, pragma: str, said: str
) -> None:
    if engine_name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    database = connect()
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql(f"PRAGMA {pragma}")

    async def write() -> None:
        async with database.write() as connection:
            await _put(connection, "small", "x")
            await _put(connection, "large", "x" * 100_000)

    with pytest.raises(DatabaseUnavailableError, match=said):
        await write()
    async with database.engine.connect() as connection:
        for mended in ("max_page_count = 100000", "query_only = OFF"):
            await connection.exec_driver_sql(f"PRAGMA {mended}")
    async with database.write() as connection:
        assert await _got(connection, "small") is None
        await _put(connection, "large", "x" * 100_000)


async def test_writer_that_never_gets_its_turn_says_whose_fault_it_is(
    database_url: str, engine_name: str
) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL's writers do not wait in line")
    database = Database(database_url, Timeouts(line_seconds=0.02))

    async def write() -> None:
        async with database.write():
            pytest.fail("there was no turn")

    async with database.write():
        with pytest.raises(DatabaseUnavailableError, match="other writers of this process"):
            await write()
    await database.aclose()


async def test_statement_the_server_gave_up_is_a_database_that_is_not_available(
    database: Database, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has no such limit")

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 10"))
            await connection.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(DatabaseUnavailableError):
        await write()


async def test_our_own_mistake_is_not_called_an_unavailable_database(
    database: Database, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has one name for both")
    with pytest.raises(ProgrammingError):
        async with database.read() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere"))


async def test_missing_database_is_one_that_is_not_available(
    database_url: str, engine_name: str, tmp_path: Path
) -> None:
    if engine_name == "sqlite":
        (tmp_path / "folder").mkdir()
        database = Database(f"sqlite:///{tmp_path}/folder")
    else:
        url = make_url(database_url).set(database="nowhere")
        database = Database(url.render_as_string(hide_password=False))
    try:
        with pytest.raises(DatabaseUnavailableError):
            await database.ping()
    finally:
        await database.aclose()
        # aiosqlite lets the thread of a connection that failed end by itself.
        for thread in threading.enumerate():
            if "_connection_worker_thread" in thread.name:
                await asyncio.to_thread(thread.join, 5)


async def test_server_that_is_down_is_a_database_that_is_not_available(tmp_path: Path) -> None:
    database = Database(f"postgresql://postgres@/postgres?host={tmp_path}")
    try:
        with pytest.raises(DatabaseUnavailableError):
            await database.ping()
    finally:
        await database.aclose()


async def test_lock_held_too_long_is_a_database_that_is_not_available(
    connect: Callable[[], Database], engine_name: str
) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL locks rows, for as long as it takes")
    ours, other = connect(), connect()
    async with ours.write():
        async with other.engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout = 20")
        with pytest.raises(DatabaseUnavailableError):
            async with other.write():
                pass


async def test_sqlite_keeps_foreign_keys_and_a_journal_that_readers_do_not_block(
    database: Database, engine_name: str
) -> None:
    if engine_name != "sqlite":
        pytest.skip("pragmas are SQLite's")
    async with database.read() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("foreign_keys", "journal_mode", "synchronous", "secure_delete")
        ]
    assert pragmas == [1, "wal", 2, 1]


async def test_the_log_is_emptied_after_an_erasure_as_soon_as_nobody_reads_of_it(
    connect: Callable[[], Database], engine_name: str
) -> None:
    ours, other = connect(), connect()
    if ours.file is None:
        assert engine_name == "postgresql"
        ours.mark_erased()
        await ours.drop_traces()
        return
    log = ours.file.with_name(f"{ours.file.name}-wal")
    async with other.engine.connect() as reader:
        await reader.exec_driver_sql("BEGIN")
        assert await _got(reader, "colour") is None
        async with ours.write() as connection:
            await _put(connection, "colour", "red")
        ours.mark_erased()
        await ours.drop_traces()
        assert log.stat().st_size > 0, "somebody still reads what was before"
        await reader.rollback()
    await ours.drop_traces()
    assert log.stat().st_size == 0
    async with ours.write() as connection:
        await _put(connection, "colour", "blue")
    await ours.drop_traces()
    assert log.stat().st_size > 0, "nothing was erased since"


async def test_reader_does_not_wait_for_a_writer(connect: Callable[[], Database]) -> None:
    ours, other = connect(), connect()
    async with ours.write() as connection:
        await _put(connection, "colour", "red")
        async with other.read() as outside:
            assert await _got(outside, "colour") is None


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:///data/tween.db", "sqlite+aiosqlite"),
        ("postgresql://somebody:secret@db/tween", "postgresql+asyncpg"),
    ],
)
def test_url_gets_its_asynchronous_driver(given: str, driver: str) -> None:
    assert async_url(given).drivername == driver


def test_sslmode_is_understood_and_nothing_else_is_swallowed() -> None:
    assert async_url("postgresql://db/tween?sslmode=verify-full").query == {"ssl": "verify-full"}
    for wrong in ("sslmode=maybe", "sslrootcert=ca.pem"):
        with pytest.raises(ConfigurationError) as refused:
            async_url(f"postgresql://db/tween?{wrong}")
        assert refused.value.setting == "DATABASE_URL"


def test_missing_driver_is_a_matter_of_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(ConfigurationError) as caught:
        Database("postgresql://somebody@db/tween")
    assert caught.value.setting == "DATABASE_URL"


async def test_a_rush_of_readers_opens_few_connections_and_each_has_its_turn(
    empty_url: str, engine_name: str
) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL's connections are no threads of ours")
    database, opened = Database(empty_url), 0

    def count(*_: object) -> None:
        nonlocal opened
        opened += 1

    event.listen(database.engine.sync_engine, "connect", count)
    answers = []

    async def ask() -> None:
        async with database.read() as connection:
            answers.append((await connection.execute(text("SELECT 1"))).scalar_one())

    try:
        for _ in range(3):
            await asyncio.gather(*(ask() for _ in range(40)))
    finally:
        await database.aclose()
    assert answers == [1] * 120
    assert opened <= POOL_SIZE
