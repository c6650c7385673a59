"""The job: our durable unit of work, its states, and what a change of state writes.

::

 (new) ─▶ QUEUED ─▶ SUBMITTING ─▶ PENDING ─▶ RUNNING ─▶ DOWNLOADING ─▶ DELIVERING ─▶ DELIVERED
            ▲ ▲        │   │         │ └──────────────────▲   (finished between two polls)
            │ └not taken   ▼         ▼
            └──────── UNCONFIRMED ─▶ PENDING (found) | FAILED / EXPIRED

 terminal: DELIVERED, UNDELIVERABLE, FAILED, CANCELLED, EXPIRED
 in flight: SUBMITTING, UNCONFIRMED, PENDING, RUNNING
 PARKED: taken out of the loops for the operator after three broken claims

Who may move a job along which arrow is the table of ``bot.domain.jobs.transitions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.catalogue import Kind
from bot.domain.failure import FailureReason
from bot.domain.ids import (
    AccountId,
    ChannelId,
    GuildId,
    InteractionId,
    JobId,
    MessageId,
    TaskId,
    UserId,
    WorkerId,
)
from bot.domain.jobs.ledger import Amounts, LedgerEntry
from bot.domain.requests.submission import GenerationOptions, PictureNote

MAX_CLAIMS = 3
"""Claims without an advance after which a job is parked."""


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    DELIVERING = "delivering"
    PARKED = "parked"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


TERMINAL = frozenset(
    {
        JobState.DELIVERED,
        JobState.UNDELIVERABLE,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.EXPIRED,
    }
)
ACTIVE = frozenset(JobState) - TERMINAL
IN_FLIGHT = frozenset(
    {JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING, JobState.RUNNING}
)
POLLED = frozenset({JobState.PENDING, JobState.RUNNING})
CANCELLABLE = frozenset(
    {JobState.QUEUED, JobState.SUBMITTING, JobState.UNCONFIRMED, JobState.PENDING}
)
"""Cancelling can still help; the provider does not stop what it has begun."""


class Owner(StrEnum):
    """The only writers of job states."""

    SUBMISSIONS = "submissions"
    DISPATCHER = "dispatcher"
    POLLER = "poller"
    DOWNLOADER = "downloader"
    DELIVERER = "deliverer"
    RECONCILER = "reconciler"
    REAPER = "reaper"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A prepared picture in the job's folder."""

    option: str
    """The option it came in."""
    file_name: str
    """Below the job's folder."""
    width: int
    height: int
    notes: tuple[PictureNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stored job. Frozen: changes go through ``transition`` or the storage's named updates."""

    id: JobId
    guild_id: GuildId
    channel_id: ChannelId
    requester_id: UserId
    requester_name: str
    interaction_id: InteractionId
    kind: Kind
    model: str
    account: AccountId
    resolution: str
    size: str | None = None
    duration_seconds: int
    price_micros: int
    """What is reserved: the catalogue's price at the moment of queueing."""
    prompt: str | None = None
    negative_prompt: str | None = None
    effect: str | None = None
    seed: int | None = None
    prompt_extend: bool = True
    watermark: bool = False
    spoiler: bool = False
    loop: bool = False
    pictures: tuple[StoredPicture, ...] = ()
    has_preview: bool = False
    premium_tier: int = 0
    retry_of: JobId | None = None

    state: JobState
    version: int = 1
    """Raised by every advance; the compare-and-swap key."""
    created_at: datetime
    counted_at: datetime
    """The moment of the RESERVE; the ledger's windows use it."""
    entered_at: datetime
    """When the present state began."""
    finished_at: datetime | None = None
    not_before: datetime | None = None
    """No loop touches the job earlier."""
    claims: int = 0
    """Claims since the last advance."""
    attempts: int = 0
    """Tries of the present state's work that ended in a known, retryable refusal."""
    lease_owner: WorkerId | None = None
    lease_until: datetime | None = None
    parked_from: JobState | None = None

    sent_at: datetime | None = None
    """Committed before the create leaves."""
    gave_up_at: datetime | None = None
    """When the wait for the create's answer ended without one."""
    confirmed_at: datetime | None = None
    """When the task id became known."""
    task_id: TaskId | None = None
    tasks_failed: int = 0
    """Tasks of this job that failed transiently; one more is allowed after the first."""
    adopted: bool = False
    """The task id was found in the provider's list, not in an answer."""
    next_poll_at: datetime | None = None
    unknown_since: datetime | None = None
    """First of the present run of UNKNOWN answers."""
    unknown_polls: int = 0
    late_at: datetime | None = None
    """When the member was told that it takes longer than TASK_TIMEOUT_SECONDS."""
    operator_told_at: datetime | None = None
    """When the operator was told that the job needs a decision."""
    cancel_requested_at: datetime | None = None
    cancel_requested_by: UserId | None = None

    result_url: str | None = None
    """Signed; never logged."""
    url_expires_at: datetime | None = None
    billed_seconds: int | None = None
    actual_prompt: str | None = None
    media_file: str | None = None
    """Below the job's folder."""
    media_bytes: int | None = None
    media_sha256: str | None = None
    media_width: int | None = None
    media_height: int | None = None
    media_seconds: float | None = None

    status_channel_id: ChannelId | None = None
    status_message_id: MessageId | None = None
    status_attempted_at: datetime | None = None
    """Committed before the first POST of the status message."""
    status_gone_at: datetime | None = None
    shown_version: int = 0
    """The version the status message shows."""
    shown_digest: str | None = None
    """Digest of what it shows: an equal text is not sent again."""
    delivery_attempted_at: datetime | None = None
    delivered_channel_id: ChannelId | None = None
    delivered_message_id: MessageId | None = None
    delivered_bytes: int | None = None
    """Size of what was attached; smaller than media_bytes where it was re-encoded."""
    announce_attempted_at: datetime | None = None
    announced_at: datetime | None = None

    failure_reason: FailureReason | None = None
    failure_detail: str | None = None
    possibly_billed: bool = False
    operator_loss: bool = False
    forgotten_at: datetime | None = None
    """When pictures, prompt and video were erased."""

    @property
    def options(self) -> GenerationOptions:
        """How the video is made, as the member chose it."""
        return GenerationOptions(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            effect=self.effect,
            seed=self.seed,
            prompt_extend=self.prompt_extend,
            watermark=self.watermark,
            spoiler=self.spoiler,
            loop=self.loop,
        )

    @property
    def reserved(self) -> Amounts:
        """What the RESERVE entry holds."""
        return Amounts(videos=1, seconds=self.duration_seconds, micros=self.price_micros)

    @property
    def is_terminal(self) -> bool:
        """True where nothing can change the outcome any more."""
        return self.state in TERMINAL


class JobUpdateKind(StrEnum):
    """Changes that people see, without a change of state; the name of their event."""

    STATUS_POSTED = "status_posted"
    CANCEL_REQUESTED = "cancel_requested"
    TASK_LATE = "task_late"
    RESULT_URL_REFRESHED = "result_url_refreshed"
    JOB_FORGOTTEN = "job_forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One line of a job's history."""

    job_id: JobId
    at: datetime
    owner: Owner
    name: str
    """``advanced`` for a change of state, else what happened."""
    source: JobState | None = None
    target: JobState | None = None
    detail: Mapping[str, str | int | float | None] = field(default_factory=dict)
    """Facts for the operator; never a prompt, URL or token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Everything one transaction writes when a job advances."""

    before: Job | None
    """None for a new job."""
    after: Job
    event: JobEvent
    entry: LedgerEntry | None
