"""UNCONFIRMED jobs against the provider's task list: found, certainly not taken, or the operator's.

The list is read whole, without time filters, by model. A task is adopted only where exactly one
candidate fits exactly one job; a job is queued again only where two complete readings long after
its window show nothing and each shows a control, a task of ours of that time. Anything else goes
to the operator with the facts, never to a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bot.domain.errors import JobNotFoundError, ProviderError, StaleJobError
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, JobId, TaskId
from bot.domain.job import POLLED, Job, JobState, Owner
from bot.domain.pacing import CREATE_DEADLINE_SECONDS, WINDOW_MARGIN
from bot.domain.ports import VideoProvider
from bot.domain.status import Told
from bot.domain.task import ListedTask
from bot.logs import get_logger
from bot.services.advance import Advancer
from bot.services.operators import Operators
from bot.storage import jobs, lanes, unconfirmed
from bot.storage.engine import Connection
from bot.storage.unconfirmed import Reading

log = get_logger(__name__)

INTERVAL_SECONDS = 60.0
MAX_PAGES = 200

SETTLING = timedelta(minutes=10)
"""The list may lag: earlier readings prove nothing by their silence."""

READINGS_NEEDED = 2
CONTROL_SPAN = timedelta(minutes=30)
"""How near the window a task of ours must lie to prove that the list shows such tasks."""


_DECIDABLE = frozenset({JobState.UNCONFIRMED, JobState.PARKED, *POLLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One complete reading of the provider's list for a model."""

    tasks: tuple[ListedTask, ...]
    owners: dict[TaskId, Job]
    """Which of our jobs own which tasks."""
    disowned: frozenset[TaskId]
    being_sent: tuple[Job, ...]
    """Jobs whose create is outstanding: their task may be listed before they know it."""
    api_key_id: str | None
    """The provider's id of our key; None where it cannot be told."""
    offset: timedelta
    """The provider's clock less ours, learnt from tasks we own."""

    def candidates(self, job: Job) -> list[ListedTask]:
        """Return the tasks that may be a job's: ours by key, nobody's, born in its window.

        The window of a create that is still outstanding has no end yet.
        """
        if job.sent_at is None or self.api_key_id is None:
            return []
        start = job.sent_at - WINDOW_MARGIN
        open_end = job.gave_up_at is None
        end = (job.gave_up_at or job.sent_at) + WINDOW_MARGIN
        return [
            task
            for task in self.tasks
            if task.api_key_id == self.api_key_id
            and task.task_id not in self.owners
            and task.task_id not in self.disowned
            and start <= task.created_at - self.offset
            and (open_end or task.created_at - self.offset <= end)
        ]

    def has_control(self, job: Job) -> bool:
        """Tell whether a task we own from about that time is in the list."""
        if job.sent_at is None:
            return False
        return any(
            abs(task.created_at - self.offset - job.sent_at) <= CONTROL_SPAN
            for task in self.tasks
            if task.task_id in self.owners
        )


