"""How long finished tasks took, by model, resolution and duration.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "making_times",
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("resolution", sa.String(length=8), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recent_seconds", sa.JSON(), nullable=False),
        sa.Column("learnt", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "model", "resolution", "duration_seconds", name=op.f("pk_making_times")
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("making_times")
