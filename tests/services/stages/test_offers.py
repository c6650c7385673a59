"""Whatever is on offer is accepted by the emulated provider, and what is not fails there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from bot.domain.catalogue import (
    EFFECTS,
    MODELS,
    SIZES,
    Catalogue,
    Choices,
    Endpoint,
    Kind,
    Model,
    Region,
)
from bot.domain.catalogue.permits import Subject
from bot.domain.requests.submission import VideoOptions
from bot.domain.requests.task import TaskRequest
from bot.provider.requests import create_body
from bot.storage import permits
from sandbox.dashscope import DashScopeServer
from sandbox.dashscope import models as emulated
from sandbox.dashscope.clock import ChangeNotifier, EmulatorClock
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.geometry import output_size
from sandbox.dashscope.problems import ApiError, InputRejectedError
from sandbox.dashscope.uploads import UploadStore
from sandbox.dashscope.validation import check_creation, inspect_input, parse_body
from sandbox.dashscope.video import VideoPlan
from tests.fakes import GUILD
from tests.provider.doubles import provider_on
from tests.sandbox.dashscope.conftest import QUICK
from tests.sandbox.dashscope.helpers import picture
from tests.services.core import Core
from tests.services.video_requests import in_region, request_for

WIDTH, HEIGHT = 320, 240
PICTURE = picture("teal", (WIDTH, HEIGHT))
JPEGS = dict.fromkeys(("first_frame", "last_frame", "image"), PICTURE)
CATALOGUES = {region: Catalogue.of_region(region) for region in Region}

Asked = tuple[VideoOptions, Choices]


def everything_of(catalogue: Catalogue, kind: Kind) -> Iterator[Asked]:
    """Yield each model of a kind at each tier or size, for each length or effect."""
    for model in catalogue.of_kind(kind):
        if kind is Kind.EFFECT:
            for effect in sorted(model.effects):
                for tier in model.resolutions:
                    yield (
                        VideoOptions(effect=effect),
                        Choices(model=model.name, resolution=tier),
                    )
            continue
        for seconds in model.durations:
            options = VideoOptions(prompt="fog", negative_prompt="people", seed=1)
            named = Choices(model=model.name, duration_seconds=seconds)
            if kind is Kind.TEXT:
                yield from ((options, replace(named, size=size)) for size in model.sizes)
            else:
                yield from (
                    (options, replace(named, resolution=tier)) for tier in model.resolutions
                )


OFFERED = [
    (region, kind)
    for region, catalogue in CATALOGUES.items()
    for kind in Kind
    if catalogue.of_kind(kind)
]
EACH_OFFERED = pytest.mark.parametrize(("region", "kind"), OFFERED)
EACH_REGION = pytest.mark.parametrize("region", Region)


@pytest.fixture
async def source() -> AsyncIterator[FileSource]:
    source = FileSource(UploadStore(EmulatorClock(1.0, notifier=ChangeNotifier()), b"secret"))
    yield source
    await source.close()


async def planned(request: TaskRequest, region: Region, source: FileSource) -> VideoPlan:
    """Return what the emulator would make of our body.

    Raises:
        ApiError: it refuses the creation.
        InputRejectedError: it takes the creation, and fails the task.
    """
    creation = check_creation(
        parse_body(create_body(request)),
        path=request.endpoint.partition("/")[0],
        region=emulated.Region(region.value),
    )
    return await inspect_input(creation, source, resolve_oss=False)


async def allow_every_effect(core: Core) -> None:
    """Decide as an admin may: effects that bring two people together start denied."""
    async with core.database.write() as connection:
        for effect in core.catalogue.effects:
            await permits.decide(connection, GUILD, Subject.EFFECT, effect.name, allowed=True)


async def plain_requests(core: Core, region: Region) -> list[tuple[Model, TaskRequest]]:
    """Return what is sent for each model where nothing but a prompt is chosen."""
    moved = await in_region(core, region)
    options = VideoOptions(prompt="fog", seed=1)
    return [
        (
            model,
            await request_for(moved, model.kind, options, Choices(model=model.name), jpegs=JPEGS),
        )
        for model in moved.catalogue
    ]


@EACH_OFFERED
async def test_everything_on_offer_is_planned_as_it_was_chosen(
    core: Core, source: FileSource, region: Region, kind: Kind
) -> None:
    moved = await in_region(core, region)
    await allow_every_effect(moved)
    planned_seconds = set()
    for options, choices in everything_of(moved.catalogue, kind):
        request = await request_for(moved, kind, options, choices, jpegs=JPEGS)
        plan = await planned(request, region, source)
        shape = choices.size.split("*") if choices.size else None
        expected = output_size(WIDTH, HEIGHT, choices.resolution or "480P")
        assert (plan.width, plan.height) == ((int(shape[0]), int(shape[1])) if shape else expected)
        assert plan.frames == 30 * (choices.duration_seconds or 5)
        assert plan.effect == options.effect
        assert plan.prompt == (options.prompt or "")
        planned_seconds.add(plan.frames // 30)
    assert planned_seconds == ({3, 4, 5} if kind is Kind.IMAGE else {5})


@EACH_REGION
async def test_a_task_of_each_kind_succeeds(core: Core, region: Region) -> None:
    moved = await in_region(core, region)
    settings = replace(QUICK, region=emulated.Region(region.value))
    async with DashScopeServer(settings) as server, provider_on(server.base_url) as provider:
        for kind in Kind:
            if moved.catalogue.of_kind(kind):
                options, choices = next(everything_of(moved.catalogue, kind))
                request = await request_for(moved, kind, options, choices, jpegs=JPEGS)
                await provider.create_task(request)
        await server.wait_for(lambda: all(task.finished for task in server.tasks.values()))
        assert {task.status for task in server.tasks.values()} == {"SUCCEEDED"}
        assert len(server.tasks) == len([kind for where, kind in OFFERED if where is region])


@EACH_REGION
async def test_a_length_that_is_not_on_offer_fails(
    core: Core, source: FileSource, region: Region
) -> None:
    for model, request in await plain_requests(core, region):
        said = "customization" if model.has_fixed_duration else "should be 3, 4 or 5"
        for seconds in set(range(1, 11)) - set(model.durations):
            with pytest.raises(InputRejectedError, match=said):
                await planned(replace(request, duration_seconds=seconds), region, source)


@EACH_REGION
async def test_a_tier_or_size_the_model_does_not_make_fails(
    core: Core, source: FileSource, region: Region
) -> None:
    makes = {row.offers[region].name: row.resolutions for row in MODELS if region in row.offers}
    for model, request in await plain_requests(core, region):
        # A tier without a price is not on offer either, but the provider could make it.
        others = set(SIZES) - set(makes[model.name])
        if model.kind is Kind.TEXT:
            sizes = [size for tier in others for size in SIZES[tier]]
            wrong = [replace(request, size=size) for size in (*sizes, "1280x720", "16:9", "720P")]
        else:
            wrong = [replace(request, resolution=tier) for tier in (*others, "720p", "4K")]
        said = "size must be in" if model.kind is Kind.TEXT else "Input should be '"
        for line in wrong:
            with pytest.raises(InputRejectedError, match=said):
                await planned(line, region, source)


@EACH_REGION
async def test_an_effect_the_model_does_not_know_fails(
    core: Core, source: FileSource, region: Region
) -> None:
    for model, request in await plain_requests(core, region):
        foreign = {effect.name for effect in EFFECTS} - model.effects
        assert foreign
        for effect in foreign:
            with pytest.raises(InputRejectedError, match=f"template {effect} is not supported"):
                await planned(replace(request, template=effect), region, source)


@EACH_REGION
async def test_a_model_is_refused_in_another_region_and_on_another_path(
    core: Core, source: FileSource, region: Region
) -> None:
    (other,) = set(Region) - {region}
    for model, request in await plain_requests(core, region):
        # Some samples use the flash model for frames in Singapore, so it is emulated there.
        if CATALOGUES[other].get(model.name) is None and model.name != "wan2.2-kf2v-flash":
            with pytest.raises(ApiError, match="Model"):
                await planned(request, other, source)
        (wrong,) = set(Endpoint) - {request.endpoint}
        with pytest.raises(ApiError, match="url error"):
            await planned(replace(request, endpoint=wrong), region, source)
