"""Finds jobs for whoever may see them: members their own, moderators their guild's."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.errors import (
    InvalidOptionsError,
    JobNotFoundError,
)
from bot.domain.ids import GuildId, JobId, MessageId, UserId, parse_job_id
from bot.domain.jobs.denials import OriginalGoneError, OriginalTooLargeError
from bot.domain.jobs.files import RESULT, SHRUNK, FileKey, key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import ACTIVE, JobState
from bot.domain.jobs.status import StatusView
from bot.domain.people import Requester
from bot.domain.ports import Files, LocalFile
from bot.domain.problems import OptionProblem
from bot.services.jobs.estimates import Estimates
from bot.storage import jobs
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownJob:
    """A job as its people may see it."""

    view: StatusView
    video: LocalFile | None
    """The file of a video that could not be posted, where it fits the answer."""
    is_too_large: bool
    """Whether there is such a file, and it does not fit."""


class JobLookup:
    """Reads jobs by id and in lists."""

    def __init__(self, database: Database, estimates: Estimates, files: Files) -> None:
        self._database = database
        self._estimates = estimates
        self._files = files

    async def find(self, asked: str, requester: Requester) -> Job:
        """Return a job the requester may see.

        Raises:
            JobNotFoundError: there is none, or it is somebody else's: the answer is the same.
        """
        job_id = parse_job_id(asked)
        job = None if job_id is None else await self._read(job_id, requester)
        if job is None:
            raise JobNotFoundError(asked)
        return job

    async def of_guild(self, job_id: JobId, requester: Requester) -> Job:
        """Return a job of the guild somebody is in, whoever asked for it.

        Raises:
            JobNotFoundError: there is none: one of another guild is answered alike.
        """
        if requester.guild_id is None:
            raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
        async with self._database.read() as connection:
            job = await jobs.get_in_guild(connection, job_id, requester.guild_id)
        if job is None:
            raise JobNotFoundError(job_id)
        return job

    async def _read(self, job_id: JobId, requester: Requester) -> Job | None:
        async with self._database.read() as connection:
            if requester.guild_id is None:
                return await jobs.get_of_requester(connection, job_id, requester.user_id)
            job = await jobs.get_in_guild(connection, job_id, requester.guild_id)
        if job is None or requester.may_moderate or job.requester.user_id == requester.user_id:
            return job
        return None

    async def shown_on(self, job_id: JobId, guild_id: GuildId, message_id: MessageId) -> Job | None:
        """Return a guild's job whose status or video a message is; whoever sees it may know."""
        async with self._database.read() as connection:
            job = await jobs.get_in_guild(connection, job_id, guild_id)
        if job is None:
            return None
        shown = {job.messages.status_message_id, job.messages.delivered_message_id}
        return job if message_id in shown else None

    @asynccontextmanager
    async def show(
        self, asked: str, requester: Requester, *, limit_bytes: int
    ) -> AsyncIterator[ShownJob]:
        """Lend a job with its position and estimate, and its video where it waits for that.

        Args:
            asked: the job's id as it was typed.
            requester: who asks.
            limit_bytes: the largest file the answer takes.

        Raises:
            JobNotFoundError: see ``find``.
        """
        job = await self.find(asked, requester)
        view = await self._estimates.view(job)
        sizes = await self._collectable(job)
        key = next((key for key, size in sizes.items() if size <= limit_bytes), None)
        if key is None:
            yield ShownJob(view=view, video=None, is_too_large=bool(sizes))
            return
        async with self._files.lend(key) as video:
            yield ShownJob(view=view, video=video, is_too_large=False)

    async def several(self, job_ids: Sequence[JobId], requester: Requester) -> list[Job]:
        """Return those of some jobs that somebody asked for in the guild they are in."""
        if requester.guild_id is None or not job_ids:
            return []
        async with self._database.read() as connection:
            found = await jobs.get_several(connection, job_ids, requester.guild_id)
        return [job for job in found if job.requester.user_id == requester.user_id]

    @asynccontextmanager
    async def original(
        self, job_id: JobId, requester: Requester, *, limit_bytes: int
    ) -> AsyncIterator[tuple[Job, LocalFile]]:
        """Lend a video as the provider made it, to anybody in its guild.

        Args:
            job_id: whose.
            requester: who asks.
            limit_bytes: the largest file the answer takes.

        Raises:
            JobNotFoundError: see ``of_guild``.
            OriginalGoneError: it is not kept any more.
            OriginalTooLargeError: the answer does not take it.
        """
        job = await self.of_guild(job_id, requester)
        key = key_of(job.id, RESULT)
        if job.times.forgotten_at is not None:
            raise OriginalGoneError(job.id)
        try:
            size_bytes = await self._files.size(key)
        except FileNotFoundError as error:
            raise OriginalGoneError(job.id) from error
        if size_bytes > limit_bytes:
            raise OriginalTooLargeError(actual_bytes=size_bytes, limit_bytes=limit_bytes)
        async with self._files.lend(key) as video:
            yield job, video

    async def list_jobs(
        self,
        requester: Requester,
        *,
        member_id: UserId | None = None,
        states: frozenset[JobState] = frozenset(),
        limit: int = 15,
    ) -> list[Job]:
        """Return jobs the requester may see, newest first."""
        whose = requester.user_id
        if member_id is not None and requester.may_moderate and requester.guild_id is not None:
            whose = member_id
        async with self._database.read() as connection:
            return await jobs.newest(
                connection,
                guild_id=requester.guild_id,
                requester_id=whose,
                states=states,
                limit=limit,
            )

    async def active(self, guild_id: GuildId) -> list[Job]:
        """Return a guild's jobs that are not over, oldest first."""
        async with self._database.read() as connection:
            return await jobs.in_states(connection, ACTIVE, guild_id=guild_id)

    async def _collectable(self, job: Job) -> dict[FileKey, int]:
        """Return the keys and sizes of a video that could not be posted, the best first.

        Of one that no decoder reads there is what the provider handed out.
        """
        if job.times.forgotten_at is not None:
            return {}
        names: tuple[str, ...] = ()
        if job.state is JobState.UNDELIVERABLE:
            names = (job.video.file_name or RESULT, SHRUNK, RESULT)
        elif job.is_terminal and job.failure.operator_loss:
            names = (RESULT,)
        sizes = {}
        for key in (key_of(job.id, name) for name in names):
            with contextlib.suppress(OSError):
                sizes[key] = await self._files.size(key)
        return sizes
