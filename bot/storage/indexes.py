"""The indexes of the tables. Migrations create them; a test compares the two.

Apart from the tables, as no query names one: a condition in both engines' words has SQLAlchemy
load both engines' modules, which nothing but a change of the schema needs.
"""

from __future__ import annotations

from sqlalchemy import Index, Table, text

from bot.storage.tables import (
    audit_entries,
    draws,
    grants,
    jobs,
    lane_guilds,
    ledger_entries,
    metadata,
)

__all__ = ["metadata"]

_AMOUNTS = ("videos", "seconds", "micros")


def _index(name: str, table: Table, *columns: str) -> None:
    Index(name, *(table.c[column] for column in columns))


def _partial(name: str, table: Table, *columns: str, where: str) -> None:
    """Add an index of the rows that meet a condition, which both engines know."""
    condition = text(where)
    Index(
        name,
        *(table.c[column] for column in columns),
        sqlite_where=condition,
        postgresql_where=condition,
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
_index("ix_jobs_poll", jobs, "state", "next_poll_at")
_index("ix_jobs_guild", jobs, "guild_id", "created_at")
_index("ix_jobs_guild_state", jobs, "guild_id", "state", "created_at")
_index("ix_jobs_requester", jobs, "requester_id", "created_at")
_index("ix_jobs_finished", jobs, "finished_at")

# The sums of a guild are read from these alone: a busy one has half a million entries.
_index("ix_ledger_entries_guild", ledger_entries, "guild_id", "counted_at", *_AMOUNTS)
_index(
    "ix_ledger_entries_shares",
    ledger_entries,
    *("guild_id", "user_id", "model", "counted_at", *_AMOUNTS),
)
_index("ix_ledger_entries_member", ledger_entries, "guild_id", "user_id", "counted_at")
_index("ix_ledger_entries_counted", ledger_entries, "counted_at")

_index("ix_grants_member", grants, "guild_id", "user_id", "expires_at")
_index("ix_draws_job", draws, "job_id")
_index("ix_draws_member", draws, "guild_id", "user_id", "counted_at")

_index("ix_audit_entries_guild", audit_entries, "guild_id", "at")
_partial(
    "ix_audit_entries_untold", audit_entries, "tell_in", "id", where="tell_in IS NOT NULL"
)

_index(
    "ix_lane_guilds_turn",
    lane_guilds,
    *("account", "model", "is_waiting", "served_at", "added_at"),
)
