"""A job's row and its record, made of each other."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from bot.domain.jobs.changes import PARTS
from bot.domain.jobs.job import (
    Cancellation,
    Failure,
    Job,
    Lease,
    Messages,
    Result,
    StoredVideo,
    TaskProgress,
    Times,
)
from bot.domain.people import Person
from bot.domain.requests.submission import Origin

_OWN = ("id", "account", "spec", "price", "pictures", "has_preview", "state", "version")
_ORIGIN = (
    *("guild_id", "channel_id", "interaction_id", "premium_tier", "retry_of"),
    "continued_from",
)
_COPIES = ("kind", "model", "resolution", "duration_seconds")
"""What queries need of the spec."""

_RECORDS = {
    "lease": Lease,
    "task": TaskProgress,
    "cancellation": Cancellation,
    "result": Result,
    "video": StoredVideo,
    "messages": Messages,
    "times": Times,
    "failure": Failure,
}
_FIELDS = [(part, record, list(PARTS[part].items())) for part, record in _RECORDS.items()]


def job_of(row: Row[Any]) -> Job:
    """Return the record of a row."""
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name begins so
    return Job(
        **{name: columns[name] for name in _OWN},
        origin=Origin(**{name: columns[name] for name in _ORIGIN}),
        requester=Person(user_id=columns["requester_id"], name=columns["requester_name"]),
        **{
            part: record(**{field: columns[column] for column, field in fields})
            for part, record, fields in _FIELDS
        },
    )


def values_of(job: Job) -> dict[str, Any]:
    """Return a record as column values."""
    return {
        **{name: getattr(job, name) for name in _OWN},
        **{name: getattr(job.origin, name) for name in _ORIGIN},
        **{name: getattr(job.spec, name) for name in _COPIES},
        "requester_id": job.requester.user_id,
        "requester_name": job.requester.name,
        **{
            column: getattr(getattr(job, part), field)
            for part, _, fields in _FIELDS
            for column, field in fields
        },
    }


def difference(before: Job, after: Job) -> dict[str, Any]:
    """Return the columns in which two records of a job differ."""
    old = values_of(before)
    return {name: new for name, new in values_of(after).items() if new != old[name]}
