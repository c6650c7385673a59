"""What a model was asked for as one record, prices with their terms, and the field's words.

The columns ``spec``, ``price`` and ``billed`` hold JSON; a row of before is filled from the columns
that go. The making times and the reconciler's readings get the names the code has for them.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

ROWS_AT_ONCE = 1_000

OPTIONS = {
    "prompt": None,
    "negative_prompt": None,
    "effect": None,
    "seed": None,
    "prompt_extend": True,
    "watermark": False,
    "spoiler": False,
    "loop": False,
}
"""Columns that move into ``spec``, with what a row without a spec has there."""

RENAMED = {
    "gave_up_at": "create_abandoned_at",
    "tasks_failed": "failed_before",
    "media_file": "video_file",
    "media_bytes": "video_bytes",
    "media_width": "video_width",
    "media_height": "video_height",
    "media_seconds": "video_seconds",
}

jobs = sa.table(
    "jobs",
    *(
        sa.column(name)
        for name in (
            *("id", "kind", "model", "resolution", "size", "duration_seconds", "price_micros"),
            *("billed_seconds", "prompt", "negative_prompt", "effect", "seed"),
            *("spec", "price", "billed"),
        )
    ),
    *(sa.column(name, sa.Boolean()) for name in ("prompt_extend", "watermark", "spoiler", "loop")),
)


def upgrade() -> None:
    """Fill the new columns from the old ones, and drop these."""
    empty = sa.text("'{}'")
    op.add_column("jobs", sa.Column("spec", sa.Text(), nullable=False, server_default=empty))
    op.add_column("jobs", sa.Column("price", sa.Text(), nullable=False, server_default=empty))
    op.add_column("jobs", sa.Column("billed", sa.Text(), nullable=True))
    names = ("spec", "price", "billed")
    filled = jobs.update().where(jobs.c.id == sa.bindparam("job_id"))
    filled = filled.values({name: sa.bindparam(f"new_{name}") for name in names})
    for rows in _some_at_a_time():
        op.get_bind().execute(filled, [_records_of(row) for row in rows])
    for name in (*OPTIONS, "size", "price_micros", "billed_seconds", "media_sha256"):
        op.drop_column("jobs", name)
    for before, after in RENAMED.items():
        op.alter_column("jobs", before, new_column_name=after)
    _copy_render_times("making_times", "render_times")
    _copy_readings("listings", "reconciliation_readings")


def downgrade() -> None:
    """Spread the records over columns again."""
    for before, after in RENAMED.items():
        op.alter_column("jobs", after, new_column_name=before)
    no = sa.text("false")
    none = sa.text("0")
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("size", sa.String(length=16)),
        sa.Column("price_micros", sa.BigInteger(), nullable=False, server_default=none),
        sa.Column("prompt", sa.Text()),
        sa.Column("negative_prompt", sa.Text()),
        sa.Column("effect", sa.String(length=64)),
        sa.Column("seed", sa.BigInteger()),
        *(
            sa.Column(name, sa.Boolean(), nullable=False, server_default=no)
            for name in ("prompt_extend", "watermark", "spoiler", "loop")
        ),
        sa.Column("billed_seconds", sa.Integer()),
        sa.Column("media_sha256", sa.String(length=64)),
    )
    for column in columns:
        op.add_column("jobs", column)
    names = (*OPTIONS, "size", "price_micros", "billed_seconds")
    spread = jobs.update().where(jobs.c.id == sa.bindparam("job_id"))
    spread = spread.values({name: sa.bindparam(f"new_{name}") for name in names})
    for rows in _some_at_a_time():
        op.get_bind().execute(spread, [_columns_of(row) for row in rows])
    for name in ("spec", "price", "billed"):
        op.drop_column("jobs", name)
    _copy_render_times("render_times", "making_times")
    _copy_readings("reconciliation_readings", "listings")


def _some_at_a_time() -> Iterator[list[dict[str, Any]]]:
    """Yield the jobs in order of their ids, so that no more than some are in memory."""
    last = ""
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("jobs")}
    known = [column for column in jobs.c if column.name in columns]
    while True:
        query = sa.select(*known).where(jobs.c.id > last).order_by(jobs.c.id).limit(ROWS_AT_ONCE)
        rows = [dict(row) for row in op.get_bind().execute(query).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _records_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return a job's new columns, made of its old ones."""
    per_second = row["price_micros"] // row["duration_seconds"]
    reserved = _amounts(row["duration_seconds"], row["price_micros"])
    seconds = row["billed_seconds"]
    billed = None if seconds is None else _amounts(seconds, per_second * seconds)
    spec = {
        "version": 1,
        **{name: row[name] for name in ("kind", "model", "resolution", "size")},
        "duration_seconds": row["duration_seconds"],
        "options": {name: row[name] for name in OPTIONS},
    }
    price = {"version": 1, "reserved": reserved, "micros_per_second": per_second}
    return {
        "job_id": row["id"],
        "new_spec": json.dumps(spec, ensure_ascii=False),
        "new_price": json.dumps(price),
        "new_billed": None if billed is None else json.dumps({"version": 1, **billed}),
    }


def _columns_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return a job's old columns, made of its new ones."""
    spec, price = json.loads(row["spec"]), json.loads(row["price"])
    billed = None if row["billed"] is None else json.loads(row["billed"])["seconds"]
    options = OPTIONS | spec["options"]
    return {
        "job_id": row["id"],
        **{f"new_{name}": options[name] for name in OPTIONS},
        "new_size": spec["size"],
        "new_price_micros": price["reserved"]["micros"],
        "new_billed_seconds": billed,
    }


def _amounts(seconds: int, micros: int) -> dict[str, int]:
    return {"videos": 1, "seconds": seconds, "micros": micros}


def _copy_render_times(source: str, target: str) -> None:
    op.create_table(
        target,
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("resolution", sa.String(length=8), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recent_seconds", sa.JSON(), nullable=False),
        sa.Column("learnt", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "resolution", "duration_seconds", name=f"pk_{target}"),
    )
    columns = "model, resolution, duration_seconds, recent_seconds, learnt, updated_at"
    op.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source}")  # noqa: S608 - names are this module's own
    op.drop_table(source)


def _copy_readings(source: str, target: str) -> None:
    op.create_table(
        target,
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=6), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("has_control", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=f"fk_{target}_job_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{target}"),
    )
    # Their ids are taken anew, in the same order: PostgreSQL counts on from its own.
    columns = "job_id, at, has_control"
    op.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source} ORDER BY id")  # noqa: S608 - names are this module's own
    op.drop_table(source)
    op.create_index(f"ix_{target}_job_id", target, ["job_id"], unique=False)
