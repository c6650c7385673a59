"""From what a member types to what the provider is asked for, through the real services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.domain.catalogue import Catalogue, Choices, Kind, Region
from bot.domain.errors import RequestRefusedError
from bot.domain.failure import FailureReason
from bot.domain.requests.pictures import PreparedPicture
from bot.domain.requests.submission import Submission, VideoOptions, price_of, validate
from bot.domain.requests.task import TaskRequest
from tests.fakes import a_submission
from tests.services.core import Core

PICTURES: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {
        Kind.FRAMES: ("first_frame", "last_frame"),
        Kind.IMAGE: ("image",),
        Kind.TEXT: (),
        Kind.EFFECT: ("image",),
    }
)
"""The options pictures come in, by kind."""


def a_submission_for(
    catalogue: Catalogue,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
    *,
    jpegs: Mapping[str, bytes] = MappingProxyType({}),
) -> Submission:
    """Return the submission of a command; pictures nobody gave are a few bytes."""
    spec = validate(catalogue, kind, options, choices)
    model = catalogue.get(spec.model)
    assert model is not None
    return replace(
        a_submission(preview=None),
        spec=spec,
        price=price_of(model, spec),
        pictures=tuple(
            PreparedPicture(option=name, jpeg=jpegs.get(name, name.encode()), width=640, height=480)
            for name in PICTURES[kind]
        ),
    )


async def request_for(
    core: Core,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
    *,
    jpegs: Mapping[str, bytes] = MappingProxyType({}),
) -> TaskRequest:
    """Return what the dispatcher asks the provider for; the job itself is over then."""
    submission = a_submission_for(core.catalogue, kind, options, choices, jpegs=jpegs)
    await core.submissions.submit(submission)
    # Refused, so that neither lane nor quota is taken by what was only looked at.
    core.provider.create_answers.append(
        RequestRefusedError("seen enough", reason=FailureReason.PARAMETERS_REJECTED)
    )
    core.clock.advance(seconds=2)
    await core.dispatcher.run_once(submission.spec.model)
    return core.provider.creates.pop()


async def in_region(core: Core, region: Region) -> Core:
    """Return the same process with an account in a region."""
    moved = core.altered(catalogue=Catalogue.of_region(region))
    await moved.dispatcher.prepare()
    return moved


async def bytes_of(request: TaskRequest) -> dict[str, bytes]:
    """Return the pictures of a request by their key in ``input``."""
    return {image.field: await asyncio.to_thread(image.path.read_bytes) for image in request.images}
