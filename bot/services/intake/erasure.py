"""Deletes what a job was made from and what came of it; the ledger keeps the figures."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.errors import JobNotOverError, StaleJobError
from bot.domain.guilds.audit import Action
from bot.domain.ids import ChannelId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.files import folder_of
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.retention import erased, withdrawn
from bot.domain.jobs.states import Owner
from bot.domain.people import Requester
from bot.domain.ports import Clock, Files
from bot.services.audit_log import AuditLog
from bot.services.intake.lookup import JobLookup
from bot.services.jobs.message_removals import MessageRemovals
from bot.services.jobs.writer import JobWriter
from bot.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A job whose content is gone."""

    job: Job
    is_new: bool
    """False where it was deleted before."""
    left_in: tuple[ChannelId, ...] = ()
    """Channels in which Discord let a message stand; it is tried again."""


class Erasure:
    """What Delete and /jobs forget do, before retention does half of it."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        files: Files,
        lookup: JobLookup,
        audit: AuditLog,
        removals: MessageRemovals,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._files = files
        self._lookup = lookup
        self._audit = audit
        self._removals = removals

    async def foresee(self, asked: str, requester: Requester) -> Job:
        """Return the job that would be deleted.

        Raises:
            JobNotFoundError, JobNotOverError: see ``forget``.
        """
        job = await self._lookup.find(asked, requester)
        if not job.is_terminal:
            raise JobNotOverError(job_id=job.id, state=job.state.value)
        return job

    async def forget(self, asked: str, requester: Requester) -> Erased:
        """Erase pictures, prompts and video of a job that is over, and delete its messages.

        A second time only what Discord refused the first time is tried again.

        Raises:
            JobNotFoundError: there is none that the requester may see.
            JobNotOverError: it still needs them.
        """
        while True:
            job = await self.foresee(asked, requester)
            shown = job.messages
            if shown.removal_requested_at is not None:
                left = () if shown.removal_due_at is None else await self._removals.remove(job)
                return Erased(job=job, is_new=False, left_in=left)
            changes = withdrawn(job, at=self._clock.now())
            if job.times.forgotten_at is None:
                # Files first: a process that ends between the two leaves the rest to retention.
                await self._files.erase(folder_of(job.id))
                changes |= erased(job, at=self._clock.now())
            try:
                job = await self._write_down(job, requester, changes)
            except StaleJobError:
                continue
            self._database.mark_erased()
            return Erased(job=job, is_new=True, left_in=await self._removals.remove(job))

    async def _write_down(self, job: Job, requester: Requester, changes: JobChanges) -> Job:
        async def record(connection: Connection) -> None:
            await self._audit.record_about(connection, job, requester.person, Action.JOB_FORGOTTEN)

        # A visible change, not bookkeeping: a message that Discord lets nobody delete is drawn
        # anew, without the prompt.
        return await self._writer.update_visible(
            job,
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.JOB_FORGOTTEN,
            detail={"by": requester.user_id},
            changes=changes,
            also=record,
        )
