"""What an operator decides about a job that cannot settle itself, and what is refused of it."""

from __future__ import annotations

import re

from bot.domain.errors import (
    ConflictError,
    DecisionRefusedError,
    JobNotFoundError,
    ProviderError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.alerts import AlertKind
from bot.domain.ids import JobId, TaskId
from bot.domain.jobs.changes import adoption
from bot.domain.jobs.job import Job
from bot.domain.jobs.ownership import is_made_from
from bot.domain.jobs.states import POLLED, JobState, Owner
from bot.domain.ports import Clock, VideoProvider
from bot.domain.problems import DecisionProblem
from bot.domain.requests.task import TaskState
from bot.services.alerts import Alerts
from bot.services.jobs.writer import JobWriter
from bot.services.reconciliation.task_list import TaskList
from bot.storage import jobs, unconfirmed
from bot.storage.engine import Connection, Database

_DECIDABLE = frozenset({JobState.UNCONFIRMED, JobState.PARKED, *POLLED})
_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class OperatorDecisions:
    """Carries out decisions."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        provider: VideoProvider,
        alerts: Alerts,
        task_list: TaskList,
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._provider = provider
        self._alerts = alerts
        self._list = task_list

    async def carry_out(self, job_id: JobId, *, taken: TaskId | None, failed: bool) -> Job:
        """Carry out an operator's decision about an unconfirmed or parked job.

        A task at the provider may be given up too: after a change of the key nothing else ends it.

        Args:
            job_id: the job.
            taken: the task the operator found for it.
            failed: give up; without it and without a task the job goes on where it was.

        Raises:
            JobNotFoundError: there is no such job waiting for a decision.
            DecisionRefusedError: the task named is certainly not this job's.
        """
        job = await self._writer.read(job_id)
        if job is None or job.state not in _DECIDABLE:
            raise JobNotFoundError(job_id)
        if job.state in POLLED and not failed:
            raise JobNotFoundError(job_id)  # it has its task and goes on by itself
        if taken is not None and job.result.billed is not None:
            raise JobNotFoundError(job_id)  # its video is made and charged
        if failed:
            decided = await self._give_up(job)
        elif taken is not None:
            await self._require_fitting(job, taken)
            decided = await self._take(job, taken)
        elif job.state is JobState.UNCONFIRMED:
            decided = await self.requeue(job, Owner.OPERATOR, reason="by decision")
        else:
            decided = await self._go_on(job)
        self._alerts.resolve(AlertKind.JOB_UNCONFIRMED, job.id)
        return decided

    async def requeue(self, job: Job, owner: Owner, *, reason: str) -> Job:
        """Queue an unconfirmed job again, as if its create had never left.

        Raises:
            StaleJobError: somebody else advanced it first.
        """

        async def forget(connection: Connection) -> None:
            await unconfirmed.forget_readings(connection, job.id)

        after = await self._writer.advance(
            job,
            JobState.QUEUED,
            owner=owner,
            detail={"reason": reason},
            changes={"sent_at": None, "create_abandoned_at": None},
            also=forget,
        )
        self._alerts.resolve(AlertKind.JOB_UNCONFIRMED, job.id)
        return after

    async def _give_up(self, job: Job) -> Job:
        is_parked = job.state is JobState.PARKED
        return await self._writer.advance(
            job,
            JobState.FAILED,
            owner=Owner.OPERATOR,
            changes={
                "failure_reason": FailureReason.BROKEN
                if is_parked
                else FailureReason.OUTCOME_UNKNOWN,
                "possibly_billed": job.task.sent_at is not None and job.result.billed is None,
            },
        )

    async def _take(self, job: Job, task_id: TaskId) -> Job:
        now = self._clock.now()
        try:
            return await self._writer.advance(
                job,
                JobState.PENDING,
                owner=Owner.OPERATOR,
                detail={"task_id": task_id},
                changes=adoption(task_id, at=now, next_poll_at=now, adopted=True),
            )
        except ConflictError as error:
            raise DecisionRefusedError(DecisionProblem.TAKEN_MEANWHILE, task=task_id) from error

    async def _go_on(self, job: Job) -> Job:
        target = job.lease.parked_from or JobState.QUEUED
        if target is JobState.SUBMITTING:
            target = JobState.QUEUED  # it broke before its create left
        return await self._writer.advance(
            job, target, owner=Owner.OPERATOR, changes={"next_poll_at": self._clock.now()}
        )

    async def _require_fitting(self, job: Job, task_id: TaskId) -> None:
        """Refuse a task that is certainly not this job's.

        Raises:
            DecisionRefusedError: with the reason.
        """
        if _TASK_ID.fullmatch(task_id) is None:
            raise DecisionRefusedError(DecisionProblem.NO_TASK_ID, task=task_id)
        if job.account != self._provider.account:
            raise DecisionRefusedError(
                DecisionProblem.OTHER_ACCOUNT, job=job.id, account=job.account
            )
        if job.task.id is not None and job.task.id != task_id:
            raise DecisionRefusedError(DecisionProblem.HAS_TASK, job=job.id, task=job.task.id)
        async with self._database.read() as connection:
            owners = await jobs.known_task_ids(connection, job.account, [task_id])
            others = await unconfirmed.orphans_of_others(connection, job.account, job.id)
        owner = owners.get(task_id)
        if owner is not None and owner.id != job.id:
            raise DecisionRefusedError(DecisionProblem.OF_ANOTHER_JOB, task=task_id, job=owner.id)
        if task_id in others:
            raise DecisionRefusedError(DecisionProblem.MADE_FOR_ANOTHER_JOB, task=task_id)
        await self._require_readable(job, task_id)
        await self._require_listed(job, task_id)

    async def _require_readable(self, job: Job, task_id: TaskId) -> None:
        """Ask for the task: the provider knows those of this account alone, and their prompts."""
        try:
            task = await self._provider.get_task(task_id)
        except ProviderError as error:
            raise DecisionRefusedError(
                DecisionProblem.UNREADABLE, task=task_id, code=error.code
            ) from error
        if task.state is TaskState.UNKNOWN:
            raise DecisionRefusedError(DecisionProblem.UNKNOWN_TASK, task=task_id)
        if task.state is TaskState.SUCCEEDED and not is_made_from(job, task.orig_prompt):
            raise DecisionRefusedError(DecisionProblem.OTHER_PROMPT, task=task_id)

    async def _require_listed(self, job: Job, task_id: TaskId) -> None:
        """Look the task up in the list, which tells model and key, where it can be read."""
        try:
            listing = await self._list.read(job.spec.model)
        except ProviderError:
            return
        if listing is None:
            return
        listed = next((task for task in listing.tasks if task.task_id == task_id), None)
        if listed is None:
            raise DecisionRefusedError(
                DecisionProblem.NOT_LISTED, task=task_id, model=job.spec.model
            )
        if listing.api_key_id is not None and listed.api_key_id != listing.api_key_id:
            raise DecisionRefusedError(DecisionProblem.OTHER_KEY, task=task_id)
