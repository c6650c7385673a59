"""Lets a task be polled at once when somebody says that it has ended.

Who says so is not believed, only heard: the poll's own answer decides, and where nobody says
anything the poller's schedule finds the end as always. One wake for a task within its polling
interval, however often it is said.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from bot.domain.catalogue import Catalogue
from bot.domain.ids import AccountId, TaskId
from bot.domain.jobs.deadlines import poll_interval
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import POLLED
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.storage import jobs
from bot.storage.engine import Database

log = get_logger(__name__)


class WakeOutcome(StrEnum):
    """What came of a wake."""

    HASTENED = "hastened"
    """The task is polled at once."""
    REPEATED = "repeated"
    """It was polled for an earlier wake not long ago."""
    UNKNOWN_TASK = "unknown_task"
    """No job follows the task: it is not ours, or we know its end already."""


class TaskWakes:
    """Makes polls due."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        account: AccountId,
        interval_seconds: float,
        hasten: Callable[[], None],
    ) -> None:
        """Wake nothing yet.

        Args:
            database: where jobs are.
            clock: what tells how long ago a task was woken.
            catalogue: whose models say which tasks are polled rarely.
            account: whose tasks are ours.
            interval_seconds: least time between two polls of one task.
            hasten: makes the poller look for what is due.
        """
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._account = account
        self._interval_seconds = interval_seconds
        self._hasten = hasten
        self._spent: dict[TaskId, float] = {}
        """Until when a task is not woken again. Tasks in flight alone; after a restart each may be
        woken once more."""

    async def wake(self, task_id: TaskId) -> WakeOutcome:
        """Let a task be polled at once, if a job of ours follows it.

        Raises:
            DatabaseUnavailableError: nothing was changed.
        """
        now = self._clock.monotonic()
        self._spent = {task: until for task, until in self._spent.items() if until > now}
        if task_id in self._spent:
            return WakeOutcome.REPEATED
        # Read first: others of the account may make a hundred tasks a second, and none is ours.
        async with self._database.read() as connection:
            owners = await jobs.known_task_ids(connection, self._account, [task_id])
        job = owners.get(task_id)
        if job is None or job.state not in POLLED:
            return WakeOutcome.UNKNOWN_TASK
        if task_id in self._spent:
            return WakeOutcome.REPEATED
        self._spent[task_id] = now + self._seconds_between_polls(job)
        try:
            async with self._database.write() as connection:
                is_followed = await jobs.make_poll_due(
                    connection, job.id, task_id, now=self._clock.now()
                )
        except BaseException:
            self._spent.pop(task_id, None)
            raise
        if not is_followed:
            return WakeOutcome.UNKNOWN_TASK
        self._hasten()
        log.info("poll_hastened", job_id=job.id)
        return WakeOutcome.HASTENED

    def _seconds_between_polls(self, job: Job) -> float:
        model = self._catalogue.get(job.spec.model)
        return poll_interval(
            interval_seconds=self._interval_seconds,
            slow=model is not None and model.abilities.slow,
            late=job.task.late_at is not None,
        ).total_seconds()
