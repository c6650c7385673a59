"""QUEUED → SUBMITTING → PENDING, within the lane's limits: the only caller of the create.

The claim is committed before the POST leaves. What an answer means is one table here, ``_settle``;
the create itself is never repeated for a claim. One create is outstanding per lane, so that the
windows in which an unseen task may have been born do not overlap.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Unpack

from bot.domain.backoff import backoff
from bot.domain.catalogue import Catalogue
from bot.domain.errors import (
    AuthenticationError,
    ConflictError,
    DatabaseUnavailableError,
    ModelNotAvailableError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
    StaleJobError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.account import AccountStatus
from bot.domain.host.alerts import AlertKind
from bot.domain.host.disk import of_disk
from bot.domain.host.switch import Switch
from bot.domain.ids import AccountId, TaskId, WorkerId
from bot.domain.jobs.changes import JobChanges, adoption
from bot.domain.jobs.deadlines import CREATE_LEASE, UNCONFIRMED_GAP
from bot.domain.jobs.job import Detail, Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import transition
from bot.domain.ports import Clock, Files, VideoProvider
from bot.domain.requests.submission import is_still_made, price_of
from bot.domain.requests.task import TaskRequest
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.outcomes import Outcomes
from bot.services.jobs.writer import JobWriter
from bot.services.stages.account_pause import AccountPause
from bot.services.stages.create_requests import CreateRequests, NotUploadedError
from bot.services.stages.uploader import Uploader
from bot.storage import accounts, host_state, jobs, lanes, queue_order, unconfirmed
from bot.storage.engine import Connection, Database

log = get_logger(__name__)

IDLE_SECONDS = 5.0
"""A lane looks by itself this often; wake-ups hasten it."""

SPACING_MARGIN = timedelta(milliseconds=20)
"""Two creates in one of the provider's windows too many would be our own fault."""


