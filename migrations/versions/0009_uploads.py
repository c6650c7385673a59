"""Jobs know which of their files were uploaded; guilds choose whether videos are heard.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Add columns that may be empty; the release before leaves them alone."""
    op.add_column("jobs", sa.Column("uploads", sa.Text()))
    op.add_column("kind_defaults", sa.Column("audio", sa.Boolean()))


def downgrade() -> None:
    """Forget the uploads, which are made again, and the choice."""
    op.drop_column("kind_defaults", "audio")
    op.drop_column("jobs", "uploads")
