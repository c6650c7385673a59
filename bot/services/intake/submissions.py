"""Queues a validated submission: the reservation, the job, its status message.

The order is the contract: the job is committed QUEUED with its RESERVE, then its status message is
posted, then the message's id is stored, and only then may the job be claimed.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date

from bot.domain.catalogue import Price
from bot.domain.errors import (
    DatabaseUnavailableError,
    DeliveryError,
    DuplicateInteractionError,
    GuildDisabledError,
    InvalidOptionsError,
    RequestError,
)
from bot.domain.guilds.audit import Action
from bot.domain.guilds.quota_view import MemberQuota
from bot.domain.guilds.settings import Guild
from bot.domain.ids import AccountId, GuildId, JobId, new_job_id
from bot.domain.jobs.files import folder_of
from bot.domain.jobs.job import Job, Messages, Step, Times
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.domain.people import Requester
from bot.domain.ports import Clock, Files
from bot.domain.problems import OptionProblem
from bot.domain.requests.submission import MAX_SEED, Submission
from bot.logs import get_logger
from bot.services.audit_log import AuditLog
from bot.services.fair_places import FairPlaces
from bot.services.intake.admission import Admission
from bot.services.intake.quotas import Quotas
from bot.services.jobs.status_messages import StatusMessages
from bot.services.jobs.writer import JobWriter
from bot.storage import accounts, grants, guilds, jobs, lanes
from bot.storage.engine import Connection, Database

log = get_logger(__name__)

AT_ONCE = 1
"""Of the transactions that queue a job: all lock the account's row, so more would only fill
the database's own line, in which every loop stands too."""
LINE_SECONDS = 600.0
"""So long a command stands in line. Discord takes the answer for 15 minutes; posting follows."""

MAKING_SECONDS = 3600.0
"""Longer than anything between the drawing of a job's id and its commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A job that was just queued, and what its requester has left."""

    job: Job
    quota: MemberQuota
    otherwise: int | None = None
    """Micro-CNY with the other choice of sound, where that is another price."""
    ends_on: date | None = None
    """The day its model ends, where that is soon."""


