"""Migrations from nothing make exactly the tables of the code, and can be taken back."""

from __future__ import annotations

import subprocess
import sys

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.storage import migrate, schema
from bot.storage.engine import Database
from bot.storage.partial_indexes import metadata


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


async def test_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
    assert await schema.current_revision(database) == schema.newest_revision()


async def test_empty_database_is_migrated_and_doing_it_again_changes_nothing(
    empty_url: str,
) -> None:
    database = Database(empty_url)
    try:
        assert await schema.current_revision(database) is None
        for _ in range(2):
            await migrate.upgrade(database)
            assert await schema.current_revision(database) == schema.newest_revision()
    finally:
        await database.aclose()


async def test_schema_can_be_taken_back_and_made_again(database: Database) -> None:
    await migrate.downgrade(database, "base")
    async with database.read() as connection:
        left = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(left) <= {"alembic_version"}
    assert await schema.current_revision(database) is None
    await migrate.upgrade(database)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []


def test_newest_revision_is_the_one_alembic_leads_to() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    assert scripts.get_heads() == [schema.newest_revision()]


def test_serving_does_not_import_what_only_some_starts_need() -> None:
    rare = ["alembic", "cryptography", "sqlalchemy.dialects.postgresql", "obstore", "PIL", "av"]
    said = f"import sys, bot.serving; print([name for name in {rare} if name in sys.modules])"
    ended = subprocess.run(  # noqa: S603 - this interpreter, and a program of ours
        [sys.executable, "-c", said], capture_output=True, check=True, text=True
    )
    assert ended.stdout.strip() == "[]"
