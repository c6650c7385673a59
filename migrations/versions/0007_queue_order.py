"""Whose turn it is as rows, an account's state as a word, and a table for each kind of fact.

``lane_guilds`` is filled from the jobs there are; the store of keys and values is read into tables
with columns of their own.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

jobs = sa.table(
    "jobs",
    *(sa.column(name) for name in ("account", "model", "guild_id", "state")),
    *(sa.column(name, MOMENT) for name in ("created_at", "sent_at")),
)
facts = sa.table("facts", sa.column("key"), sa.column("value"))
accounts = sa.table(
    "accounts",
    *(sa.column(name) for name in ("account", "status")),
    *(sa.column(name, MOMENT) for name in ("paused_at", "probe_at", "pause_told_at")),
)


def upgrade() -> None:
    """Make the tables and fill them from what is stored."""
    stored = {row.key: row.value for row in op.get_bind().execute(sa.select(facts))}
    _fill_lane_guilds()
    _fill_accounts(stored.get("account_pause_told"))
    _fill_host_state(stored)
    _fill_present_guilds(stored.get("guilds", "{}"))
    _fill_registered_commands(stored)
    op.drop_table("facts")
    # Turns are read from their rows; only a member's last job is still looked up in the history.
    op.drop_index("ix_jobs_served", table_name="jobs")


def _fill_lane_guilds() -> None:
    lane_guilds = op.create_table(
        "lane_guilds",
        sa.Column("account", sa.String(length=128), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("served_at", MOMENT, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("is_waiting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "model", "guild_id", name="pk_lane_guilds"),
    )
    guild = (jobs.c.account, jobs.c.model, jobs.c.guild_id)
    waiting = sa.func.sum(sa.case((jobs.c.state == "queued", 1), else_=0))
    turns = sa.select(
        *guild,
        sa.func.coalesce(sa.func.max(jobs.c.sent_at), sa.literal(_bound(NEVER), MOMENT)),
        sa.func.min(jobs.c.created_at),
        waiting > 0,
    ).group_by(*guild)
    names = ["account", "model", "guild_id", "served_at", "added_at", "is_waiting"]
    op.get_bind().execute(lane_guilds.insert().from_select(names, turns))
    op.create_index(
        "ix_lane_guilds_turn",
        "lane_guilds",
        ["account", "model", "is_waiting", "served_at", "added_at"],
        unique=False,
    )


def _fill_accounts(told: str | None) -> None:
    status = sa.Column(
        "status", sa.String(length=32), nullable=False, server_default=sa.text("'open'")
    )
    op.add_column("accounts", status)
    op.add_column("accounts", sa.Column("pause_told_at", MOMENT, nullable=True))
    for row in op.get_bind().execute(sa.select(accounts).where(accounts.c.paused_at.is_not(None))):
        # What was stored of a pause that the operators know: the account and its moment.
        is_told = told == f"{row.account} {_aware(row.paused_at)}"
        op.get_bind().execute(
            accounts.update()
            .where(accounts.c.account == row.account)
            .values(
                status="on_trial" if row.probe_at is None else "paused",
                pause_told_at=row.paused_at if is_told else None,
            )
        )


def _fill_host_state(stored: dict[str, str]) -> None:
    host_state = op.create_table(
        "host_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("switch", sa.String(length=32), nullable=False),
        sa.Column("left_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_host_state"),
    )
    left_at = stored.get("left_at")
    row = {
        "id": 1,
        "switch": stored.get("switch", "open"),
        "left_at": None if left_at is None else _bound(datetime.fromisoformat(left_at)),
    }
    op.bulk_insert(host_state, [row])


def _fill_present_guilds(stored: str) -> None:
    present_guilds = op.create_table(
        "present_guilds",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", name="pk_present_guilds"),
    )
    op.bulk_insert(
        present_guilds,
        [
            {"guild_id": int(guild_id), "name": name, "members": members}
            for guild_id, (name, members) in json.loads(stored).items()
        ],
    )


def _fill_registered_commands(stored: dict[str, str]) -> None:
    """Read ``commands:<application>`` and ``commands:<application>:<guild>``."""
    registered_commands = op.create_table(
        "registered_commands",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("application_id", "guild_id", name="pk_registered_commands"),
    )
    rows = []
    for key, digest in stored.items():
        if key.startswith("commands:"):
            application_id, _, guild_id = key.removeprefix("commands:").partition(":")
            ids = {"application_id": int(application_id), "guild_id": int(guild_id or 0)}
            rows.append({**ids, "digest": digest})
    op.bulk_insert(registered_commands, rows)


def downgrade() -> None:
    """Write keys and values again."""
    rows = [*_old_facts()]
    table = op.create_table(
        "facts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_facts"),
    )
    op.bulk_insert(table, [{"key": key, "value": value} for key, value in rows])
    for name in ("registered_commands", "present_guilds", "host_state"):
        op.drop_table(name)
    op.drop_column("accounts", "pause_told_at")
    op.drop_column("accounts", "status")
    op.drop_index("ix_lane_guilds_turn", table_name="lane_guilds")
    op.drop_table("lane_guilds")
    op.create_index(
        "ix_jobs_served",
        "jobs",
        ["account", "model", "guild_id", "sent_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NOT NULL"),
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )


def _old_facts() -> list[tuple[str, str]]:
    bind = op.get_bind()
    stored = []
    host_state = sa.table("host_state", sa.column("switch"), sa.column("left_at", MOMENT))
    for state in bind.execute(sa.select(host_state)).all():
        stored.append(("switch", state.switch))
        if state.left_at is not None:
            stored.append(("left_at", _aware(state.left_at).isoformat()))
    guilds = bind.execute(sa.text("SELECT guild_id, name, members FROM present_guilds")).all()
    present = {str(guild.guild_id): (guild.name, guild.members) for guild in guilds}
    stored.append(("guilds", json.dumps(present)))
    commands = sa.text("SELECT application_id, guild_id, digest FROM registered_commands")
    for row in bind.execute(commands).all():
        scope = f":{row.guild_id}" if row.guild_id else ""
        stored.append((f"commands:{row.application_id}{scope}", row.digest))
        if row.guild_id:
            stored.append((f"operator_guild:{row.application_id}", str(row.guild_id)))
    told = sa.select(accounts).where(accounts.c.pause_told_at.is_not(None))
    for account in bind.execute(told).all():
        value = f"{account.account} {_aware(account.pause_told_at)}"
        stored.append(("account_pause_told", value))
    return list(dict(stored).items())


def _bound(moment: datetime) -> datetime:
    """SQLite keeps no zone: there a moment is stored as UTC without one."""
    utc = moment.astimezone(UTC)
    return utc.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else utc


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
