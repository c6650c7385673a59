"""What the services ask of the outside world, where two implementations exist.

The provider has the HTTP client and an in-memory double, the chat has Discord and a recorder, the
files have a disk and may get a service, the clock has the wall and a manual one, the wake-up has
the process's own and a silent one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bot.domain.guilds.audit import AuditLine
from bot.domain.guilds.reports import ReportPost
from bot.domain.guilds.settings import Notify
from bot.domain.host.alerts import Alert
from bot.domain.ids import AccountId, ChannelId, TaskId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.files import FileKey
from bot.domain.jobs.job import Job
from bot.domain.jobs.status import Drawing, Purpose, StatusView
from bot.domain.requests.task import Task, TaskPage, TaskRequest, UploadedFile

LocalFile = os.PathLike[str]
"""A file or folder of this machine, for what can use no other: decoders, encoders, uploads."""


class Clock(Protocol):
    """The one way to get the time."""

    def now(self) -> datetime:
        """Return the aware UTC time of day."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend the caller for so many seconds of this clock."""
        ...


class Wakeup(Protocol):
    """Hastens a loop; the loop's own interval is the guarantee."""

    def notify(self) -> None:
        """Wake whoever waits, or the next one to wait."""
        ...

    async def wait(self, timeout_seconds: float) -> None:
        """Return when notified, or after so many seconds."""
        ...


class VideoProvider(Protocol):
    """Single calls to the maker of videos: no poll loop, no repetition of a create."""

    account: AccountId

    async def create_task(self, request: TaskRequest) -> TaskId:
        """Ask for a video once. Whatever happens, the call is not repeated.

        Raises:
            ProviderUnavailableError: ``request_was_sent`` tells whether a task may exist.
            MalformedResponseError: an answer without a task id; a task may exist.
            RateLimitedError, AuthenticationError, ModelNotAvailableError, RequestRefusedError:
                nothing was created.
        """
        ...

    async def get_task(self, task_id: TaskId) -> Task:
        """Read one task.

        Raises:
            ProviderUnavailableError, RateLimitedError, AuthenticationError,
            MalformedResponseError: the task's state is not known.
        """
        ...

    async def list_tasks(self, *, model: str, page: int) -> TaskPage:
        """Read one page of the last 24 hours' tasks of a model, counted from 1.

        Raises:
            ProviderError: the list is not known.
        """
        ...

    async def cancel_task(self, task_id: TaskId) -> None:
        """Cancel a PENDING task.

        Raises:
            TaskNotCancellableError: it runs already, is over, or is not known.
            ProviderError: nothing is known.
        """
        ...

    async def upload_file(self, file: LocalFile, *, model: str, name: str) -> UploadedFile:
        """Stream a file into the provider's temporary store, for tasks of one model.

        Whatever it raises, no task came of it, and another upload costs nothing.

        Args:
            file: what is sent.
            model: the provider's name of the model; no other may fetch the file.
            name: what the file is called there. Letters, digits, dots, hyphens and underscores;
                the ending says what it is. Never the member's own name of it.

        Raises:
            ProviderUnavailableError, RateLimitedError, MalformedResponseError: not sent, or not
                taken; ``request_was_sent`` is False, for nothing was bought.
            ResultHostError: the store's host, or where it led, is not among the result hosts.
            AuthenticationError, ModelNotAvailableError, RequestRefusedError: another try meets
                the same.
            OSError: the file cannot be read.
        """
        ...

    async def download(self, url: str, into: LocalFile, *, max_bytes: int) -> int:
        """Stream a result to a file that is not there yet; return its bytes.

        Raises:
            ResultExpiredError: the URL is past its Expires.
            ResultHostError: the host or the connected address is not allowed.
            MediaTooLargeError: more than ``max_bytes``.
            MalformedResponseError: not a video, for instance HTML.
            ProviderUnavailableError: broken off; worth another try.
        """
        ...


