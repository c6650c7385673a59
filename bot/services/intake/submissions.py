"""Submit, cancel, retry, look up: what a member does with a job.

The order of a submission is the contract: the job is committed QUEUED with its RESERVE, then its
status message is posted, then the message's id is stored, and only then may the job be claimed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.domain.catalogue import Catalogue
from bot.domain.errors import (
    ChatUnavailableError,
    DeliveryError,
    DuplicateInteractionError,
    GuildDisabledError,
    InvalidOptionsError,
    JobNotCancellableError,
    JobNotFoundError,
    JobNotRetryableError,
    RequestError,
    StaleJobError,
)
from bot.domain.failure import FailureReason
from bot.domain.guilds.audit import Action, Actor
from bot.domain.ids import AccountId, GuildId, JobId, UserId, new_job_id, parse_job_id
from bot.domain.jobs.job import (
    ACTIVE,
    CANCELLABLE,
    Job,
    JobState,
    JobUpdateKind,
    Owner,
    Step,
    StoredPicture,
)
from bot.domain.jobs.ledger import Amounts
from bot.domain.jobs.transitions import open_job
from bot.domain.ports import Chat, Clock
from bot.domain.requests.submission import MAX_SEED, Origin, Submission, Wish
from bot.logs import get_logger
from bot.services.audit_log import AuditTrail
from bot.services.intake.admission import Admission
from bot.services.intake.quotas import Quotas
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.files import Folders
from bot.services.jobs.message_locks import JobLocks
from bot.services.jobs.writer import JobWriter
from bot.storage import grants, guilds, jobs, lanes
from bot.storage.engine import Connection, Database

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks about a job, and from where."""

    user_id: UserId
    guild_id: GuildId | None
    """None in the bot's direct messages: there only own jobs exist."""
    may_moderate: bool = False
    name: str = field(default="", compare=False)
    """Display name at the time, for the audit trail."""

    @property
    def actor(self) -> Actor:
        """The same person as the one who does something."""
        return Actor(user_id=self.user_id, name=self.name)


