"""Whatever is on offer is accepted by the emulated provider, and what is not fails there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.domain.catalogue import (
    EFFECTS,
    MODEL_DECIDES,
    MODELS,
    SIZES,
    Catalogue,
    Choices,
    Kind,
    Model,
    Region,
    RequestShape,
    Sound,
)
from bot.domain.requests.submission import VideoOptions
from bot.domain.requests.task import TaskRequest
from bot.provider.requests import create_body
from sandbox.dashscope import DashScopeServer
from sandbox.dashscope import models as emulated
from sandbox.dashscope.clock import ChangeNotifier, EmulatorClock
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.geometry import nearest_ratio, output_size, ratio_size
from sandbox.dashscope.problems import ApiError, InputRejectedError
from sandbox.dashscope.uploads import StoredFile, UploadStore
from sandbox.dashscope.validation import check_creation, inspect_input, parse_body
from sandbox.dashscope.video import VideoPlan
from tests.provider.doubles import provider_on
from tests.sandbox.dashscope.conftest import QUICK
from tests.sandbox.dashscope.helpers import picture
from tests.services.core import Core
from tests.services.video_requests import built_for, in_region, request_for

WIDTH, HEIGHT = 320, 240
PICTURE = picture("teal", (WIDTH, HEIGHT))
JPEGS = dict.fromkeys(("first_frame", "last_frame", "image", "image1", "image2"), PICTURE)
CATALOGUES = {region: Catalogue.of_region(region) for region in Region}

Asked = tuple[VideoOptions, Choices]


def everything_of(catalogue: Catalogue, kind: Kind) -> Iterator[Asked]:
    """Yield each model of a kind at each tier, shape, sound, end of its lengths, and effect."""
    for model in catalogue.of_kind(kind):
        if kind is Kind.EFFECT:
            for effect in sorted(model.effects):
                for tier in model.resolutions:
                    yield (
                        VideoOptions(effect=effect),
                        Choices(model=model.name, resolution=tier),
                    )
            continue
        negative = "people" if model.abilities.negative_prompt_limit else None
        options = VideoOptions(prompt="fog", negative_prompt=negative, seed=1)
        named = Choices(model=model.name)
        sizes = model.sizes(kind)
        yield from ((options, replace(named, size=size)) for size in sizes)
        if not sizes:
            yield from ((options, replace(named, resolution=tier)) for tier in model.resolutions)
        lengths = {min(model.abilities.durations), model.abilities.longest}
        if model.abilities.may_decide_duration:
            lengths.add(MODEL_DECIDES)
        yield from (
            (options, replace(named, duration_seconds=seconds)) for seconds in sorted(lengths)
        )
        if model.abilities.sound is Sound.CHOICE:
            yield from ((options, replace(named, audio=audio)) for audio in (True, False))


OFFERED = [
    (region, kind)
    for region, catalogue in CATALOGUES.items()
    for kind in Kind
    if catalogue.of_kind(kind)
]
EACH_OFFERED = pytest.mark.parametrize(("region", "kind"), OFFERED)
EACH_REGION = pytest.mark.parametrize("region", Region)


@dataclass(frozen=True)
class Emulated:
    """The emulator's checks, and its temporary store."""

    files: FileSource
    store: UploadStore

    async def plan(self, request: TaskRequest, region: Region) -> VideoPlan:
        """Return what the emulator would make of our body.

        Raises:
            ApiError: it refuses the creation.
            InputRejectedError: it takes the creation, and fails the task.
        """
        for link in request.links:
            kept = StoredFile(request.model, PICTURE, expires_at=1e12)
            self.store.files[link.url.removeprefix("oss://")] = kept
        creation = check_creation(
            parse_body(create_body(request)),
            path=request.shape.endpoint.partition("/")[0],
            region=emulated.Region(region.value),
        )
        return await inspect_input(creation, self.files, resolve_oss=request.needs_uploads)


@pytest.fixture
async def emulator() -> AsyncIterator[Emulated]:
    store = UploadStore(EmulatorClock(1.0, notifier=ChangeNotifier()), b"secret")
    files = FileSource(store)
    yield Emulated(files, store)
    await files.close()


async def plain_requests(folder: Path, region: Region) -> list[tuple[Model, TaskRequest]]:
    """Return what is sent for each model where nothing but a prompt is chosen."""
    catalogue, options = CATALOGUES[region], VideoOptions(prompt="fog", seed=1)
    return [
        (
            model,
            await built_for(
                catalogue,
                model.abilities.kinds[0],
                options,
                Choices(model=model.name),
                folder=folder,
                jpegs=JPEGS,
            ),
        )
        for model in catalogue
    ]


def _expected_size(request: TaskRequest, kind: Kind) -> tuple[int, int]:
    """Return the pixels of what was asked for."""
    if request.size is not None:
        width, height = request.size.split("*")
        return int(width), int(height)
    tier = request.resolution or ""
    if request.ratio == "adaptive" and kind is Kind.TEXT:
        return ratio_size("16:9", tier)
    if request.ratio not in {None, "adaptive"}:
        return ratio_size(request.ratio or "", tier)
    if request.ratio == "adaptive" and kind is Kind.REFERENCE:
        return ratio_size(nearest_ratio(WIDTH, HEIGHT, ("16:9", "4:3")), tier)
    return output_size(WIDTH, HEIGHT, tier)


