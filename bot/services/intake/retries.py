"""Makes a job again: the same settings and pictures, a new seed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.domain.errors import JobNotRetryableError
from bot.domain.host.disk import of_disk
from bot.domain.jobs.files import PREVIEW, folder_of, key_of
from bot.domain.people import Requester
from bot.domain.ports import Files
from bot.domain.problems import RetryProblem
from bot.domain.requests.submission import Origin, Submission, is_still_made, price_of
from bot.services.intake.admission import Admission
from bot.services.intake.lookup import JobLookup
from bot.services.intake.submissions import Queued, Submissions
from bot.storage.engine import Database


class Retries:
    """What /jobs retry does."""

    def __init__(
        self,
        *,
        database: Database,
        admission: Admission,
        lookup: JobLookup,
        files: Files,
        submissions: Submissions,
    ) -> None:
        self._database = database
        self._admission = admission
        self._lookup = lookup
        self._files = files
        self._submissions = submissions

    async def retry(self, asked: str, requester: Requester, origin: Origin) -> Queued:
        """Queue a job again, as a new submission.

        Raises:
            JobNotFoundError: see ``JobLookup.find``.
            JobNotRetryableError: the job is still under way, its pictures were erased, or its
                model is no longer offered.
            RequestError: whatever ``Submissions.submit`` refuses.
        """
        job = await self._lookup.find(asked, requester)
        if not job.is_terminal:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ACTIVE)
        model = self._admission.offered().get(job.spec.model)
        if model is None or not is_still_made(model, job.spec):
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.MODEL_GONE)
        if job.times.forgotten_at is not None:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED)
        spec = replace(job.spec, options=replace(job.options, seed=None))
        async with self._database.read() as connection:
            await self._admission.readmit(connection, requester, spec)
        price = price_of(model, spec)
        await self._submissions.foresee(requester, origin.guild_id, price)
        job_id = await self._submissions.new_job_id()
        names = [picture.file_name for picture in job.pictures]
        if job.spec.soundtrack is not None:
            names.append(job.spec.soundtrack.file_name)
        try:
            for name in [*names, PREVIEW] if job.has_preview else names:
                await self._files.copy(key_of(job.id, name), key_of(job_id, name))
        except OSError as error:
            with suppress(OSError):
                await self._files.erase(folder_of(job_id))
            if isinstance(error, FileNotFoundError):
                raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED) from error
            raise of_disk(error) from error
        return await self._submissions.queue(
            Submission(
                job_id=job_id,
                requester=requester,
                origin=replace(origin, retry_of=job.id),
                spec=spec,
                price=price,
                pictures=job.pictures,
                has_preview=job.has_preview,
            )
        )
