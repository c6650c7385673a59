"""Audit entries hold what was changed as values in JSON; the words are the reader's.

What stands there in words keeps them. Taken back, each value becomes the words it had before.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

ROWS_AT_ONCE = 1_000
MICROS = 1_000_000

Words = tuple[str, str | None, str | None]
"""Subject, before and after."""

entries = sa.table(
    "audit_entries",
    *(sa.column(name) for name in ("id", "action", "subject", "before", "after", "change")),
)


def upgrade() -> None:
    """Put the words of each entry into its JSON."""
    empty = sa.text("'{}'")
    op.add_column(
        "audit_entries", sa.Column("change", sa.Text(), nullable=False, server_default=empty)
    )
    filled = entries.update().where(entries.c.id == sa.bindparam("entry_id"))
    filled = filled.values(change=sa.bindparam("new_change"))
    for rows in _some_at_a_time("action", "subject", "before", "after"):
        op.get_bind().execute(
            filled, [{"entry_id": row["id"], "new_change": _worded(row)} for row in rows]
        )
    for name in ("subject", "before", "after"):
        op.drop_column("audit_entries", name)


def downgrade() -> None:
    """Write the words into columns again."""
    op.add_column(
        "audit_entries",
        sa.Column("subject", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    op.add_column("audit_entries", sa.Column("before", sa.Text()))
    op.add_column("audit_entries", sa.Column("after", sa.Text()))
    spread = entries.update().where(entries.c.id == sa.bindparam("entry_id"))
    names = ("subject", "before", "after")
    spread = spread.values({name: sa.bindparam(f"new_{name}") for name in names})
    for rows in _some_at_a_time("change"):
        op.get_bind().execute(spread, [_spread(row) for row in rows])
    op.drop_column("audit_entries", "change")
    # The release before has no other name for who typed in the shell.
    shell = sa.table("audit_entries", sa.column("actor_id"), sa.column("actor_name"))
    unnamed = sa.and_(shell.c.actor_id == 0, shell.c.actor_name == "")
    op.execute(shell.update().where(unnamed).values(actor_name="the host's shell"))


def _some_at_a_time(*names: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the entries in order of their ids, so that no more than some are in memory."""
    last = 0
    columns = [entries.c.id, *(entries.c[name] for name in names)]
    while True:
        query = sa.select(*columns).where(entries.c.id > last).order_by(entries.c.id)
        found = op.get_bind().execute(query.limit(ROWS_AT_ONCE)).mappings()
        rows = [dict(row) for row in found]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _worded(row: dict[str, Any]) -> str:
    fields = {name: row[name] for name in ("action", "subject", "before", "after")}
    return json.dumps({"version": 1, "type": "worded", **fields}, ensure_ascii=False)


def _spread(row: dict[str, Any]) -> dict[str, Any]:
    change = json.loads(row["change"])
    subject, before, after = _WORDS[change["type"]](change)
    return {
        "entry_id": row["id"],
        "new_subject": subject,
        "new_before": before,
        "new_after": after,
    }


def _of_quota(change: dict[str, Any]) -> Words:
    whose = {
        "server": "of the server ",
        "member_default": "of each member ",
        "role": f"of <@&{change['target_id']}> ",
        "member": f"of <@{change['target_id']}> ",
    }.get(change["scope"], "")
    before, after = (
        None if allowed is None else _allowance(change["unit"], allowed)
        for allowed in (change["before"], change["after"])
    )
    return f"{whose}for {change['unit']} per {change['window']}", before, after


def _allowance(unit: str, allowed: dict[str, Any]) -> str:
    default = " (default)" if allowed["is_default"] else ""
    return f"{_amount(unit, allowed['limit'])}{default}"


def _amount(unit: str, figure: int) -> str:
    """Return an amount in words; money in CNY, which is what is stored."""
    if unit == "videos":
        return f"{figure:,} {'video' if figure == 1 else 'videos'}"
    return f"{figure:,} s of video" if unit == "seconds" else f"{figure / MICROS:,.2f} CNY"


def _of_grant(change: dict[str, Any]) -> Words:
    amount = _amount(change["unit"], change["amount"])
    return f"<@{change['user_id']}>", None, f"{amount} for {change['days']} d"


def _of_setting(change: dict[str, Any]) -> Words:
    name = change["setting"]
    off, on = {
        "prompts": ("hide", "show"),
        "preview": ("off", "on"),
        "others-pictures": ("deny", "allow"),
    }.get(name, ("", ""))

    def value(stored: object) -> str:
        if name == "log-channel":
            return "off" if stored is None else f"<#{stored}>"
        return (on if stored else off) if isinstance(stored, bool) else str(stored)

    return name, value(change["before"]), value(change["after"])


def _of_default(change: dict[str, Any]) -> Words:
    before, after = (
        " · ".join(filter(None, (chosen["model"], chosen["resolution"], chosen["size"]))) or None
        for chosen in (change["before"], change["after"])
    )
    return f"default for {change['kind']}", before, after


def _of_permit(change: dict[str, Any]) -> Words:
    decided = {True: "allowed", False: "denied", None: None}
    name = f"<#{change['name']}>" if change["subject"] == "channel" else change["name"]
    return (
        f"{change['subject']} {name}",
        decided[change["before"]],
        decided[change["after"]],
    )


_WORDS: dict[str, Callable[[dict[str, Any]], Words]] = {
    "quota": _of_quota,
    "grant": _of_grant,
    "setting": _of_setting,
    "default": _of_default,
    "permit": _of_permit,
    "member": lambda change: (f"<@{change['user_id']}>", None, None),
    "word": lambda change: (change["word"], None, None),
    "job": lambda change: (f"{change['job_id']} of <@{change['requester_id']}>", None, None),
    "worded": lambda change: (change["subject"], change["before"], change["after"]),
}
