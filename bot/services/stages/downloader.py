"""DOWNLOADING → DELIVERING: gets the finished file onto our disk before its URL dies.

Nearest deadline first. Whatever goes wrong is tried again until the URL is past its Expires; then
the video is lost, the member gets it back, and the loss is the operator's.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from bot.domain.backoff import backoff
from bot.domain.errors import (
    MediaError,
    ProviderError,
    ResultExpiredError,
    ResultHostError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.alerts import AlertKind
from bot.domain.jobs.delivery import ProbedVideo
from bot.domain.jobs.files import RESULT, key_of
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.ports import Clock, Files, VideoProvider
from bot.domain.units import MIB
from bot.logs import get_logger
from bot.media.child import MediaPool
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.jobs.claims import Claims, Stage
from bot.services.jobs.writer import JobWriter
from bot.services.stages.poller import result_deadline

log = get_logger(__name__)

IDLE_SECONDS = 5.0

STAGE = Stage(
    state=JobState.DOWNLOADING,
    owner=Owner.DOWNLOADER,
    lease=timedelta(minutes=20),
)
"""Longer than the provider client's own deadline for a download."""

MOST_WAIT_SECONDS = 300.0
MOST_WAIT_UNPLAYABLE_SECONDS = 3600.0
"""Between two attempts. A file that came whole and is no video is fetched again in vain mostly,
and each time in full."""

MAX_RESULT_BYTES = 500 * MIB
"""Far above any documented result; a larger one is not a video of ours."""

LAST_CHANCE = timedelta(minutes=1)
"""Before its end a URL is not tried again for a file that was no video."""


class Downloader:
    """Fetches and verifies results."""

    def __init__(
        self,
        *,
        clock: Clock,
        writer: JobWriter,
        provider: VideoProvider,
        media: MediaPool,
        files: Files,
        alerts: Alerts,
        metrics: Metrics,
        claims: Claims,
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._provider = provider
        self._media = media
        self._files = files
        self._alerts = alerts
        self._metrics = metrics
        self._claims = claims

    async def run_once(self) -> float:
        """Fetch one result; return seconds until it is worth looking again."""
        return 0.0 if await self._claims.work_on_next(STAGE, self._fetch) else IDLE_SECONDS

    async def _fetch(self, job: Job) -> None:
        if job.result.url is None or job.result.url_expires_at is None:
            raise LookupError("a finished task without URL")
        try:
            video = await self._kept(job, job.result.url)
        except ResultExpiredError as error:
            await self._expired(job, error)
        except (ProviderError, MediaError, OSError) as error:
            await self._again(job, error)
        else:
            self._count("ok")
            await self._writer.advance(
                job,
                JobState.DELIVERING,
                owner=Owner.DOWNLOADER,
                detail={"bytes": video.size_bytes},
                changes={
                    "video_file": RESULT,
                    "video_bytes": video.size_bytes,
                    "video_width": video.width,
                    "video_height": video.height,
                    "video_seconds": video.duration_seconds,
                },
            )

    async def _kept(self, job: Job, url: str) -> ProbedVideo:
        """Fetch a result, look at it while it arrives, and keep it."""
        async with self._files.scratch() as scratch:
            file = Path(scratch) / RESULT
            async with self._media.expecting(file):
                await self._provider.download(url, file, max_bytes=MAX_RESULT_BYTES)
                # Side by side: the disk is waited for while the last frames are decoded.
                keeping = asyncio.ensure_future(self._files.keep(file, key_of(job.id, RESULT)))
                try:
                    return await self._media.probe(file)
                finally:
                    await keeping

    async def _again(self, job: Job, error: ProviderError | MediaError | OSError) -> None:
        """Try again until the URL is past its Expires."""
        now = self._clock.now()
        code = getattr(error, "code", type(error).__name__)
        self._count(code)
        expires_at = job.result.url_expires_at or now
        left = expires_at - now
        if isinstance(error, MediaError) and left < LAST_CHANCE:
            # Another look would find the URL dead, and that is not why there is no video.
            await self._lose(job, JobState.FAILED, FailureReason.RESULT_UNREADABLE, str(error))
            return
        if left <= timedelta(0):
            await self._lose(job, JobState.FAILED, FailureReason.RESULT_EXPIRED, str(error))
            return
        is_news = isinstance(error, ResultHostError) and job.times.operator_told_at is None
        if is_news and await self._alerts.fire(AlertKind.RESULT_HOST, job.id, reason=str(error)):
            # Stored, so that the restart which widens RESULT_HOSTS does not tell it again.
            await self._writer.patch(job.id, operator_told_at=now)
        attempts = job.lease.attempts + 1
        if isinstance(error, MediaError):
            most_seconds, chance = MOST_WAIT_UNPLAYABLE_SECONDS, left / 2
        else:
            most_seconds, chance = MOST_WAIT_SECONDS, max(timedelta(seconds=1), left)
        wait = min(backoff(attempts, first_seconds=1, most_seconds=most_seconds), chance)
        log.warning(
            "download_postponed",
            job_id=job.id,
            code=code,
            reason=str(error),
            seconds=wait.total_seconds(),
        )
        await self._writer.retry_later(job, not_before=now + wait, attempts=attempts)

    async def _expired(self, job: Job, error: ResultExpiredError) -> None:
        """Ask once for a fresh URL; where there is none, the video is lost."""
        self._count(error.code)
        try:
            task = None if job.task.id is None else await self._provider.get_task(job.task.id)
        except ProviderError as problem:
            await self._again(job, problem)
            return
        now = self._clock.now()
        fresh = result_deadline(task, now=now) if task and task.url_expires_at else None
        if task and task.video_url and fresh and fresh > now:
            if task.video_url != job.result.url:
                await self._writer.update_visible(
                    job,
                    owner=Owner.DOWNLOADER,
                    name=JobUpdateKind.RESULT_URL_REFRESHED,
                    changes={
                        "result_url": task.video_url,
                        "url_expires_at": fresh,
                        "lease_owner": None,
                        "lease_until": None,
                    },
                )
                return
            # The provider says that the URL is good and the storage says it is not: one of
            # their clocks is wrong, and only waiting tells which.
            await self._again(job, error)
            return
        await self._lose(job, JobState.EXPIRED, FailureReason.RESULT_EXPIRED, str(error))

    async def _lose(self, job: Job, target: JobState, reason: FailureReason, text: str) -> None:
        await self._writer.advance(
            job,
            target,
            owner=Owner.DOWNLOADER,
            detail={"reason": reason.value},
            changes={"failure_reason": reason, "failure_detail": text},
        )
        await self._alerts.fire(AlertKind.OPERATOR_LOSS, job.id, reason=reason.value)

    def _count(self, outcome: str) -> None:
        self._metrics.provider_calls.labels(call="download", outcome=outcome).inc()
