"""One loop for all tasks at the provider: PENDING and RUNNING, until the provider ends them.

A task whose id we hold is never given up: after TASK_TIMEOUT_SECONDS the member is told and polling
slows, and only the provider's own word ends the job. Each success teaches how long its profile
takes; polls are rare while a task cannot be done yet, and close when it is likely.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bot.domain.backoff import backoff
from bot.domain.catalogue import Catalogue
from bot.domain.errors import (
    AuthenticationError,
    DatabaseUnavailableError,
    MalformedResponseError,
    ProviderError,
    RateLimitedError,
    TaskNotCancellableError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.alerts import AlertKind
from bot.domain.ids import JobId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.deadlines import (
    TASK_MEMORY,
    UNCONFIRMED_DEADLINE,
    UNKNOWN_POLLS,
    UNKNOWN_SPAN,
    poll_interval,
)
from bot.domain.jobs.job import Detail, Job, JobUpdateKind
from bot.domain.jobs.ownership import is_made_from
from bot.domain.jobs.render_times import observed_duration, render_profile_of
from bot.domain.jobs.states import JobState, Owner
from bot.domain.ports import Clock, VideoProvider
from bot.domain.requests.task import Task, TaskFailure, TaskState
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.estimates import DurationStats, load_duration_stats
from bot.services.jobs.outcomes import Outcomes
from bot.services.jobs.writer import JobWriter
from bot.services.stages.account_pause import AccountPause
from bot.storage import jobs, render_times, unconfirmed
from bot.storage.engine import Connection, Database

log = get_logger(__name__)

IDLE_SECONDS = 30.0
MOST_WAIT_SECONDS = 300.0
"""Between two polls of a task, whatever goes wrong with them."""
BATCH = 40
"""Polls started together; the provider's query lane spaces them."""

RESULT_LIFETIME = timedelta(hours=24)
"""Where a result's URL does not say when it expires."""
LONGEST_RESULT_LIFETIME = timedelta(days=7)
"""The documentation says 24 hours; a URL that promises a century must not be tried for one."""
MOST_ERRORS = 1_000
"""Jobs whose failed polls are remembered; far more than an account has in flight."""
URL_PATIENCE = timedelta(minutes=10)
URL_POLLS = 3
"""A finished task that has no URL for so long and so many polls needs the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingPace:
    """How often, and when it is late."""

    interval_seconds: float
    timeout_seconds: float


def result_deadline(task: Task, *, now: datetime) -> datetime:
    """Return until when a finished task's result is fetched."""
    expires_at = task.url_expires_at or now + RESULT_LIFETIME
    return min(expires_at, now + LONGEST_RESULT_LIFETIME)


MOST_TIMES_ASKED = 2
"""A task that was billed for more than so many times the length asked for is doubted."""


