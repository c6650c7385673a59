"""DELIVERING → DELIVERED: puts the video where people see it, as an edit of the status message.

Where the message is gone a new one goes into the channel; where the channel is closed, into the
requester's direct messages; where those are closed too, the file is kept and can be collected.
An attempt is committed before it is made: the next one looks first whether that one came through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.domain.backoff import backoff
from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    DeliveryError,
    MediaTooLargeError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.disk import DiskUnavailableError, is_disk_trouble, of_disk
from bot.domain.ids import ChannelId
from bot.domain.jobs.ai_label import ai_label
from bot.domain.jobs.changes import JobChanges, changed
from bot.domain.jobs.delivery import Receipt, upload_limit_bytes
from bot.domain.jobs.files import RESULT, SHRUNK, FileKey, key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.status import Drawing, Purpose
from bot.domain.ports import Chat, Clock, Files, LocalFile
from bot.domain.units import MIB
from bot.logs import get_logger
from bot.media.child import MediaPool
from bot.metrics import Metrics
from bot.services.jobs.claims import Claims, Stage
from bot.services.jobs.previous_attempt import find_previous_attempt
from bot.services.jobs.status_messages import StatusMessages
from bot.services.jobs.writer import JobWriter

log = get_logger(__name__)

IDLE_SECONDS = 5.0

DeliveryMethod = Callable[[Job, Drawing, LocalFile], Awaitable[Receipt]]
"""Puts a video before people, with the message as it is drawn."""

STAGE = Stage(
    state=JobState.DELIVERING,
    owner=Owner.DELIVERER,
    lease=timedelta(minutes=15),
)
"""Time to re-encode a large file and to upload it."""

HAND_OVER_SECONDS = 120
SLOWEST_BYTES_PER_SECOND = 512 * 1024
"""One upload may take so long, and longer by its size at this rate; it is then tried again."""

CHANNEL_BUSY_WAIT = timedelta(seconds=2)
"""A job whose channel takes another video just now is looked at again after this."""

SMALLER_STEPS = (0.95, 0.5, 0.25)
"""Shares of the limit to aim at, each after Discord refused the one before (413 is the truth)."""


class Deliverer:
    """Plans, re-encodes where needed, hands to Discord, records the receipt."""

    def __init__(
        self,
        *,
        clock: Clock,
        writer: JobWriter,
        chat: Chat,
        media: MediaPool,
        files: Files,
        messages: StatusMessages,
        metrics: Metrics,
        claims: Claims,
        upload_limit_mib: int,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._chat = chat
        self._media = media
        self._files = files
        self._messages = messages
        self._metrics = metrics
        self._upload_limit_mib = upload_limit_mib
        self._busy: set[ChannelId] = set()
        """Channels that take a video now; one at a time, so that none keeps all deliverers."""
        self._claims = claims

    async def run_once(self) -> float:
        """Deliver one video; return seconds until it is worth looking again."""
        return (
            0.0
            if await self._claims.work_on_next(STAGE, self._deliver, busy=self._busy)
            else IDLE_SECONDS
        )

    async def _deliver(self, job: Job) -> None:
        channel_id = job.current_channel_id
        if channel_id in self._busy:
            # Nothing was tried: neither the claim nor an attempt counts.
            await self._writer.patch(
                job.id,
                claims=job.lease.claims - 1,
                lease_owner=None,
                lease_until=None,
                not_before=self._clock.now() + CHANNEL_BUSY_WAIT,
            )
            return
        self._busy.add(channel_id)
        try:
            await self._try_to_deliver(job)
        finally:
            self._busy.discard(channel_id)

    async def _try_to_deliver(self, job: Job) -> None:
        try:
            await self._hand_over(job)
        except (ChatUnavailableError, DiskUnavailableError) as error:
            attempts = job.lease.attempts + 1
            wait = backoff(attempts, first_seconds=2, most_seconds=300)
            log.warning(
                "delivery_postponed",
                job_id=job.id,
                seconds=wait.total_seconds(),
                reason=str(error),
            )
            await self._writer.retry_later(
                job, not_before=self._clock.now() + wait, attempts=attempts
            )

    async def _hand_over(self, job: Job) -> None:
        may_post = True
        attempted_at: datetime | None = None
        if job.messages.delivery_attempted_at is not None:
            try:
                receipt, attempted_at = await self._find_delivered(
                    job, job.messages.delivery_attempted_at
                )
            except MissingAccessError as error:
                log.warning("delivery_untraceable", job_id=job.id, reason=str(error))
                may_post = False
            else:
                if receipt is not None:
                    await self._done(job, receipt, await self._last_sent_bytes(job))
                    return
        is_out_of_sight = False
        for limit_bytes, method in self._methods(job, may_post=may_post):
            try:
                receipt, sent_bytes = await self._send(
                    job, limit_bytes, method, attempted_at=attempted_at
                )
            except ChatUnavailableError:
                raise
            except (DeliveryError, MediaTooLargeError) as error:
                log.warning("delivery_refused", job_id=job.id, code=error.code)
                if isinstance(error, MessageGoneError):
                    await self._writer.patch(job.id, status_gone_at=self._clock.now())
                is_out_of_sight = is_out_of_sight or isinstance(error, ChannelGoneError)
                continue
            if is_out_of_sight:
                # The last word stands under the video; the channel's message is not waited for.
                await self._writer.patch(job.id, status_gone_at=self._clock.now())
            await self._done(job, receipt, sent_bytes)
            return
        await self._writer.advance(
            job,
            JobState.UNDELIVERABLE,
            owner=Owner.DELIVERER,
            changes={"failure_reason": FailureReason.UNDELIVERABLE},
        )

    async def _find_delivered(
        self, job: Job, attempted_at: datetime
    ) -> tuple[Receipt | None, datetime]:
        """Return the message with the video an attempt before this may have left somewhere.

        And the moment to store with another attempt; see ``find_previous_attempt``.

        Raises:
            MissingAccessError: it may stand in the channel, and nobody can tell.
            ChatUnavailableError: Discord could not be asked.
        """
        find = partial(
            find_previous_attempt,
            self._chat,
            job,
            purpose=Purpose.DELIVERY,
            attempted_at=attempted_at,
            now=self._clock.now(),
        )
        untraceable: MissingAccessError | None = None
        receipt, again_at = None, self._clock.now()
        try:
            receipt, again_at = await find(job.origin.channel_id)
        except MissingAccessError as error:
            untraceable = error
        except ChannelGoneError:
            pass  # deleted, or out of our sight: the video has to go elsewhere
        if receipt is None:
            receipt = await self._find_in_dm(job, find)
        if receipt is None and untraceable is not None:
            raise untraceable
        return receipt, again_at

    async def _find_in_dm(
        self, job: Job, find: Callable[[ChannelId], Awaitable[tuple[Receipt | None, datetime]]]
    ) -> Receipt | None:
        try:
            receipt, _ = await find(await self._chat.open_dm(job.requester.user_id))
        except ChatUnavailableError:
            raise
        except DeliveryError:
            return None  # closed, so nothing was posted there
        else:
            return receipt

    def _methods(self, job: Job, *, may_post: bool) -> list[tuple[int, DeliveryMethod]]:
        """Return how the video may be handed over, best first, each with its upload limit.

        Args:
            job: the job.
            may_post: False where a new message could be the second one: an edit cannot.
        """
        limit = upload_limit_bytes(
            premium_tier=job.origin.premium_tier, base_limit_mib=self._upload_limit_mib
        )
        methods: list[tuple[int, DeliveryMethod]] = []
        if job.messages.status_message_id is not None and job.messages.status_gone_at is None:
            methods.append((limit, self._messages.attach))
        if may_post:
            methods.append((limit, self._chat.deliver_in_channel))
            methods.append((self._upload_limit_mib * MIB, self._chat.deliver_by_dm))
        return methods

    async def _last_sent_bytes(self, job: Job) -> int:
        try:
            return await self._files.size(key_of(job.id, SHRUNK))
        except FileNotFoundError:
            return await self._files.size(_video_of(job))

    async def _send(
        self, job: Job, limit_bytes: int, method: DeliveryMethod, *, attempted_at: datetime | None
    ) -> tuple[Receipt, int]:
        """Send by one way, with a smaller file each time Discord says that it is too large.

        Returns:
            The receipt, and how many bytes were sent.
        """
        size = job.video.size_bytes or 0
        key = _video_of(job)
        steps = iter(SMALLER_STEPS)
        if size > limit_bytes:
            key = await self._shrink(job, int(limit_bytes * next(steps)))
        while True:
            sent_bytes = await self._files.size(key)
            drawing = await self._messages.draw(self._as_delivered(job, sent_bytes))
            await self._writer.patch(
                job.id, delivery_attempted_at=attempted_at or self._clock.now()
            )
            most_seconds = HAND_OVER_SECONDS + sent_bytes / SLOWEST_BYTES_PER_SECOND
            try:
                async with self._files.lend(key) as file, asyncio.timeout(most_seconds):
                    receipt = await method(job, drawing, file)
            except TimeoutError as error:
                raise ChatUnavailableError("no answer in time") from error
            except UploadTooLargeError:
                share = next(steps, None)
                if share is None:
                    raise
                key = await self._shrink(job, int(min(limit_bytes, size) * share))
            else:
                return replace(receipt, digest=drawing.digest), sent_bytes

    async def _shrink(self, job: Job, limit_bytes: int) -> FileKey:
        """Keep a smaller video beside the original; return its key."""
        key = key_of(job.id, SHRUNK)
        # Each attempt takes minutes: the lease must not lapse under our hands.
        await self._writer.patch(job.id, lease_until=self._clock.now() + STAGE.lease)
        try:
            async with (
                self._files.lend(key_of(job.id, RESULT)) as original,
                self._files.scratch() as scratch,
            ):
                smaller = Path(scratch) / SHRUNK
                await self._media.shrink(
                    original, smaller, limit_bytes=limit_bytes, label=ai_label(job)
                )
                await self._files.keep(smaller, key)
        except OSError as error:
            if is_disk_trouble(error):
                # No fault of the video: it waits for room.
                raise of_disk(error) from error
            raise
        return key

    async def _done(self, job: Job, receipt: Receipt, sent_bytes: int) -> None:
        by_edit = receipt.message_id == job.messages.status_message_id
        changes: JobChanges = {
            "delivered_channel_id": receipt.channel_id,
            "delivered_message_id": receipt.message_id,
            "delivered_bytes": sent_bytes,
        }
        if by_edit:
            changes |= {"shown_version": job.version + 1, "shown_digest": receipt.digest}
        await self._writer.advance(
            job,
            JobState.DELIVERED,
            owner=Owner.DELIVERER,
            detail={"bytes": sent_bytes, "by_edit": int(by_edit)},
            changes=changes,
        )
        self._metrics.delivery_bytes.observe(sent_bytes)

    def _as_delivered(self, job: Job, sent_bytes: int) -> Job:
        """Return the job as the delivering message shows it."""
        return changed(
            job,
            {
                "state": JobState.DELIVERED,
                "finished_at": self._clock.now(),
                "delivered_bytes": sent_bytes,
            },
        )


def _video_of(job: Job) -> FileKey:
    return key_of(job.id, job.video.file_name or RESULT)
