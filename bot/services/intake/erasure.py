"""Erases what a job was made from and what came of it; the ledger keeps the figures."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import JobNotOverError, StaleJobError
from bot.domain.guilds.audit import Action
from bot.domain.jobs.job import Job, JobUpdateKind, Owner
from bot.services.audit_log import AuditTrail
from bot.services.intake.submissions import Asker, Submissions
from bot.services.jobs.files import Folders
from bot.services.jobs.writer import JobWriter
from bot.storage.engine import Connection

_CONTENT = ("prompt", "negative_prompt", "actual_prompt", "result_url", "failure_detail")
"""Columns that say what was wished for, or lead to it."""

ERASED: Mapping[str, str | None] = {**dict.fromkeys(_CONTENT), "requester_name": ""}
"""What is left in a job's columns when it is forgotten, by its people or by retention."""


class Erasure:
    """What /jobs forget does, before retention does it."""

    def __init__(
        self,
        *,
        writer: JobWriter,
        folders: Folders,
        submissions: Submissions,
        audit: AuditTrail,
    ) -> None:
        self._writer = writer
        self._folders = folders
        self._submissions = submissions
        self._audit = audit

    async def forget(self, asked: str, asker: Asker) -> Job:
        """Erase pictures, prompts and video of a job that is over; a second time changes nothing.

        Raises:
            JobNotFoundError: there is none that the asker may see.
            JobNotOverError: it still needs them.
        """
        while True:
            job = await self._submissions.find(asked, asker)
            if not job.is_terminal:
                raise JobNotOverError(job_id=job.id, state=job.state.value)
            if job.forgotten_at is not None:
                return job
            # Files first: a process that ends between the two leaves the rest to retention.
            await self._folders.erase(job.id)
            try:
                return await self._erase_words(job, asker)
            except StaleJobError:
                continue

    async def _erase_words(self, job: Job, asker: Asker) -> Job:
        async def write_down(connection: Connection) -> None:
            await self._audit.record_about(connection, job, asker.actor, Action.JOB_FORGOTTEN)

        # An amendment, not bookkeeping: the status message is drawn anew, without the prompt.
        return await self._writer.update_visible(
            job,
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.JOB_FORGOTTEN,
            detail={"by": asker.user_id},
            also=write_down,
            forgotten_at=self._writer.clock.now(),
            **ERASED,
        )
