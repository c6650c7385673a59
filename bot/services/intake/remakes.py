"""Makes jobs again: as they were, with something changed, several at once, by another model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.domain.catalogue import Kind, Model
from bot.domain.errors import (
    InvalidOptionsError,
    JobNotRetryableError,
)
from bot.domain.host.disk import of_disk
from bot.domain.ids import JobId
from bot.domain.jobs.denials import NotRequesterError
from bot.domain.jobs.files import PREVIEW, folder_of, key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.picture_sources import KeptPicture
from bot.domain.jobs.remaking import (
    TAKES,
    Edit,
    FilledEdit,
    Offer,
    Variant,
    VideoRequest,
    alike,
    another_take,
    edited,
    fits,
    variants,
)
from bot.domain.people import Requester
from bot.domain.ports import Files
from bot.domain.problems import OptionProblem, RetryProblem
from bot.domain.requests.pictures import (
    FIRST_FRAME,
    LAST_FRAME,
    Picture,
    PictureSource,
)
from bot.domain.requests.submission import (
    Origin,
    Submission,
    VideoSpec,
    is_still_made,
    price_of,
)
from bot.services.intake.admission import Admission
from bot.services.intake.attachments import Attachments
from bot.services.intake.lookup import JobLookup
from bot.services.intake.requests_in_hand import RequestsInHand
from bot.services.intake.submissions import Queued, Submissions
from bot.services.intake.video_requests import fit_of, require_price


class Remakes:
    """What Again, Edit, Try again, /jobs retry and the entries of More… do."""

    def __init__(
        self,
        *,
        admission: Admission,
        attachments: Attachments,
        lookup: JobLookup,
        files: Files,
        submissions: Submissions,
        in_hand: RequestsInHand,
    ) -> None:
        self._admission = admission
        self._attachments = attachments
        self._lookup = lookup
        self._files = files
        self._submissions = submissions
        self._in_hand = in_hand

    async def retry(self, asked: str, requester: Requester, origin: Origin) -> Queued:
        """Queue a job again for its requester or a moderator, with another seed.

        Raises:
            JobNotFoundError: see ``JobLookup.find``.
            JobNotRetryableError: the job is still under way, its pictures were erased, or its
                model is no longer offered.
            RequestError: whatever ``Submissions.submit`` refuses.
        """
        job = await self._lookup.find(asked, requester)
        self._require_offered(job)
        (queued,) = await self._queue(
            job, requester, origin, another_take(job), is_moderation=not _is_own(job, requester)
        )
        return queued

    async def again(self, job_id: JobId, requester: Requester, origin: Origin) -> Queued:
        """Queue one's own job again, with another seed.

        Raises:
            NotRequesterError: it is somebody else's.
            RequestError: see ``retry``.
        """
        job = await self._own(job_id, requester)
        self._require_offered(job)
        (queued,) = await self._queue(job, requester, origin, another_take(job))
        return queued

    async def offer(self, job_id: JobId, requester: Requester, *, own: bool) -> Offer:
        """Return what can be made of a job.

        Args:
            job_id: which one.
            requester: who asks.
            own: whether it has to be their own.

        Raises:
            JobNotFoundError: there is none in this guild.
            NotRequesterError: it is somebody else's.
            JobNotRetryableError: it is still under way, or was erased.
        """
        job = await (self._own if own else self._lookup.of_guild)(job_id, requester)
        require_kept(job)
        catalogue = await self._admission.catalogue(job.guild_id)
        found = tuple(variants(catalogue, job.spec.kind, job.spec))
        own_key = f"{job.spec.model} {job.spec.resolution}"
        model = catalogue.get(job.spec.model)
        take = next((each for each in found if each.key == own_key), None)
        if model is None or not is_still_made(model, job.spec):
            take = None
        return Offer(job=job, variants=found, take=take)

    async def edit(
        self,
        job_id: JobId,
        requester: Requester,
        origin: Origin,
        filled: FilledEdit,
        last_frame: PictureSource | None = None,
    ) -> Queued:
        """Queue one's own job with something changed.

        Raises:
            NotRequesterError: it is somebody else's.
            PriceRoseError: it costs more than it was offered for.
            RequestError: see ``retry``.
        """
        job = await self._own(job_id, requester)
        require_kept(job)
        edit = Edit(
            prompt=filled.prompt,
            rewriting=filled.rewriting,
            seed=filled.seed,
            variant=None,
            has_last_frame=last_frame is not None,
        )
        asked = edited(job, edit)
        if filled.variant is not None:
            found = await self._variant(job, asked.kind, filled.variant)
            asked = edited(job, replace(edit, variant=found))
        (queued,) = await self._queue(
            job,
            requester,
            origin,
            asked,
            last_frame=last_frame,
            at_most_micros=filled.at_most_micros,
        )
        return queued

    async def takes(
        self, job_id: JobId, requester: Requester, origin: Origin, *, at_most_micros: int
    ) -> list[Queued]:
        """Queue several more of a video at once, all of them or none.

        Raises:
            PriceRoseError: together they cost more than they were offered for.
            RequestError: see ``retry``.
        """
        job = await self._lookup.of_guild(job_id, requester)
        self._require_offered(job)
        return await self._queue(
            job, requester, origin, another_take(job), count=TAKES, at_most_micros=at_most_micros
        )

    async def vary(
        self,
        job_id: JobId,
        requester: Requester,
        origin: Origin,
        key: str,
        *,
        at_most_micros: int,
    ) -> Queued:
        """Queue something like a video, made in another tier or by another model.

        Raises:
            PriceRoseError: it costs more than it was offered for.
            RequestError: see ``retry``.
        """
        job = await self._lookup.of_guild(job_id, requester)
        require_kept(job)
        found = await self._variant(job, job.spec.kind, key)
        model = self._admission.offered().get(found.model)
        if model is None:
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.MODEL_GONE)
        (queued,) = await self._queue(
            job, requester, origin, alike(job, found, model), at_most_micros=at_most_micros
        )
        return queued

    async def vary_tier(
        self,
        job_id: JobId,
        requester: Requester,
        origin: Origin,
        tier: str,
        *,
        at_most_micros: int,
    ) -> Queued:
        """Queue something like a video, made by its own model in another tier; see ``vary``."""
        job = await self._lookup.of_guild(job_id, requester)
        key = f"{job.spec.model} {tier}"
        return await self.vary(job_id, requester, origin, key, at_most_micros=at_most_micros)

    async def _own(self, job_id: JobId, requester: Requester) -> Job:
        job = await self._lookup.of_guild(job_id, requester)
        if not _is_own(job, requester):
            raise NotRequesterError(job_id)
        return job

    def _require_offered(self, job: Job) -> None:
        """Make sure that the same can still be bought.

        Raises:
            JobNotRetryableError: it cannot, or the job is not over.
        """
        require_kept(job)
        if not is_still_made(self._admission.offered().get(job.spec.model), job.spec):
            raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.MODEL_GONE)

    async def _variant(self, job: Job, kind: Kind, key: str) -> Variant:
        """Return what was chosen from a list, as it is offered now.

        Raises:
            InvalidOptionsError: it is not, or makes something else.
        """
        catalogue = await self._admission.catalogue(job.guild_id)
        found = variants(catalogue, kind, job.spec)
        chosen = next((each for each in found if each.key == key), None)
        if chosen is None:
            raise InvalidOptionsError(
                problem=OptionProblem.UNKNOWN_MODEL,
                model=key.partition(" ")[0],
                models=", ".join(dict.fromkeys(each.model for each in found)),
            )
        return chosen

    async def _queue(
        self,
        job: Job,
        requester: Requester,
        origin: Origin,
        asked: VideoRequest,
        *,
        count: int = 1,
        last_frame: PictureSource | None = None,
        at_most_micros: int | None = None,
        is_moderation: bool = False,
    ) -> list[Queued]:
        self._submissions.require_guild(origin.guild_id)
        with self._in_hand.counted(requester.user_id):
            spec = await self._admission.admit(requester, asked.kind, asked.options, asked.choices)
            spec = replace(spec, soundtrack=job.spec.soundtrack)
            model = self._admission.offered().get(spec.model)
            if model is None:
                raise LookupError(spec.model)
            price = price_of(model, spec)
            require_price(price, count=count, at_most_micros=at_most_micros)
            if last_frame is not None:
                self._attachments.check_declared([last_frame], None)
            elif not fits(model, job.pictures):
                raise InvalidOptionsError(problem=OptionProblem.PICTURES_FIT_NOT, model=model.name)
            await self._submissions.foresee(requester, origin.guild_id, price, count=count)
            made: list[Submission] = []
            try:
                for number in range(count):
                    job_id = await self._submissions.new_job_id()
                    pictures = await self._keep(job, job_id, requester, spec, model, last_frame)
                    placed = replace(origin, retry_of=job.id)
                    made.append(
                        Submission(
                            job_id=job_id,
                            requester=requester,
                            origin=placed.following(job_id) if number else placed,
                            spec=spec,
                            price=price,
                            pictures=pictures,
                            has_preview=job.has_preview
                            if last_frame is None
                            else not spec.options.spoiler,
                            is_moderation=is_moderation,
                        )
                    )
            except BaseException:
                for submission in made:
                    with suppress(OSError):
                        await self._files.erase(folder_of(submission.job_id))
                raise
            return await self._submissions.queue_all(made)

    async def _keep(
        self,
        job: Job,
        job_id: JobId,
        requester: Requester,
        spec: VideoSpec,
        model: Model,
        last_frame: PictureSource | None,
    ) -> tuple[Picture, ...]:
        """Keep a job's files for another one, with a new last frame where one came along."""
        try:
            if last_frame is None:
                await self._copy(job, job_id, with_pictures=True)
                return job.pictures
            await self._copy(job, job_id, with_pictures=False)
            first = KeptPicture(option=FIRST_FRAME, key=key_of(job.id, job.pictures[0].file_name))
            kept = await self._attachments.keep(
                job_id,
                [first, replace(last_frame, option=LAST_FRAME)],
                requester,
                fit_of(model, spec.kind),
            )
        except OSError as error:
            with suppress(OSError):
                await self._files.erase(folder_of(job_id))
            if isinstance(error, FileNotFoundError):
                raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED) from error
            raise of_disk(error) from error
        return kept.pictures

    async def _copy(self, job: Job, job_id: JobId, *, with_pictures: bool) -> None:
        names = [picture.file_name for picture in job.pictures] if with_pictures else []
        if with_pictures and job.has_preview:
            names.append(PREVIEW)
        if job.spec.soundtrack is not None:
            names.append(job.spec.soundtrack.file_name)
        for name in names:
            await self._files.copy(key_of(job.id, name), key_of(job_id, name))


def require_kept(job: Job) -> None:
    """Make sure that a job is over and that what it was made from is still there.

    Raises:
        JobNotRetryableError: it is not.
    """
    if not job.is_made:
        raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ACTIVE)
    if job.times.forgotten_at is not None:
        raise JobNotRetryableError(job_id=job.id, problem=RetryProblem.ERASED)


def _is_own(job: Job, requester: Requester) -> bool:
    return job.requester.user_id == requester.user_id
