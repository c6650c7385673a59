"""The one writer of status messages until the video is delivered, and of announcements.

A loop over ``shown_version < version``: a crash loses no final word. Edits are coalesced (only
the newest state is shown), spaced per message and per channel, and an equal text is not sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import (
    BotError,
    ChannelGoneError,
    ChatUnavailableError,
    DatabaseUnavailableError,
    DeliveryError,
    MessageGoneError,
    StaleJobError,
)
from bot.domain.failure import FailureReason
from bot.domain.guild import Notify
from bot.domain.ids import ChannelId, JobId
from bot.domain.job import Job, JobState, Owner
from bot.domain.pacing import STATUS_MESSAGE_GRACE, backoff
from bot.domain.ports import Chat
from bot.domain.status import Purpose, StatusView
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.advance import Advancer
from bot.services.estimates import Estimates
from bot.services.folders import Folders
from bot.services.locks import JobLocks
from bot.storage import guilds, jobs

log = get_logger(__name__)

IDLE_SECONDS = 2.0

CHANNEL_SPACING = timedelta(seconds=1.5)
"""Discord allows about 5 edits in 5 s a channel, and 3 in 6 s for messages older than an hour."""

POSITIONS_EVERY_EDITS = 6
"""Waiting jobs' places are looked up again after so many edit intervals: 30 s by default."""

BATCH = 100

