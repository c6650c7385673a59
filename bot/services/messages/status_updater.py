"""The one writer of status messages until the video is delivered, and of announcements.

A loop over ``shown_version < version``: a crash loses no final word. Edits are coalesced (only
the newest state is shown), spaced per message and per channel, and an equal text is not sent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

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
from bot.domain.guilds.settings import Notify
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.job import Job, JobState, Owner
from bot.domain.jobs.pacing import STATUS_MESSAGE_GRACE, backoff
from bot.domain.jobs.status import Purpose, StatusView
from bot.domain.ports import Chat
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.files import Folders
from bot.services.jobs.message_locks import JobLocks
from bot.services.jobs.writer import JobWriter
from bot.services.messages.previous_attempt import find_previous_attempt
from bot.storage import guilds, jobs

log = get_logger(__name__)
_T = TypeVar("_T")

IDLE_SECONDS = 2.0

CHANNEL_SPACING_SECONDS = 1.5
"""Discord allows about 5 edits in 5 s a channel, and 3 in 6 s for messages older than an hour."""

POSITIONS_EVERY_EDITS = 6
"""Waiting jobs' places are looked up again after so many edit intervals: 30 s by default."""

BATCH = 500
"""More than one guild has at once: channels that have to wait must not fill a round."""

BUDGET_SECONDS = 3.0
MOST_BUDGET_SECONDS = 12.0
"""What a channel may cost a round; usual slow answers take 1 to 2 s. A channel that took longer
waits as a whole, and gets twice the time when it is tried again: a slow Discord is written to."""

LATE_EDIT_SECONDS = 60.0
"""Discord may still carry out an edit whose answer we did not wait for, for about so long."""

GONE_FOR = timedelta(minutes=30)
"""The last word about a job is tried so long in a channel we cannot see."""

NEWS_FOR = timedelta(hours=1)
"""An end longer ago pings nobody: there was a stop between it and its announcement."""


