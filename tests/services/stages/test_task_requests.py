"""What a job asks the provider for: each kind as its reference wants it."""

from __future__ import annotations

import pytest

from bot.domain.catalogue import Choices, Endpoint, Kind
from bot.domain.requests.submission import VideoOptions, validate
from tests.fakes import MODEL, SLOW_MODEL, a_submission
from tests.services.core import Core
from tests.services.video_requests import PICTURES, bytes_of, request_for


async def test_request_carries_what_the_member_chose(core: Core) -> None:
    options = VideoOptions(
        prompt="a fox", negative_prompt="no dogs", seed=9, prompt_extend=False, watermark=True
    )
    frames = {"first_frame": b"a fox", "last_frame": b"a hen"}
    await core.submit(a_submission(options=options), frames)
    await core.dispatcher.run_once(MODEL)
    (request,) = core.provider.creates
    assert [(image.role.value, image.jpeg) for image in request.images] == [
        ("first_frame", b"a fox"),
        ("last_frame", b"a hen"),
    ]
    assert (request.prompt, request.negative_prompt, request.seed) == ("a fox", "no dogs", 9)
    assert (request.prompt_extend, request.watermark) == (False, True)
    # The resolution is always sent, a duration never to a model of fixed length.
    assert (request.resolution, request.size, request.duration_seconds) == ("720P", None, None)


async def test_loop_sends_the_first_frame_as_the_last(core: Core) -> None:
    job = await core.submit(a_submission(), {"first_frame": b"a fox"})
    await core.patch(job, loop=True, pictures=(await core.job(job)).pictures[:1])
    await core.dispatcher.run_once(MODEL)
    (request,) = core.provider.creates
    assert bytes_of(request) == {"first_frame": b"a fox", "last_frame": b"a fox"}


@pytest.mark.parametrize(
    ("kind", "options", "choices", "endpoint", "fields"),
    [
        pytest.param(
            Kind.FRAMES,
            VideoOptions(prompt="a fox"),
            Choices(model=SLOW_MODEL),
            Endpoint.IMAGE2VIDEO,
            ("first_frame", "last_frame"),
            id="frames",
        ),
        pytest.param(
            Kind.IMAGE,
            VideoOptions(prompt="a fox"),
            Choices(model="wan2.2-i2v-plus", resolution="480P", duration_seconds=5),
            Endpoint.VIDEO_GENERATION,
            ("first_frame",),
            id="picture at a fixed length",
        ),
        pytest.param(
            Kind.IMAGE,
            VideoOptions(),
            Choices(model="wanx2.1-i2v-turbo", duration_seconds=3),
            Endpoint.VIDEO_GENERATION,
            ("first_frame",),
            id="picture at a chosen length",
        ),
        pytest.param(
            Kind.TEXT,
            VideoOptions(prompt="a fox", negative_prompt="no dogs"),
            Choices(size="1080x1920"),
            Endpoint.VIDEO_GENERATION,
            (),
            id="words",
        ),
        pytest.param(
            Kind.EFFECT,
            VideoOptions(effect="squish"),
            Choices(model="wanx2.1-i2v-turbo"),
            Endpoint.VIDEO_GENERATION,
            ("first_frame",),
            id="effect of a picture's model",
        ),
        pytest.param(
            Kind.EFFECT,
            VideoOptions(effect="mech1"),
            Choices(),
            Endpoint.IMAGE2VIDEO,
            ("first_frame",),
            id="effect of a frames' model",
        ),
    ],
)
async def test_each_kind_is_asked_for_as_its_reference_wants_it(
    core: Core,
    kind: Kind,
    options: VideoOptions,
    choices: Choices,
    endpoint: Endpoint,
    fields: tuple[str, ...],
) -> None:
    request = await request_for(core, kind, options, choices)
    submission = validate(core.catalogue, kind, options, choices)
    assert (request.model, request.shape.endpoint) == (submission.model, endpoint)
    pictures = bytes_of(request)
    assert tuple(pictures) == fields
    assert [data.decode() for data in pictures.values()] == list(PICTURES[kind])
    assert (request.prompt, request.negative_prompt) == (options.prompt, options.negative_prompt)
    assert request.template == options.effect
    # Exactly one of the two, so that the provider's dear default never counts.
    shape = (None, submission.size) if kind is Kind.TEXT else (submission.resolution, None)
    assert (request.resolution, request.size) == shape
    # Only where it is chosen: a model of fixed length fails on it, and so may an effect.
    assert request.duration_seconds == (3 if choices.duration_seconds == 3 else None)
