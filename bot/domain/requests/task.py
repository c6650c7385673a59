"""The provider's view of one generation: what we ask for and what it tells us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.domain.catalogue import BilledLength, FileRole, RequestShape
from bot.domain.failure import FailureReason
from bot.domain.ids import TaskId


class TaskState(StrEnum):
    """States of the provider's task."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"
    """Not known to the provider: wrong, foreign, or older than 24 hours."""
    OTHER = "OTHER"
    """A status newer than this code, or SUSPENDED: not final, so it is followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskImage:
    """One picture of a request, already made to fit; it travels in the body."""

    role: FileRole
    jpeg: bytes


UPLOAD_SCHEME: Final = "oss://"
"""What addresses in the provider's temporary store begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLink:
    """A file of a request that the provider fetches itself."""

    role: FileRole
    url: str
    """``https://…``, or ``oss://…`` as an upload returned it for this very model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file in the provider's temporary store, for one model of the account."""

    url: str
    """``oss://…``; nobody but the provider can read it there."""
    expires_at: datetime
    """The provider keeps it for 48 hours, and has to fetch it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """One create call."""

    model: str
    """The provider's name of the model in the account's region."""
    shape: RequestShape
    images: tuple[TaskImage, ...]
    prompt: str | None
    negative_prompt: str | None
    template: str | None
    """Effect name; the provider ignores a prompt beside it."""
    resolution: str | None
    """Tier such as ``720P``; exactly one of resolution and size is set."""
    size: str | None
    """``W*H``."""
    ratio: str | None = None
    """Such as ``16:9``, where the model takes one beside the tier."""
    duration_seconds: int | None
    """Sent only for models whose length can be chosen; the others fail on it."""
    audio: bool | None = None
    """Whether it is to be heard; sent only where the model has the choice."""
    seed: int | None
    """0 to 2147483647."""
    prompt_extend: bool | None
    """None where the model has no such parameter."""
    watermark: bool
    links: tuple[TaskLink, ...] = ()

    @property
    def needs_uploads(self) -> bool:
        """Whether the provider has to look into its temporary store."""
        return any(link.url.startswith(UPLOAD_SCHEME) for link in self.links)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """Why the provider failed a task."""

    provider_code: str
    message: str
    reason: FailureReason
    transient: bool
    """True where one new task may succeed; failed tasks are free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one query of a task told us."""

    task_id: TaskId
    state: TaskState
    submitted_at: datetime | None = None
    scheduled_at: datetime | None = None
    ended_at: datetime | None = None
    video_url: str | None = None
    """Signed, valid for 24 hours; never logged, never re-encoded."""
    url_expires_at: datetime | None = None
    """Read from the URL's ``Expires``; ``ended_at`` + 24 h where it has none."""
    orig_prompt: str | None = None
    actual_prompt: str | None = None
    """The rewritten prompt; absent without prompt_extend."""
    billed: BilledLength | None = None
    """None where it does not say what it billed."""
    failure: TaskFailure | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """One row of the provider's task list."""

    task_id: TaskId
    model: str
    state: TaskState
    created_at: datetime
    """By the provider's clock."""
    api_key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """One page of the provider's task list."""

    tasks: tuple[ListedTask, ...]
    page: int
    """Counted from 1."""
    total_pages: int
