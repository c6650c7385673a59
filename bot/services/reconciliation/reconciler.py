"""UNCONFIRMED jobs against the provider's task list: found, certainly not taken, or the operator's.

A task is adopted only where it is certain whose it is: by time, key and order
(``bot.domain.jobs.ownership``), or by the prompt it was made from. A job is queued again only where
two complete readings long after its create show nothing that may be its task, and each shows a
control, a task of ours of that time. Anything else goes to the operator with the facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.errors import ProviderError
from bot.domain.host.alerts import AlertKind
from bot.domain.ids import AccountId
from bot.domain.jobs.changes import adoption
from bot.domain.jobs.deadlines import UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ownership import (
    Finding,
    Listing,
    UnresolvedReason,
    Verdict,
    is_made_from,
    settled_at,
)
from bot.domain.jobs.states import POLLED, JobState, Owner
from bot.domain.ports import Clock, VideoProvider
from bot.domain.requests.task import ListedTask, TaskState
from bot.logs import get_logger
from bot.services.alerts import Alerts
from bot.services.jobs.outcomes import unless_stale
from bot.services.jobs.writer import JobWriter
from bot.services.reconciliation.operator_decisions import OperatorDecisions
from bot.services.reconciliation.task_list import TaskList, described, moment
from bot.storage import accounts, jobs, unconfirmed
from bot.storage.engine import Connection, Database
from bot.storage.unconfirmed import READINGS_NEEDED, Reading

log = get_logger(__name__)

INTERVAL_SECONDS = 60.0
PROOF_SECONDS = 15.0
"""A task that must end before it proves anything is looked at this often."""
TOLD_SECONDS = 300.0
"""Where only the operator can go on, the list is read this often: something may turn up."""

READING_GAP = timedelta(seconds=30)
"""Two readings in one moment are one."""

LIST_PATIENCE = timedelta(hours=1)
"""A list that cannot be read for so long after a create is the operator's to know."""

TOLD_AGAIN_AFTER = timedelta(hours=1)
"""A process that is restarted over and over must not repeat itself each time."""

TASKS_TOLD = 8
FOLLOWED_LOOKED_AT = 20
_ENDED = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELED, TaskState.UNKNOWN})