CALL_SECONDS = 30
"""Longer is not waited for one message, whatever Discord asks for; it is tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPace:
    """How often one message is edited, and until when somebody is told."""

    edit_interval_seconds: float
    announce_for: timedelta
    """Jobs older than this end without an announcement: a backlog does not ping people."""


class StatusBoard:
    """Keeps status messages true."""

    def __init__(
        self,
        *,
        advancer: Advancer,
        chat: Chat,
        estimates: Estimates,
        folders: Folders,
        locks: JobLocks,
        metrics: Metrics,
        pace: BoardPace,
    ) -> None:
        self._advancer = advancer
        self._database = advancer.database
        self._clock = advancer.clock
        self._chat = chat
        self._estimates = estimates
        self._folders = folders
        self._locks = locks
        self._metrics = metrics
        self._pace = pace
        self._job_free_at: dict[JobId, datetime] = {}
        self._channel_free_at: dict[ChannelId, datetime] = {}
        self._failures: dict[JobId, int] = {}
        self._positions_at = self._clock.now()
        self._unmoved: set[JobId] = set()
        """Jobs found to stand elsewhere than their message says, which is not edited yet."""

    async def run_once(self) -> float:
        """Show what is not shown yet; return seconds until something may be due."""
        now = self._clock.now()
        self._forget_old(now)
        async with self._database.read() as connection:
            unshown = await jobs.unshown(
                connection, posted_before=now - STATUS_MESSAGE_GRACE, limit=BATCH
            )
        unshown += await self._moved(unshown)
        by_channel: dict[ChannelId, list[StatusView]] = defaultdict(list)
        for view in await self._estimates.views(unshown):
            by_channel[view.job.status_channel_id or view.job.channel_id].append(view)
        # Channels side by side: Discord may make us wait for one of them.
        async with asyncio.TaskGroup() as group:
            shown = [group.create_task(self._show_all(views)) for views in by_channel.values()]
        waits = [task.result() for task in shown]
        waits.append(await self._announce_all())
        return min(waits, default=IDLE_SECONDS)

    async def _show_all(self, views: list[StatusView]) -> float:
        """Bring a channel's messages up to date, one after the other."""
        waits = []
        for view in views:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    waits.append(await self._show(view))
            except StaleJobError:
                log.info("work_void", job_id=view.job.id, state=view.job.state.value)
            except TimeoutError:
                waits.append(self._postpone(view.job, "no answer in time"))
            except DatabaseUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - one job's message must not stop the others
                await self._broken(view.job, error)
        return min(waits, default=IDLE_SECONDS)

    def _postpone(self, job: Job, reason: str) -> float:
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        wait = backoff(failures, first_seconds=2, most_seconds=60)
        self._job_free_at[job.id] = self._clock.now() + wait
        log.info("status_postponed", job_id=job.id, reason=reason)
        return wait.total_seconds()

    async def _broken(self, job: Job, error: Exception) -> None:
        """Leave a message as it is that cannot be drawn or sent; the next change tries again."""
        log.error("status_broken", job_id=job.id, exc_info=error)
        self._metrics.loop_failures.labels(loop="status board").inc()
        await self._mark(job, None)

    async def _moved(self, already: list[Job]) -> list[Job]:
        """Return waiting jobs whose message shows another place than they have.

        They are looked up every so often; those whose channel was busy then follow in later rounds.
        """
        now = self._clock.now()
        is_due = now >= self._positions_at
        if is_due:
            self._positions_at = now + timedelta(
                seconds=self._pace.edit_interval_seconds * POSITIONS_EVERY_EDITS
            )
        elif not self._unmoved:
            return []
        seen = {job.id for job in already}
        async with self._database.read() as connection:
            waiting = await jobs.waiting_and_shown(connection, limit=BATCH)
        views = await self._estimates.views(
            [job for job in waiting if job.id not in seen and (is_due or job.id in self._unmoved)]
        )
        moved = [view.job for view in views if self._chat.digest(view) != view.job.shown_digest]
        self._unmoved = {job.id for job in moved}
        return moved

    async def _show(self, view: StatusView) -> float:
        """Bring one message up to date; return seconds until it may be tried again."""
        job = view.job
        now = self._clock.now()
        digest = self._chat.digest(view)
        if job.status_message_id is not None and digest == job.shown_digest:
            await self._mark(job, digest)
            return IDLE_SECONDS
        channel_id = job.status_channel_id or job.channel_id
        free_at = max(
            self._job_free_at.get(job.id, now), self._channel_free_at.get(channel_id, now)
        )
        if free_at > now:
            return (free_at - now).total_seconds()
        self._unmoved.discard(job.id)
        self._channel_free_at[channel_id] = now + CHANNEL_SPACING
        self._job_free_at[job.id] = now + timedelta(seconds=self._pace.edit_interval_seconds)
        async with self._locks.of(job.id):
            try:
                await self._write(view, digest)
            except ChatUnavailableError as error:
                return self._postpone(job, str(error))
            except DeliveryError as error:
                await self._closed(job, error)
        self._failures.pop(job.id, None)
        return IDLE_SECONDS

    async def _write(self, view: StatusView, digest: str) -> None:
        job = view.job
        # The deliverer may have taken the message over while this waited for the lock.
        current = await self._advancer.read(job.id)
        if current is None or current.version != job.version:
            return
        if job.status_message_id is None:
            await self._post_missing(view, digest)
            return
        await self._chat.edit_status(view)
        self._metrics.status_edits.inc()
        await self._mark(job, digest)

    async def _post_missing(self, view: StatusView, digest: str) -> None:
        """Find the message an earlier process posted, or post it; an ended job needs none."""
        job = view.job
        since = job.status_attempted_at or job.created_at
        receipt = await self._chat.find_message(job, job.channel_id, Purpose.STATUS, since=since)
        found = receipt is not None
        if receipt is None:
            if job.is_terminal:
                await self._mark(job, None)
                return
            receipt = await self._chat.post_status(view, preview=self._folders.preview(job))
        await self._advancer.touch(
            job.id,
            status_channel_id=receipt.channel_id,
            status_message_id=receipt.message_id,
        )
        log.info("status_recovered", job_id=job.id, found=found)
        if not found:
            await self._mark(job, digest)
        self._advancer.changed(job)

    async def _closed(self, job: Job, error: DeliveryError) -> None:
        """Stop writing to a message that is gone; the job goes on."""
        log.info("status_message_gone", job_id=job.id, code=error.code)
        if job.status_message_id is None and job.state is JobState.QUEUED:
            await self._advancer.advance(
                job,
                JobState.CANCELLED,
                owner=Owner.REAPER,
                detail={"reason": error.code},
                changes={
                    "failure_reason": FailureReason.STATUS_REFUSED,
                    "failure_detail": str(error),
                },
            )
            return
        if isinstance(error, MessageGoneError | ChannelGoneError):
            await self._advancer.touch(job.id, status_gone_at=self._clock.now())
        else:
            # Not to be shown now, for instance blocked by AutoMod: the next change tries again.
            await self._mark(job, None)

    async def _mark(self, job: Job, digest: str | None) -> None:
        async with self._database.write() as connection:
            await jobs.mark_shown(connection, job.id, version=job.version, digest=digest)

    # --- announcements -----------------------------------------------------------------------

    async def _announce_all(self) -> float:
        async with self._database.read() as connection:
            ended = await jobs.unannounced(connection, limit=BATCH)
        for job in ended:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._announce(job)
            except TimeoutError:
                self._postpone(job, "no answer in time")
            except BotError:
                raise
            except Exception:
                # One job's end must not stop the others.
                log.exception("announcement_broken", job_id=job.id)
                self._metrics.loop_failures.labels(loop="status board").inc()
                await self._advancer.touch(job.id, announced_at=self._clock.now())
        return IDLE_SECONDS

    async def _announce(self, job: Job) -> None:
        now = self._clock.now()
        if self._job_free_at.get(job.id, now) > now and job.id in self._failures:
            return
        async with self._database.read() as connection:
            guild = await guilds.get(connection, job.guild_id)
        if not self._is_worth_telling(job, guild.notify, now):
            await self._advancer.touch(job.id, announced_at=now)
            return
        try:
            if not await self._was_announced(job, guild.notify):
                await self._advancer.touch(
                    job.id, announce_attempted_at=job.announce_attempted_at or now
                )
                await self._chat.announce(StatusView(job=job), guild.notify)
        except ChatUnavailableError as error:
            self._postpone(job, str(error))
            return
        except DeliveryError as error:
            log.info("announcement_refused", job_id=job.id, code=error.code)
        self._failures.pop(job.id, None)
        await self._advancer.touch(job.id, announced_at=now)

    async def _was_announced(self, job: Job, notify: Notify) -> bool:
        """Look for an announcement of a process that stopped before it could say so."""
        if job.announce_attempted_at is None:
            return False
        if notify is Notify.DM:
            channel_id = await self._chat.open_dm(job.requester_id)
        else:
            # Where ``Chat.announce`` puts it.
            channel_id = job.delivered_channel_id or job.status_channel_id or job.channel_id
        found = await self._chat.find_message(
            job, channel_id, Purpose.ANNOUNCEMENT, since=job.announce_attempted_at
        )
        return found is not None

    def _is_worth_telling(self, job: Job, notify: Notify, now: datetime) -> bool:
        if notify is Notify.NONE or now - job.created_at > self._pace.announce_for:
            return False
        # Who cancelled knows it.
        return not (job.state is JobState.CANCELLED and job.cancel_requested_by == job.requester_id)

    def _forget_old(self, now: datetime) -> None:
        for table in (self._job_free_at, self._channel_free_at):
            for key in [key for key, free_at in table.items() if free_at < now]:
                del table[key]  # type: ignore[arg-type]  # the key comes from the same table
