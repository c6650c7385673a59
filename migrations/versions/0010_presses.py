"""What presses need: parents, messages to be taken back, open forms, reports.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

REMOVAL = "ix_jobs_removal"


def upgrade() -> None:
    """Add what may be empty; the release before leaves it alone."""
    op.add_column("jobs", sa.Column("continued_from", sa.String(length=6)))
    op.add_column("jobs", sa.Column("removal_requested_at", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("removal_due_at", sa.DateTime(timezone=True)))
    due = sa.text("removal_due_at IS NOT NULL")
    op.create_index(REMOVAL, "jobs", ["removal_due_at"], sqlite_where=due, postgresql_where=due)
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_user_id_made_at"), "drafts", ["user_id", "made_at"])
    op.create_index(op.f("ix_drafts_made_at"), "drafts", ["made_at"])
    op.create_table(
        "reports",
        sa.Column("job_id", sa.String(length=6), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("attempted_at", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_reports_job_id")),
        sa.PrimaryKeyConstraint("job_id", "user_id", name=op.f("pk_reports")),
    )
    op.create_index(
        op.f("ix_reports_due_at"),
        "reports",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Forget parents, forms and reports; what was not taken back yet stays in Discord."""
    op.drop_table("reports")
    op.drop_table("drafts")
    op.drop_index(REMOVAL, "jobs")
    for name in ("removal_due_at", "removal_requested_at", "continued_from"):
        op.drop_column("jobs", name)
