"""Makes a job again: the same settings and pictures, a new seed."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.catalogue import Catalogue
from bot.domain.errors import JobNotRetryableError
from bot.domain.people import Requester
from bot.domain.problems import RetryProblem
from bot.domain.requests.submission import Origin, Submission, price_of
from bot.services.intake.admission import Admission
from bot.services.intake.lookup import JobLookup
from bot.services.intake.submissions import Queued, Submissions
from bot.services.jobs.files import Folders
from bot.storage.engine import Database


class Retries:
    """What /jobs retry does."""

    def __init__(
        self,
        *,
        database: Database,
        catalogue: Catalogue,
        admission: Admission,
        lookup: JobLookup,
        folders: Folders,
        submissions: Submissions,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._admission = admission
        self._lookup = lookup
        self._folders = folders
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
        model = self._catalogue.get(job.spec.model)
        if model is None or not model.still_makes(
            resolution=job.spec.resolution,
            seconds=job.spec.duration_seconds,
            effect=job.options.effect,
        ):
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.MODEL_GONE)
        if job.times.forgotten_at is not None:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED)
        spec = replace(job.spec, options=replace(job.options, seed=None))
        async with self._database.read() as connection:
            await self._admission.readmit(connection, requester, spec)
        try:
            pictures, preview = await self._folders.load_pictures(job)
        except FileNotFoundError as error:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED) from error
        return await self._submissions.queue(
            Submission(
                requester=requester,
                origin=replace(origin, retry_of=job.id),
                spec=spec,
                price=price_of(model, spec),
                pictures=pictures,
                preview=preview,
            )
        )