class Reconciler:
    """Settles what nobody saw answered."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        provider: VideoProvider,
        alerts: Alerts,
        task_list: TaskList,
        decisions: OperatorDecisions,
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._provider = provider
        self._account: AccountId = provider.account
        self._alerts = alerts
        self._list = task_list
        self._decisions = decisions
        self._started_at = self._clock.now()
        self._unreadable: set[str] = set()
        """Models whose list could not be read: said once as long as it lasts."""

    async def run_once(self) -> float:
        """Settle what can be settled; return the seconds until the next round."""
        async with self._database.read() as connection:
            unsettled = await jobs.in_states(connection, {JobState.UNCONFIRMED})
            has_settled = await unconfirmed.has_settled_readings(connection)
        if has_settled:
            async with self._database.write() as connection:
                await unconfirmed.forget_settled(connection)
        # Only its own key can see a job's task.
        open_jobs = [job for job in unsettled if job.account == self._account]
        if not open_jobs:
            await self._learn_key_early()
            return INTERVAL_SECONDS
        waits = [
            await self._reconcile(model, [job for job in open_jobs if job.spec.model == model])
            for model in sorted({job.spec.model for job in open_jobs})
        ]
        return min(waits)

    async def _reconcile(self, model: str, open_jobs: list[Job]) -> float:
        """Settle the jobs of one model; return the seconds until the next round."""
        try:
            listing = await self._list.read(model)
            if listing is None:
                for job in open_jobs:
                    await self._undecided(job, UnresolvedReason.LIST_TOO_LONG)
                return TOLD_SECONDS
            waits = await self._settle(listing)
        except ProviderError as error:
            await self._not_readable(model, open_jobs, error)
            return INTERVAL_SECONDS
        self._unreadable.discard(model)
        return min(waits, default=INTERVAL_SECONDS)

    async def _not_readable(self, model: str, open_jobs: list[Job], error: ProviderError) -> None:
        if model not in self._unreadable:
            self._unreadable.add(model)
            log.warning("task_list_unreadable", model=model, code=error.code)
        for job in open_jobs:
            if (
                job.task.sent_at is not None
                and self._clock.now() - job.task.sent_at > LIST_PATIENCE
            ):
                await self._undecided(job, UnresolvedReason.LIST_UNREADABLE)

    async def _learn_key_early(self) -> None:
        async with self._database.read() as connection:
            account = await accounts.get(connection, self._account)
            if account.api_key_id is not None:
                return
            followed = await jobs.in_states(connection, POLLED, limit=FOLLOWED_LOOKED_AT)
        teacher = next(
            (job for job in followed if job.account == self._account and not job.task.adopted), None
        )
        if teacher is None:
            return
        try:
            await self._list.learn_key(teacher.spec.model)
        except ProviderError as error:
            await self._not_readable(teacher.spec.model, [], error)
        else:
            self._unreadable.discard(teacher.spec.model)

    async def _settle(self, listing: Listing) -> list[float]:
        findings = listing.findings()
        waits = []
        for job in listing.unanswered:
            if job.id not in findings:
                continue
            async with unless_stale(job):
                waits.append(await self._settle_one(job, findings[job.id], listing))
        return waits

    async def _settle_one(self, job: Job, finding: Finding, listing: Listing) -> float:
        if finding.verdict is not Verdict.ABSENT:
            await self._forget_readings(job)
        match finding:
            case Finding(verdict=Verdict.FOUND, tasks=(task,)):
                await self._adopt(job, task)
            case Finding(verdict=Verdict.ABSENT):
                return await self._missing(job, listing)
            case Finding(verdict=Verdict.CONTESTED):
                # Its owner may be about to learn its id, or to prove that it is its own.
                log.info("adoption_postponed", job_id=job.id)
            case _:
                return await self._prove(job, finding, listing)
        return INTERVAL_SECONDS

    async def _prove(self, job: Job, finding: Finding, listing: Listing) -> float:
        """Adopt the one task that was made from the job's own words, once that shows.

        Raises:
            ProviderError: a task could not be read; the next round tries again.
        """
        # What was born at another time is somebody else's most likely, whatever its words.
        if job.options.prompt and finding.doubt is not UnresolvedReason.UNEXPLAINED:
            if any(task.state not in _ENDED for task in finding.tasks) and self._may_run(job):
                return PROOF_SECONDS
            made = [
                (listed, prompt)
                for listed in finding.tasks
                if listed.task_id not in listing.owners
                and (prompt := await self._prompt_of(listed)) is not None
                and is_made_from(job, prompt)
            ]
            if len(made) == 1:
                ((listed, prompt),) = made
                if not any(is_made_from(at, prompt) for at in listing.rivals(job, listed)):
                    await self._adopt(job, listed)
                    return INTERVAL_SECONDS
        await self._undecided(job, finding.doubt or UnresolvedReason.AMBIGUOUS, finding.tasks)
        return INTERVAL_SECONDS if job.times.operator_told_at is None else TOLD_SECONDS

    def _may_run(self, job: Job) -> bool:
        return (
            job.task.sent_at is not None
            and self._clock.now() - job.task.sent_at < UNCONFIRMED_COUNTS_FOR
        )

    async def _prompt_of(self, listed: ListedTask) -> str | None:
        """Return the prompt of a finished task; nothing else tells it."""
        if listed.state is not TaskState.SUCCEEDED:
            return None
        task = await self._provider.get_task(listed.task_id)
        return (task.orig_prompt or "") if task.state is TaskState.SUCCEEDED else None

    async def _adopt(self, job: Job, task: ListedTask) -> None:
        now = self._clock.now()

        async def forget(connection: Connection) -> None:
            await unconfirmed.forget_readings(connection, job.id)

        await self._writer.advance(
            job,
            JobState.PENDING,
            owner=Owner.RECONCILER,
            detail={"task_id": task.task_id, "adopted": 1},
            changes=adoption(task.task_id, at=now, next_poll_at=now, adopted=True),
            also=forget,
        )
        self._alerts.resolve(AlertKind.JOB_UNCONFIRMED, job.id)

    async def _missing(self, job: Job, listing: Listing) -> float:
        """Queue a job again once it is certain that its create made no task."""
        now = self._clock.now()
        if listing.begun_at < settled_at(job):
            return INTERVAL_SECONDS
        has_control = listing.has_control(job)
        async with self._database.write() as connection:
            known = await unconfirmed.readings_of(connection, job.id)
            # A clock that was set back makes readings of the future, which count for nothing.
            earlier = [
                reading for reading in known if settled_at(job) <= reading.at <= now - READING_GAP
            ]
            if any(now - READING_GAP < reading.at <= now for reading in known):
                return INTERVAL_SECONDS
            reading = Reading(at=now, has_control=has_control)
            await unconfirmed.add_reading(connection, job.id, reading)
        agreeing = [*earlier, reading][-READINGS_NEEDED:]
        if len(agreeing) < READINGS_NEEDED:
            return INTERVAL_SECONDS
        if all(reading.has_control for reading in agreeing):
            await self._decisions.requeue(job, Owner.RECONCILER, reason="certainly not taken")
            return INTERVAL_SECONDS
        await self._undecided(job, UnresolvedReason.NO_CONTROL)
        return INTERVAL_SECONDS if job.times.operator_told_at is None else TOLD_SECONDS

    async def _forget_readings(self, job: Job) -> None:
        """Let a task that may be the job's contradict all earlier silence."""
        async with self._database.read() as connection:
            if not await unconfirmed.readings_of(connection, job.id):
                return
        async with self._database.write() as connection:
            await unconfirmed.forget_readings(connection, job.id)

    async def _undecided(
        self, job: Job, doubt: UnresolvedReason, tasks: Sequence[ListedTask] = ()
    ) -> None:
        """Leave the decision to the operator; the reservation stays until it is taken.

        Nobody is told before the list has settled. What was told is stored: the next process tells
        again, unless that was just now.
        """
        now = self._clock.now()
        told_at = job.times.operator_told_at
        if job.task.sent_at is None or now < settled_at(job):
            return
        if told_at is not None and (
            told_at >= self._started_at or now - told_at < TOLD_AGAIN_AFTER
        ):
            return
        shown = ", ".join(described(task) for task in tasks[:TASKS_TOLD])
        if len(tasks) > TASKS_TOLD:
            shown += f" and {len(tasks) - TASKS_TOLD} more"
        # An earlier create of this job may have been told of, and decided in another process.
        self._alerts.resolve(AlertKind.JOB_UNCONFIRMED, job.id)
        await self._alerts.fire(
            AlertKind.JOB_UNCONFIRMED,
            job.id,
            why=doubt.value,
            model=job.spec.model,
            sent_at=moment(job.task.sent_at),
            tasks=shown,
        )
        event = JobEvent(
            job_id=job.id,
            at=now,
            owner=Owner.RECONCILER,
            name="undecided",
            detail={"why": doubt.value, "tasks": shown},
        )
        async with self._database.write() as connection:
            await jobs.patch(connection, job.id, operator_told_at=now)
            await jobs.record(connection, event)