class Poller:
    """Follows tasks."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        provider: VideoProvider,
        catalogue: Catalogue,
        accounts: AccountPause,
        alerts: Alerts,
        outcomes: Outcomes,
        metrics: Metrics,
        pace: PollingPace,
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._provider = provider
        self._catalogue = catalogue
        self._accounts = accounts
        self._alerts = alerts
        self._outcomes = outcomes
        self._metrics = metrics
        self._pace = pace
        self._errors: dict[JobId, int] = {}
        """Failed polls in a row, the newest last; only spacing depends on it."""
        self._readable_at: datetime | None = None
        """When any task of ours was last readable: proof that UNKNOWN means the task."""
        self._known = DurationStats(catalogue=catalogue, recent={})
        """How long tasks take, as read for the round of polls under way."""

    async def run_once(self) -> float:
        """Poll what is due; return seconds until the next task is."""
        now = self._clock.now()
        async with self._database.read() as connection:
            due = await jobs.due_polls(connection, now=now, limit=BATCH)
            if due:
                models = {job.spec.model for job in due}
                self._known = await load_duration_stats(connection, self._catalogue, models)
        if due:
            async with asyncio.TaskGroup() as group:
                polls = [group.create_task(self._poll(job)) for job in due]
            for poll in polls:
                if (trouble := poll.result()) is not None:
                    raise trouble
            return 0.0
        async with self._database.read() as connection:
            next_at = await jobs.next_poll_at(connection)
        if next_at is None:
            self._errors.clear()
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.0, (next_at - now).total_seconds()))

    async def _poll(self, job: Job) -> DatabaseUnavailableError | None:
        """Poll one task; return the trouble that is nobody's job's."""
        try:
            await self._poll_alone(job)
        except DatabaseUnavailableError as error:
            return error
        return None

    async def _poll_alone(self, job: Job) -> None:
        claims = job.lease.claims + 1

        async def give_back(wait: timedelta) -> None:
            next_poll_at = self._clock.now() + max(self._interval(job), wait)
            await self._writer.patch(job.id, claims=claims, next_poll_at=next_poll_at)

        async with self._outcomes.work(job, owner=Owner.POLLER, claims=claims, give_back=give_back):
            try:
                await self._follow(job)
            except ProviderError as error:
                await self._missed(job, error)

    async def _follow(self, job: Job) -> None:
        if job.task.id is None:
            raise LookupError("a task without id")
        if job.cancellation.requested_at is not None and job.state is JobState.PENDING:
            await self._cancel(job)
        task = await self._provider.get_task(job.task.id)
        if task.state is not TaskState.UNKNOWN:
            self._readable_at = self._clock.now()
            self._alerts.resolve(AlertKind.TASK_UNKNOWN, job.id)
        if task.state is TaskState.SUCCEEDED and not task.video_url:
            await self._tell_of_no_url(job, task)
            raise MalformedResponseError("get_task: a success without URL", status=200)
        self._errors.pop(job.id, None)
        self._metrics.provider_calls.labels(call="get", outcome=task.state.value).inc()
        await self._apply(job, task)

    async def _cancel(self, job: Job) -> None:
        """Ask for the cancel; whether it worked is what the GET that follows reads."""
        if job.task.id is None:
            return
        try:
            await self._provider.cancel_task(job.task.id)
        except TaskNotCancellableError:
            log.info("cancel_too_late", job_id=job.id)
        except ProviderError as error:
            # Tried again at the next poll; it must not keep a finished video from being seen.
            log.info("cancel_missed", job_id=job.id, code=error.code)

    async def _apply(self, job: Job, task: Task) -> None:
        match task.state:
            case TaskState.SUCCEEDED if task.video_url:
                await self._succeeded(job, task, task.video_url)
            case TaskState.FAILED:
                await self._failed(job, task)
            case TaskState.CANCELED if job.cancellation.requested_at is not None:
                await self._advance(job, JobState.CANCELLED)
            case TaskState.CANCELED:
                await self._advance(
                    job,
                    JobState.CANCELLED,
                    changes={"failure_reason": FailureReason.CANCELLED_OUTSIDE},
                )
            case TaskState.UNKNOWN:
                await self._unknown(job)
            case TaskState.RUNNING if job.state is JobState.PENDING:
                await self._running(job)
            case _:
                # Still waiting or running, or a status newer than this code.
                await self._wait(job, until=self._best_poll(job))

    async def _running(self, job: Job) -> None:
        known, until = job.task.next_poll_at, self._best_poll(job)

        async def postpone(connection: Connection) -> None:
            await jobs.postpone_poll(connection, job.id, known=known, until=until)

        await self._writer.advance(
            job,
            JobState.RUNNING,
            owner=Owner.POLLER,
            changes=_readable(job),
            also=postpone,
        )

    async def _succeeded(self, job: Job, task: Task, url: str) -> None:
        if job.task.adopted and not is_made_from(job, task.orig_prompt):
            await self._advance(
                job,
                JobState.EXPIRED,
                detail={"reason": "adopted task is not ours"},
                changes={
                    "failure_reason": FailureReason.OUTCOME_UNKNOWN,
                    "possibly_billed": True,
                },
            )
            await self._alerts.fire(AlertKind.ORPHAN_TASK, str(job.task.id), job_id=job.id)
            return
        billed = job.price.billed(seconds=await self._billed_seconds(job, task))
        now = self._clock.now()

        async def learn(connection: Connection) -> None:
            if (took_seconds := observed_duration(task)) is not None:
                await render_times.add(
                    connection, render_profile_of(job), seconds=took_seconds, at=now
                )

        await self._writer.advance(
            job,
            JobState.DOWNLOADING,
            owner=Owner.POLLER,
            detail={"billed_seconds": billed.seconds},
            billed=billed,
            changes={
                "result_url": url,
                "url_expires_at": result_deadline(task, now=now),
                # What was told of the task is no news of its result.
                "operator_told_at": None,
                "actual_prompt": task.actual_prompt,
                "next_poll_at": None,
                **_readable(job),
            },
            # With the CHARGE: nothing is learnt twice.
            also=learn,
        )

    async def _billed_seconds(self, job: Job, task: Task) -> Decimal:
        """Return the length that is charged: the provider's figure, unless it cannot be true."""
        asked = Decimal(job.price.reserved.seconds)
        if task.billed is None:
            return asked
        billed = job.price.billed_seconds(task.billed)
        if billed <= MOST_TIMES_ASKED * asked:
            return billed
        # In another unit, say: charged as it stands, it would use up the budget of all guilds.
        await self._alerts.fire(
            AlertKind.BILLED_LENGTH, job.id, seconds=str(billed), asked=str(asked)
        )
        return asked

    async def _tell_of_no_url(self, job: Job, task: Task) -> None:
        """Tell the operators of a finished video that stays without URL."""
        log.warning("success_without_url", job_id=job.id)
        if readable := _readable(job):
            await self._writer.patch(job.id, **readable)
        now = self._clock.now()
        ended_at = task.ended_at or job.task.confirmed_at or now
        asked_often = self._errors.get(job.id, 0) >= URL_POLLS
        if asked_often and now - ended_at >= URL_PATIENCE:
            expires_at = ended_at + RESULT_LIFETIME
            await self._alerts.fire(
                AlertKind.RESULT_DEADLINE, job.id, expires_at=expires_at.isoformat()
            )

    async def _failed(self, job: Job, task: Task) -> None:
        failure = task.failure or TaskFailure(
            provider_code="", message="", reason=FailureReason.PROVIDER_FAULT, transient=False
        )
        detail = {"provider_code": failure.provider_code}
        if failure.transient and job.cancellation.requested_at is not None:
            await self._advance(job, JobState.CANCELLED, detail=detail)
        elif failure.transient and job.task.failed_before == 0:
            await self._once_more(job, detail)
        else:
            await self._advance(
                job,
                JobState.FAILED,
                detail=detail,
                changes={
                    "failure_reason": failure.reason,
                    "failure_detail": f"{failure.provider_code}: {failure.message}",
                },
            )

    async def _once_more(self, job: Job, detail: Detail) -> None:
        """Queue a job again whose task failed transiently: failed tasks are free.

        The old task is remembered as nobody's, so that the reconciler never takes it for the
        answer to the next create.
        """
        task_id = job.task.id
        if task_id is None:
            raise LookupError("a failed task without id")

        async def disown(connection: Connection) -> None:
            await unconfirmed.add_orphan(
                connection, job.account, task_id, job_id=job.id, at=self._clock.now()
            )

        await self._writer.advance(
            job,
            JobState.QUEUED,
            owner=Owner.POLLER,
            detail={**detail, "task_id": task_id},
            changes={
                "task_id": None,
                "failed_before": job.task.failed_before + 1,
                "confirmed_at": None,
                "next_poll_at": None,
                "late_at": None,
                "adopted": False,
                **_readable(job),
            },
            also=disown,
        )

    async def _unknown(self, job: Job) -> None:
        """End a task the provider has forgotten, once that is certain."""
        now = self._clock.now()
        since = job.task.unknown_since or now
        polls = job.task.unknown_polls + 1
        old = job.task.confirmed_at is not None and now - job.task.confirmed_at > TASK_MEMORY
        # A key change makes every task UNKNOWN: another readable task shows that the key is right.
        vouched = self._readable_at is not None and self._readable_at >= since
        overdue = polls >= UNKNOWN_POLLS and now - since >= UNKNOWN_SPAN
        if overdue and not vouched:
            vouched = await self._reads_another(job)
        if old or (overdue and vouched):
            await self._lost(job, {"unknown_polls": polls})
            self._alerts.resolve(AlertKind.TASK_UNKNOWN, job.id)
            return
        if overdue:
            await self._alerts.fire(AlertKind.TASK_UNKNOWN, job.id)
        await self._writer.patch(
            job.id,
            unknown_since=since,
            unknown_polls=polls,
            next_poll_at=self._next_poll(job),
        )

    async def _reads_another(self, job: Job) -> bool:
        """Tell whether the provider still knows our newest task that is over: the key is right.

        Where all that is in flight is forgotten nothing else would vouch for it, and the lane
        would stand for a day.
        """
        async with self._database.read() as connection:
            other = await jobs.newest_finished_task(
                connection, job.account, since=self._clock.now() - TASK_MEMORY
            )
        if other is None:
            return False
        try:
            task = await self._provider.get_task(other)
        except ProviderError:
            return False
        if task.state is TaskState.UNKNOWN:
            return False
        self._readable_at = self._clock.now()
        return True

    def _is_forgotten(self, job: Job) -> bool:
        """Tell whether the provider has certainly forgotten a task, whatever became of it."""
        since = job.task.confirmed_at
        return since is not None and self._clock.now() - since > UNCONFIRMED_DEADLINE

    async def _lost(self, job: Job, detail: Detail) -> None:
        await self._advance(
            job,
            JobState.EXPIRED,
            detail=detail,
            changes={"failure_reason": FailureReason.TASK_LOST, "possibly_billed": True},
        )

    async def _tell_if_late(self, job: Job) -> Job:
        now = self._clock.now()
        if job.task.late_at is not None or job.task.confirmed_at is None:
            return job
        if (now - job.task.confirmed_at).total_seconds() <= self._pace.timeout_seconds:
            return job
        return await self._writer.update_visible(
            job, owner=Owner.POLLER, name=JobUpdateKind.TASK_LATE, changes={"late_at": now}
        )

    async def _wait(self, job: Job, *, until: datetime) -> None:
        # Who is late from now on is polled slower from now on.
        until = max(until, self._next_poll(await self._tell_if_late(job)))
        await self._writer.postpone_poll(job, until, **_readable(job))

    def _interval(self, job: Job) -> timedelta:
        model = self._catalogue.get(job.spec.model)
        return poll_interval(
            interval_seconds=self._pace.interval_seconds,
            slow=model is not None and model.abilities.slow,
            late=job.task.late_at is not None,
        )

    def _next_poll(self, job: Job) -> datetime:
        """Return the earliest moment a task may be polled again."""
        return self._clock.now() + self._interval(job)

    def _best_poll(self, job: Job) -> datetime:
        """Return when a poll of a task that is not done is most worth it."""
        waits_for_cancel = (
            job.state is JobState.PENDING and job.cancellation.requested_at is not None
        )
        if job.task.late_at is not None or job.task.confirmed_at is None or waits_for_cancel:
            return self._next_poll(job)
        now = self._clock.now()
        wait_seconds = self._known.of(render_profile_of(job)).poll_wait_seconds(
            age_seconds=(now - job.task.confirmed_at).total_seconds(),
            interval_seconds=self._interval(job).total_seconds(),
        )
        return now + timedelta(seconds=wait_seconds)

    async def _missed(self, job: Job, error: ProviderError) -> None:
        """Ask again later: a query that failed says nothing about the task."""
        self._metrics.provider_calls.labels(call="get", outcome=error.code).inc()
        missed = self._count_error(job.id)
        if isinstance(error, AuthenticationError):
            await self._accounts.pause(job.account, error)
        if self._is_forgotten(job):
            await self._lost(job, {"code": error.code})
            return
        job = await self._tell_if_late(job)
        wait = max(
            self._interval(job),
            backoff(missed, first_seconds=1, most_seconds=MOST_WAIT_SECONDS),
            timedelta(seconds=_asked_wait_seconds(error)),
        )
        log.info("poll_missed", job_id=job.id, code=error.code, seconds=wait.total_seconds())
        await self._writer.patch(job.id, next_poll_at=self._clock.now() + wait)

    def _count_error(self, job_id: JobId) -> int:
        """Count a failed poll, and forget those longest ago of jobs that ended elsewhere."""
        missed = self._errors.pop(job_id, 0) + 1
        self._errors[job_id] = missed
        while len(self._errors) > MOST_ERRORS:
            del self._errors[next(iter(self._errors))]
        return missed

    async def _advance(
        self,
        job: Job,
        target: JobState,
        *,
        detail: Detail | None = None,
        changes: JobChanges | None = None,
    ) -> None:
        self._errors.pop(job.id, None)
        await self._writer.advance(job, target, owner=Owner.POLLER, detail=detail, changes=changes)


def _asked_wait_seconds(error: ProviderError) -> float:
    """Return how long the server wants to be left alone."""
    request = error.retry_after_seconds if isinstance(error, RateLimitedError) else None
    return request or 0.0


def _readable(job: Job) -> JobChanges:
    """Return what ends a run of UNKNOWN answers."""
    if job.task.unknown_since is None:
        return {}
    return {"unknown_since": None, "unknown_polls": 0}
