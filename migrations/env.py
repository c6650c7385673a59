"""How Alembic reaches the database: the connection that ``bot.storage.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from bot.storage.partial_indexes import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite cannot alter most things in place: tables are copied.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
