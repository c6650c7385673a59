"""Files that the provider fetches: uploaded before the create, once, and never for nothing."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.catalogue import Catalogue, Choices, FileRole, Kind, Override, Region
from bot.domain.errors import (
    AuthenticationError,
    MalformedResponseError,
    ModelNotAvailableError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
    ResultHostError,
)
from bot.domain.failure import FailureReason
from bot.domain.jobs.files import key_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.ports import LocalFile
from bot.domain.requests.sounds import Soundtrack
from bot.domain.requests.submission import VideoOptions
from bot.domain.requests.task import UploadedFile
from bot.services.stages import uploader
from tests.fakes import a_requester, a_submission
from tests.services.core import Core
from tests.services.video_requests import a_submission_for

TEXT_2_7, REFERENCE_2_6 = "wan2.7-t2v", "wan2.6-r2v-flash"
SOUND = b"a song"


async def with_soundtrack(core: Core) -> Job:
    """Queue a job whose soundtrack is kept."""
    submission = a_submission_for(
        core.catalogue,
        Kind.TEXT,
        VideoOptions(prompt="fog"),
        Choices(model=TEXT_2_7, soundtrack=True),
    )
    track = Soundtrack(file_name="soundtrack.mp3", seconds=5)
    submission = replace(submission, spec=replace(submission.spec, soundtrack=track))
    job = await core.submit(submission)
    path = core.settings.data_dir / key_of(job.id, track.file_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(SOUND)
    return job


async def test_a_soundtrack_is_uploaded_and_the_create_points_at_it(core: Core) -> None:
    job = await with_soundtrack(core)
    await core.dispatcher.run_once(TEXT_2_7)
    assert core.provider.uploads == [(SOUND, TEXT_2_7, "soundtrack.mp3")]
    (request,) = core.provider.creates
    (link,) = request.links
    assert (link.role, link.url) == (
        FileRole.SOUNDTRACK,
        "oss://dashscope-instant/1/soundtrack.mp3",
    )
    assert request.needs_uploads
    assert (await core.job(job)).state is JobState.PENDING


async def test_pictures_that_cannot_travel_inside_are_uploaded(core: Core) -> None:
    submission = a_submission_for(
        core.catalogue, Kind.REFERENCE, VideoOptions(prompt="image1 waves to image2"), Choices()
    )
    await core.submit(submission, {"image1": b"a fox", "image2": b"a hen"})
    await core.dispatcher.run_once(REFERENCE_2_6)
    assert [content for content, *_ in core.provider.uploads] == [b"a fox", b"a hen"]
    (request,) = core.provider.creates
    assert not request.images
    assert [link.role for link in request.links] == [FileRole.REFERENCE_IMAGE] * 2
    assert request.prompt == "character1 waves to character2"


async def test_a_create_that_has_to_wait_uploads_nothing_again(core: Core) -> None:
    job = await with_soundtrack(core)
    core.provider.create_answers.append(RateLimitedError("Throttling.RateQuota", status=429))
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(job)).state is JobState.QUEUED
    core.clock.advance(seconds=120)
    await core.dispatcher.run_once(TEXT_2_7)
    assert len(core.provider.uploads) == 1
    first, second = core.provider.creates
    assert first.links == second.links


async def test_an_address_that_soon_ends_is_not_used_any_more(core: Core) -> None:
    job = await with_soundtrack(core)
    core.provider.create_answers.append(RateLimitedError("Throttling.RateQuota", status=429))
    await core.dispatcher.run_once(TEXT_2_7)
    core.clock.advance(seconds=timedelta(hours=45).total_seconds())
    await core.patch(job, created_at=core.clock.now(), entered_at=core.clock.now())
    await core.dispatcher.run_once(TEXT_2_7)
    assert len(core.provider.uploads) == 2


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailableError("reset", request_was_sent=False),
        MalformedResponseError("no policy", status=200),
        RateLimitedError("Throttling", status=429),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_without_its_file_nothing_is_asked_for_and_the_job_waits(
    core: Core, error: ProviderError
) -> None:
    job = await with_soundtrack(core)
    core.provider.upload_errors.append(error)
    await core.dispatcher.run_once(TEXT_2_7)
    stored = await core.job(job)
    assert stored.state is JobState.QUEUED
    assert stored.lease.not_before is not None
    assert stored.lease.not_before > core.clock.now()
    assert stored.task.sent_at is None
    assert core.provider.creates == []
    core.clock.advance(seconds=900)
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(job)).state is JobState.PENDING


@pytest.mark.parametrize(
    "error",
    [
        RequestRefusedError("EntityTooLarge", reason=FailureReason.PARAMETERS_REJECTED, status=400),
        ModelNotAvailableError("AccessDenied", status=403),
        ResultHostError("upload: evil.example is not among the result hosts"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_file_the_store_refuses_ends_its_job_alone_and_uncharged(
    core: Core, error: ProviderError
) -> None:
    job = await with_soundtrack(core)
    core.clock.advance(seconds=1)
    other = await with_soundtrack(core)
    core.provider.upload_errors.append(error)
    await core.dispatcher.run_once(TEXT_2_7)
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (
        JobState.FAILED,
        FailureReason.UPLOAD_REFUSED,
    )
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.RELEASE]
    core.clock.advance(seconds=1)
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(other)).state is JobState.PENDING, "the lane is not off"


async def test_without_the_account_nothing_is_uploaded(core: Core) -> None:
    job = await with_soundtrack(core)
    core.provider.upload_errors.append(AuthenticationError("InvalidApiKey", status=401))
    await core.dispatcher.run_once(TEXT_2_7)
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(job)).state is JobState.QUEUED
    assert (core.provider.uploads, core.provider.creates) == ([], [])


async def test_a_job_cancelled_while_its_file_is_sent_is_never_bought(core: Core) -> None:
    job = await with_soundtrack(core)
    upload = core.provider.upload_file

    async def cancelled_meanwhile(file: LocalFile, *, model: str, name: str) -> UploadedFile:
        await core.cancellations.cancel(job.id, a_requester())
        return await upload(file, model=model, name=name)

    core.provider.upload_file = cancelled_meanwhile  # type: ignore[method-assign]
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(job)).state is JobState.CANCELLED
    assert core.provider.creates == []


async def test_a_stop_while_a_file_is_sent_leaves_the_job_waiting(core: Core) -> None:
    job = await with_soundtrack(core)
    begun = asyncio.Event()

    async def for_ever(_: LocalFile, **__: str) -> UploadedFile:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody waits for it")

    core.provider.upload_file = for_ever  # type: ignore[assignment, method-assign]
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as stop, asyncio.TaskGroup() as group:
            group.create_task(core.dispatcher.run_once(TEXT_2_7))
            await begun.wait()
            stop.reschedule(0)
    stored = await core.job(job)
    assert (stored.state, stored.task.sent_at) == (JobState.QUEUED, None)


async def test_an_upload_that_takes_too_long_leaves_the_lease_to_no_create(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await with_soundtrack(core)
    monkeypatch.setattr(uploader, "UPLOADS_SECONDS", 0)
    await core.dispatcher.run_once(TEXT_2_7)
    assert (await core.job(job)).state is JobState.QUEUED
    assert core.provider.creates == []


async def test_a_retry_takes_the_soundtrack_along(core: Core) -> None:
    job = await with_soundtrack(core)
    core.provider.create_answers.append(
        RequestRefusedError("no", reason=FailureReason.PARAMETERS_REJECTED)
    )
    await core.dispatcher.run_once(TEXT_2_7)
    queued = await core.remakes.retry(
        job.id,
        a_requester(),
        replace(a_submission().origin, interaction_id=4711),  # type: ignore[arg-type]
    )
    assert queued.job.spec.soundtrack == job.spec.soundtrack
    assert core.files_of(queued.job.id)["soundtrack.mp3"] == SOUND


# --- a model's last day ----------------------------------------------------------------------


async def test_what_waits_for_a_model_whose_day_has_come_ends_uncharged(core: Core) -> None:
    ends_on = core.clock.now().date() + timedelta(days=1)
    overrides = {TEXT_2_7: Override(ends_on=ends_on)}
    moved = core.altered(catalogue=Catalogue.of_region(Region.BEIJING, overrides))
    await moved.dispatcher.prepare()
    job = await with_soundtrack(moved)
    core.clock.advance(seconds=timedelta(days=1).total_seconds())
    await moved.dispatcher.run_once(TEXT_2_7)
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, FailureReason.MODEL_ENDED)
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.RELEASE]
    assert core.provider.creates == []


# --- lanes -----------------------------------------------------------------------------------


async def test_fourteen_jobs_on_lanes_of_five_and_two(core: Core) -> None:
    for model, kind in (("wan2.2-i2v-flash", Kind.IMAGE), ("wan2.7-i2v", Kind.IMAGE)):
        for _ in range(7):
            submission = a_submission_for(
                core.catalogue, kind, VideoOptions(prompt="fog"), Choices(model=model)
            )
            await core.submit(submission, {"image": b"a fox"})
    for _ in range(10):
        for model in ("wan2.2-i2v-flash", "wan2.7-i2v"):
            await core.dispatcher.run_once(model)
        core.clock.advance(seconds=1)
    sent = [request.model for request in core.provider.creates]
    assert (sent.count("wan2.2-i2v-flash"), sent.count("wan2.7-i2v")) == (2, 5)
