"""Which changes a log channel is still to be told. Those of before are told.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add the column, and an index of the few rows that have it."""
    op.add_column("audit_entries", sa.Column("tell_in", sa.BigInteger(), nullable=True))
    where = sa.text("tell_in IS NOT NULL")
    op.create_index(
        "ix_audit_entries_untold",
        "audit_entries",
        ["tell_in", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """Take them back."""
    op.drop_index("ix_audit_entries_untold", table_name="audit_entries")
    op.drop_column("audit_entries", "tell_in")
