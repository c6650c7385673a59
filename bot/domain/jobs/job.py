"""The job: our durable unit of work, as a few records, and what a change of it writes.

Its states and their diagram are in ``bot.domain.jobs.states``; what may change of it, and under
which names, in ``bot.domain.jobs.changes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.amounts import Amounts
from bot.domain.catalogue.prices import Price
from bot.domain.catalogue.records import MODEL_DECIDES
from bot.domain.failure import FailureReason
from bot.domain.ids import (
    AccountId,
    ChannelId,
    GuildId,
    JobId,
    MessageId,
    TaskId,
    UserId,
    WorkerId,
)
from bot.domain.jobs.ledger import LedgerEntry
from bot.domain.jobs.states import TERMINAL, JobState, Owner
from bot.domain.jobs.uploads import Uploads
from bot.domain.people import Person
from bot.domain.requests.pictures import Picture
from bot.domain.requests.submission import Origin, VideoOptions, VideoSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who works on the job, how often that was tried, and when it may be tried again."""

    owner: WorkerId | None = None
    until: datetime | None = None
    not_before: datetime | None = None
    """No loop touches the job earlier."""
    claims: int = 0
    """Claims since the last advance."""
    attempts: int = 0
    """Tries of the present state's work that ended in a known, retryable refusal."""
    parked_from: JobState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress:
    """The job's create call and the task it made at the provider."""

    id: TaskId | None = None
    sent_at: datetime | None = None
    """Committed before the create leaves."""
    create_abandoned_at: datetime | None = None
    """When the wait for the create's answer ended without one."""
    confirmed_at: datetime | None = None
    """When the task's id became known."""
    adopted: bool = False
    """The id was found in the provider's list, not in an answer."""
    failed_before: int = 0
    """Earlier tasks of this job that failed transiently; one more is allowed after the first."""
    next_poll_at: datetime | None = None
    unknown_since: datetime | None = None
    """First of the present run of UNKNOWN answers."""
    unknown_polls: int = 0
    late_at: datetime | None = None
    """When the member was told that it takes longer than TASK_TIMEOUT_SECONDS."""
    uploads: Uploads | None = None
    """Files of it that the provider fetches; None before the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Somebody's request to cancel the job."""

    requested_at: datetime | None = None
    requested_by: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the provider made, and what it billed for it."""

    url: str | None = None
    """Signed; never logged."""
    url_expires_at: datetime | None = None
    billed: Amounts | None = None
    """What the CHARGE left in the ledger; None before it."""
    actual_prompt: str | None = None
    """The prompt as the provider rewrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVideo:
    """The video among the job's files; every field is None until it is kept."""

    file_name: str | None = None
    """Among the job's files: what is sent. Where no decoder reads it, there is only this name."""
    size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Where the job stands on Discord, and what is shown there."""

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
    """Size of what was attached; smaller than the stored video where it was re-encoded."""
    announce_attempted_at: datetime | None = None
    announced_at: datetime | None = None
    removal_requested_at: datetime | None = None
    """When its messages were to be taken out of Discord."""
    removal_due_at: datetime | None = None
    """When that is tried next; None where there is nothing (more) to take out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The moments of the job's life."""

    created_at: datetime
    counted_at: datetime
    """The moment of the RESERVE; the ledger's windows use it."""
    entered_at: datetime
    """When the present state began."""
    finished_at: datetime | None = None
    operator_told_at: datetime | None = None
    """When the operator was told that the job needs a decision."""
    forgotten_at: datetime | None = None
    """When pictures, prompt and video were erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no video, and what that cost whom."""

    reason: FailureReason | None = None
    detail: str | None = None
    """The provider's or Discord's own words; for operators."""
    possibly_billed: bool = False
    """The provider may have billed a task that nobody could follow to its end."""
    operator_loss: bool = False
    """Billed, and given back to the member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A stored job. Frozen: changes go through ``transition`` or the storage's named updates."""

    id: JobId
    origin: Origin
    requester: Person
    account: AccountId
    """Whose key follows the task."""
    spec: VideoSpec
    """What the model is asked for."""
    pictures: tuple[Picture, ...] = ()
    has_preview: bool = False
    price: Price
    """What is reserved, and by which terms it is charged."""

    state: JobState
    version: int = 1
    """Raised by every advance; the compare-and-swap key."""
    lease: Lease = Lease()
    task: TaskProgress = TaskProgress()
    cancellation: Cancellation = Cancellation()
    result: Result = Result()
    video: StoredVideo = StoredVideo()
    messages: Messages = Messages()
    times: Times
    failure: Failure = Failure()

    @property
    def guild_id(self) -> GuildId:
        """The guild whose quotas it counts against."""
        return self.origin.guild_id

    @property
    def options(self) -> VideoOptions:
        """How the video is made, as the member chose it."""
        return self.spec.options

    @property
    def known_seconds(self) -> int:
        """Length of the video: as asked for, and where that was left to the model, as billed."""
        if self.spec.duration_seconds == MODEL_DECIDES and self.result.billed is not None:
            return self.result.billed.seconds
        return self.spec.duration_seconds

    @property
    def is_terminal(self) -> bool:
        """True where nothing can change the outcome any more."""
        return self.state in TERMINAL

    @property
    def is_made(self) -> bool:
        """True where somebody may go on from it: it is over, or its message is about to say so."""
        return self.is_terminal or self.state is JobState.DELIVERING

    @property
    def current_channel_id(self) -> ChannelId:
        """The channel of the status message: where it stands, else where it is going to."""
        return self.messages.status_channel_id or self.origin.channel_id

    @property
    def message_place(self) -> tuple[ChannelId, MessageId | None]:
        """The channel and message where people find the job: its video, else its status."""
        shown = self.messages
        if shown.delivered_channel_id is not None:
            return shown.delivered_channel_id, shown.delivered_message_id
        return self.current_channel_id, shown.status_message_id


class JobUpdateKind(StrEnum):
    """Changes that people see, without a change of state; the name of their event."""

    STATUS_POSTED = "status_posted"
    CANCEL_REQUESTED = "cancel_requested"
    TASK_LATE = "task_late"
    RESULT_URL_REFRESHED = "result_url_refreshed"
    JOB_FORGOTTEN = "job_forgotten"


Detail = Mapping[str, str | int | float | None]
"""Facts of an event, for the operator; never a prompt, URL or token."""


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
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Everything one transaction writes when a job advances."""

    before: Job | None
    """None for a new job."""
    after: Job
    event: JobEvent
    entry: LedgerEntry | None
