"""The create call of a job: its options and files as its model takes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.domain.catalogue import Catalogue, FileRole, Kind, Model, RequestShape
from bot.domain.jobs.files import key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.uploads import JobUpload, Uploads
from bot.domain.ports import Clock, Files, VideoProvider
from bot.domain.requests.references import prompt_for
from bot.domain.requests.task import TaskImage, TaskLink, TaskRequest
from bot.services.jobs.writer import JobWriter

UPLOAD_MARGIN = timedelta(hours=4)
"""An address that lasts less long is not used any more: a task may wait before it is read."""

_ROLES: Mapping[str, FileRole] = MappingProxyType(
    {
        "first_frame": FileRole.FIRST_FRAME,
        "last_frame": FileRole.LAST_FRAME,
        # An effect of a model for frames takes its picture as the first frame and no last one:
        # https://help.aliyun.com/zh/model-studio/wanx-video-effects
        "image": FileRole.FIRST_FRAME,
    }
)


def role_of(option: str) -> FileRole:
    """Return what a picture is for, by the option it came in."""
    return _ROLES.get(option, FileRole.REFERENCE_IMAGE)


class NotUploadedError(Exception):
    """A file of a job has no address that lasts: it is to be uploaded before the job is claimed."""


class CreateRequests:
    """Builds create calls, and uploads before what cannot travel inside, once a file."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        files: Files,
        provider: VideoProvider,
        writer: JobWriter,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._files = files
        self._provider = provider
        self._writer = writer
        self._clock = clock

    async def of(self, job: Job) -> TaskRequest:
        """Return a job's create call.

        Raises:
            LookupError: its model is not offered.
            OSError: a file of it cannot be read.
            NotUploadedError: a file of it has to be uploaded first.
        """
        model = self._catalogue.get(job.spec.model)
        if model is None:
            raise LookupError(job.spec.model)
        abilities, options = model.abilities, job.options
        # A fixed length is never named, nor is an effect's, which is the model's default.
        own_length = not abilities.has_fixed_duration and job.spec.kind is not Kind.EFFECT
        return TaskRequest(
            model=job.spec.model,
            shape=abilities.shape,
            images=await self._images(job, abilities.shape),
            links=self._links(job, model),
            prompt=_prompt(job, abilities.shape),
            negative_prompt=options.negative_prompt,
            template=options.effect,
            resolution=None if job.spec.size else job.spec.resolution,
            size=job.spec.size,
            ratio=job.spec.ratio,
            duration_seconds=job.spec.duration_seconds if own_length else None,
            audio=job.spec.audio,
            seed=options.seed,
            prompt_extend=options.prompt_extend if abilities.extends_prompts else None,
            watermark=options.watermark,
        )

    async def _images(self, job: Job, shape: RequestShape) -> tuple[TaskImage, ...]:
        if not shape.takes_pictures_inside:
            return ()
        images = [
            TaskImage(
                role=role_of(picture.option),
                jpeg=await self._files.read(key_of(job.id, picture.file_name)),
            )
            for picture in job.pictures
        ]
        if job.spec.kind is Kind.FRAMES and job.options.loop:
            images.append(TaskImage(role=FileRole.LAST_FRAME, jpeg=images[0].jpeg))
        return tuple(images)

    def _links(self, job: Job, model: Model) -> tuple[TaskLink, ...]:
        uploads = job.task.uploads or Uploads()
        links = []
        for role, name in _fetched(job, model):
            file = uploads.of(name, model=model.name, until=self._lasting())
            if file is None:
                raise NotUploadedError(name)
            links.append(TaskLink(role=role, url=file.url))
        return tuple(links)

    def lacks_uploads(self, job: Job) -> bool:
        """Tell whether a file of a job is to be uploaded before its create."""
        model = self._catalogue.get(job.spec.model)
        uploads = job.task.uploads or Uploads()
        return model is not None and any(
            uploads.of(name, model=model.name, until=self._lasting()) is None
            for _, name in _fetched(job, model)
        )

    async def upload(self, job: Job) -> None:
        """Upload what the provider fetches of a waiting job.

        Raises:
            OSError: a file of it cannot be read.
            ProviderError: a file of it did not get there.
        """
        model = self._catalogue.get(job.spec.model)
        if model is None:
            raise LookupError(job.spec.model)
        uploads = job.task.uploads or Uploads()
        for _, name in _fetched(job, model):
            if uploads.of(name, model=model.name, until=self._lasting()) is None:
                uploads = uploads.including(await self._upload(job, name))
                # At once: what breaks off later does not begin anew.
                await self._writer.patch(job.id, uploads=uploads)

    def _lasting(self) -> datetime:
        """Return the moment an address has to outlast."""
        return self._clock.now() + UPLOAD_MARGIN

    async def _upload(self, job: Job, name: str) -> JobUpload:
        async with self._files.lend(key_of(job.id, name)) as file:
            uploaded = await self._provider.upload_file(file, model=job.spec.model, name=name)
        return JobUpload(
            file_name=name,
            model=job.spec.model,
            url=uploaded.url,
            expires_at=uploaded.expires_at,
        )


def _fetched(job: Job, model: Model) -> list[tuple[FileRole, str]]:
    """Return the files the provider fetches itself: what each is for, and its name."""
    named: list[tuple[FileRole, str]] = []
    if not model.abilities.shape.takes_pictures_inside:
        named += [(role_of(picture.option), picture.file_name) for picture in job.pictures]
    if job.spec.soundtrack is not None:
        named.append((FileRole.SOUNDTRACK, job.spec.soundtrack.file_name))
    return named


def _prompt(job: Job, shape: RequestShape) -> str | None:
    prompt = job.options.prompt
    if prompt is None or job.spec.kind is not Kind.REFERENCE:
        return prompt
    return prompt_for(shape, prompt, pictures=len(job.pictures))
