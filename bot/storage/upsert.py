"""Inserts that meet a row which is there already, in either engine's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    # Each engine's module takes megabytes; one of the two is never needed.
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


async def insert_unless_there(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any]
) -> bool:
    """Insert a row unless one stands in its way; return whether it was inserted."""
    result = await connection.execute(
        _insert(connection, table).values(**values).on_conflict_do_nothing()
    )
    return result.rowcount == 1


async def upsert(
    connection: AsyncConnection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    at_first: Mapping[str, Any] | None = None,
) -> None:
    """Insert a row, or change the one that has the key.

    Args:
        connection: a writing transaction.
        table: the table.
        key: columns that are unique together.
        values: the other columns; expressions may name the columns of the row that is there.
        at_first: values for a row that is new, where they differ from those of a change.
    """
    inserted = {**key, **values, **(at_first or {})}
    await connection.execute(
        _insert(connection, table)
        .values(**inserted)
        .on_conflict_do_update(index_elements=_names(key), set_=dict(values))
    )


async def upsert_all(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    *,
    at_first: Mapping[str, Any] | None = None,
) -> None:
    """Insert rows, or change those that have the keys, in one go.

    Args:
        connection: a writing transaction.
        table: the table.
        rows: of each, as ``upsert`` takes them: columns that are unique together, and the others,
            the same ones in all rows.
        at_first: values for rows that are new.
    """
    if not rows:
        return
    key, values = rows[0]
    insert = _insert(connection, table)
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=_names(key), set_={name: insert.excluded[name] for name in values}
        ),
        [{**key, **values, **(at_first or {})} for key, values in rows],
    )


def _names(key: Mapping[str, Any]) -> Sequence[str]:
    return list(key)
