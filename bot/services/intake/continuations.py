"""Goes on from a video: its last frame becomes the first of the next."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.errors import JobNotRetryableError
from bot.domain.host.disk import of_disk
from bot.domain.ids import JobId
from bot.domain.jobs.files import RESULT, key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.picture_sources import VideoEnd
from bot.domain.jobs.remaking import FilledStart, StartOffer, start_offer, started
from bot.domain.people import Requester
from bot.domain.ports import Files
from bot.domain.problems import RetryProblem
from bot.domain.requests.pictures import FIRST_FRAME, IMAGE, LAST_FRAME, PictureSource
from bot.domain.requests.submission import Origin, VideoOptions
from bot.services.intake.admission import Admission
from bot.services.intake.lookup import JobLookup
from bot.services.intake.submissions import Queued
from bot.services.intake.video_requests import VideoRequests


class Continuations:
    """What Continue does."""

    def __init__(
        self,
        *,
        admission: Admission,
        lookup: JobLookup,
        files: Files,
        video_requests: VideoRequests,
    ) -> None:
        self._admission = admission
        self._lookup = lookup
        self._files = files
        self._video_requests = video_requests

    async def offer(self, job_id: JobId, requester: Requester) -> StartOffer:
        """Return what can be made of a video's last frame.

        Raises:
            JobNotFoundError: there is no such job in this guild.
            JobNotRetryableError: its video is not there (any more).
        """
        job = await self._finished(job_id, requester)
        return start_offer(await self._admission.catalogue(job.guild_id))

    async def continue_from(
        self,
        job_id: JobId,
        requester: Requester,
        origin: Origin,
        filled: FilledStart,
        last_frame: PictureSource | None = None,
    ) -> Queued:
        """Queue a job that begins with the last frame of another one.

        Args:
            job_id: the job whose video is gone on from.
            requester: who asks and pays.
            origin: where, and by which interaction.
            filled: what is to happen, and what makes it.
            last_frame: what the next video is to end with.

        Raises:
            JobNotFoundError, JobNotRetryableError: see ``offer``.
            PriceRoseError: it costs more than it was offered for.
            RequestError: see ``VideoRequests.request``.
        """
        job = await self._finished(job_id, requester)
        catalogue = await self._admission.catalogue(job.guild_id)
        options = VideoOptions(spoiler=job.options.spoiler, watermark=job.options.watermark)
        asked = started(catalogue, filled, options, has_last_frame=last_frame is not None)
        begins = VideoEnd(
            option=IMAGE if last_frame is None else FIRST_FRAME,
            key=key_of(job.id, RESULT),
            first_picture=key_of(job.id, job.pictures[0].file_name) if job.pictures else None,
        )
        ends = [] if last_frame is None else [replace(last_frame, option=LAST_FRAME)]
        return await self._video_requests.request(
            requester,
            replace(origin, continued_from=job.id),
            asked.kind,
            asked.options,
            asked.choices,
            [begins, *ends],
            at_most_micros=filled.at_most_micros,
        )

    async def _finished(self, job_id: JobId, requester: Requester) -> Job:
        job = await self._lookup.of_guild(job_id, requester)
        if not job.is_made:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ACTIVE)
        if job.times.forgotten_at is not None:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED)
        try:
            await self._files.size(key_of(job.id, RESULT))
        except FileNotFoundError as error:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.NO_VIDEO) from error
        except OSError as error:
            raise of_disk(error) from error
        return job
