"""A process for each test: its own SQLite file, and doubles of everything outside."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from bot.storage import schema
from bot.storage.engine import Database
from tests.fakes import InMemoryProvider, ManualClock, RecordingChat
from tests.services.core import Core
from tests.services.media import FakeMedia


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "tween.db"

    async def make() -> None:
        database = Database(f"sqlite:///{path}")
        try:
            await schema.upgrade(database)
        finally:
            await database.aclose()

    asyncio.run(make())
    return path


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """One short line per record: drawing the frames of an exception takes longer than a test."""
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(bool_as_flag=False),
        ]
    )
    yield
    structlog.configure(**before)


def _hurry(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Leave out the waiting for the disk: what a test stores may be lost with the machine."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


@pytest.fixture
async def core(migrated_file: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Core]:
    path = tmp_path / "tween.db"
    shutil.copyfile(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    event.listen(database.engine.sync_engine, "connect", _hurry)
    core = Core(
        database=database,
        data_dir=tmp_path,
        clock=clock,
        provider=InMemoryProvider(clock),
        chat=RecordingChat(),
        media=FakeMedia(),
    )
    await core.dispatcher.prepare()
    yield core
    await database.aclose()
