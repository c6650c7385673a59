"""Indexes that leave out what their readers do not ask for: history, or what still waits.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

REPLACED = {
    "ix_jobs_lane": (
        ["account", "model", "state", "guild_id", "created_at"],
        "finished_at IS NULL",
    ),
    "ix_jobs_served": (["account", "model", "guild_id", "sent_at"], "sent_at IS NOT NULL"),
    "ix_jobs_served_member": (["guild_id", "requester_id", "sent_at"], "sent_at IS NOT NULL"),
}
ADDED = {
    "ix_jobs_unshown": (["entered_at"], "shown_version < version"),
    "ix_jobs_unannounced": (
        ["finished_at"],
        "finished_at IS NOT NULL AND announced_at IS NULL",
    ),
    "ix_jobs_unforgotten": (
        ["finished_at"],
        "finished_at IS NOT NULL AND forgotten_at IS NULL",
    ),
}


def upgrade() -> None:
    """Make three indexes partial, and add three."""
    for name in REPLACED:
        op.drop_index(name, table_name="jobs")
    for name, (columns, condition) in (REPLACED | ADDED).items():
        where = sa.text(condition)
        op.create_index(name, "jobs", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Make the three whole again, and drop the others."""
    for name in REPLACED | ADDED:
        op.drop_index(name, table_name="jobs")
    for name, (columns, _) in REPLACED.items():
        op.create_index(name, "jobs", columns)