@EACH_OFFERED
async def test_everything_on_offer_is_planned_as_it_was_chosen(
    emulator: Emulated, tmp_path: Path, region: Region, kind: Kind
) -> None:
    catalogue = CATALOGUES[region]
    for options, choices in everything_of(catalogue, kind):
        request = await built_for(catalogue, kind, options, choices, folder=tmp_path, jpegs=JPEGS)
        plan = await emulator.plan(request, region)
        model = catalogue.get(request.model)
        assert model is not None
        if request.ratio != "adaptive":
            assert (plan.width, plan.height) == _expected_size(request, kind), request
        asked = choices.duration_seconds or 5
        if asked == MODEL_DECIDES:
            assert 2 <= plan.seconds <= 30
        else:
            assert plan.seconds == asked
        # Whoever can be silent is, where nobody chose and it is cheaper.
        heard = {Sound.NEVER: False, Sound.ALWAYS: True}.get(model.abilities.sound, request.audio)
        assert (plan.sound is not None) is heard
        if model.abilities.sound is Sound.CHOICE and choices.audio is None:
            assert request.audio is not bool(model.silent_prices)
        assert plan.effect == options.effect
        assert plan.prompt == (options.prompt or "")


@EACH_REGION
async def test_a_task_of_each_kind_succeeds(core: Core, region: Region) -> None:
    moved = await in_region(core, region)
    settings = replace(QUICK, region=emulated.Region(region.value))
    # What would be uploaded lies in no store here.
    kinds = [kind for where, kind in OFFERED if where is region and kind is not Kind.REFERENCE]
    async with DashScopeServer(settings) as server, provider_on(server.base_url) as provider:
        for kind in kinds:
            options, choices = next(everything_of(moved.catalogue, kind))
            request = await request_for(moved, kind, options, choices, jpegs=JPEGS)
            await provider.create_task(request)
        await server.wait_for(lambda: all(task.finished for task in server.tasks.values()))
        assert {task.status for task in server.tasks.values()} == {"SUCCEEDED"}
        assert len(server.tasks) == len(kinds)


@EACH_REGION
async def test_a_length_that_is_not_on_offer_fails(
    emulator: Emulated, tmp_path: Path, region: Region
) -> None:
    for model, request in await plain_requests(tmp_path, region):
        said = (
            "customization"
            if model.abilities.has_fixed_duration
            else "Duration should be|Input should be .* or "
        )
        offered = set(model.abilities.durations)
        if model.abilities.may_decide_duration:
            offered.add(MODEL_DECIDES)
        for seconds in {-2, -1, 0, 1, 6, 9, 11, 16, 31} - offered:
            with pytest.raises(InputRejectedError, match=said):
                await emulator.plan(replace(request, duration_seconds=seconds), region)


@EACH_REGION
async def test_a_tier_size_or_ratio_the_model_does_not_make_fails(
    emulator: Emulated, tmp_path: Path, region: Region
) -> None:
    makes = {
        row.offers[region].name: row.abilities.resolutions for row in MODELS if region in row.offers
    }
    for model, request in await plain_requests(tmp_path, region):
        # A tier without a price is not on offer either, but the provider could make it.
        others = set(SIZES) - set(makes[model.name])
        said = "Input should be"
        if model.abilities.has_sizes:
            sizes = [size for tier in others for size in SIZES[tier]]
            wrong = [replace(request, size=size) for size in (*sizes, "1280x720", "16:9", "720P")]
            said = "size must be in"
        else:
            wrong = [replace(request, resolution=tier) for tier in (*others, "720p", "4K")]
        if model.abilities.ratios:
            wrong += [replace(request, ratio=ratio) for ratio in ("16x9", "5:4")]
        for line in wrong:
            with pytest.raises(InputRejectedError, match=said):
                await emulator.plan(line, region)


@EACH_REGION
async def test_an_effect_the_model_does_not_know_fails(
    emulator: Emulated, tmp_path: Path, region: Region
) -> None:
    for model, request in await plain_requests(tmp_path, region):
        foreign = {effect.name for effect in EFFECTS} - model.effects
        assert foreign
        for effect in sorted(foreign)[:3]:
            with pytest.raises(InputRejectedError, match=f"template {effect} is not supported"):
                await emulator.plan(replace(request, template=effect), region)


@EACH_REGION
async def test_a_model_is_refused_in_another_region_and_on_another_path(
    emulator: Emulated, tmp_path: Path, region: Region
) -> None:
    sold = {
        other: {row.offers[other].name for row in MODELS if other in row.offers} for other in Region
    }
    for model, request in await plain_requests(tmp_path, region):
        for other in set(Region) - {region}:
            if model.name not in sold[other]:
                with pytest.raises(ApiError, match="Model"):
                    await emulator.plan(request, other)
        wrong = RequestShape.IMAGE_FIELD
        if request.shape.endpoint is wrong.endpoint:
            wrong = RequestShape.FRAME_FIELDS
        with pytest.raises(ApiError, match="url error"):
            await emulator.plan(replace(request, shape=wrong, images=(), links=()), region)
