"""Keeps status messages true until the video is delivered: which to edit, and how often.

A loop over ``shown_version < version``: a crash loses no final word. Edits are coalesced (only
the newest state is shown), spaced per message and per channel, and an equal text is not sent.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    DatabaseUnavailableError,
    DeliveryError,
)
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.deadlines import STATUS_MESSAGE_GRACE
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Drawing, StatusView
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.outcomes import unless_stale
from bot.services.jobs.status_messages import StatusMessages
from bot.services.messages.announcer import Announcer
from bot.services.messages.channel_pace import IDLE_SECONDS, ChannelPace
from bot.storage import job_messages
from bot.storage.engine import Database

log = get_logger(__name__)

POSITIONS_EVERY_EDITS = 6
"""Waiting jobs' places are looked up again after so many edit intervals: 30 s by default."""

BATCH = 500
"""More than one guild has at once: channels that have to wait must not fill a round."""
MOST_OF_A_GUILD = 50
"""Of a batch: a guild whose messages are many, or slow to write, keeps no other one waiting."""
MOST_WAITING_OF_A_GUILD = 100
"""Whose positions are looked up: as many as a guild may have waiting by default."""

GONE_FOR = timedelta(minutes=30)
"""The last word about a job is tried so long in a channel we cannot see."""


class StatusUpdater:
    """Finds the messages that are not true any more, and has them written."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        chat: Chat,
        estimates: Estimates,
        messages: StatusMessages,
        announcer: Announcer,
        channels: ChannelPace,
        metrics: Metrics,
        edit_interval_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._chat = chat
        self._estimates = estimates
        self._messages = messages
        self._announcer = announcer
        self._channels = channels
        self._metrics = metrics
        self._positions_every_seconds = edit_interval_seconds * POSITIONS_EVERY_EDITS
        # By the clock that never runs backwards: a host's time of day may be set.
        self._positions_at = clock.monotonic()
        self._started_at = clock.now()
        self._unmoved: set[JobId] = set()
        """Jobs found to stand elsewhere than their message says, which is not edited yet."""

    async def run_once(self) -> float:
        """Show what is not shown yet, then announce; return seconds until something may be due."""
        now = self._clock.now()
        self._channels.forget_old()
        await self._messages.distrust_cut_off()
        async with self._database.read() as connection:
            unshown = await job_messages.unshown(
                connection,
                # Whoever posted for an earlier process is gone with it.
                posted_before=max(
                    now - STATUS_MESSAGE_GRACE, self._started_at - timedelta.resolution
                ),
                but_not=self._channels.postponed(),
                a_guild_at_most=MOST_OF_A_GUILD,
                limit=BATCH,
            )
        unshown += await self._moved(unshown)
        by_channel: dict[ChannelId, list[StatusView]] = defaultdict(list)
        for view in await self._estimates.views(unshown):
            by_channel[view.job.current_channel_id].append(view)
        wait_seconds = await self._channels.side_by_side(by_channel, self._show_all)
        return min(wait_seconds, await self._announcer.run_once())

    async def _show_all(self, views: list[StatusView]) -> float:
        """Bring a channel's messages up to date, one after the other."""
        waits = []
        for view in views:
            try:
                async with unless_stale(view.job):
                    waits.append(await self._show(view))
            except DatabaseUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - one job's message must not stop the others
                await self._broken(view.job, error)
        return min(waits, default=IDLE_SECONDS)

    async def _broken(self, job: Job, error: Exception) -> None:
        """Leave a message as it is that cannot be drawn or sent; the next change tries again."""
        log.error("status_broken", job_id=job.id, exc_info=error)
        self._metrics.loop_failures.labels(loop="status updater").inc()
        await self._messages.mark_shown(job, None)

    async def _moved(self, already: list[Job]) -> list[Job]:
        """Return waiting jobs whose message shows another place than they have.

        They are looked up every so often; those whose channel was busy then follow in later rounds.
        """
        now = self._clock.monotonic()
        is_due = now >= self._positions_at
        if is_due:
            self._positions_at = now + self._positions_every_seconds
        elif not self._unmoved:
            return []
        seen = {job.id for job in already}
        async with self._database.read() as connection:
            waiting = await job_messages.waiting_and_shown(
                connection, a_guild_at_most=MOST_WAITING_OF_A_GUILD, limit=BATCH
            )
        views = await self._estimates.views(
            [job for job in waiting if job.id not in seen and (is_due or job.id in self._unmoved)]
        )
        moved = [
            view.job
            for view in views
            if self._chat.draw(view).digest != view.job.messages.shown_digest
        ]
        self._unmoved = {job.id for job in moved}
        return moved

    async def _show(self, view: StatusView) -> float:
        """Bring one message up to date; return seconds until it may be tried again."""
        job = view.job
        drawing = self._chat.draw(view)
        shown = job.messages
        if shown.status_message_id is not None and drawing.digest == shown.shown_digest:
            await self._messages.mark_shown(job, drawing.digest)
            return IDLE_SECONDS
        wait_seconds = max(self._channels.wait_seconds(job), self._messages.wait_seconds(job))
        if wait_seconds > 0:
            return wait_seconds
        self._unmoved.discard(job.id)
        self._channels.begin_edit(job)
        try:
            await self._write(job, drawing)
        except ChatUnavailableError as error:
            return self._channels.postpone(job, str(error))
        except DeliveryError as error:
            if isinstance(error, ChannelGoneError) and self._may_come_back(job):
                # 15 min at most: a last word given up is still announced as long as it is news.
                return self._channels.postpone(job, str(error), first_seconds=60, most_seconds=900)
            await self._messages.give_up(job, error)
        self._channels.succeeded(job)
        return IDLE_SECONDS

    async def _write(self, job: Job, drawing: Drawing) -> None:
        if job.messages.status_message_id is None:
            if await self._messages.post_missing(job, drawing):
                self._channels.was_no_edit(job)
        elif await self._messages.edit(job, drawing):
            self._metrics.status_edits.inc()

    def _may_come_back(self, job: Job) -> bool:
        """Tell whether a channel out of our sight is worth waiting for."""
        if job.times.finished_at is None:
            return job.messages.status_message_id is not None or job.state is not JobState.QUEUED
        # Where the video stands elsewhere, nothing is left to say here.
        is_elsewhere = job.messages.delivered_message_id not in {
            None,
            job.messages.status_message_id,
        }
        return not is_elsewhere and self._clock.now() - job.times.finished_at < GONE_FOR
