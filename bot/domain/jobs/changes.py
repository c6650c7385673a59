"""What may change of a job, by the name of its column, and where that stands in the record.

Loops change single columns, in the database and without reading the job again; so changes are
named flat, and the record's parts are made of them in one place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypedDict

from bot.domain.amounts import Amounts
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, ChannelId, MessageId, TaskId, UserId, WorkerId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.uploads import Uploads
from bot.domain.requests.submission import VideoSpec


class JobChanges(TypedDict, total=False):
    """New values of a job's columns; one that is left out stays as it is."""

    account: AccountId
    spec: VideoSpec
    requester_name: str
    state: JobState
    version: int

    lease_owner: WorkerId | None
    lease_until: datetime | None
    not_before: datetime | None
    claims: int
    attempts: int
    parked_from: JobState | None

    task_id: TaskId | None
    sent_at: datetime | None
    create_abandoned_at: datetime | None
    confirmed_at: datetime | None
    adopted: bool
    failed_before: int
    next_poll_at: datetime | None
    unknown_since: datetime | None
    unknown_polls: int
    late_at: datetime | None
    uploads: Uploads | None

    cancel_requested_at: datetime | None
    cancel_requested_by: UserId | None

    result_url: str | None
    url_expires_at: datetime | None
    billed: Amounts | None
    actual_prompt: str | None

    video_file: str | None
    video_bytes: int | None
    video_width: int | None
    video_height: int | None
    video_seconds: float | None

    status_channel_id: ChannelId | None
    status_message_id: MessageId | None
    status_attempted_at: datetime | None
    status_gone_at: datetime | None
    shown_version: int
    shown_digest: str | None
    delivery_attempted_at: datetime | None
    delivered_channel_id: ChannelId | None
    delivered_message_id: MessageId | None
    delivered_bytes: int | None
    announce_attempted_at: datetime | None
    announced_at: datetime | None
    removal_requested_at: datetime | None
    removal_due_at: datetime | None

    created_at: datetime
    counted_at: datetime
    entered_at: datetime
    finished_at: datetime | None
    operator_told_at: datetime | None
    forgotten_at: datetime | None

    failure_reason: FailureReason | None
    failure_detail: str | None
    possibly_billed: bool
    operator_loss: bool


PARTS: Mapping[str, Mapping[str, str]] = {
    "requester": {"requester_name": "name"},
    "lease": {
        "lease_owner": "owner",
        "lease_until": "until",
        "not_before": "not_before",
        "claims": "claims",
        "attempts": "attempts",
        "parked_from": "parked_from",
    },
    "task": {
        "task_id": "id",
        "sent_at": "sent_at",
        "create_abandoned_at": "create_abandoned_at",
        "confirmed_at": "confirmed_at",
        "adopted": "adopted",
        "failed_before": "failed_before",
        "next_poll_at": "next_poll_at",
        "unknown_since": "unknown_since",
        "unknown_polls": "unknown_polls",
        "late_at": "late_at",
        "uploads": "uploads",
    },
    "cancellation": {
        "cancel_requested_at": "requested_at",
        "cancel_requested_by": "requested_by",
    },
    "result": {
        "result_url": "url",
        "url_expires_at": "url_expires_at",
        "billed": "billed",
        "actual_prompt": "actual_prompt",
    },
    "video": {
        "video_file": "file_name",
        "video_bytes": "size_bytes",
        "video_width": "width",
        "video_height": "height",
        "video_seconds": "duration_seconds",
    },
    "messages": {
        name: name
        for name in (
            "status_channel_id",
            "status_message_id",
            "status_attempted_at",
            "status_gone_at",
            "shown_version",
            "shown_digest",
            "delivery_attempted_at",
            "delivered_channel_id",
            "delivered_message_id",
            "delivered_bytes",
            "announce_attempted_at",
            "announced_at",
            "removal_requested_at",
            "removal_due_at",
        )
    },
    "times": {
        name: name
        for name in (
            "created_at",
            "counted_at",
            "entered_at",
            "finished_at",
            "operator_told_at",
            "forgotten_at",
        )
    },
    "failure": {
        "failure_reason": "reason",
        "failure_detail": "detail",
        "possibly_billed": "possibly_billed",
        "operator_loss": "operator_loss",
    },
}
"""The parts of a job: the name of each of their columns, and of the field that holds it.

A column named here under no part is the job's own field.
"""

_PLACES = {
    column: (part, field) for part, columns in PARTS.items() for column, field in columns.items()
}


def adoption(
    task_id: TaskId, *, at: datetime, next_poll_at: datetime, adopted: bool = False
) -> JobChanges:
    """Return what changes when a job's task becomes known.

    Args:
        task_id: the provider's id.
        at: the moment it became known.
        next_poll_at: when the task is asked for first.
        adopted: whether it was found, and not answered.
    """
    return {
        "task_id": task_id,
        "adopted": adopted,
        "confirmed_at": at,
        "next_poll_at": next_poll_at,
        "unknown_since": None,
        "unknown_polls": 0,
    }


def changed(job: Job, changes: JobChanges) -> Job:
    """Return the job with new values in its columns."""
    # Any: the fields of different records, which JobChanges types one by one.
    whole: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = defaultdict(dict)
    for column, value in changes.items():
        if column in _PLACES:
            part, field = _PLACES[column]
            parts[part][field] = value
        else:
            whole[column] = value
    for part, fields in parts.items():
        whole[part] = replace(getattr(job, part), **fields)
    return replace(job, **whole)
