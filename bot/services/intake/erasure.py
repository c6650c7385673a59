"""Erases what a job was made from and what came of it; the ledger keeps the figures."""

from __future__ import annotations

from bot.domain.errors import JobNotOverError, StaleJobError
from bot.domain.guilds.audit import Action
from bot.domain.jobs.files import folder_of
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.retention import erased
from bot.domain.jobs.states import Owner
from bot.domain.people import Requester
from bot.domain.ports import Clock, Files
from bot.services.audit_log import AuditLog
from bot.services.intake.lookup import JobLookup
from bot.services.jobs.writer import JobWriter
from bot.storage.engine import Connection, Database


class Erasure:
    """What /jobs forget does, before retention does it."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        files: Files,
        lookup: JobLookup,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._files = files
        self._lookup = lookup
        self._audit = audit

    async def forget(self, asked: str, requester: Requester) -> Job:
        """Erase pictures, prompts and video of a job that is over; a second time changes nothing.

        Raises:
            JobNotFoundError: there is none that the requester may see.
            JobNotOverError: it still needs them.
        """
        while True:
            job = await self._lookup.find(asked, requester)
            if not job.is_terminal:
                raise JobNotOverError(job_id=job.id, state=job.state.value)
            if job.times.forgotten_at is not None:
                return job
            # Files first: a process that ends between the two leaves the rest to retention.
            await self._files.erase(folder_of(job.id))
            try:
                erased_job = await self._erase_words(job, requester)
            except StaleJobError:
                continue
            self._database.mark_erased()
            return erased_job

    async def _erase_words(self, job: Job, requester: Requester) -> Job:
        async def write_down(connection: Connection) -> None:
            await self._audit.record_about(connection, job, requester.person, Action.JOB_FORGOTTEN)

        # A visible change, not bookkeeping: the status message is drawn anew, without the prompt.
        return await self._writer.update_visible(
            job,
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.JOB_FORGOTTEN,
            detail={"by": requester.user_id},
            changes=erased(job, at=self._clock.now()),
            also=write_down,
        )
