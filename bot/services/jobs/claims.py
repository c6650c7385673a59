"""Claims of jobs by loops that work on one job for a while: leased, counted, given back.

A claim counts itself before the work begins, so that a job that kills the whole process is
counted too; three claims without an advance park the job. A job that was claimed before without
an advance is a suspect: suspects are worked on one at a time, so that a crash is counted against
one of them and not against all that were in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from bot.domain.errors import DatabaseUnavailableError, StaleJobError
from bot.domain.ids import ChannelId, WorkerId
from bot.domain.jobs.job import MAX_CLAIMS, Job, JobState, Owner
from bot.domain.jobs.pacing import backoff
from bot.domain.jobs.status import AlertKind
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.writer import JobWriter
from bot.storage import leases

log = get_logger(__name__)


class PoisonJobGate:
    """Lets one suspect of the process be worked on at a time."""

    def __init__(self) -> None:
        self.claiming = asyncio.Lock()
        """Held while a job is claimed, so that what was just found to be free is."""
        self.is_occupied = False
        """Whether a suspect is being worked on."""


class Claims:
    """Hands a loop its jobs of one state, one at a time."""

    def __init__(
        self,
        *,
        writer: JobWriter,
        alerts: Alerts,
        metrics: Metrics,
        worker_id: WorkerId,
        owner: Owner,
        state: JobState,
        lease: timedelta,
        poison_gate: PoisonJobGate,
    ) -> None:
        self._writer = writer
        self._alerts = alerts
        self._metrics = metrics
        self._worker_id = worker_id
        self._owner = owner
        self._state = state
        self._lease = lease
        self._poison_gate = poison_gate

    async def work_on_next(
        self, work: Callable[[Job], Awaitable[None]], *, busy: Collection[ChannelId] = ()
    ) -> bool:
        """Claim the most urgent job and work on it; False where there is none.

        Whatever the work raises is counted against the job it came from.

        Args:
            work: what is done with the job.
            busy: channels whose jobs have to wait.
        """
        poison_gate = self._poison_gate
        async with poison_gate.claiming:
            job = await self._claim(may_suspect=not poison_gate.is_occupied, busy=busy)
            is_suspect = job is not None and job.claims > 1
            poison_gate.is_occupied = poison_gate.is_occupied or is_suspect
        if job is None:
            return False
        try:
            if job.claims > MAX_CLAIMS:
                await self._park(job, "claims")
            else:
                await self._work_on(job, work)
        finally:
            if is_suspect:
                poison_gate.is_occupied = False
        return True

    async def _claim(self, *, may_suspect: bool, busy: Collection[ChannelId]) -> Job | None:
        now = self._writer.clock.now()
        async with self._writer.database.write() as connection:
            return await leases.claim_next(
                connection,
                self._state,
                worker_id=self._worker_id,
                now=now,
                until=now + self._lease,
                most_claims=None if may_suspect else 0,
                busy=busy,
            )

    async def _work_on(self, job: Job, work: Callable[[Job], Awaitable[None]]) -> None:
        try:
            await work(job)
        except StaleJobError:
            log.info("work_void", job_id=job.id, state=job.state.value)
        except asyncio.CancelledError:
            # An orderly stop is not the job's fault: the claim does not count.
            await self._unclaim(job)
            raise
        except DatabaseUnavailableError:
            # Neither is this; while the database stays away, the lease lapses by itself.
            with contextlib.suppress(DatabaseUnavailableError):
                await self._unclaim(job)
            raise
        except Exception as error:  # noqa: BLE001 - counted against the job, which is parked
            await self._broken(job, error)

    async def _unclaim(self, job: Job) -> None:
        # By version: where the work was committed after all, the next stage's lease is not ours.
        await self._writer.retry_later(
            job, not_before=self._writer.clock.now(), attempts=job.attempts
        )

    async def _broken(self, job: Job, error: Exception) -> None:
        log.error("job_broke_worker", job_id=job.id, claims=job.claims, exc_info=error)
        self._metrics.loop_failures.labels(loop=self._owner.value).inc()
        if job.claims >= MAX_CLAIMS:
            await self._park(job, type(error).__name__)
            return
        wait = backoff(job.claims, first_seconds=5, most_seconds=60)
        await self._writer.patch(
            job.id,
            lease_owner=None,
            lease_until=None,
            not_before=self._writer.clock.now() + wait,
        )

    async def _park(self, job: Job, error: str) -> None:
        await self._writer.advance(job, JobState.PARKED, owner=self._owner, detail={"error": error})
        await self._alerts.fire(AlertKind.JOB_PARKED, job.id, error=error)