class Reconciler:
    """Settles what nobody saw answered."""

    def __init__(
        self, *, advancer: Advancer, provider: VideoProvider, operators: Operators
    ) -> None:
        self._advancer = advancer
        self._database = advancer.database
        self._clock = advancer.clock
        self._provider = provider
        self._account: AccountId = provider.account
        self._operators = operators

    async def run_once(self) -> float:
        """Settle what can be settled; return the seconds until the next round."""
        async with self._database.read() as connection:
            open_jobs = await jobs.in_states(connection, {JobState.UNCONFIRMED})
            account = await lanes.account_of(connection, self._account)
            followed = await jobs.in_states(connection, POLLED, limit=1)
        if account.api_key_id is None and followed and not open_jobs:
            await self._learn_early(followed[0])
        for model in sorted({job.model for job in open_jobs}):
            of_model = [job for job in open_jobs if job.model == model]
            try:
                listing = await self._read(model)
            except ProviderError as error:
                log.warning("task_list_unreadable", model=model, code=error.code)
                continue
            if listing is None:
                for job in of_model:
                    await self._undecided(job, "list_too_long")
            else:
                await self._settle(of_model, listing)
        return INTERVAL_SECONDS

    async def _read(self, model: str) -> Listing | None:
        """Read the whole list; None where it is too long, because a part of it proves nothing."""
        tasks: list[ListedTask] = []
        page = await self._provider.list_tasks(model=model, page=1)
        if page.total_pages > MAX_PAGES:
            return None
        tasks += page.tasks
        for number in range(2, page.total_pages + 1):
            tasks += (await self._provider.list_tasks(model=model, page=number)).tasks
        # Tasks move down the pages while they are read: the same one may come twice.
        unique = tuple({task.task_id: task for task in tasks}.values())
        async with self._database.write() as connection:
            owners = await jobs.known_task_ids(
                connection, self._account, [task.task_id for task in unique]
            )
            disowned = await unconfirmed.orphans(connection, self._account)
            being_sent = await jobs.in_states(connection, {JobState.SUBMITTING})
            api_key_id = await self._learn_key(connection, unique, owners)
        return Listing(
            tasks=unique,
            owners=owners,
            disowned=frozenset(disowned),
            being_sent=tuple(job for job in being_sent if job.model == model),
            api_key_id=api_key_id,
            offset=_offset(unique, owners),
        )

    async def _learn_early(self, job: Job) -> None:
        """Learn our key's id from the first task we own, before it is ever needed."""
        try:
            await self._read(job.model)
        except ProviderError as error:
            log.warning("task_list_unreadable", model=job.model, code=error.code)

    async def _learn_key(
        self, connection: Connection, tasks: Iterable[ListedTask], owners: dict[TaskId, Job]
    ) -> str | None:
        """Return the provider's id of our key, from tasks we own, now or earlier."""
        own = {task.api_key_id for task in tasks if task.task_id in owners and task.api_key_id}
        if len(own) == 1:
            (api_key_id,) = own
            await lanes.set_account(connection, self._account, api_key_id=api_key_id)
            return api_key_id
        account = await lanes.account_of(connection, self._account)
        if account.api_key_id is not None:
            return account.api_key_id
        # Before our first task is known: a list with a single key in it leaves no doubt.
        seen = {task.api_key_id for task in tasks}
        return seen.pop() if len(seen) == 1 else None

    async def _settle(self, open_jobs: list[Job], listing: Listing) -> None:
        candidates = {job.id: listing.candidates(job) for job in open_jobs}
        contested = {task.task_id for job in listing.being_sent for task in listing.candidates(job)}
        wanted: dict[TaskId, list[JobId]] = {}
        for job in open_jobs:
            for task in candidates[job.id]:
                wanted.setdefault(task.task_id, []).append(job.id)
        for job in open_jobs:
            try:
                match candidates[job.id]:
                    case [*tasks] if any(task.task_id in contested for task in tasks):
                        # Its owner may be about to learn its id: the next round knows more.
                        log.info("adoption_postponed", job_id=job.id)
                    case [task] if wanted[task.task_id] == [job.id]:
                        await self._adopt(job, task)
                    case []:
                        await self._missing(job, listing)
                    case several:
                        await self._undecided(
                            job, "ambiguous", tasks=", ".join(task.task_id for task in several)
                        )
            except StaleJobError:
                log.info("work_void", job_id=job.id, state=job.state.value)

    async def _adopt(self, job: Job, task: ListedTask) -> None:
        now = self._clock.now()

        async def forget(connection: Connection) -> None:
            await unconfirmed.forget_readings(connection, job.id)

        await self._advancer.advance(
            job,
            JobState.PENDING,
            owner=Owner.RECONCILER,
            detail={"task_id": task.task_id, "adopted": 1},
            changes={
                "task_id": task.task_id,
                "adopted": True,
                "confirmed_at": now,
                "next_poll_at": now,
                "unknown_since": None,
                "unknown_polls": 0,
            },
            also=forget,
        )
        self._operators.over(Told.JOB_UNCONFIRMED, job.id)

    async def _missing(self, job: Job, listing: Listing) -> None:
        """Queue a job again once it is certain that its create made no task."""
        now = self._clock.now()
        if job.sent_at is None:
            return
        settled_at = job.sent_at + timedelta(seconds=CREATE_DEADLINE_SECONDS) + SETTLING
        if now < settled_at:
            return
        reading = Reading(
            at=now,
            has_control=listing.api_key_id is not None and listing.has_control(job),
        )
        async with self._database.write() as connection:
            await unconfirmed.add_reading(connection, job.id, reading)
            readings = await unconfirmed.readings_of(connection, job.id)
        recent = [known for known in readings if known.at >= settled_at]
        if len(recent) < READINGS_NEEDED:
            return
        if all(known.has_control for known in recent[-READINGS_NEEDED:]):
            await self._requeue(job, Owner.RECONCILER)
        else:
            await self._undecided(job, "no_control")

    async def _requeue(self, job: Job, owner: Owner) -> None:
        async def forget(connection: Connection) -> None:
            await unconfirmed.forget_readings(connection, job.id)

        await self._advancer.advance(
            job,
            JobState.QUEUED,
            owner=owner,
            detail={"reason": "certainly not taken"},
            changes={"sent_at": None, "gave_up_at": None},
            also=forget,
        )
        self._operators.over(Told.JOB_UNCONFIRMED, job.id)

    async def _undecided(self, job: Job, why: str, **facts: str) -> None:
        """Leave the decision to the operator; the reservation stays until it is taken."""
        if job.operator_told_at is None:
            await self._advancer.touch(job.id, operator_told_at=self._clock.now())
        sent_at = job.sent_at.isoformat() if job.sent_at else ""
        await self._operators.tell(
            Told.JOB_UNCONFIRMED, job.id, why=why, model=job.model, sent_at=sent_at, **facts
        )

    async def decide(self, job_id: JobId, *, taken: TaskId | None, failed: bool) -> Job:
        """Carry out an operator's decision about an unconfirmed or parked job.

        A task at the provider may be given up too: after a change of the key nothing else ends it.

        Args:
            job_id: the job.
            taken: the task the operator found for it.
            failed: give up; without it and without a task the job goes on where it was.

        Raises:
            JobNotFoundError: there is no such job waiting for a decision.
        """
        job = await self._advancer.read(job_id)
        if job is None or job.state not in _DECIDABLE:
            raise JobNotFoundError(job_id)
        if job.state in POLLED and not failed:
            raise JobNotFoundError(job_id)  # it has its task and goes on by itself
        if taken is not None and job.billed_seconds is not None:
            raise JobNotFoundError(job_id)  # its video is made and charged
        if failed:
            reason = (
                FailureReason.BROKEN
                if job.state is JobState.PARKED
                else FailureReason.OUTCOME_UNKNOWN
            )
            return await self._advancer.advance(
                job,
                JobState.FAILED,
                owner=Owner.OPERATOR,
                changes={
                    "failure_reason": reason,
                    "possibly_billed": job.sent_at is not None and job.billed_seconds is None,
                },
            )
        if taken is not None:
            now = self._clock.now()
            return await self._advancer.advance(
                job,
                JobState.PENDING,
                owner=Owner.OPERATOR,
                detail={"task_id": taken},
                changes={
                    "task_id": taken,
                    "adopted": True,
                    "confirmed_at": now,
                    "next_poll_at": now,
                },
            )
        if job.state is JobState.UNCONFIRMED:
            await self._requeue(job, Owner.OPERATOR)
            return await self._advancer.read(job_id) or job
        target = job.parked_from or JobState.QUEUED
        if target is JobState.SUBMITTING:
            target = JobState.QUEUED  # it broke before its create left
        return await self._advancer.advance(
            job, target, owner=Owner.OPERATOR, changes={"next_poll_at": self._clock.now()}
        )


def _offset(tasks: Iterable[ListedTask], owners: dict[TaskId, Job]) -> timedelta:
    """Return the provider's clock less ours: our tasks were born between POST and answer."""
    gaps = [
        (task.created_at - owner.sent_at).total_seconds()
        - (owner.confirmed_at - owner.sent_at).total_seconds() / 2
        for task in tasks
        if (owner := owners.get(task.task_id)) is not None
        and owner.sent_at is not None
        and owner.confirmed_at is not None
        and not owner.adopted
    ]
    return timedelta(seconds=median(gaps)) if gaps else timedelta(0)
