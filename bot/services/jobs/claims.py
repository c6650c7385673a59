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
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ids import ChannelId, WorkerId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import MAX_CLAIMS, JobState, Owner
from bot.domain.ports import Clock
from bot.services.jobs.outcomes import Outcomes, unless_stale
from bot.services.jobs.writer import JobWriter
from bot.storage import leases
from bot.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a loop claims: the jobs of a state, in whose name, and for how long at a time."""

    state: JobState
    owner: Owner
    lease: timedelta


class Claims:
    """Hands loops their jobs, one at a time; one suspect of the process is in hand at most."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        outcomes: Outcomes,
        worker_id: WorkerId,
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._outcomes = outcomes
        self._worker_id = worker_id
        self._claiming = asyncio.Lock()
        """Held while a job is claimed, so that what was just found to be free is."""
        self._has_suspect = False
        """Whether a suspect is being worked on."""

    async def work_on_next(
        self,
        stage: Stage,
        work: Callable[[Job], Awaitable[None]],
        *,
        busy: Collection[ChannelId] = (),
    ) -> bool:
        """Claim a stage's most urgent job and work on it; False where there is none.

        Whatever the work raises is counted against the job it came from.

        Args:
            stage: which jobs are claimed.
            work: what is done with the job.
            busy: channels whose jobs have to wait.
        """
        async with self._claiming:
            job = await self._claim(stage, may_suspect=not self._has_suspect, busy=busy)
            is_suspect = job is not None and job.lease.claims > 1
            self._has_suspect = self._has_suspect or is_suspect
        if job is None:
            return False
        try:
            if job.lease.claims > MAX_CLAIMS:
                async with unless_stale(job):
                    await self._outcomes.park(job, "claims", owner=stage.owner)
            else:
                await self._work_on(stage, job, work)
        finally:
            if is_suspect:
                self._has_suspect = False
        return True

    async def _claim(
        self, stage: Stage, *, may_suspect: bool, busy: Collection[ChannelId]
    ) -> Job | None:
        now = self._clock.now()
        async with self._database.write() as connection:
            return await leases.claim_next(
                connection,
                stage.state,
                worker_id=self._worker_id,
                now=now,
                until=now + stage.lease,
                most_claims=None if may_suspect else 0,
                busy=busy,
            )

    async def _work_on(
        self, stage: Stage, job: Job, work: Callable[[Job], Awaitable[None]]
    ) -> None:
        async def give_back(wait: timedelta) -> None:
            await self._writer.patch(
                job.id, lease_owner=None, lease_until=None, not_before=self._clock.now() + wait
            )

        try:
            async with self._outcomes.work(
                job, owner=stage.owner, claims=job.lease.claims, give_back=give_back
            ):
                await work(job)
        except asyncio.CancelledError:
            # An orderly stop is not the job's fault: the claim does not count.
            await self._unclaim(job)
            raise
        except DatabaseUnavailableError:
            # Neither is this; while the database stays away, the lease lapses by itself.
            with contextlib.suppress(DatabaseUnavailableError):
                await self._unclaim(job)
            raise

    async def _unclaim(self, job: Job) -> None:
        # By version: where the work was committed after all, the next stage's lease is not ours.
        await self._writer.retry_later(
            job, not_before=self._clock.now(), attempts=job.lease.attempts
        )
