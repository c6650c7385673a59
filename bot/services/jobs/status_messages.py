"""The one writer of status messages: it posts them, edits them, and puts the video on them.

What was sent is stored with the job: the message's id, the version it shows, and the digest of the
drawing, so that no process writes the same twice and none forgets a last word.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    DeliveryError,
    MessageGoneError,
    StaleJobError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.files import PREVIEW, key_of
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.status import Drawing, Purpose
from bot.domain.ports import Chat, Clock, Files, LocalFile
from bot.logs import get_logger
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.previous_attempt import find_previous_attempt
from bot.services.jobs.writer import JobWriter
from bot.storage import job_messages
from bot.storage.engine import Database

log = get_logger(__name__)

LATE_EDIT_SECONDS = 60.0
"""Discord may still carry out an edit whose answer we did not wait for, for about so long."""

OLD_AFTER = timedelta(hours=1)
OLD_SPACING_SECONDS = 2.1
"""Of messages older than an hour Discord takes 3 edits in 6 s a channel (error 30046), whoever asks
for them: the one that brings the video counts like the others."""


class StatusMessages:
    """Writes status messages, one writer a message at a time."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        chat: Chat,
        estimates: Estimates,
        files: Files,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._chat = chat
        self._estimates = estimates
        self._files = files
        self._locks: WeakValueDictionary[JobId, asyncio.Lock] = WeakValueDictionary()
        self._cut_off: dict[JobId, float] = {}
        """Until when a job's edit that was not waited for may yet be carried out."""
        self._old_free_at: dict[ChannelId, float] = {}
        """When a channel takes the next edit of an old message."""

    @asynccontextmanager
    async def writing(self, job_id: JobId) -> AsyncIterator[None]:
        """Hold a job's message; across processes the lease on the database holds."""
        async with self._locks.setdefault(job_id, asyncio.Lock()):
            yield

    async def post(self, job: Job) -> Job:
        """Post the message of a job that was just queued.

        Returns:
            The job with its message; without it where Discord could not be reached just now: the
            message is then looked for, or posted, later.

        Raises:
            DeliveryError: Discord refused it; the job was cancelled.
        """
        async with self.writing(job.id):
            drawing = await self.draw(job)
            try:
                receipt = await self._chat.post_status(
                    job, drawing, preview=await self._preview(job)
                )
            except ChatUnavailableError as error:
                log.warning("status_post_postponed", job_id=job.id, reason=str(error))
                return job
            except DeliveryError as error:
                # The private answer says it; there is no message to edit or reply to.
                await self._cancel_unposted(job, error, announced_at=self._clock.now())
                raise
            return await self._store_receipt(job, receipt, drawing)

    async def draw(self, job: Job) -> Drawing:
        """Draw a job's message as it is to look now."""
        return self._chat.draw(await self._estimates.view(job))

    async def _preview(self, job: Job) -> bytes | None:
        if not job.has_preview:
            return None
        try:
            return await self._files.read(key_of(job.id, PREVIEW))
        except OSError as error:
            # The video is made without it, and so is its message.
            log.warning("preview_unread", job_id=job.id, error=type(error).__name__)
            return None

    async def post_missing(self, job: Job, drawing: Drawing) -> bool:
        """Find the message an earlier process posted, or post it; an ended job needs none.

        Returns:
            Whether it was found: looking is no edit, so the next message need not wait for it.

        Raises:
            DeliveryError: Discord refused it, or could not be reached.
        """
        async with self.writing(job.id):
            if not await self._is_current(job):
                return False
            receipt, attempted_at = await find_previous_attempt(
                self._chat,
                job,
                job.origin.channel_id,
                Purpose.STATUS,
                attempted_at=job.messages.status_attempted_at or job.times.created_at,
                now=self._clock.now(),
            )
            found = receipt is not None
            if receipt is None:
                if job.is_terminal:
                    await self.mark_shown(job, None)
                    return False
                await self._writer.patch(job.id, status_attempted_at=attempted_at)
                receipt = await self._chat.post_status(
                    job, drawing, preview=await self._preview(job)
                )
            log.info("status_recovered", job_id=job.id, found=found)
            await self._store_receipt(job, receipt, None if found else drawing)
            return found

    async def _store_receipt(self, job: Job, receipt: Receipt, shown: Drawing | None) -> Job:
        """Store where the message is, and what it is known to show."""
        place: JobChanges = {
            "status_channel_id": receipt.channel_id,
            "status_message_id": receipt.message_id,
        }
        changes = place.copy()
        if shown is not None:
            changes |= {"shown_version": job.version + 1, "shown_digest": shown.digest}
        try:
            return await self._writer.update_visible(
                job, owner=Owner.SUBMISSIONS, name=JobUpdateKind.STATUS_POSTED, changes=changes
            )
        except StaleJobError:
            # Cancelled meanwhile: the message exists all the same and must say so.
            await self._writer.patch(job.id, **place)
            return await self._writer.read(job.id) or job

    def wait_seconds(self, job: Job) -> float:
        """Return how long a channel takes no edit of this message; nothing where it does."""
        if not self._is_old(job):
            return 0.0
        now = self._clock.monotonic()
        return max(0.0, self._old_free_at.get(job.current_channel_id, now) - now)

    def _begin_edit(self, job: Job) -> None:
        now = self._clock.monotonic()
        for channel_id in [key for key, free_at in self._old_free_at.items() if free_at <= now]:
            del self._old_free_at[channel_id]
        if self._is_old(job):
            self._old_free_at[job.current_channel_id] = now + OLD_SPACING_SECONDS

    def _is_old(self, job: Job) -> bool:
        """Tell whether the message may be old: it is posted just after the job was created."""
        return self._clock.now() - job.times.created_at >= OLD_AFTER

    async def edit(self, job: Job, drawing: Drawing) -> bool:
        """Let a message show a drawing, unless the job has moved on since it was read.

        Raises:
            DeliveryError: Discord refused it, or could not be reached.
        """
        async with self.writing(job.id):
            if not await self._is_current(job):
                return False
            self._begin_edit(job)
            try:
                await self._chat.edit_status(job, drawing)
            except asyncio.CancelledError:
                # Its time ran out, and Discord may carry it out after the delivering edit.
                self._cut_off[job.id] = self._clock.monotonic() + LATE_EDIT_SECONDS
                raise
            await self.mark_shown(job, drawing.digest)
            return True

    async def distrust_cut_off(self) -> None:
        """Have messages written once more that a late edit may have overwritten."""
        now = self._clock.monotonic()
        for job_id in [job_id for job_id, until in self._cut_off.items() if until <= now]:
            job = await self._writer.read(job_id)
            if job and job.state is JobState.DELIVERING:
                continue  # its message is being written
            if job and job.messages.shown_version >= job.version:
                await self._writer.patch(job_id, shown_version=job.version - 1, shown_digest=None)
            del self._cut_off[job_id]

    async def attach(self, job: Job, drawing: Drawing, file: LocalFile) -> Receipt:
        """Put the video on the status message.

        Raises:
            DeliveryError: Discord refused it, or could not be reached.
        """
        async with self.writing(job.id):
            # In a channel where others are edited meanwhile the wait may begin anew.
            while wait_seconds := self.wait_seconds(job):
                await self._clock.sleep(wait_seconds)
            self._begin_edit(job)
            return await self._chat.deliver_by_edit(job, drawing, file)

    async def _is_current(self, job: Job) -> bool:
        """Tell whether nobody took the message over while this waited for it."""
        current = await self._writer.read(job.id)
        return current is not None and current.version == job.version

    async def give_up(self, job: Job, error: DeliveryError) -> None:
        """Stop writing to a message that is refused; the job goes on, unless it never had one."""
        log.info("status_message_gone", job_id=job.id, code=error.code)
        if job.messages.status_message_id is None and job.state is JobState.QUEUED:
            await self._cancel_unposted(job, error)
        elif isinstance(error, MessageGoneError | ChannelGoneError):
            await self._writer.patch(job.id, status_gone_at=self._clock.now())
        else:
            # Not to be shown now, for instance blocked by AutoMod: the next change tries again.
            await self.mark_shown(job, None)

    async def mark_shown(self, job: Job, digest: str | None) -> None:
        """Store that the message shows the job's present version, as a drawing or not at all."""
        async with self._database.write() as connection:
            await job_messages.mark_shown(connection, job.id, version=job.version, digest=digest)

    async def _cancel_unposted(
        self, job: Job, error: DeliveryError, *, announced_at: datetime | None = None
    ) -> None:
        changes: JobChanges = {
            "failure_reason": FailureReason.STATUS_REFUSED,
            "failure_detail": str(error),
        }
        if announced_at is not None:
            changes |= {"announced_at": announced_at, "shown_version": job.version + 1}
        await self._writer.advance(
            job,
            JobState.CANCELLED,
            owner=Owner.SUBMISSIONS,
            detail={"reason": error.code},
            changes=changes,
        )
