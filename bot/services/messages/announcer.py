"""Tells requesters that their jobs are over, once, and nobody of what is old news."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from bot.domain.errors import BotError, ChatUnavailableError, DeliveryError
from bot.domain.guilds.settings import Notify
from bot.domain.ids import ChannelId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Purpose, StatusView
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.jobs.previous_attempt import find_previous_attempt
from bot.services.jobs.writer import JobWriter
from bot.services.messages.channel_pace import IDLE_SECONDS, ChannelPace
from bot.storage import guilds, job_messages
from bot.storage.engine import Database

log = get_logger(__name__)

BATCH = 500
"""More than one guild has at once: channels that have to wait must not fill a round."""

MOST_OF_A_GUILD = 50
"""Of a batch: ends that cannot be told in one guild keep no other one waiting."""

NEWS_FOR = timedelta(hours=1)
"""An end longer ago pings nobody: there was a stop between it and its announcement."""

LONG_STOP = timedelta(hours=1)
"""After a stop as long as this what was old before is a backlog."""

MAKING_TIME = timedelta(hours=4)
"""What a job may take beyond its wait and still be news."""


class Announcer:
    """Announces ends, by reply or direct message, as each guild wants it."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        chat: Chat,
        channels: ChannelPace,
        metrics: Metrics,
        queue_ttl: timedelta,
        away: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._chat = chat
        self._channels = channels
        self._metrics = metrics
        self._queue_ttl = queue_ttl
        """Jobs older than this ping nobody after a long stop."""
        self._announce_for = max(queue_ttl, timedelta(hours=24)) + MAKING_TIME
        """The age up to which jobs are announced at all: a whole wait, and the making."""
        self._was_long_away = away >= LONG_STOP
        self._started_at = clock.now()

    async def run_once(self) -> float:
        """Announce what ended; return seconds until something may be due."""
        async with self._database.read() as connection:
            ended = await job_messages.unannounced(
                connection,
                but_not=self._channels.postponed(),
                a_guild_at_most=MOST_OF_A_GUILD,
                limit=BATCH,
            )
        by_channel: dict[ChannelId, list[Job]] = defaultdict(list)
        for job in ended:
            by_channel[job.message_place[0]].append(job)
        return await self._channels.side_by_side(by_channel, self._announce_next)

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
                self._metrics.loop_failures.labels(loop="announcer").inc()
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
        if self._channels.is_postponed(job):
            return False
        try:
            attempted_at = await self._attempt_at(job, guild.notify, now)
            if attempted_at is not None:
                await self._writer.patch(job.id, announce_attempted_at=attempted_at)
                await self._chat.announce(StatusView(job=job), guild.notify)
                await self._show_after_all(job)
        except ChatUnavailableError as error:
            self._channels.postpone(job, str(error))
            return True
        except DeliveryError as error:
            log.info("announcement_refused", job_id=job.id, code=error.code)
        self._channels.succeeded(job)
        await self._writer.patch(job.id, announced_at=now)
        return True

    async def _attempt_at(self, job: Job, notify: Notify, now: datetime) -> datetime | None:
        """Return the moment to store with an attempt; None where one before this one succeeded."""
        attempted_at = job.messages.announce_attempted_at
        if attempted_at is None:
            return now
        in_dm = notify is Notify.DM
        place = await self._chat.open_dm(job.requester.user_id) if in_dm else job.message_place[0]
        found, attempted_at = await find_previous_attempt(
            self._chat, job, place, Purpose.ANNOUNCEMENT, attempted_at=attempted_at, now=now
        )
        return None if found is not None else attempted_at

    async def _show_after_all(self, job: Job) -> None:
        """Try a refused last word once more: the announcement opened an archived thread again."""
        was_refused = (
            job.messages.shown_digest is None and job.messages.shown_version >= job.version
        )
        if (
            was_refused
            and job.messages.status_message_id is not None
            and job.messages.status_gone_at is None
        ):
            await self._writer.patch(job.id, shown_version=job.version - 1)

    def _is_worth_telling(self, job: Job, notify: Notify, now: datetime) -> bool:
        age = now - job.times.created_at
        is_backlog = self._was_long_away and job.times.created_at < self._started_at
        is_old = age > (self._queue_ttl if is_backlog else self._announce_for)
        if notify is Notify.NONE or is_old or now - (job.times.finished_at or now) > NEWS_FOR:
            return False
        if job.messages.delivered_channel_id not in {None, job.origin.channel_id}:
            return False  # a video in the direct messages has told it
        # Who cancelled knows it.
        return not (
            job.state is JobState.CANCELLED
            and job.cancellation.requested_by == job.requester.user_id
        )
