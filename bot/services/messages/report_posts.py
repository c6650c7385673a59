"""Tells moderators in the log channel what was reported: at once, else by a loop.

A job has one message: further reports are counted in it. The attempt is committed before the
message is posted, and looked for before it is posted again. Where the channel's history may not be
read, a report that stands there twice is worth more than one that is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.errors import (
    ChatUnavailableError,
    DeliveryError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.guilds.reports import MAX_POSTS, Report, ReportPost, is_deleted
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.delivery import Receipt, upload_limit_bytes
from bot.domain.jobs.files import RESULT, SHRUNK, FileKey, key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.status import Purpose
from bot.domain.people import Person
from bot.domain.ports import Chat, Clock, Files
from bot.logs import get_logger
from bot.services.jobs.previous_attempt import find_previous_attempt
from bot.services.jobs.status_messages import StatusMessages
from bot.storage import guilds, jobs, moderation, reports
from bot.storage.engine import Database

log = get_logger(__name__)

IDLE_SECONDS = 5.0
BATCH = 5
"""Jobs told at the same time: one whose channel is slow keeps no more than a round waiting."""

POST_SECONDS = 45
SLOWEST_BYTES_PER_SECOND = 512 * 1024
"""A message may take so long, and longer by its files at this rate; it is then tried again."""

FIRST_WAIT = timedelta(seconds=5)
MOST_WAIT = timedelta(minutes=15)
"""A report is tried again when it is twice as old, and no later than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A job with reports that are to be told."""

    job: Job
    guild: Guild
    reports: Sequence[Report]
    """All of the job, told or not."""
    posts: Sequence[Receipt]
    """The messages about it, the newest last."""
    is_blocked: bool

    @property
    def due(self) -> list[Report]:
        """Return those that are to be told."""
        return [report for report in self.reports if report.due_at is not None]

    @property
    def attempted_at(self) -> datetime | None:
        """When the message was attempted first, of which nobody saw the answer."""
        return min(
            (report.attempted_at for report in self.due if report.attempted_at), default=None
        )

    def post_in(self, channel_id: ChannelId) -> ReportPost:
        """Return what moderators are to read in their log channel."""
        return ReportPost(
            job=self.job,
            channel_id=channel_id,
            reporters=tuple(
                Person(user_id=report.user_id, name=report.user_name)
                for report in self.reports
                if report.due_at is not None or report.message_id is not None
            ),
            number=len(self.posts) + 1,
            shows_prompt=self.guild.show_prompts,
            is_blocked=self.is_blocked,
        )


class ReportPosts:
    """The one writer of reports: it posts them, and counts in them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        chat: Chat,
        files: Files,
        messages: StatusMessages,
        *,
        upload_limit_mib: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._chat = chat
        self._files = files
        self._upload_limit_mib = upload_limit_mib
        self._messages = messages

    async def run_once(self) -> float:
        """Tell what is due; return seconds until more may be."""
        async with self._database.read() as connection:
            due = await reports.due_jobs(connection, self._clock.now(), limit=BATCH)
        async with asyncio.TaskGroup() as group:
            for job_id in due:
                group.create_task(self.tell(job_id))
        return 0.0 if len(due) == BATCH else IDLE_SECONDS

    async def tell(self, job_id: JobId) -> None:
        """Tell what is due of a job, or store when that is tried again."""
        # A job that is deleted meanwhile finds the message, or the message does not come to be.
        async with self._messages.writing(job_id):
            opened = await self._read(job_id)
            if not opened.due:
                return
            try:
                receipt = await self._tell(opened)
            except (ChatUnavailableError, OSError) as error:
                # Files may be erased while they are sent: the next try goes without them.
                await self._postpone(job_id, opened, error)
                return
            except DeliveryError as error:
                log.warning("report_refused", job_id=job_id, code=error.code, reason=str(error))
                receipt = None
            except Exception:
                # One report that cannot be drawn must stop neither the others nor the process.
                log.exception("report_broken", job_id=job_id)
                receipt = None
            await self._settle(job_id, opened, receipt)

    async def _read(self, job_id: JobId) -> _Open:
        async with self._database.read() as connection:
            all_of_job = await reports.of_job(connection, job_id)
            job = await jobs.get(connection, job_id)
            if job is None:
                raise LookupError(job_id)
            return _Open(
                job=job,
                guild=await guilds.get(connection, job.guild_id),
                reports=all_of_job,
                posts=await reports.messages_of(connection, job_id),
                is_blocked=await moderation.is_blocked(
                    connection, job.guild_id, job.requester.user_id
                ),
            )

    async def _tell(self, opened: _Open) -> Receipt | None:
        """Count a report in the message that stands, else post one; None where nobody reads it."""
        channel_id = opened.guild.log_channel_id
        if channel_id is None:
            return None
        if is_deleted(opened.job):
            await self._take_back(opened, channel_id)
            return None
        post = opened.post_in(channel_id)
        standing = next(
            (sent for sent in reversed(opened.posts) if sent.channel_id == channel_id), None
        )
        if standing is not None and await self._count(post, standing):
            return standing
        if len(opened.posts) >= MAX_POSTS:
            return opened.posts[-1]
        receipt = await self._post(post, opened)
        log.info("report_posted", job_id=post.job.id, guild_id=post.job.guild_id)
        return receipt

    async def _take_back(self, opened: _Open, channel_id: ChannelId) -> None:
        """Delete what an attempt may have left of a job that was deleted since."""
        if opened.attempted_at is not None:
            found, _ = await self._find(opened.job, channel_id, opened.attempted_at)
            if found is not None:
                async with self._patience(POST_SECONDS):
                    await self._chat.delete_message(found)

    async def _count(self, post: ReportPost, standing: Receipt) -> bool:
        """Let a message say who has reported the job; return False where it is gone."""
        try:
            async with self._patience(POST_SECONDS):
                await self._chat.count_reports(post, standing)
        except MessageGoneError:
            return False
        return True

    async def _post(self, post: ReportPost, opened: _Open) -> Receipt:
        again_at = self._clock.now()
        if opened.attempted_at is not None:
            found, again_at = await self._find(post.job, post.channel_id, opened.attempted_at)
            if found is not None and found not in opened.posts:
                if len(post.reporters) > 1:  # it may know of the first alone
                    await self._count(post, found)
                return found
        async with self._database.write() as connection:
            await reports.mark_attempted(connection, post.job.id, again_at)
        everything = await self._files_of(post.job)
        pictures = [(key, size) for key, size in everything if not key.endswith(".mp4")]
        # The same files twice where there is no video, and none where there is nothing at all.
        for chosen in filter(None, (everything, pictures if pictures != everything else [])):
            try:
                return await self._send(post, chosen)
            except (UploadTooLargeError, MissingAccessError) as error:
                # Without its files it may still be taken: the link shows where the video is.
                log.warning("report_files_refused", job_id=post.job.id, code=error.code)
        return await self._send(post, [])

    async def _find(
        self, job: Job, channel_id: ChannelId, attempted_at: datetime
    ) -> tuple[Receipt | None, datetime]:
        """Return what an earlier attempt may have left, and the moment to store with another."""
        try:
            async with self._patience(POST_SECONDS):
                return await find_previous_attempt(
                    self._chat,
                    job,
                    channel_id,
                    Purpose.REPORT,
                    attempted_at=attempted_at,
                    now=self._clock.now(),
                )
        except MissingAccessError:
            return None, attempted_at

    async def _send(self, post: ReportPost, chosen: Sequence[tuple[FileKey, int]]) -> Receipt:
        size = sum(size for _, size in chosen)
        async with AsyncExitStack() as lent:
            files = [await lent.enter_async_context(self._files.lend(key)) for key, _ in chosen]
            async with self._patience(POST_SECONDS + size / SLOWEST_BYTES_PER_SECOND):
                return await self._chat.post_report(post, files)

    @asynccontextmanager
    async def _patience(self, seconds: float) -> AsyncIterator[None]:
        """Give Discord so long.

        Raises:
            ChatUnavailableError: there was no answer by then.
        """
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise ChatUnavailableError("no answer in time") from error

    async def _files_of(self, job: Job) -> list[tuple[FileKey, int]]:
        """Return the keys and sizes of a job's pictures and video, as far as Discord takes them."""
        limit = upload_limit_bytes(
            premium_tier=job.origin.premium_tier, base_limit_mib=self._upload_limit_mib
        )
        found = [await self._sized(key_of(job.id, picture.file_name)) for picture in job.pictures]
        for name in (job.video.file_name or RESULT, SHRUNK):
            video = await self._sized(key_of(job.id, name))
            if video is not None and video[1] <= limit:
                found.append(video)
                break
        return [file for file in found if file is not None and file[1] <= limit]

    async def _sized(self, key: FileKey) -> tuple[FileKey, int] | None:
        try:
            return key, await self._files.size(key)
        except OSError:
            return None  # erased, or the disk is in trouble: the report goes without it

    async def _postpone(self, job_id: JobId, opened: _Open, error: Exception) -> None:
        now = self._clock.now()
        age = now - min(report.at for report in opened.due)
        wait = max(FIRST_WAIT, min(age, MOST_WAIT))
        log.warning(
            "report_postponed",
            job_id=job_id,
            seconds=wait.total_seconds(),
            reason=type(error).__name__,
        )
        async with self._database.write() as connection:
            await reports.postpone(connection, job_id, now + wait)

    async def _settle(self, job_id: JobId, opened: _Open, receipt: Receipt | None) -> None:
        users = [report.user_id for report in opened.due]
        async with self._database.write() as connection:
            await reports.settle(connection, job_id, users, receipt, now=self._clock.now())
