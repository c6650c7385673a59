"""The indexes of only some rows of a table, which belong to ``tables`` once this is imported.

A condition in both engines' words has SQLAlchemy load both engines' modules, a twentieth of what a
start loads, and nothing but a change of the schema needs them: no query names an index.
"""

from __future__ import annotations

from sqlalchemy import Index, Table, text

from bot.storage.tables import audit_entries, jobs, metadata

__all__ = ["metadata"]


def _partial(name: str, table: Table, *columns: str, where: str) -> None:
    """Add an index of the rows that meet a condition, which both engines know."""
    Index(
        name,
        *(table.c[column] for column in columns),
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


# A lane's waiting jobs of one guild, oldest first, and what is in flight. History is left out,
# and a query must say so in the same words.
_partial(
    "ix_jobs_lane",
    jobs,
    *("account", "model", "state", "guild_id", "created_at"),
    where="finished_at IS NULL",
)
# When a member was last served; what still waits is left out.
_partial(
    "ix_jobs_served_member",
    jobs,
    *("guild_id", "requester_id", "sent_at"),
    where="sent_at IS NOT NULL",
)
# What the status board looks for: nearly always nothing, among all jobs there ever were.
_partial("ix_jobs_unshown", jobs, "entered_at", where="shown_version < version")
_partial(
    "ix_jobs_unannounced",
    jobs,
    "finished_at",
    where="finished_at IS NOT NULL AND announced_at IS NULL",
)
# What retention has yet to erase.
_partial(
    "ix_jobs_unforgotten",
    jobs,
    "finished_at",
    where="finished_at IS NOT NULL AND forgotten_at IS NULL",
)
_partial("ix_audit_entries_untold", audit_entries, "tell_in", "id", where="tell_in IS NOT NULL")
