"""Grants, settings, blocks, words, refusals, and who changed what.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

SUM_INDEXES = {
    "ix_ledger_entries_guild": [
        *("guild_id", "counted_at", "videos", "seconds", "micros"),
    ],
    "ix_ledger_entries_shares": [
        *("guild_id", "user_id", "model", "counted_at", "videos", "seconds", "micros"),
    ],
}
"""Each holds all that a sum is made of, so that no entry is read for it."""


def upgrade() -> None:
    """Create the tables and the guilds' new columns."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_guild", "audit_entries", ["guild_id", "at"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=48), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "day", "code", name=op.f("pk_refusals")),
    )
    op.create_table(
        "blocks",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blocked_by", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.guild_id"], name=op.f("fk_blocks_guild_id")),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name=op.f("pk_blocks")),
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.guild_id"], name=op.f("fk_grants_guild_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(
        "ix_grants_member", "grants", ["guild_id", "user_id", "expires_at"], unique=False
    )
    op.create_table(
        "kind_defaults",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=True),
        sa.Column("resolution", sa.String(length=8), nullable=True),
        sa.Column("size", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.guild_id"], name=op.f("fk_kind_defaults_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "kind", name=op.f("pk_kind_defaults")),
    )
    op.create_table(
        "permits",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["guild_id"], ["guilds.guild_id"], name=op.f("fk_permits_guild_id")
        ),
        sa.PrimaryKeyConstraint("guild_id", "subject", "name", name=op.f("pk_permits")),
    )
    op.create_table(
        "words",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("folded", sa.String(length=128), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["guild_id"], ["guilds.guild_id"], name=op.f("fk_words_guild_id")),
        sa.PrimaryKeyConstraint("guild_id", "folded", name=op.f("pk_words")),
    )
    op.create_table(
        "draws",
        sa.Column("grant_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(length=6), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_draws_grant_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_draws_job_id")),
        sa.PrimaryKeyConstraint("grant_id", "job_id", name=op.f("pk_draws")),
    )
    op.create_index("ix_draws_job", "draws", ["job_id"], unique=False)
    op.create_index("ix_draws_member", "draws", ["guild_id", "user_id", "counted_at"], unique=False)
    op.add_column(
        "guilds",
        sa.Column("show_prompts", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "guilds",
        sa.Column("others_pictures", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("guilds", sa.Column("log_channel_id", sa.BigInteger(), nullable=True))
    op.add_column("guilds", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    _let_the_ledger_name_models()
    op.create_index("ix_jobs_guild_state", "jobs", ["guild_id", "state", "created_at"])


def _let_the_ledger_name_models() -> None:
    """Copy each job's model to its entries, and index what sums are made of."""
    op.add_column(
        "ledger_entries",
        sa.Column("model", sa.String(length=64), server_default=sa.text("''"), nullable=False),
    )
    op.execute(
        "UPDATE ledger_entries SET model = "
        "(SELECT jobs.model FROM jobs WHERE jobs.id = ledger_entries.job_id)"
    )
    op.drop_index("ix_ledger_entries_guild", table_name="ledger_entries")
    for name, columns in SUM_INDEXES.items():
        op.create_index(name, "ledger_entries", columns)


def downgrade() -> None:
    """Take them back."""
    op.drop_index("ix_jobs_guild_state", table_name="jobs")
    for name in SUM_INDEXES:
        op.drop_index(name, table_name="ledger_entries")
    op.create_index("ix_ledger_entries_guild", "ledger_entries", ["guild_id", "counted_at"])
    op.drop_column("ledger_entries", "model")
    op.drop_column("guilds", "left_at")
    op.drop_column("guilds", "log_channel_id")
    op.drop_column("guilds", "others_pictures")
    op.drop_column("guilds", "show_prompts")
    op.drop_index("ix_draws_member", table_name="draws")
    op.drop_index("ix_draws_job", table_name="draws")
    op.drop_table("draws")
    op.drop_table("words")
    op.drop_table("permits")
    op.drop_table("kind_defaults")
    op.drop_index("ix_grants_member", table_name="grants")
    op.drop_table("grants")
    op.drop_table("blocks")
    op.drop_table("refusals")
    op.drop_index("ix_audit_entries_guild", table_name="audit_entries")
    op.drop_table("audit_entries")