class Files(Protocol):
    """Kept files: what is under a key is whole and on the disk, or was never there.

    Every method raises ``FileNotFoundError`` where there is nothing under a key, and another
    ``OSError`` where the disk does not do what it is asked for.
    """

    def scratch(self) -> AbstractAsyncContextManager[LocalFile]:
        """Lend an empty folder; what is in it when the block ends is gone."""
        ...

    async def drop_scratch(self) -> None:
        """Remove what an earlier process left of its scratch folders."""
        ...

    async def keep(self, file: LocalFile, key: FileKey) -> None:
        """Keep a file of a scratch folder under a key, in place of what was there."""
        ...

    async def copy(self, source: FileKey, target: FileKey) -> None:
        """Keep what is under one key under another one, too."""
        ...

    def lend(self, key: FileKey) -> AbstractAsyncContextManager[LocalFile]:
        """Lend what is under a key, to be read while the block lasts."""
        ...

    async def read(self, key: FileKey) -> bytes:
        """Return the bytes under a key."""
        ...

    async def size(self, key: FileKey) -> int:
        """Return how many bytes are under a key."""
        ...

    async def folders(self, prefix: FileKey) -> list[str]:
        """Return the names of the folders directly below a prefix."""
        ...

    async def newest_at(self, prefix: FileKey) -> datetime | None:
        """Return when something below a prefix was last written; None where there is nothing."""
        ...

    async def erase(self, prefix: FileKey) -> None:
        """Remove all files below a prefix; nothing happens where there is none."""
        ...

    async def free_bytes(self) -> int:
        """Return how much may still be written."""
        ...

    async def try_writing(self, *, size_bytes: int) -> None:
        """Write so many bytes and drop them again."""
        ...


class Chat(Protocol):
    """Discord, by ids alone: what is attached, shown, delivered and told.

    Every method raises members of ``DeliveryError``: ``ChatUnavailableError`` is worth another
    try, the others say which way is closed.
    """

    def draw(self, view: StatusView) -> Drawing:
        """Draw a job's status message."""
        ...

    async def post_status(self, job: Job, drawing: Drawing, *, preview: bytes | None) -> Receipt:
        """Post a job's status message into its channel."""
        ...

    async def edit_status(self, job: Job, drawing: Drawing) -> None:
        """Let the status message show a drawing; attachments stay as they are."""
        ...

    async def fetch_attachment(self, url: str, into: LocalFile, *, max_bytes: int) -> None:
        """Stream what somebody attached to a file that is not there yet.

        Raises:
            ChatUnavailableError: Discord does not hand it out, or it has more bytes.
        """
        ...

    async def find_message(
        self, job: Job, channel_id: ChannelId, purpose: Purpose, *, since: datetime
    ) -> Receipt | None:
        """Search a channel for a message of ours about the job, posted by an earlier process."""
        ...

    async def deliver_by_edit(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Attach the video to the status message."""
        ...

    async def deliver_in_channel(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Post the video as a new message into the job's channel."""
        ...

    async def deliver_by_dm(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Post the video into the requester's direct messages."""
        ...

    async def delete_message(self, place: Receipt) -> None:
        """Take a message of ours out of Discord; one that is gone already is fine."""
        ...

    async def announce(self, view: StatusView, notify: Notify) -> None:
        """Tell the requester that the job is over."""
        ...

    async def open_dm(self, user_id: UserId) -> ChannelId:
        """Return the channel of somebody's direct messages."""
        ...

    async def tell_operators(self, alert: Alert) -> None:
        """Send the operators a direct message."""
        ...

    async def tell_log_channel(self, line: AuditLine) -> None:
        """Post one line about a change; nobody is pinged. Soon repeated, it stands there once."""
        ...

    async def post_report(self, report: ReportPost, files: Sequence[LocalFile]) -> Receipt:
        """Show a reported job to the moderators, its files behind spoilers; nobody is pinged.

        Args:
            report: what they read.
            files: pictures of the job, and its video.
        """
        ...

    async def count_reports(self, report: ReportPost, receipt: Receipt) -> None:
        """Let a message about a reported job say who has reported it by now."""
        ...
