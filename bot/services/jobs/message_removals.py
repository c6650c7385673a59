"""Takes the messages of erased jobs out of Discord, at once and until it succeeds.

That they are to go is committed with the erasure, before the first DELETE; so a process that ends
in between leaves the rest to the loop of the next one.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.domain.errors import DeliveryError
from bot.domain.ids import ChannelId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.ports import Chat, Clock
from bot.logs import get_logger
from bot.services.jobs.status_messages import StatusMessages
from bot.services.jobs.writer import JobWriter
from bot.storage import job_messages, reports
from bot.storage.engine import Database

log = get_logger(__name__)

BATCH = 20
"""Jobs at a time; each waits for nobody but Discord."""
IDLE_SECONDS = 10.0
ANSWER_SECONDS = 10.0
FIRST_WAIT = timedelta(minutes=1)
MOST_WAIT = timedelta(days=1)
TRIED_FOR = timedelta(days=30)
"""What Discord refused for so long it will go on to refuse: the bot is shut out there."""


class MessageRemovals:
    """Deletes a job's status message, its video where that stands elsewhere, and its reports."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        chat: Chat,
        messages: StatusMessages,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._chat = chat
        self._messages = messages

    async def run_once(self) -> float:
        """Try again what was refused; return seconds until more may be due."""
        async with self._database.read() as connection:
            due = await job_messages.to_remove(connection, self._clock.now(), limit=BATCH)
        async with asyncio.TaskGroup() as group:
            for job in due:
                group.create_task(self.remove(job))
        return 0.0 if len(due) == BATCH else IDLE_SECONDS

    async def remove(self, job: Job) -> tuple[ChannelId, ...]:
        """Delete every message of a job whose content was erased.

        Returns:
            The channels in which one is left, to be tried again.
        """
        left: dict[ChannelId, str] = {}
        async with self._messages.writing(job.id):
            async with self._database.read() as connection:
                places = {*_places_of(job), *await reports.messages_of(connection, job.id)}
            for place in sorted(places, key=lambda place: place.message_id):
                try:
                    async with asyncio.timeout(ANSWER_SECONDS):
                        await self._chat.delete_message(place)
                except (DeliveryError, TimeoutError) as error:
                    left[place.channel_id] = getattr(error, "code", "no_answer")
            now = self._clock.now()
            if left:
                await self._writer.patch(job.id, removal_due_at=self._next_try(job, left, now))
            else:
                await self._writer.patch(
                    job.id, removal_due_at=None, status_gone_at=job.messages.status_gone_at or now
                )
                log.info("messages_removed", job_id=job.id, messages=len(places))
        return tuple(left)

    def _next_try(self, job: Job, left: dict[ChannelId, str], now: datetime) -> datetime | None:
        """Return when to try again: after as long as it was tried; None after too long."""
        age = now - (job.messages.removal_requested_at or now)
        wait = min(max(age, FIRST_WAIT), MOST_WAIT)
        facts = {"job_id": job.id, "channels": list(left), "reasons": sorted(set(left.values()))}
        if age >= TRIED_FOR:
            log.error("removal_given_up", **facts)
            return None
        log.warning("removal_postponed", seconds=wait.total_seconds(), **facts)
        return now + wait


def _places_of(job: Job) -> set[Receipt]:
    """Return where a job's own messages stand, or stood."""
    shown = job.messages
    places = set()
    if shown.status_message_id is not None:
        places.add(Receipt(channel_id=job.current_channel_id, message_id=shown.status_message_id))
    if shown.delivered_message_id is not None and shown.delivered_channel_id is not None:
        places.add(
            Receipt(channel_id=shown.delivered_channel_id, message_id=shown.delivered_message_id)
        )
    return places
