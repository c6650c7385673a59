"""What becomes of a job whose work broke, or that somebody else advanced meanwhile.

A job that breaks its worker three times is parked for the operator, so that it cannot stop the
others; one that was advanced by somebody else is theirs, and our work on it is dropped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.domain.backoff import backoff
from bot.domain.errors import DatabaseUnavailableError, StaleJobError
from bot.domain.host.alerts import AlertKind
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import MAX_CLAIMS, JobState, Owner
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.writer import JobWriter

log = get_logger(__name__)

GiveBack = Callable[[timedelta], Awaitable[None]]
"""Leaves a job that broke to a later try, after a wait."""


@asynccontextmanager
async def unless_stale(job: Job) -> AsyncIterator[None]:
    """Drop the block's work on a job that somebody else advanced first."""
    try:
        yield
    except StaleJobError:
        log.info("work_void", job_id=job.id, state=job.state.value)


class Outcomes:
    """Counts what breaks against the job it came from."""

    def __init__(self, writer: JobWriter, alerts: Alerts, metrics: Metrics) -> None:
        self._writer = writer
        self._alerts = alerts
        self._metrics = metrics

    @asynccontextmanager
    async def work(
        self,
        job: Job,
        *,
        owner: Owner,
        claims: int,
        give_back: GiveBack,
        parking: JobChanges | None = None,
    ) -> AsyncIterator[None]:
        """Run the block as work on a job; what it raises is the job's and stays here.

        Args:
            job: what is worked on.
            owner: who works.
            claims: how often that was tried since the last advance, this time included.
            give_back: leaves the job to a later try.
            parking: what else changes where the job is parked.

        Raises:
            DatabaseUnavailableError: nobody's job's trouble.
        """
        try:
            async with unless_stale(job):
                yield
        except DatabaseUnavailableError:
            raise
        except Exception as error:
            log.exception("job_broke_worker", job_id=job.id, claims=claims)
            self._metrics.loop_failures.labels(loop=owner.value).inc()
            async with unless_stale(job):
                if claims >= MAX_CLAIMS:
                    await self.park(job, type(error).__name__, owner=owner, changes=parking)
                else:
                    await give_back(backoff(claims, first_seconds=5, most_seconds=60))

    async def park(
        self, job: Job, error: str, *, owner: Owner, changes: JobChanges | None = None
    ) -> None:
        """Take a job out of the loops for the operator.

        Raises:
            StaleJobError: somebody else advanced it first.
        """
        await self._writer.advance(
            job, JobState.PARKED, owner=owner, detail={"error": error}, changes=changes
        )
        await self._alerts.fire(AlertKind.JOB_PARKED, job.id, error=error)