class Submissions:
    """Turns submissions into jobs."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        account: AccountId,
        admission: Admission,
        quotas: Quotas,
        files: Files,
        messages: StatusMessages,
        audit: AuditLog,
        allowed_guilds: frozenset[GuildId],
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._account = account
        self._admission = admission
        self._quotas = quotas
        self._files = files
        self._messages = messages
        self._drawn: dict[JobId, float] = {}
        self._audit = audit
        self._allowed_guilds = allowed_guilds
        self._line = FairPlaces(AT_ONCE)

    def require_guild(self, guild_id: GuildId) -> None:
        """Make sure that a guild may make videos.

        Raises:
            GuildDisabledError: the host did not allow it.
        """
        if self._allowed_guilds and guild_id not in self._allowed_guilds:
            raise GuildDisabledError

    async def foresee(
        self, requester: Requester, guild_id: GuildId, price: Price, *, count: int = 1
    ) -> None:
        """Refuse what has no room before its pictures are read; ``submit`` asks again, locked.

        Args:
            requester: who asks.
            guild_id: where.
            price: of each job.
            count: how many jobs are asked for.

        Raises:
            QuotaExceededError, QueueFullError: see ``Quotas.require_room``.
            TooManyAttemptsError, TooManyContentRefusalsError: likewise.
        """
        async with self._database.read() as connection:
            await self._quotas.require_room(
                connection,
                await guilds.get(connection, guild_id),
                user_id=requester.user_id,
                role_ids=requester.role_ids,
                cost=price.reserved * count,
                now=self._clock.now(),
            )

    async def queue(self, submission: Submission) -> Queued:
        """Submit, and tell what the requester has left.

        Raises:
            RequestError, DeliveryError: see ``submit``.
        """
        job = await self.submit(submission)
        requester = submission.requester
        quota = await self._quotas.show(job.guild_id, requester.user_id, requester.role_ids)
        return Queued(job=job, quota=quota)

    async def queue_all(self, several: Sequence[Submission]) -> list[Queued]:
        """Submit what one interaction asks for, all of it or nothing, in one transaction.

        Returns:
            The jobs, with what is left after all of them. One whose status message Discord
            refused is among them, cancelled.

        Raises:
            RequestError: see ``submit``; nothing was stored.
            DeliveryError: Discord refused every status message; the jobs were cancelled.
        """
        steps = await self._store(several)
        posted: list[Job] = []
        refused: list[DeliveryError] = []
        for step in steps:
            try:
                posted.append(await self._messages.post(step.after))
            except DeliveryError as error:
                refused.append(error)
                posted.append(await self._writer.read(step.after.id) or step.after)
        if len(refused) == len(steps):
            raise refused[0]
        requester, origin = several[0].requester, several[0].origin
        quota = await self._quotas.show(origin.guild_id, requester.user_id, requester.role_ids)
        return [Queued(job=job, quota=quota) for job in posted]

    async def submit(self, submission: Submission) -> Job:
        """Queue a job and post its status message.

        Returns:
            The job, with its status message unless Discord could not be reached just now.

        Raises:
            GuildDisabledError, DrainingError, QuotaExceededError, QueueFullError: nothing was
                stored.
            RequestError: whatever ``Admission.readmit`` refuses, likewise.
            DatabaseUnavailableError: it cannot be reached, or takes nothing for minutes.
            DuplicateInteractionError: this interaction has its job already.
            DeliveryError: Discord refused the status message; the job was cancelled.
        """
        (step,) = await self._store([submission])
        return await self._messages.post(step.after)

    async def _store(self, several: Sequence[Submission]) -> list[Step]:
        """Commit jobs of one member, and tell of them once they are."""
        first = several[0]
        try:
            self.require_guild(first.origin.guild_id)
            async with self._turn(first.requester), self._database.write() as connection:
                await accounts.lock(connection, self._account)
                guild = await guilds.lock(connection, first.origin.guild_id)
                steps = [await self._reserve(connection, guild, each) for each in several]
        except RequestError:
            # Refused, so nothing was committed. After any other error the commit may have gone
            # through all the same; a folder without a job is the reaper's to sweep.
            for submission in several:
                with suppress(OSError):
                    await self._files.erase(folder_of(submission.job_id))
            raise
        for step in steps:
            self._writer.publish(step)
        return steps

    async def new_job_id(self) -> JobId:
        """Draw an id no job has: a refused request erases its files, which must be its own."""
        async with self._database.read() as connection:
            while await jobs.exists(connection, job_id := new_job_id()):
                log.warning("job_id_drawn_again", job_id=job_id)
        now = self._clock.monotonic()
        for old in [drawn for drawn, at in self._drawn.items() if now - at >= MAKING_SECONDS]:
            del self._drawn[old]
        self._drawn[job_id] = now
        return job_id

    def is_being_made(self, name: str) -> bool:
        """Tell whether an id was drawn for a job that may yet come, by what the clock measures.

        Its files have the host's time of day, which may be set in between.
        """
        drawn_at = self._drawn.get(JobId(name))
        return drawn_at is not None and self._clock.monotonic() - drawn_at < MAKING_SECONDS

    @asynccontextmanager
    async def _turn(self, requester: Requester) -> AsyncIterator[None]:
        """Wait in line, guild by guild, as long as somebody waits for the answer."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(LINE_SECONDS):
                    place = self._line.place(requester.guild_id or GuildId(0), requester.user_id)
                    await stack.enter_async_context(place)
            except TimeoutError as error:
                raise DatabaseUnavailableError("the line of new jobs did not move") from error
            yield

    async def _reserve(self, connection: Connection, guild: Guild, submission: Submission) -> Step:
        """Store a job and its reservation, with the guild's row locked."""
        requester, origin, spec = submission.requester, submission.origin, submission.spec
        await self._admission.readmit(connection, requester, spec)
        lane = await lanes.get(connection, self._account, spec.model)
        if lane is None or lane.is_off(self._clock.now()):
            raise InvalidOptionsError(problem=OptionProblem.MODEL_OFF, model=spec.model)
        if await jobs.interaction_seen(connection, origin.interaction_id):
            raise DuplicateInteractionError
        draws = await self._quotas.require_room(
            connection,
            guild,
            user_id=requester.user_id,
            role_ids=requester.role_ids,
            cost=submission.price.reserved,
            now=self._clock.now(),
        )
        # The preview is kept in any case; whether it is shown is decided now.
        show = submission.has_preview and guild.preview and not spec.options.spoiler
        step = open_job(self._new_job(submission, has_preview=show))
        await self._writer.apply(connection, step)
        if submission.is_moderation and origin.retry_of is not None:
            original = await jobs.get(connection, origin.retry_of)
            if original is not None:
                await self._audit.record_about(
                    connection, original, requester.person, Action.JOB_RETRIED
                )
        await grants.draw(connection, step.after, draws)
        return step

    def _new_job(self, submission: Submission, *, has_preview: bool) -> Job:
        now = self._clock.now()
        spec = submission.spec
        # The provider does not tell the seed it drew, so we draw: the result can be made again.
        if spec.options.seed is None:
            drawn = secrets.randbelow(MAX_SEED + 1)
            spec = replace(spec, options=replace(spec.options, seed=drawn))
        return Job(
            id=submission.job_id,
            origin=submission.origin,
            requester=submission.requester.person,
            account=self._account,
            spec=spec,
            pictures=submission.pictures,
            has_preview=has_preview,
            price=submission.price,
            state=JobState.QUEUED,
            # Committed before the first POST: a later process knows to look for the message.
            messages=Messages(status_attempted_at=now),
            times=Times(created_at=now, counted_at=now, entered_at=now),
        )