class Dispatcher:
    """Submits the jobs of all lanes; each lane runs on its own."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        provider: VideoProvider,
        catalogue: Catalogue,
        files: Files,
        accounts: AccountPause,
        alerts: Alerts,
        outcomes: Outcomes,
        metrics: Metrics,
        worker_id: WorkerId,
        poll_interval: timedelta,
        queue_ttl: timedelta,
    ) -> None:
        self._writer = writer
        self._database = database
        self._clock = clock
        self._provider = provider
        self._account: AccountId = provider.account
        self._catalogue = catalogue
        self._requests = CreateRequests(
            catalogue=catalogue, files=files, provider=provider, writer=writer, clock=clock
        )
        self._uploader = Uploader(
            database=database,
            clock=clock,
            writer=writer,
            catalogue=catalogue,
            requests=self._requests,
            accounts=accounts,
            account=provider.account,
            metrics=metrics,
            queue_ttl=queue_ttl,
        )
        self._accounts = accounts
        self._alerts = alerts
        self._outcomes = outcomes
        self._metrics = metrics
        self._worker_id = worker_id
        self._poll_interval = poll_interval
        self._queue_ttl = queue_ttl

    async def prepare(self) -> None:
        """Store the lanes with the catalogue's limits, and take over what waits.

        A waiting job has cost nothing yet, so it may change its account; one whose model is not
        offered any more ends here instead of waiting for nothing, as does one that would cost more
        than was reserved for it.
        """
        async with self._database.write() as connection:
            await accounts.ensure(connection, self._account)
            await lanes.ensure(
                connection,
                self._account,
                [(model.name, model.limits) for model in self._catalogue],
            )
            await jobs.take_over_queued(connection, self._account)
            await queue_order.enter_waiting(connection, self._account)
            queued = await jobs.in_states(connection, {JobState.QUEUED})
        for offered in self._catalogue:
            if offered.ends_soon(self._clock.now().date()):
                log.warning("model_ends", model=offered.name, ends_on=str(offered.ends_on))
        for job in queued:
            model = self._catalogue.get(job.spec.model)
            where = self._catalogue.region.value
            if model is None or not is_still_made(model, job.spec):
                text = f"{job.spec.model} in {job.spec.resolution} is not offered in {where}"
                await self._end(job, FailureReason.MODEL_OFF, text, {"code": "model_gone"})
                continue
            today, agreed = price_of(model, job.spec).reserved, job.price.reserved
            if today.micros > agreed.micros:
                # Nobody agreed to that; where it costs less now, the price that was shown stands.
                text = f"{today.micros} > {agreed.micros}"
                await self._end(job, FailureReason.PRICE_ROSE, text, {"code": "price_rose"})

    async def run_once(self, model: str) -> float:
        """Submit one job of a lane if it may; return seconds until it is worth looking again."""
        await self._uploader.run_once(model)
        claimed = await self._claim(model)
        if not isinstance(claimed, Job):
            await self._fail_unsellable(model)
            return claimed
        await self._submit(claimed)
        return 0.0

    async def _claim(self, model: str) -> Job | float:
        """Commit the next job as SUBMITTING; else return how long to wait."""
        now = self._clock.now()
        if self._has_ended(model):
            return IDLE_SECONDS
        async with self._database.write() as connection:
            lane = await lanes.lock(connection, self._account, model)
            account = await accounts.get(connection, self._account)
            if lane is None or lane.is_off(now) or account.status is AccountStatus.PAUSED:
                return IDLE_SECONDS
            if await host_state.switch_of(connection) is not Switch.OPEN:
                return IDLE_SECONDS
            if lane.next_submit_at is not None and lane.next_submit_at > now:
                return (lane.next_submit_at - now).total_seconds()
            occupied = await lanes.in_flight(connection, self._account, model, now=now)
            if len(occupied) >= lane.in_flight:
                return IDLE_SECONDS
            if any(job.state is JobState.SUBMITTING for job in occupied):
                return IDLE_SECONDS
            job = await self._next(connection, model)
            if job is None:
                return IDLE_SECONDS
            step = transition(
                job,
                JobState.SUBMITTING,
                owner=Owner.DISPATCHER,
                at=now,
                changes={
                    "sent_at": now,
                    "create_abandoned_at": None,
                    "confirmed_at": None,
                    "task_id": None,
                    "operator_told_at": None,
                    "lease_owner": self._worker_id,
                    "lease_until": now + CREATE_LEASE,
                    "claims": job.lease.claims + 1,
                    "attempts": job.lease.attempts,
                },
            )
            await self._writer.apply(connection, step)
            if lane.off_at is not None:
                await lanes.switch_on(connection, lane)
            await lanes.set_next_submit(
                connection, lane, at=now + self._spacing(lane), throttled=lane.throttled
            )
        self._writer.publish(step)
        return step.after

    async def _next(self, connection: Connection, model: str) -> Job | None:
        now = self._clock.now()
        job_id = await queue_order.next_job(
            connection, self._account, model, now=now, oldest=now - self._queue_ttl
        )
        return None if job_id is None else await jobs.get(connection, job_id)

    @staticmethod
    def _spacing(lane: lanes.Lane) -> timedelta:
        return timedelta(seconds=1 / lane.submits_per_second) + SPACING_MARGIN

    async def _submit(self, job: Job) -> None:
        """Send one create and record what its answer means."""
        request = await self._built(job)
        if request is None:
            return
        if job.lease.until is not None and self._clock.now() >= job.lease.until:
            # The process was suspended: the reaper may hold the create for sent by now.
            await self._requeue(job, timedelta(0), {"code": "held_up"})
            return
        try:
            task_id = await self._provider.create_task(request)
        except ProviderError as error:
            self._count("create", error.code)
            answer = error
            await self._until_stored(job, lambda: self._settle(job, answer))
        except Exception as error:
            # Counted against the job, whose create may have left.
            self._count("create", "broken")
            log.exception("job_broke_worker", job_id=job.id, claims=job.lease.claims)
            self._metrics.loop_failures.labels(loop="dispatcher").inc()
            await self._unseen(job, {"error": type(error).__name__})
        else:
            self._count("create", "accepted")
            await self._until_stored(job, lambda: self._store_task(job, task_id))
            await self._accounts.works(self._account)

    async def _built(self, job: Job) -> TaskRequest | None:
        """Build a job's create; None where that broke, and the job was given back or parked."""

        async def give_back(wait: timedelta) -> None:
            await self._advance(
                job,
                JobState.QUEUED,
                {"error": "broken"},
                claims=job.lease.claims,
                not_before=self._clock.now() + wait,
                sent_at=None,
            )

        requests: list[TaskRequest] = []
        async with self._outcomes.work(
            job,
            owner=Owner.DISPATCHER,
            claims=job.lease.claims,
            give_back=give_back,
            # Nothing left: it holds no place of its lane.
            parking={"sent_at": None},
        ):
            try:
                requests.append(await self._requests.of(job))
            except FileNotFoundError:
                raise
            except NotUploadedError:
                # Another one's turn came in between; the next round uploads for this one.
                await self._requeue(job, timedelta(0), {"code": "not_uploaded"})
            except OSError as error:
                # The disk is in trouble, not the job: it waits.
                wait = backoff(job.lease.attempts + 1, first_seconds=2, most_seconds=60)
                await self._requeue(job, wait, {"code": of_disk(error).code})
        return requests[0] if requests else None

    async def _until_stored(self, job: Job, store: Callable[[], Awaitable[None]]) -> None:
        """Store what an answer means, however often the database must be asked: it is money."""
        attempts = 0
        while True:
            try:
                await store()
            except DatabaseUnavailableError as error:
                attempts += 1
                log.warning("create_answer_unstored", job_id=job.id, reason=str(error))
                wait = backoff(attempts, first_seconds=0.5, most_seconds=10)
                await self._clock.sleep(wait.total_seconds())
            else:
                return

    async def _settle(self, job: Job, error: ProviderError) -> None:
        """Apply the table of what an answer to a create means."""
        detail = {"code": error.code, "provider_code": error.provider_code or ""}
        match error:
            case RateLimitedError():
                wait = await self._slow_down(job, error)
                await self._requeue(job, wait, detail)
            case ProviderUnavailableError(request_was_sent=False):
                wait = backoff(job.lease.attempts + 1, first_seconds=2, most_seconds=60)
                await self._space(job)
                await self._requeue(job, wait, detail)
            case AuthenticationError():
                # The answer first: telling takes as long as Discord does, and the lease runs.
                await self._requeue(job, timedelta(0), detail)
                await self._accounts.pause(self._account, error)
            case ModelNotAvailableError():
                await self._switch_off(job, error)
            case RequestRefusedError():
                await self._space(job)
                await self._end(job, error.reason, f"{error.provider_code}: {error}", detail)
            case _:
                # Nobody saw an answer, or one that this table does not know: a task may exist.
                await self._unseen(job, detail)

    async def _unseen(self, job: Job, detail: Detail) -> None:
        """Leave a job to the reconciler; its lane rests, so that no two windows overlap."""
        now = self._clock.now()

        async def defer(connection: Connection) -> None:
            await lanes.defer_until(
                connection, self._account, job.spec.model, until=now + UNCONFIRMED_GAP
            )

        try:
            await self._writer.advance(
                job,
                JobState.UNCONFIRMED,
                owner=Owner.DISPATCHER,
                detail=detail,
                changes={"create_abandoned_at": now},
                also=defer,
            )
        except StaleJobError:
            log.warning("create_answer_void", job_id=job.id, target="unconfirmed")
            await self._abandoned_later(job, now)

    async def _abandoned_later(self, job: Job, now: datetime) -> None:
        """Correct the end of a job's window: its lease lapsed while this process was suspended."""
        current = await self._writer.read(job.id)
        if (
            current is not None
            and current.state is JobState.UNCONFIRMED
            and current.task.sent_at == job.task.sent_at
        ):
            await self._writer.patch(job.id, create_abandoned_at=now)

    async def _requeue(self, job: Job, wait: timedelta, detail: Detail) -> None:
        await self._advance(
            job,
            JobState.QUEUED,
            {**detail, "wait_seconds": wait.total_seconds()},
            not_before=self._clock.now() + wait,
            attempts=job.lease.attempts + 1,
            sent_at=None,
        )

    async def _end(self, job: Job, reason: FailureReason, text: str, detail: Detail) -> None:
        await self._advance(
            job, JobState.FAILED, detail, failure_reason=reason, failure_detail=text
        )

    async def _advance(
        self,
        job: Job,
        target: JobState,
        detail: Detail,
        **changes: Unpack[JobChanges],
    ) -> None:
        try:
            await self._writer.advance(
                job, target, owner=Owner.DISPATCHER, detail=detail, changes=changes
            )
        except StaleJobError:
            log.warning("create_answer_void", job_id=job.id, target=target.value)

    async def _store_task(self, job: Job, task_id: TaskId) -> None:
        now = self._clock.now()
        current: Job | None = job
        while current is not None and current.state in {
            JobState.SUBMITTING,
            JobState.UNCONFIRMED,
        }:
            try:
                await self._writer.advance(
                    current,
                    JobState.PENDING,
                    owner=Owner.DISPATCHER,
                    detail={"task_id": task_id},
                    changes=adoption(task_id, at=now, next_poll_at=now + self._poll_interval),
                )
            except StaleJobError:
                current = await self._writer.read(job.id)
            except ConflictError:
                await self._owned_by_another(current, task_id)
                return
            else:
                await self._space(job, throttled=0)
                self._alerts.resolve(AlertKind.LANE_OFF, job.spec.model)
                return
        if current is not None and current.task.id == task_id:
            return
        await self._orphan(job, task_id)

    async def _owned_by_another(self, job: Job, task_id: TaskId) -> None:
        """Leave a task with the job that has it, and what is right to the operator."""
        log.error("task_id_taken", job_id=job.id, task_id=task_id)
        if job.state is JobState.SUBMITTING:
            await self._unseen(job, {"task_id": task_id})
        sent_at = job.task.sent_at.isoformat() if job.task.sent_at else ""
        await self._alerts.fire(
            AlertKind.JOB_UNCONFIRMED,
            job.id,
            why="ambiguous",
            model=job.spec.model,
            sent_at=sent_at,
            tasks=task_id,
        )

    async def _orphan(self, job: Job, task_id: TaskId) -> None:
        """Keep a task that fits no job any more, and try not to pay for it."""
        async with self._database.write() as connection:
            await unconfirmed.add_orphan(
                connection, self._account, task_id, job_id=job.id, at=self._clock.now()
            )
        try:
            await self._provider.cancel_task(task_id)
            outcome = "cancelled"
        except ProviderError as error:
            outcome = error.code
        await self._alerts.fire(AlertKind.ORPHAN_TASK, task_id, job_id=job.id, cancel=outcome)

    async def _space(self, job: Job, *, throttled: int | None = None) -> None:
        """Count the lane's next create from the answer, so that two never arrive too close."""
        async with self._database.write() as connection:
            lane = await lanes.lock(connection, self._account, job.spec.model)
            if lane is not None:
                await lanes.set_next_submit(
                    connection,
                    lane,
                    at=self._clock.now() + self._spacing(lane),
                    throttled=lane.throttled if throttled is None else throttled,
                )

    async def _slow_down(self, job: Job, error: RateLimitedError) -> timedelta:
        """Let the whole lane wait: recovery is "usually within one minute"."""
        async with self._database.write() as connection:
            lane = await lanes.lock(connection, self._account, job.spec.model)
            throttled = (lane.throttled if lane else 0) + 1
            wait = backoff(throttled, first_seconds=2, most_seconds=60)
            if error.retry_after_seconds is not None:
                wait = max(wait, timedelta(seconds=error.retry_after_seconds))
            if lane is not None:
                await lanes.set_next_submit(
                    connection, lane, at=self._clock.now() + wait, throttled=throttled
                )
        log.warning(
            "lane_throttled", model=job.spec.model, code=error.provider_code, seconds=wait.seconds
        )
        return wait

    async def _switch_off(self, job: Job, error: ProviderError) -> None:
        """Stop a lane the account may not use; what waits for it fails in the lane's next round."""
        reason = f"{error.provider_code}: {error}"
        async with self._database.write() as connection:
            lane = await lanes.lock(connection, self._account, job.spec.model)
            if lane is not None:
                await lanes.switch_off(connection, lane, at=self._clock.now(), reason=reason)
        await self._end(job, FailureReason.MODEL_OFF, reason, {"code": error.code})
        await self._alerts.fire(AlertKind.LANE_OFF, job.spec.model, reason=str(error.provider_code))

    async def _fail_unsellable(self, model: str) -> None:
        """Fail what waits for a lane that is off, or a model that ended: it would wait for nothing.

        Nobody is moved to another model, whose price and pictures nobody agreed to.
        """
        has_ended = self._has_ended(model)
        async with self._database.read() as connection:
            lane = await lanes.get(connection, self._account, model)
            is_off = lane is not None and lane.is_off(self._clock.now())
            if not (is_off or has_ended):
                return
            queued = await jobs.in_states(connection, {JobState.QUEUED})
        reason, code = FailureReason.MODEL_OFF, "lane_off"
        if has_ended:
            reason, code = FailureReason.MODEL_ENDED, "model_ended"
        text = (lane.off_reason if lane and not has_ended else None) or ""
        for job in queued:
            if job.spec.model == model and job.account == self._account:
                await self._end(job, reason, text, {"code": code})

    def _has_ended(self, model: str) -> bool:
        offered = self._catalogue.get(model)
        return offered is not None and not offered.is_sold_on(self._clock.now().date())

    def _count(self, call: str, outcome: str) -> None:
        self._metrics.provider_calls.labels(call=call, outcome=outcome).inc()
