"""Cancels jobs for their requesters and for moderators."""

from __future__ import annotations

from bot.domain.errors import JobNotCancellableError, StaleJobError
from bot.domain.guilds.audit import Action
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import CANCELLABLE, JobState, Owner
from bot.domain.people import Requester
from bot.domain.ports import Clock
from bot.services.audit_log import AuditLog
from bot.services.intake.lookup import JobLookup
from bot.services.jobs.writer import JobWriter
from bot.storage.engine import Connection


class Cancellations:
    """What the Cancel button and /jobs cancel do."""

    def __init__(
        self, *, writer: JobWriter, clock: Clock, lookup: JobLookup, audit: AuditLog
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._lookup = lookup
        self._audit = audit

    async def cancel(self, asked: str, requester: Requester) -> Job:
        """Cancel a waiting job at once; ask the provider for one that is PENDING there.

        Returns:
            The job: CANCELLED, or still on its way with the request noted.

        Raises:
            JobNotFoundError: see ``JobLookup.find``.
            JobNotCancellableError: the video is being made already, or the job is over.
        """
        job = await self._lookup.find(asked, requester)
        while True:
            try:
                return await self._cancel(job, requester)
            except StaleJobError:
                job = await self._lookup.find(asked, requester)

    async def _cancel(self, job: Job, requester: Requester) -> Job:
        if job.state not in CANCELLABLE:
            raise JobNotCancellableError(job_id=job.id, state=job.state.value)
        if job.state is not JobState.QUEUED and job.cancellation.requested_at is not None:
            return job
        now = self._clock.now()
        changes: JobChanges = {
            "cancel_requested_at": now,
            "cancel_requested_by": requester.user_id,
        }
        if job.state is JobState.PENDING:
            changes["next_poll_at"] = now

        async def write_down(connection: Connection) -> None:
            await self._audit.record_about(connection, job, requester.person, Action.JOB_CANCELLED)

        if job.state is JobState.QUEUED:
            return await self._writer.advance(
                job,
                JobState.CANCELLED,
                owner=Owner.SUBMISSIONS,
                detail={"by": requester.user_id},
                changes=changes,
                also=write_down,
            )
        return await self._writer.update_visible(
            job,
            owner=Owner.SUBMISSIONS,
            name=JobUpdateKind.CANCEL_REQUESTED,
            detail={"by": requester.user_id},
            changes=changes,
            also=write_down,
        )
