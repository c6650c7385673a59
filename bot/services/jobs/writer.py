"""Advances jobs: one transaction a step, one log line and one count an advance, loops woken.

Everything that changes a job's state goes through here, so that nothing forgets to tell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Unpack

from bot.domain.amounts import Amounts
from bot.domain.ids import JobId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.job import Detail, Job, JobEvent, JobUpdateKind, Step
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import transition
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.storage import jobs, leases
from bot.storage.engine import Connection, Database

log = get_logger(__name__)


class ChangeStage(StrEnum):
    """How far a change of a job has come."""

    WRITTEN = "written"
    """It stands in its transaction, which may still be undone."""
    COMMITTED = "committed"


JobListener = Callable[[ChangeStage, JobEvent, Job], None]
"""Called with every change, twice: the stage, the event, and the job as it is then."""


class JobWriter:
    """Writes steps and tells everybody who waits for them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        listeners: Iterable[JobListener] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._listeners = list(listeners)

    def listen(self, listener: JobListener) -> None:
        """Call back at each change of a job."""
        self._listeners.append(listener)

    async def advance(
        self,
        job: Job,
        target: JobState,
        *,
        owner: Owner,
        detail: Detail | None = None,
        billed: Amounts | None = None,
        changes: JobChanges | None = None,
        also: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> Job:
        """Move a job to another state in a transaction of its own.

        Args:
            job: the job as read.
            target: the state to enter.
            owner: who moves it.
            detail: facts for the event.
            billed: what the provider billed, where the arrow charges.
            changes: other fields that change with the state.
            also: what else belongs into the same transaction.

        Raises:
            StaleJobError: somebody else advanced it first; nothing was written.
            InvalidTransitionError: the table has no such arrow.
        """
        step = transition(
            job,
            target,
            owner=owner,
            at=self._clock.now(),
            detail=detail,
            billed=billed,
            changes=changes,
        )
        async with self._database.write() as connection:
            after = await self.apply(connection, step)
            if also is not None:
                await also(connection)
        self.publish(step)
        return after

    async def apply(self, connection: Connection, step: Step) -> Job:
        """Write a step within a larger transaction; once that is committed, ``publish`` it.

        Raises:
            StaleJobError: somebody else advanced the job first; nothing was written.
        """
        after = await jobs.apply(connection, step)
        self._tell(ChangeStage.WRITTEN, step.event, after)
        return after

    def publish(self, step: Step) -> None:
        """Log, count and pass on a step that is committed."""
        before, after = step.before, step.after
        self._tell(ChangeStage.COMMITTED, step.event, after)
        self._metrics.jobs.labels(state=after.state.value).inc()
        if before is not None:
            stage_seconds = (after.times.entered_at - before.times.entered_at).total_seconds()
            self._metrics.stage_seconds.labels(stage=before.state.value).observe(stage_seconds)
        log.info(
            "job_advanced",
            job_id=after.id,
            source=before.state.value if before else None,
            target=after.state.value,
            owner=step.event.owner.value,
            model=after.spec.model,
            **step.event.detail,
        )

    async def update_visible(
        self,
        job: Job,
        *,
        owner: Owner,
        name: JobUpdateKind,
        detail: Detail | None = None,
        changes: JobChanges,
        also: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> Job:
        """Change what people see of a job without a change of state.

        Raises:
            StaleJobError: somebody else changed it first.
        """
        event = JobEvent(
            job_id=job.id, at=self._clock.now(), owner=owner, name=name, detail=detail or {}
        )
        async with self._database.write() as connection:
            after = await jobs.update_visible(connection, job, **changes)
            await jobs.record(connection, event)
            if also is not None:
                await also(connection)
            self._tell(ChangeStage.WRITTEN, event, after)
        self._tell(ChangeStage.COMMITTED, event, after)
        log.info(name, job_id=job.id, owner=owner.value, **event.detail)
        return after

    async def patch(self, job_id: JobId, **changes: Unpack[JobChanges]) -> None:
        """Change bookkeeping that nobody sees."""
        async with self._database.write() as connection:
            await jobs.patch(connection, job_id, **changes)

    async def postpone_poll(self, job: Job, until: datetime, **changes: Unpack[JobChanges]) -> None:
        """Change bookkeeping and let the task be polled next at a moment.

        Args:
            job: as it was read before its task was polled: made due since, it stays so.
            until: when the next poll is due.
            changes: what else changes, and nobody sees.
        """
        async with self._database.write() as connection:
            if changes:
                await jobs.patch(connection, job.id, **changes)
            known = job.task.next_poll_at
            await jobs.postpone_poll(connection, job.id, known=known, until=until)

    async def read(self, job_id: JobId) -> Job | None:
        """Return a job as it is now."""
        async with self._database.read() as connection:
            return await jobs.get(connection, job_id)

    async def retry_later(self, job: Job, *, not_before: datetime, attempts: int) -> None:
        """End a claim whose work met a known, retryable refusal."""
        async with self._database.write() as connection:
            await leases.give_back(connection, job, not_before=not_before, attempts=attempts)

    def _tell(self, stage: ChangeStage, event: JobEvent, job: Job) -> None:
        for listener in self._listeners:
            listener(stage, event, job)
