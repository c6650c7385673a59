"""Sends what the provider fetches itself, for the job whose turn it is.

While the job still waits: it can be cancelled meanwhile, a stop or a crash costs nothing, and
between a claim and its create there is no moment for anything else to happen.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.backoff import backoff
from bot.domain.catalogue import Catalogue
from bot.domain.errors import (
    AuthenticationError,
    ModelNotAvailableError,
    ProviderError,
    RequestRefusedError,
    ResultHostError,
    StaleJobError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.account import AccountStatus
from bot.domain.host.disk import of_disk
from bot.domain.host.switch import Switch
from bot.domain.ids import AccountId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.metrics import Metrics
from bot.services.jobs.writer import JobWriter
from bot.services.stages.account_pause import AccountPause
from bot.services.stages.create_requests import CreateRequests
from bot.storage import accounts, host_state, jobs, lanes, queue_order
from bot.storage.engine import Database

log = get_logger(__name__)

UPLOADS_SECONDS = 90.0
"""A file of a few megabytes takes seconds; where it takes longer, the job waits for better days, so
that its lane does not."""


class Uploader:
    """Uploads the files of waiting jobs, a lane at a time."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        writer: JobWriter,
        catalogue: Catalogue,
        requests: CreateRequests,
        accounts: AccountPause,
        account: AccountId,
        metrics: Metrics,
        queue_ttl: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._writer = writer
        self._catalogue = catalogue
        self._requests = requests
        self._accounts = accounts
        self._account = account
        self._metrics = metrics
        self._queue_ttl = queue_ttl

    async def run_once(self, model: str) -> None:
        """Upload what the next job of a lane needs, if it needs anything."""
        offered = self._catalogue.get(model)
        if offered is None or not offered.abilities.may_need_uploads:
            return
        job = await self._next(model)
        if job is None or not self._requests.lacks_uploads(job):
            return
        try:
            async with asyncio.timeout(UPLOADS_SECONDS):
                await self._requests.upload(job)
        except TimeoutError:
            await self._postpone(job, "upload_slow")
        except FileNotFoundError:
            # The claim finds that as well, and counts it against the job.
            log.warning("upload_failed", job_id=job.id, code="no_file")
        except OSError as error:
            await self._postpone(job, of_disk(error).code)
        except ProviderError as error:
            self._metrics.provider_calls.labels(call="upload", outcome=error.code).inc()
            await self._settle(job, error)

    async def _next(self, model: str) -> Job | None:
        now = self._clock.now()
        async with self._database.write() as connection:
            lane = await lanes.lock(connection, self._account, model)
            if lane is None or lane.is_off(now):
                return None
            account = await accounts.get(connection, self._account)
            if account.status is AccountStatus.PAUSED:
                return None
            if await host_state.switch_of(connection) is not Switch.OPEN:
                return None
            job_id = await queue_order.next_job(
                connection, self._account, model, now=now, oldest=now - self._queue_ttl
            )
            return None if job_id is None else await jobs.get(connection, job_id)

    async def _settle(self, job: Job, error: ProviderError) -> None:
        """Apply what kept a file from the provider: nothing was asked for yet."""
        match error:
            case AuthenticationError():
                await self._accounts.pause(self._account, error)
            case ModelNotAvailableError() | RequestRefusedError() | ResultHostError():
                # Of this file, not of the model: creates without one may well be taken.
                log.error("upload_refused", job_id=job.id, code=error.code, reason=str(error))
                try:
                    await self._writer.advance(
                        job,
                        JobState.FAILED,
                        owner=Owner.DISPATCHER,
                        detail={"code": error.code},
                        changes={
                            "failure_reason": FailureReason.UPLOAD_REFUSED,
                            "failure_detail": str(error),
                        },
                    )
                except StaleJobError:
                    log.warning("work_void", job_id=job.id, target="failed")
            case _:
                await self._postpone(job, error.code)

    async def _postpone(self, job: Job, code: str) -> None:
        """Let a job wait, so that others of its lane have their turn."""
        log.warning("upload_failed", job_id=job.id, code=code)
        attempts = job.lease.attempts + 1
        wait = backoff(attempts, first_seconds=30, most_seconds=900)
        await self._writer.patch(job.id, not_before=self._clock.now() + wait, attempts=attempts)
