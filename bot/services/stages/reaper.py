"""Lapsed leases, deadlines, queue age, retention: no state is without an end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from bot.domain.failure import FailureReason
from bot.domain.host.alerts import AlertKind
from bot.domain.ids import JobId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.deadlines import (
    CREATE_DEADLINE_SECONDS,
    STATUS_MESSAGE_DEADLINE,
    UNCONFIRMED_DEADLINE,
    UNCONFIRMED_GAP,
)
from bot.domain.jobs.files import JOBS, folder_of
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.retention import erased, withdrawn
from bot.domain.jobs.states import IN_FLIGHT, JobState, Owner
from bot.domain.ports import Clock, Files
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.outcomes import unless_stale
from bot.services.jobs.writer import JobWriter
from bot.storage import deadlines, drafts, jobs, lanes, reports
from bot.storage.engine import Connection, Database

log = get_logger(__name__)

INTERVAL_SECONDS = 10.0
FORGET_BATCH = 50

STRAY_AFTER = timedelta(hours=1)
SWEEP_SECONDS = 1500.0
CANCELLED_KEPT = timedelta(minutes=30)
"""So long a cancelled job can be made again; with the time to the next sweep an hour at most."""
"""A folder without a job this old was left by a process that stopped before its commit."""

NO_DEADLINE_SECONDS = timedelta(days=1).total_seconds()

DRAFTS_KEPT = timedelta(days=1)
"""As long as Discord hands out what was attached to a message."""

ALARM_BEFORE = timedelta(hours=2)
"""The operators are told when a video not yet on disk is this near its end."""

MOST_ALARMS = 20
"""Told of at once; where more are that near, they have one cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long things are kept."""

    queue_ttl: timedelta
    retention: timedelta


class Reaper:
    """Ends what has waited too long."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        files: Files,
        alerts: Alerts,
        metrics: Metrics,
        lifetimes: Lifetimes,
        is_being_made: Callable[[str], bool],
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._files = files
        self._metrics = metrics
        self._lifetimes = lifetimes
        self._is_being_made = is_being_made
        self._alerts = alerts
        self._sweep_at = self._clock.monotonic()
        self._started_at = self._clock.monotonic()
        self._alarmed: set[JobId] = set()
        """Jobs whose near end the operators know of."""

    async def run_once(self) -> float:
        """Apply every deadline once; return the seconds until the next round."""
        now = self._clock.now()
        await self._lapse_creates(now)
        await self._end(
            await self._older(JobState.QUEUED, now - self._lifetimes.queue_ttl),
            JobState.EXPIRED,
            FailureReason.QUEUE_EXPIRED,
        )
        await self._end(
            await self._without_message(now), JobState.CANCELLED, FailureReason.STATUS_MISSING
        )
        await self._end(await self._cancel_wanted(), JobState.CANCELLED, None)
        await self._end(
            await self._older(JobState.UNCONFIRMED, now - UNCONFIRMED_DEADLINE, column="sent_at"),
            JobState.EXPIRED,
            FailureReason.OUTCOME_UNKNOWN,
            possibly_billed=True,
        )
        await self._end(
            await self._older(
                JobState.PARKED, now - self._lifetimes.retention, column="entered_at"
            ),
            JobState.FAILED,
            FailureReason.BROKEN,
        )
        await self._watch_deadlines(now)
        await self._forget(now)
        await self._follow_erasures(now)
        await self._forget_reporters()
        await self._database.drop_traces()
        await self._sweep(now)
        await self._measure()
        return INTERVAL_SECONDS

    async def _older(
        self, state: JobState, moment: datetime, *, column: str = "created_at"
    ) -> list[Job]:
        async with self._database.read() as connection:
            return await jobs.older_than(connection, state, moment, column=column)

    async def _without_message(self, now: datetime) -> list[Job]:
        """Return waiting jobs whose message Discord did not take, in the life of this process."""
        lived_seconds = self._clock.monotonic() - self._started_at
        if lived_seconds < STATUS_MESSAGE_DEADLINE.total_seconds():
            # What an earlier process left is the status board's to find or to post.
            return []
        async with self._database.read() as connection:
            return await jobs.older_than(
                connection,
                JobState.QUEUED,
                now - STATUS_MESSAGE_DEADLINE,
                without_message=True,
            )

    async def _cancel_wanted(self) -> list[Job]:
        async with self._database.read() as connection:
            return await jobs.cancel_wanted(connection)

    async def _lapse_creates(self, now: datetime) -> None:
        """A create whose process is gone may have made a task: nobody saw the answer."""
        async with self._database.read() as connection:
            lapsed = await jobs.lapsed(connection, JobState.SUBMITTING, now=now)
        for job in lapsed:
            deadline = (job.task.sent_at or now) + timedelta(seconds=CREATE_DEADLINE_SECONDS)
            await self._lapse(job, abandoned_at=min(now, deadline))

    async def _lapse(self, job: Job, *, abandoned_at: datetime) -> None:
        async def defer(connection: Connection) -> None:
            until = abandoned_at + UNCONFIRMED_GAP
            await lanes.defer_until(connection, job.account, job.spec.model, until=until)

        async with unless_stale(job):
            await self._writer.advance(
                job,
                JobState.UNCONFIRMED,
                owner=Owner.REAPER,
                changes={"create_abandoned_at": abandoned_at},
                also=defer,
            )

    async def _end(
        self,
        ended: Sequence[Job],
        target: JobState,
        reason: FailureReason | None,
        *,
        possibly_billed: bool = False,
    ) -> None:
        for job in ended:
            await self._advance(job, target, failure_reason=reason, possibly_billed=possibly_billed)

    async def _advance(self, job: Job, target: JobState, **changes: Unpack[JobChanges]) -> None:
        async with unless_stale(job):
            await self._writer.advance(job, target, owner=Owner.REAPER, changes=changes)

    async def _forget(self, now: datetime) -> None:
        """Erase pictures, prompts and videos at the end of their retention."""
        async with self._database.read() as connection:
            old = await jobs.to_forget(
                connection, now - self._lifetimes.retention, limit=FORGET_BATCH
            )
        for job in old:
            try:
                await self._files.erase(folder_of(job.id))
            except OSError as error:
                log.warning("job_not_forgotten", job_id=job.id, error=type(error).__name__)
                continue
            await self._writer.patch(job.id, **erased(job, at=now))
            self._database.mark_erased()
            log.info("job_forgotten", job_id=job.id)

    async def _follow_erasures(self, now: datetime) -> None:
        """Delete what others made again from something that its people have had deleted.

        A moderator's copy would outlive the member's word.
        """
        async with self._database.read() as connection:
            copies = await jobs.retries_of_erased(connection, limit=FORGET_BATCH)
        for job in copies:
            try:
                await self._files.erase(folder_of(job.id))
            except OSError as error:
                log.warning("job_not_forgotten", job_id=job.id, error=type(error).__name__)
                continue
            async with unless_stale(job):
                # With an event, so that what was made from this one follows in the next round.
                await self._writer.update_visible(
                    job,
                    owner=Owner.REAPER,
                    name=JobUpdateKind.JOB_FORGOTTEN,
                    changes=withdrawn(job, at=now) | erased(job, at=now),
                )
                self._database.mark_erased()

    async def _forget_reporters(self) -> None:
        """Erase the names of who reported what is erased; that they did, and when, stays."""
        async with self._database.read() as connection:
            erased_jobs = await reports.with_names_to_erase(connection, limit=FORGET_BATCH)
        if not erased_jobs:
            return
        async with self._database.write() as connection:
            await reports.erase_names(connection, erased_jobs)
        self._database.mark_erased()

    async def _forget_drafts(self, now: datetime) -> None:
        """Forget forms that nobody can send any more: their files are not handed out for longer."""
        async with self._database.write() as connection:
            await drafts.forget_before(connection, now - DRAFTS_KEPT)

    async def _sweep(self, now: datetime) -> None:
        """Delete folders of cancelled jobs, and of submissions that never became jobs."""
        if self._clock.monotonic() < self._sweep_at:
            return
        self._sweep_at = self._clock.monotonic() + SWEEP_SECONDS
        await self._forget_drafts(now)
        with contextlib.suppress(OSError):  # the next sweep tries again
            names = await self._files.folders(JOBS)
            async with self._database.read() as connection:
                known = await jobs.known_ids(connection, names)
                cancelled = await jobs.cancelled_before(connection, now - CANCELLED_KEPT, known)
            for job_id in cancelled:
                await self._files.erase(folder_of(job_id))
            for name in names:
                if name not in known:
                    await self._erase_stray(name, now)

    async def _erase_stray(self, name: str, now: datetime) -> None:
        """Delete a folder whose files have been there for long enough to have a job by now."""
        if self._is_being_made(name):
            return
        newest_at = await self._files.newest_at(folder_of(name))
        if newest_at is not None and newest_at <= now - STRAY_AFTER:
            await self._files.erase(folder_of(name))
            log.info("stray_folder_deleted", folder=name)

    async def _watch_deadlines(self, now: datetime) -> None:
        """Tell of videos that may soon be lost, however they are stuck, until that is over."""
        async with self._database.read() as connection:
            ends = await deadlines.nearest(connection, limit=MOST_ALARMS)
        left = (ends[0][1] - now).total_seconds() if ends else NO_DEADLINE_SECONDS
        self._metrics.result_deadline_seconds.set(left)
        near = {job_id: end for job_id, end in ends if end - now < ALARM_BEFORE}
        for job_id in self._alarmed - near.keys():
            self._alerts.resolve(AlertKind.RESULT_DEADLINE, job_id)
        self._alarmed = set(near)
        for job_id, end in near.items():
            await self._alerts.fire(AlertKind.RESULT_DEADLINE, job_id, expires_at=end.isoformat())

    async def _measure(self) -> None:
        async with self._database.read() as connection:
            counts = await jobs.count_by_state(connection)
        self._metrics.queue_depth.set(counts.get(JobState.QUEUED, 0))
        self._metrics.unconfirmed.set(counts.get(JobState.UNCONFIRMED, 0))
        self._metrics.parked.set(counts.get(JobState.PARKED, 0))
        self._metrics.in_flight.set(sum(counts.get(state, 0) for state in IN_FLIGHT))