LONG_STOP = timedelta(hours=1)
"""After a stop as long as this what was old before is a backlog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPace:
    """How often one message is edited, and until when somebody is told."""

    edit_interval_seconds: float
    queue_ttl: timedelta
    """Jobs older than this ping nobody after a long stop."""

    @property
    def announce_for(self) -> timedelta:
        """The age up to which jobs are announced at all: a whole wait, and 4 h for the making."""
        return max(self.queue_ttl, timedelta(hours=24)) + timedelta(hours=4)


class StatusUpdater:
    """Keeps status messages true."""

    def __init__(
        self,
        *,
        writer: JobWriter,
        chat: Chat,
        estimates: Estimates,
        folders: Folders,
        locks: JobLocks,
        metrics: Metrics,
        pace: EditPace,
        away: timedelta,
    ) -> None:
        self._writer = writer
        self._database = writer.database
        self._clock = writer.clock
        self._chat = chat
        self._estimates = estimates
        self._folders = folders
        self._locks = locks
        self._metrics = metrics
        self._pace = pace
        self._was_long_away = away >= LONG_STOP
        # By the clock that never runs backwards: a host's time of day may be set.
        self._job_free_at: dict[JobId, float] = {}
        self._channel_free_at: dict[ChannelId, float] = {}
        self._failures: dict[JobId, int] = {}
        self._channel_failures: dict[ChannelId, int] = {}
        self._cut_off: dict[JobId, float] = {}
        """Until when a job's edit that was not waited for may yet be carried out."""
        self._positions_at = self._clock.monotonic()
        self._started_at = self._clock.now()
        self._unmoved: set[JobId] = set()
        """Jobs found to stand elsewhere than their message says, which is not edited yet."""

    async def run_once(self) -> float:
        """Show what is not shown yet; return seconds until something may be due."""
        now = self._clock.now()
        self._forget_old()
        await self._distrust_cut_off()
        async with self._database.read() as connection:
            unshown = await jobs.unshown(
                connection,
                # Whoever posted for an earlier process is gone with it.
                posted_before=max(
                    now - STATUS_MESSAGE_GRACE, self._started_at - timedelta.resolution
                ),
                limit=BATCH,
            )
        unshown += await self._moved(unshown)
        by_channel: dict[ChannelId, list[StatusView]] = defaultdict(list)
        for view in await self._estimates.views(unshown):
            by_channel[view.job.status_channel_id or view.job.channel_id].append(view)
        wait_seconds = await self._side_by_side(by_channel, self._show_all)
        return min(wait_seconds, await self._announce_all())

    async def _side_by_side(
        self,
        by_channel: Mapping[ChannelId, list[_T]],
        work: Callable[[list[_T]], Awaitable[float]],
    ) -> float:
        """Work on all channels at once, but for those that are to wait."""
        now = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._in_time(channel_id, partial(work, its)))
                for channel_id, its in by_channel.items()
                if channel_id not in self._channel_failures
                or self._channel_free_at.get(channel_id, now) <= now
            ]
        return min((task.result() for task in tasks), default=IDLE_SECONDS)

    async def _in_time(self, channel_id: ChannelId, work: Callable[[], Awaitable[float]]) -> float:
        """Work on one channel; where that takes too long the whole channel is to wait."""
        failures = self._channel_failures.get(channel_id, 0) + 1
        budget = backoff(failures, first_seconds=BUDGET_SECONDS, most_seconds=MOST_BUDGET_SECONDS)
        try:
            async with asyncio.timeout(budget.total_seconds()):
                wait_seconds = await work()
        except TimeoutError:
            wait = backoff(failures, first_seconds=5, most_seconds=60)
            self._channel_failures[channel_id] = failures
            self._channel_free_at[channel_id] = self._clock.monotonic() + wait.total_seconds()
            log.info("status_postponed", channel_id=channel_id, reason="no answer in time")
            return wait.total_seconds()
        self._channel_failures.pop(channel_id, None)
        return wait_seconds

    async def _show_all(self, views: list[StatusView]) -> float:
        """Bring a channel's messages up to date, one after the other."""
        waits = []
        for view in views:
            try:
                waits.append(await self._show(view))
            except StaleJobError:
                log.info("work_void", job_id=view.job.id, state=view.job.state.value)
            except DatabaseUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - one job's message must not stop the others
                await self._broken(view.job, error)
        return min(waits, default=IDLE_SECONDS)

    def _postpone(
        self, job: Job, reason: str, *, first_seconds: float = 2, most_seconds: float = 60
    ) -> float:
        failures = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        wait = backoff(failures, first_seconds=first_seconds, most_seconds=most_seconds)
        self._job_free_at[job.id] = self._clock.monotonic() + wait.total_seconds()
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
        now = self._clock.monotonic()
        is_due = now >= self._positions_at
        if is_due:
            self._positions_at = now + self._pace.edit_interval_seconds * POSITIONS_EVERY_EDITS
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
        now = self._clock.monotonic()
        digest = self._chat.digest(view)
        if job.status_message_id is not None and digest == job.shown_digest:
            await self._mark(job, digest)
            return IDLE_SECONDS
        channel_id = job.status_channel_id or job.channel_id
        job_free_at = self._job_free_at.get(job.id, now)
        free_at = max(job_free_at, self._channel_free_at.get(channel_id, now))
        if free_at > now:
            return free_at - now
        self._unmoved.discard(job.id)
        self._channel_free_at[channel_id] = now + CHANNEL_SPACING_SECONDS
        self._job_free_at[job.id] = now + self._pace.edit_interval_seconds
        async with self._locks.of(job.id):
            try:
                await self._write(view, digest)
            except ChatUnavailableError as error:
                return self._postpone(job, str(error))
            except DeliveryError as error:
                if isinstance(error, ChannelGoneError) and self._may_come_back(job):
                    # 15 min at most: a last word given up is still announced within NEWS_FOR.
                    return self._postpone(job, str(error), first_seconds=60, most_seconds=900)
                await self._closed(job, error)
        self._failures.pop(job.id, None)
        return IDLE_SECONDS

    async def _write(self, view: StatusView, digest: str) -> None:
        job = view.job
        # The deliverer may have taken the message over while this waited for the lock.
        current = await self._writer.read(job.id)
        if current is None or current.version != job.version:
            return
        if job.status_message_id is None:
            await self._post_missing(view, digest)
            return
        try:
            await self._chat.edit_status(view)
        except asyncio.CancelledError:
            # The budget ran out, and Discord may carry it out after the delivering edit.
            self._cut_off[job.id] = self._clock.monotonic() + LATE_EDIT_SECONDS
            raise
        self._metrics.status_edits.inc()
        await self._mark(job, digest)

    async def _distrust_cut_off(self) -> None:
        """Have messages written once more that a late edit may have overwritten."""
        now = self._clock.monotonic()
        for job_id in [job_id for job_id, until in self._cut_off.items() if until <= now]:
            job = await self._writer.read(job_id)
            if job and job.state is JobState.DELIVERING:
                continue  # its message is being written
            if job and job.shown_version >= job.version:
                await self._writer.patch(job_id, shown_version=job.version - 1, shown_digest=None)
            del self._cut_off[job_id]

    async def _post_missing(self, view: StatusView, digest: str) -> None:
        """Find the message an earlier process posted, or post it; an ended job needs none."""
        job = view.job
        now = self._clock.now()
        receipt, attempted_at = await find_previous_attempt(
            self._chat,
            job,
            job.channel_id,
            Purpose.STATUS,
            attempted_at=job.status_attempted_at or job.created_at,
            now=now,
        )
        found = receipt is not None
        if receipt is None:
            if job.is_terminal:
                await self._mark(job, None)
                return
            await self._writer.patch(job.id, status_attempted_at=attempted_at)
            receipt = await self._chat.post_status(view, preview=self._folders.preview(job))
        await self._writer.patch(
            job.id, status_channel_id=receipt.channel_id, status_message_id=receipt.message_id
        )
        log.info("status_recovered", job_id=job.id, found=found)
        if found:
            # Looking is no edit: the next message need not wait for it.
            self._channel_free_at.pop(job.channel_id, None)
            self._job_free_at.pop(job.id, None)
        else:
            await self._mark(job, digest)
        self._writer.changed(job)

    def _may_come_back(self, job: Job) -> bool:
        """Tell whether a channel out of our sight is worth waiting for."""
        if job.finished_at is None:
            return job.status_message_id is not None or job.state is not JobState.QUEUED
        # Where the video stands elsewhere, nothing is left to say here.
        is_elsewhere = job.delivered_message_id not in {None, job.status_message_id}
        return not is_elsewhere and self._clock.now() - job.finished_at < GONE_FOR

    async def _closed(self, job: Job, error: DeliveryError) -> None:
        """Stop writing to a message that is gone; the job goes on."""
        log.info("status_message_gone", job_id=job.id, code=error.code)
        if job.status_message_id is None and job.state is JobState.QUEUED:
            await self._writer.advance(
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
            await self._writer.patch(job.id, status_gone_at=self._clock.now())
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
        by_channel: dict[ChannelId, list[Job]] = defaultdict(list)
        for job in ended:
            by_channel[_place(job)].append(job)
        return await self._side_by_side(by_channel, self._announce_next)

    async def _announce_next(self, ended: list[Job]) -> float:
        """Announce one end in a channel, which is what a budget is for, and settle silent ones."""
        for job in ended:
            try:
                if await self._announce(job):
                    break
            except BotError:
                raise
            except Exception:
                # One job's end must not stop the others.
                log.exception("announcement_broken", job_id=job.id)
                self._metrics.loop_failures.labels(loop="status board").inc()
                await self._writer.patch(job.id, announced_at=self._clock.now())
        return IDLE_SECONDS

    async def _announce(self, job: Job) -> bool:
        """Tell the requester where that is due; return whether Discord was asked to."""
        now = self._clock.now()
        async with self._database.read() as connection:
            guild = await guilds.get(connection, job.guild_id)
        if not self._is_worth_telling(job, guild.notify, now):
            await self._writer.patch(job.id, announced_at=now)
            return False
        free_at = self._job_free_at.get(job.id)
        if job.id in self._failures and free_at is not None and free_at > self._clock.monotonic():
            return False
        try:
            attempted_at = await self._attempt_at(job, guild.notify, now)
            if attempted_at is not None:
                await self._writer.patch(job.id, announce_attempted_at=attempted_at)
                await self._chat.announce(StatusView(job=job), guild.notify)
                await self._show_after_all(job)
        except ChatUnavailableError as error:
            self._postpone(job, str(error))
            return True
        except DeliveryError as error:
            log.info("announcement_refused", job_id=job.id, code=error.code)
        self._failures.pop(job.id, None)
        await self._writer.patch(job.id, announced_at=now)
        return True

    async def _attempt_at(self, job: Job, notify: Notify, now: datetime) -> datetime | None:
        """Return the moment to store with an attempt; None where one before this one succeeded."""
        attempted_at = job.announce_attempted_at
        if attempted_at is None:
            return now
        in_dm = notify is Notify.DM
        place = await self._chat.open_dm(job.requester_id) if in_dm else _place(job)
        found, attempted_at = await find_previous_attempt(
            self._chat, job, place, Purpose.ANNOUNCEMENT, attempted_at=attempted_at, now=now
        )
        return None if found is not None else attempted_at

    async def _show_after_all(self, job: Job) -> None:
        """Try a refused last word once more: the announcement opened an archived thread again."""
        was_refused = job.shown_digest is None and job.shown_version >= job.version
        if was_refused and job.status_message_id is not None and job.status_gone_at is None:
            await self._writer.patch(job.id, shown_version=job.version - 1)

    def _is_worth_telling(self, job: Job, notify: Notify, now: datetime) -> bool:
        age = now - job.created_at
        is_backlog = self._was_long_away and job.created_at < self._started_at
        is_old = age > (self._pace.queue_ttl if is_backlog else self._pace.announce_for)
        if notify is Notify.NONE or is_old or now - (job.finished_at or now) > NEWS_FOR:
            return False
        if job.delivered_channel_id not in {None, job.channel_id}:
            return False  # a video in the direct messages has told it
        # Who cancelled knows it.
        return not (job.state is JobState.CANCELLED and job.cancel_requested_by == job.requester_id)

    def _forget_old(self) -> None:
        now = self._clock.monotonic()
        for table in (self._job_free_at, self._channel_free_at):
            for key in [key for key, free_at in table.items() if free_at < now]:
                del table[key]  # type: ignore[arg-type]  # the key comes from the same table


def _place(job: Job) -> ChannelId:
    """Return where ``Chat.announce`` puts it, unless it is a direct message."""
    return job.delivered_channel_id or job.status_channel_id or job.channel_id
