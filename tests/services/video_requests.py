"""From what a member types to what the provider is asked for, through the real services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from unittest.mock import Mock, create_autospec

from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.errors import RequestRefusedError
from bot.domain.failure import FailureReason
from bot.domain.jobs.files import key_of
from bot.domain.jobs.job import Job
from bot.domain.requests.pictures import PictureSource
from bot.domain.requests.submission import Submission, VideoOptions, price_of, validate
from bot.domain.requests.task import TaskRequest
from bot.files.local import LocalFiles
from bot.services.jobs.writer import JobWriter
from bot.services.stages.create_requests import CreateRequests
from tests.fakes import (
    InMemoryProvider,
    ManualClock,
    a_job,
    a_picture,
    a_requester,
    a_submission,
    altered,
)
from tests.services.core import Core

PICTURES: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.FRAMES: ("first_frame", "last_frame"),
        Kind.IMAGE: ("image",),
        Kind.TEXT: (),
        Kind.REFERENCE: ("image1", "image2"),
        Kind.EFFECT: ("image",),
    }
)
"""The options pictures come in, by kind."""


def a_submission_for(
    catalogue: Catalogue,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
) -> Submission:
    """Return the submission of a command."""
    spec = validate(catalogue, kind, options, choices)
    model = catalogue.get(spec.model)
    assert model is not None
    return replace(
        a_submission(has_preview=False),
        spec=spec,
        price=price_of(model, spec),
        pictures=tuple(a_picture(name) for name in PICTURES[kind]),
    )


def attached(core: Core, **pictures: bytes) -> list[PictureSource]:
    """Have somebody attach pictures, each for an option; return what a command then has."""
    sources = []
    for option, content in pictures.items():
        url = f"https://cdn.discordapp.com/{option}.png"
        core.chat.attached[url] = content
        size = len(content)
        sources.append(
            PictureSource(option=option, url=url, size_bytes=size, content_type="image/png")
        )
    return sources


async def ask(
    core: Core,
    sources: Sequence[PictureSource] = (),
    kind: Kind = Kind.FRAMES,
    options: VideoOptions | None = None,
) -> Job:
    """Queue a job as a command does, with what was attached to it."""
    queued = await core.video_requests.request(
        a_requester(),
        a_submission().origin,
        kind,
        options or VideoOptions(prompt="a red fox"),
        Choices(),
        sources,
    )
    return queued.job


async def request_for(
    core: Core,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
    *,
    jpegs: Mapping[str, bytes] = MappingProxyType({}),
) -> TaskRequest:
    """Return what the dispatcher asks the provider for; the job itself is over then."""
    submission = a_submission_for(core.catalogue, kind, options, choices)
    await core.submit(submission, jpegs)
    # Refused, so that neither lane nor quota is taken by what was only looked at.
    core.provider.create_answers.append(
        RequestRefusedError("seen enough", reason=FailureReason.PARAMETERS_REJECTED)
    )
    core.clock.advance(seconds=2)
    await core.dispatcher.run_once(submission.spec.model)
    return core.provider.creates.pop()


async def built_for(
    catalogue: Catalogue,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
    *,
    folder: Path,
    jpegs: Mapping[str, bytes],
) -> TaskRequest:
    """Return what a job of this submission asks the provider for, without queueing it."""
    submission = a_submission_for(catalogue, kind, options, choices)
    job = altered(
        a_job(), spec=submission.spec, price=submission.price, pictures=submission.pictures
    )
    clock, files = ManualClock(), LocalFiles(folder)
    for picture in job.pictures:
        path = folder / key_of(job.id, picture.file_name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpegs[picture.option])
    writer = _writer()
    requests = CreateRequests(
        catalogue=catalogue,
        files=files,
        provider=InMemoryProvider(clock),
        writer=writer,
        clock=clock,
    )
    if requests.lacks_uploads(job):
        await requests.upload(job)
        job = altered(job, uploads=writer.patch.await_args.kwargs["uploads"])
    return await requests.of(job)


@cache
def _writer() -> Mock:
    """Return a double that is told of uploads; making one takes longer than building requests."""
    writer: Mock = create_autospec(JobWriter, instance=True)
    return writer


async def in_region(core: Core, region: Region) -> Core:
    """Return the same process with an account in a region."""
    moved = core.altered(catalogue=Catalogue.of_region(region))
    await moved.dispatcher.prepare()
    return moved


def bytes_of(request: TaskRequest) -> dict[str, bytes]:
    """Return the pictures of a request by what they are for."""
    return {image.role.value: image.jpeg for image in request.images}
