"""The databases of ``tests/storage``, here too."""

from __future__ import annotations

from tests.storage.conftest import (
    connect,
    database,
    database_url,
    empty_url,
    engine_name,
    postgres_url,
    postgresql_template,
    server,
    sqlite_template,
    template,
)

__all__ = [
    "connect",
    "database",
    "database_url",
    "empty_url",
    "engine_name",
    "postgres_url",
    "postgresql_template",
    "server",
    "sqlite_template",
    "template",
]
