"""Members report a video, and moderators act on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.errors import InvalidOptionsError, JobNotFoundError
from bot.domain.guilds.reports import (
    MAX_REPORTS_A_DAY,
    JobDeletedError,
    NoLogChannelError,
    Report,
    ReportedJob,
    ReportOutcome,
    TooManyReportsError,
    is_deleted,
)
from bot.domain.ids import GuildId, JobId
from bot.domain.people import Requester
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem
from bot.services.intake.lookup import JobLookup
from bot.services.messages.report_posts import ReportPosts
from bot.storage import guilds, jobs, moderation, reports
from bot.storage.engine import Connection, Database


class Reports:
    """What the Report button, its menu and the moderators' buttons do."""

    def __init__(
        self, database: Database, clock: Clock, posts: ReportPosts, lookup: JobLookup
    ) -> None:
        self._database = database
        self._clock = clock
        self._posts = posts
        self._lookup = lookup

    async def report(self, job_id: JobId, requester: Requester) -> ReportOutcome:
        """Tell the moderators of a job, once for each member.

        The report is committed first: where Discord cannot be reached now, it is told later.
        Blocked members may report as well: a block is about making videos.

        Raises:
            JobNotFoundError: the guild has no such job.
            JobDeletedError: there is nothing left of it.
            NoLogChannelError: the moderators have no channel to read it in.
            TooManyReportsError: the member has reported too much today.
        """
        guild_id = requester.guild_id
        if guild_id is None:
            raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
        async with self._database.write() as connection:
            guild = await guilds.lock(connection, guild_id)
            job = await jobs.get_in_guild(connection, job_id, guild_id)
            if job is None:
                raise JobNotFoundError(job_id)
            if is_deleted(job):
                raise JobDeletedError(job_id)
            if guild.log_channel_id is None:
                raise NoLogChannelError
            if not await self._is_new(connection, job_id, guild_id, requester):
                return ReportOutcome.KNOWN
        await self._posts.tell(job_id)
        async with self._database.read() as connection:
            report = await reports.get(connection, job_id, requester.user_id)
        return ReportOutcome.WAITING if report is None else report.outcome

    async def _is_new(
        self, connection: Connection, job_id: JobId, guild_id: GuildId, requester: Requester
    ) -> bool:
        """Store a report unless it is there; return whether it is to be told."""
        now = self._clock.now()
        known = await reports.get(connection, job_id, requester.user_id)
        if known is not None:
            if known.may_be_repeated(now):
                await reports.revive(connection, job_id, requester.user_id, now)
                return True
            return False
        await self._require_few(connection, guild_id, requester, now)
        return await reports.add(
            connection,
            Report(
                job_id=job_id,
                user_id=requester.user_id,
                guild_id=guild_id,
                user_name=requester.name,
                at=now,
                due_at=now,
            ),
        )

    async def _require_few(
        self, connection: Connection, guild_id: GuildId, requester: Requester, now: datetime
    ) -> None:
        yesterday = now - timedelta(days=1)
        count = await reports.count_since(connection, guild_id, requester.user_id, yesterday)
        if count >= MAX_REPORTS_A_DAY:
            raise TooManyReportsError(limit=MAX_REPORTS_A_DAY)

    async def reported(self, job_id: JobId, moderator: Requester) -> ReportedJob:
        """Return a reported job as it is now.

        Raises:
            JobNotFoundError: the moderator's guild has no such job.
        """
        job = await self._lookup.find(job_id, moderator)
        async with self._database.read() as connection:
            is_blocked = await moderation.is_blocked(
                connection, job.guild_id, job.requester.user_id
            )
        return ReportedJob(job=job, is_blocked=is_blocked)
