"""DOWNLOADING → DELIVERING: gets the finished file onto our disk before its URL dies.

Nearest deadline first. What decodes is made ready to be sent; what came stays beside it. Whatever
goes wrong is tried again until the URL is past its Expires; then the video is lost, the member gets
it back, the loss is the operator's, and a file that no decoder reads is kept for who asks for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bot.domain.backoff import backoff
from bot.domain.errors import (
    MediaError,
    MediaUnreadableError,
    ProviderError,
    ResultExpiredError,
    ResultHostError,
)
from bot.domain.failure import FailureReason
from bot.domain.host.alerts import AlertKind
from bot.domain.jobs.ai_label import ai_label
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.delivery import ProbedVideo
from bot.domain.jobs.files import PREPARED, RESULT, key_of
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
"""Longer than the provider client's own deadline for a download, and than a re-encoding."""

MOST_WAIT_SECONDS = 300.0
MOST_WAIT_UNPLAYABLE_SECONDS = 3600.0
"""Between two attempts. A file that came whole and is no video is fetched again in vain mostly,
and each time in full."""

MAX_RESULT_BYTES = 500 * MIB
"""Far above any documented result; a larger one is not a video of ours."""

LAST_CHANCE = timedelta(minutes=1)
"""Before its end a URL is not tried again for a file that was no video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A video that is kept and can be sent."""

    file_name: str
    facts: ProbedVideo


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
            ready = await self._kept(job, job.result.url)
        except ResultExpiredError as error:
            await self._expired(job, error)
        except (ProviderError, MediaError, OSError) as error:
            await self._again(job, error)
        else:
            self._count("ok")
            await self._pass_on(job, ready)

    async def _pass_on(self, job: Job, ready: _Ready) -> None:
        self._alerts.resolve(AlertKind.RESULT_UNREADABLE, job.id)
        video = ready.facts
        await self._writer.advance(
            job,
            JobState.DELIVERING,
            owner=Owner.DOWNLOADER,
            detail={"bytes": video.size_bytes, "file": ready.file_name},
            changes={
                "video_file": ready.file_name,
                "video_bytes": video.size_bytes,
                "video_width": video.width,
                "video_height": video.height,
                "video_seconds": video.duration_seconds,
            },
        )

    async def _kept(self, job: Job, url: str) -> _Ready:
        """Fetch a result, look at it while it arrives, keep it, and make it ready."""
        async with self._files.scratch() as scratch:
            file = Path(scratch) / RESULT
            async with self._media.expecting(file):
                await self._provider.download(url, file, max_bytes=MAX_RESULT_BYTES)
                # Side by side: the disk is waited for while the last frames are decoded.
                keeping = asyncio.ensure_future(self._files.keep(file, key_of(job.id, RESULT)))
                try:
                    found = await self._media.probe(file)
                finally:
                    await keeping
            return await self._made_ready(job, file, found, scratch=Path(scratch))

    async def _made_ready(
        self, job: Job, file: Path, found: ProbedVideo, *, scratch: Path
    ) -> _Ready:
        """Make what is sent of a video that is kept: nothing, a labelled copy, or another one."""
        if found.plays and found.is_labelled:
            return _Ready(file_name=RESULT, facts=found)
        prepared, label = scratch / PREPARED, ai_label(job)
        try:
            if found.plays:
                size = await self._media.write_label(file, prepared, label=label)
                made = replace(found, size_bytes=size)
            else:
                # This takes minutes: the lease must not lapse under our hands.
                await self._writer.patch(job.id, lease_until=self._clock.now() + STAGE.lease)
                made = await self._media.make_playable(file, prepared, label=label)
                log.info(
                    "video_re_encoded",
                    job_id=job.id,
                    codec=found.codec,
                    credentials_removed=found.has_credentials,
                )
        except MediaError as error:
            # It decodes, so somebody can see it: it is sent as it came.
            log.warning("video_left_as_it_is", job_id=job.id, code=error.code, reason=str(error))
            return _Ready(file_name=RESULT, facts=found)
        await self._files.keep(prepared, key_of(job.id, PREPARED))
        return _Ready(file_name=PREPARED, facts=made)

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
        if isinstance(error, MediaUnreadableError):
            await self._tell_unreadable(job, error)
        attempts = job.lease.attempts + 1
        if isinstance(error, MediaError):
            most_seconds, chance = MOST_WAIT_UNPLAYABLE_SECONDS, left / 2
        else:
            most_seconds, chance = MOST_WAIT_SECONDS, max(timedelta(seconds=1), left)
        wait = min(backoff(attempts, first_seconds=1, most_seconds=most_seconds), chance)
        await self._postpone(job, wait, attempts=attempts, code=code, error=error)

    async def _tell_unreadable(self, job: Job, error: MediaUnreadableError) -> None:
        """Tell at the first sight of it, and once, that a paid file is none that decodes."""
        expires_at = job.result.url_expires_at
        if job.video.file_name is None and await self._alerts.fire(
            AlertKind.RESULT_UNREADABLE,
            job.id,
            problem=error.problem,
            expires_at="" if expires_at is None else expires_at.isoformat(timespec="minutes"),
        ):
            # Stored, so that a restart does not tell it again.
            await self._writer.patch(job.id, video_file=RESULT)

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
        """Give a job back whose video cannot be fetched any more, unless what is kept plays."""
        changes: JobChanges = {"video_file": None}
        try:
            async with (
                self._files.lend(key_of(job.id, RESULT)) as file,
                self._files.scratch() as scratch,
            ):
                ready = await self._ready_after_all(job, Path(file), scratch=Path(scratch))
        except FileNotFoundError:
            pass  # nothing ever came
        except OSError as error:
            # The disk does not say whether it has the video: what is there may still be sent.
            attempts = job.lease.attempts + 1
            wait = backoff(attempts, first_seconds=1, most_seconds=MOST_WAIT_SECONDS)
            await self._postpone(
                job, wait, attempts=attempts, code=type(error).__name__, error=error
            )
            return
        except MediaError as error:
            # This is why there is no video, whatever became of the address since.
            target, reason, text = JobState.FAILED, FailureReason.RESULT_UNREADABLE, str(error)
            changes = {
                "video_file": RESULT,
                "video_bytes": await self._files.size(key_of(job.id, RESULT)),
            }
        else:
            await self._pass_on(job, ready)
            return
        await self._writer.advance(
            job,
            target,
            owner=Owner.DOWNLOADER,
            detail={"reason": reason.value},
            changes=changes | {"failure_reason": reason, "failure_detail": text},
        )
        self._alerts.resolve(AlertKind.RESULT_UNREADABLE, job.id)
        await self._alerts.fire(AlertKind.OPERATOR_LOSS, job.id, reason=reason.value)

    async def _ready_after_all(self, job: Job, file: Path, *, scratch: Path) -> _Ready:
        """Make ready what is kept, now that nothing better will come: its end may be missing.

        Raises:
            MediaError: more is missing than that.
        """
        try:
            found = await self._media.probe(file)
        except MediaUnreadableError:
            prepared = scratch / PREPARED
            made = await self._media.make_playable(
                file, prepared, label=ai_label(job), may_be_cut=True
            )
            await self._files.keep(prepared, key_of(job.id, PREPARED))
            return _Ready(file_name=PREPARED, facts=made)
        return await self._made_ready(job, file, found, scratch=scratch)

    async def _postpone(
        self, job: Job, wait: timedelta, *, attempts: int, code: str, error: Exception
    ) -> None:
        log.warning(
            "download_postponed",
            job_id=job.id,
            code=code,
            reason=str(error),
            seconds=wait.total_seconds(),
        )
        await self._writer.retry_later(job, not_before=self._clock.now() + wait, attempts=attempts)

    def _count(self, outcome: str) -> None:
        self._metrics.provider_calls.labels(call="download", outcome=outcome).inc()