class Submissions:
    """The use cases around one job."""

    def __init__(
        self,
        *,
        writer: JobWriter,
        account: AccountId,
        catalogue: Catalogue,
        admission: Admission,
        quotas: Quotas,
        folders: Folders,
        chat: Chat,
        estimates: Estimates,
        locks: JobLocks,
        audit: AuditTrail,
        allowed_guilds: frozenset[GuildId],
    ) -> None:
        self._writer = writer
        self._database: Database = writer.database
        self._clock: Clock = writer.clock
        self._account = account
        self._catalogue = catalogue
        self._admission = admission
        self._quotas = quotas
        self._folders = folders
        self._chat = chat
        self._estimates = estimates
        self._locks = locks
        self._audit = audit
        self._allowed_guilds = allowed_guilds

    def require_guild(self, guild_id: GuildId) -> None:
        """Make sure that a guild may make videos.

        Raises:
            GuildDisabledError: the host did not allow it.
        """
        if self._allowed_guilds and guild_id not in self._allowed_guilds:
            raise GuildDisabledError

    async def submit(self, submission: Submission) -> Job:
        """Queue a job and post its status message.

        Returns:
            The job, with its status message unless Discord could not be reached just now.

        Raises:
            GuildDisabledError, DrainingError, QuotaExceededError, QueueFullError: nothing was
                stored.
            RequestError: whatever ``Admission.readmit`` refuses, likewise.
            DuplicateInteractionError: this interaction has its job already.
            DiskUnavailableError: the pictures could not be kept; nothing was stored.
            DeliveryError: Discord refused the status message; the job was cancelled.
        """
        self.require_guild(submission.origin.guild_id)
        job_id = await self._free_job_id()
        stored = await self._folders.store_pictures(job_id, submission.pictures, submission.preview)
        try:
            step = await self._store(submission, job_id, stored)
        except RequestError:
            # Refused, so nothing was committed. After any other error the commit may have gone
            # through all the same; a folder without a job is the reaper's to sweep.
            await self._folders.erase(job_id)
            raise
        self._writer.publish(step)
        return await self._post_status(step.after)

    async def _free_job_id(self) -> JobId:
        """Draw an id no job has: a refused wish erases its folder, which must be its own."""
        async with self._database.read() as connection:
            while await jobs.exists(connection, job_id := new_job_id()):
                log.warning("job_id_drawn_again", job_id=job_id)
        return job_id

    async def _store(
        self, submission: Submission, job_id: JobId, stored: tuple[StoredPicture, ...]
    ) -> Step:
        origin, wish = submission.origin, submission.wish
        now = self._clock.now()
        cost = Amounts(videos=1, seconds=wish.duration_seconds, micros=wish.price_micros)
        async with self._database.write() as connection:
            await lanes.lock_account(connection, self._account)
            guild = await guilds.lock(connection, origin.guild_id)
            await self._admission.readmit(connection, origin, wish)
            lane = await lanes.get(connection, self._account, wish.model)
            if lane is None or lane.off_at is not None:
                raise InvalidOptionsError(problem="model_off", model=wish.model)
            if await jobs.interaction_seen(connection, origin.interaction_id):
                raise DuplicateInteractionError
            draws = await self._quotas.require_room(
                connection,
                guild,
                user_id=origin.requester_id,
                role_ids=origin.role_ids,
                cost=cost,
                now=now,
            )
            # The preview is stored with the job for a retry; whether it is shown is decided now.
            show = submission.preview is not None and guild.preview and not wish.options.spoiler
            job = self._new_job(origin, wish, job_id, stored, has_preview=show)
            step = open_job(replace(job, created_at=now, counted_at=now, entered_at=now))
            await jobs.apply(connection, step)
            await grants.draw(connection, step.after, draws)
        return step

    def _new_job(
        self,
        origin: Origin,
        wish: Wish,
        job_id: JobId,
        stored: tuple[StoredPicture, ...],
        *,
        has_preview: bool,
    ) -> Job:
        options = wish.options
        now = self._clock.now()
        # The provider does not tell the seed it drew, so we draw: the result can be made again.
        seed = options.seed if options.seed is not None else secrets.randbelow(MAX_SEED + 1)
        return Job(
            id=job_id,
            guild_id=origin.guild_id,
            channel_id=origin.channel_id,
            requester_id=origin.requester_id,
            requester_name=origin.requester_name,
            interaction_id=origin.interaction_id,
            kind=wish.kind,
            model=wish.model,
            account=self._account,
            resolution=wish.resolution,
            size=wish.size,
            duration_seconds=wish.duration_seconds,
            price_micros=wish.price_micros,
            prompt=options.prompt,
            negative_prompt=options.negative_prompt,
            effect=options.effect,
            seed=seed,
            prompt_extend=options.prompt_extend,
            watermark=options.watermark,
            spoiler=options.spoiler,
            loop=options.loop,
            pictures=stored,
            has_preview=has_preview,
            premium_tier=origin.premium_tier,
            retry_of=origin.retry_of,
            state=JobState.QUEUED,
            created_at=now,
            counted_at=now,
            entered_at=now,
            # Committed before the first POST: a later process knows to look for the message.
            status_attempted_at=now,
        )

    async def _post_status(self, job: Job) -> Job:
        async with self._locks.of(job.id):
            view = await self._estimates.view(job)
            try:
                receipt = await self._chat.post_status(view, preview=self._folders.preview(job))
            except ChatUnavailableError as error:
                # The status board looks for the message, or posts it with the same nonce.
                log.warning("status_post_postponed", job_id=job.id, reason=str(error))
                return job
            except DeliveryError as error:
                await self._cancel_unposted(job, error)
                raise
            place: dict[str, Any] = {
                "status_channel_id": receipt.channel_id,
                "status_message_id": receipt.message_id,
            }
            try:
                return await self._writer.update_visible(
                    job,
                    owner=Owner.SUBMISSIONS,
                    name=JobUpdateKind.STATUS_POSTED,
                    shown_version=job.version + 1,
                    shown_digest=self._chat.digest(view),
                    **place,
                )
            except StaleJobError:
                # Cancelled meanwhile: the message exists all the same and must say so.
                await self._writer.patch(job.id, **place)
                return await self._writer.read(job.id) or job

    async def _cancel_unposted(self, job: Job, error: DeliveryError) -> None:
        await self._writer.advance(
            job,
            JobState.CANCELLED,
            owner=Owner.SUBMISSIONS,
            detail={"reason": error.code},
            changes={
                "failure_reason": FailureReason.STATUS_REFUSED,
                "failure_detail": str(error),
                # The private answer says it; there is no message to edit or reply to.
                "announced_at": self._clock.now(),
                "shown_version": job.version + 1,
            },
        )

    async def find(self, asked: str, asker: Asker) -> Job:
        """Return a job the asker may see.

        Raises:
            JobNotFoundError: there is none, or it is somebody else's: the answer is the same.
        """
        job_id = parse_job_id(asked)
        job = None if job_id is None else await self._read(job_id, asker)
        if job is None:
            raise JobNotFoundError(asked)
        return job

    async def _read(self, job_id: JobId, asker: Asker) -> Job | None:
        async with self._database.read() as connection:
            if asker.guild_id is None:
                return await jobs.get_of_requester(connection, job_id, asker.user_id)
            job = await jobs.get_in_guild(connection, job_id, asker.guild_id)
        if job is None or asker.may_moderate or job.requester_id == asker.user_id:
            return job
        return None

    async def list_jobs(
        self,
        asker: Asker,
        *,
        member_id: UserId | None = None,
        states: frozenset[JobState] = frozenset(),
        limit: int = 15,
    ) -> list[Job]:
        """Return jobs the asker may see, newest first."""
        requester_id = asker.user_id
        if member_id is not None and asker.may_moderate and asker.guild_id is not None:
            requester_id = member_id
        async with self._database.read() as connection:
            return await jobs.newest(
                connection,
                guild_id=asker.guild_id,
                requester_id=requester_id,
                states=states,
                limit=limit,
            )

    async def cancel(self, asked: str, asker: Asker) -> Job:
        """Cancel a waiting job at once; ask the provider for one that is PENDING there.

        Returns:
            The job: CANCELLED, or still on its way with ``cancel_requested_at`` set.

        Raises:
            JobNotFoundError: see ``find``.
            JobNotCancellableError: the video is being made already, or the job is over.
        """
        job = await self.find(asked, asker)
        while True:
            try:
                return await self._cancel(job, asker)
            except StaleJobError:
                job = await self.find(asked, asker)

    async def _cancel(self, job: Job, asker: Asker) -> Job:
        if job.state not in CANCELLABLE:
            raise JobNotCancellableError(job_id=job.id, state=job.state.value)
        if job.state is not JobState.QUEUED and job.cancel_requested_at is not None:
            return job
        now = self._clock.now()
        changes = {"cancel_requested_at": now, "cancel_requested_by": asker.user_id}

        async def write_down(connection: Connection) -> None:
            await self._audit.record_about(connection, job, asker.actor, Action.JOB_CANCELLED)

        if job.state is JobState.QUEUED:
            return await self._writer.advance(
                job,
                JobState.CANCELLED,
                owner=Owner.SUBMISSIONS,
                detail={"by": asker.user_id},
                changes=changes,
                also=write_down,
            )
        return await self._writer.update_visible(
            job,
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.CANCEL_REQUESTED,
            detail={"by": asker.user_id},
            also=write_down,
            next_poll_at=now if job.state is JobState.PENDING else job.next_poll_at,
            **changes,
        )

    async def retry(self, asked: str, asker: Asker, origin: Origin) -> Job:
        """Make a job again with the same settings and a new seed, as a new submission.

        Raises:
            JobNotFoundError: see ``find``.
            JobNotRetryableError: the job is still under way, its pictures were erased, or its
                model is no longer offered.
            RequestError: whatever ``submit`` refuses.
        """
        job = await self.find(asked, asker)
        if not job.is_terminal:
            raise JobNotRetryableError(job_id=job.id, problem="retry_active")
        model = self._catalogue.get(job.model)
        if model is None or not model.still_makes(
            resolution=job.resolution, seconds=job.duration_seconds, effect=job.effect
        ):
            raise JobNotRetryableError(job_id=job.id, problem="retry_model_gone")
        if job.forgotten_at is not None:
            raise JobNotRetryableError(job_id=job.id, problem="retry_erased")
        wish = Wish(
            kind=job.kind,
            model=job.model,
            resolution=job.resolution,
            size=job.size,
            duration_seconds=job.duration_seconds,
            price_micros=model.price_micros(
                resolution=job.resolution, seconds=job.duration_seconds
            ),
            options=replace(job.options, seed=None),
        )
        async with self._database.read() as connection:
            await self._admission.readmit(connection, origin, wish)
        try:
            pictures, preview = await self._folders.load_pictures(job)
        except FileNotFoundError as error:
            raise JobNotRetryableError(job_id=job.id, problem="retry_erased") from error
        return await self.submit(
            Submission(
                origin=replace(origin, retry_of=job.id),
                wish=wish,
                pictures=pictures,
                preview=preview,
            )
        )

    async def collectable(self, job: Job, *, limit_bytes: int) -> Path | None:
        """Return the kept file of a video that could not be posted, if it fits an answer."""
        if job.state is not JobState.UNDELIVERABLE or job.forgotten_at is not None:
            return None
        return await self._folders.largest_video(job.id, limit_bytes=limit_bytes)

    async def active(self, guild_id: GuildId) -> list[Job]:
        """Return a guild's jobs that are not over, oldest first."""
        async with self._database.read() as connection:
            return await jobs.in_states(connection, ACTIVE, guild_id=guild_id)
