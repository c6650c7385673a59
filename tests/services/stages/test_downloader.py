"""DOWNLOADING → DELIVERING: onto our disk before the address dies, or given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import NOTHING
from bot.domain.errors import (
    BotError,
    DatabaseUnavailableError,
    MalformedResponseError,
    MediaTooLargeError,
    MediaUnreadableError,
    ProviderUnavailableError,
    ResultExpiredError,
    ResultHostError,
)
from bot.domain.failure import FailureReason
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.requests.task import TaskState
from tests.fakes import NOW, VIDEO, a_task
from tests.services.core import Core

DAY = timedelta(hours=24)


async def _charged(core: Core, **changes: object) -> Job:
    """Return a job whose video was just made and billed."""
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED)
    await core.poller.run_once()
    await core.patch(job, **changes)
    return await core.job(job)


async def _until(core: Core, state: JobState, job: Job, *, hours: float = 30) -> None:
    for _ in range(int(hours * 60)):
        await core.downloader.run_once()
        if await core.state(job) is state:
            return
        core.clock.advance(minutes=1)


async def test_video_is_on_disk_before_it_is_delivered(core: Core) -> None:
    job = await _charged(core)
    assert await core.downloader.run_once() == 0
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERING
    assert (core.folder_of(job.id) / "result.mp4").read_bytes() == VIDEO
    assert (stored.video.size_bytes, stored.video.width) == (len(VIDEO), 1280)
    assert await core.downloader.run_once() > 0


async def test_address_that_dies_first_is_fetched_first(core: Core) -> None:
    later = await core.put(JobState.DOWNLOADING, url_expires_at=NOW + DAY, task_id="a")
    sooner = await core.put(
        JobState.DOWNLOADING, url_expires_at=NOW + timedelta(hours=1), task_id="b"
    )
    await core.downloader.run_once()
    assert await core.state(sooner) is JobState.DELIVERING
    assert await core.state(later) is JobState.DOWNLOADING


@pytest.mark.parametrize(
    "error",
    [
        ProviderUnavailableError("broken off", request_was_sent=True),
        ResultHostError("not allowed"),
        MalformedResponseError("HTML"),
        MediaTooLargeError(limit_bytes=1, actual_bytes=2),
        OSError("disk full"),
    ],
)
async def test_trouble_is_tried_again_and_does_not_count_against_the_job(
    core: Core, error: Exception
) -> None:
    job = await _charged(core)
    core.provider.files.extend([error] * 10)
    await _until(core, JobState.DELIVERING, job, hours=2)
    assert await core.state(job) is JobState.DELIVERING
    assert len(core.provider.downloaded) == 11
    assert await core.spent(job) == job.price.reserved


async def test_result_on_a_foreign_host_tells_the_operator_once(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.extend([ResultHostError("not allowed")] * 5)
    await _until(core, JobState.DELIVERING, job, hours=1)
    assert core.told() == ["result_host"]


async def test_expired_address_is_refreshed_before_the_job_expires(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task(
        "t", TaskState.SUCCEEDED, video_url="https://fresh", url_expires_at=NOW + 2 * DAY
    )
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.result.url, stored.result.url_expires_at) == ("https://fresh", NOW + 2 * DAY)
    await core.downloader.run_once()
    assert core.provider.downloaded[-1] == "https://fresh"
    assert await core.state(job) is JobState.DELIVERING


@pytest.mark.parametrize("answer", [TaskState.UNKNOWN, TaskState.SUCCEEDED])
async def test_expired_address_without_a_fresh_one_is_the_operators_loss(
    core: Core, answer: TaskState
) -> None:
    job = await _charged(core)
    core.clock.advance(hours=25)
    core.provider.files.append(ResultExpiredError("403", status=403))
    core.provider.tasks["t"] = a_task("t", answer)
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.EXPIRED, FailureReason.RESULT_EXPIRED)
    assert stored.failure.operator_loss
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.CHARGE, EntryKind.ADJUST]
    assert await core.spent(job) == NOTHING
    assert core.told() == ["operator_loss"]


async def test_expired_by_one_clock_and_good_by_the_other_is_tried_again(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.append(ResultExpiredError("403", status=403))
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
    core.clock.advance(minutes=1)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaUnreadableError("not_a_video"), FailureReason.RESULT_UNREADABLE),
        (
            ProviderUnavailableError("broken off", request_was_sent=True),
            FailureReason.RESULT_EXPIRED,
        ),
    ],
)
async def test_no_playable_file_until_the_end_fails_and_is_given_back(
    core: Core, error: BotError, reason: FailureReason
) -> None:
    job = await _charged(core, url_expires_at=NOW + timedelta(hours=3))
    if isinstance(error, MediaUnreadableError):
        core.media.probe_errors.extend([error] * 1_000)
    else:
        core.provider.files.extend([error] * 1_000)
    await _until(core, JobState.FAILED, job)
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, reason)
    assert stored.times.finished_at is not None
    assert stored.times.finished_at >= NOW + timedelta(hours=2, minutes=59)
    assert await core.spent(job) == NOTHING
    assert stored.failure.operator_loss


# --- claims ----------------------------------------------------------------------------------


async def test_claimed_job_is_not_claimed_by_another_worker(core: Core) -> None:
    job = await _charged(core)
    held = asyncio.Event()

    async def hold(*_: object, **__: object) -> None:
        held.set()
        await asyncio.Event().wait()

    core.downloader._media.probe = hold  # type: ignore[method-assign,assignment]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(core.downloader.run_once())
        await held.wait()
        assert await core.restarted().downloader.run_once() > 0
        task.cancel()
    stored = await core.job(job)
    assert (stored.lease.claims, stored.lease.until) == (0, None), (
        "an orderly stop is not its fault"
    )


async def test_job_that_kills_the_process_three_times_is_parked(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.lease.parked_from) == (JobState.PARKED, JobState.DOWNLOADING)
    assert core.told() == ["job_parked"]


async def test_error_without_a_name_counts_and_the_third_parks(core: Core) -> None:
    job = await _charged(core)
    core.provider.files.extend([KeyError("a bug")] * 3)
    other = await core.put(
        JobState.DOWNLOADING, url_expires_at=NOW + timedelta(days=2), task_id="other"
    )
    for _ in range(4):
        await core.downloader.run_once()
        core.clock.advance(minutes=2)
    assert await core.state(job) is JobState.PARKED
    assert await core.state(other) is JobState.DELIVERING
    assert await core.spent(job) == job.price.reserved


async def test_given_up_after_parking_gives_the_charge_back(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    await core.decisions.carry_out(job.id, taken=None, failed=True)
    assert await core.state(job) is JobState.FAILED
    assert await core.spent(job) == NOTHING


async def test_parked_job_goes_on_where_it_was(core: Core) -> None:
    job = await _charged(core, claims=3)
    await core.downloader.run_once()
    await core.decisions.carry_out(job.id, taken=None, failed=False)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


async def test_lapsed_lease_is_claimed_again(core: Core) -> None:
    job = await _charged(core, lease_owner="gone", lease_until=NOW + timedelta(minutes=20))
    assert await core.downloader.run_once() > 0
    core.clock.advance(minutes=21)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING


async def test_database_trouble_is_not_counted_against_the_job(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _charged(core)
    write = core.database.write
    calls = iter(range(100))

    @asynccontextmanager
    async def flaky() -> AsyncIterator[AsyncConnection]:
        if next(calls) % 2:  # the claim works, what follows does not
            raise DatabaseUnavailableError("restarting")
        async with write() as connection:
            yield connection

    monkeypatch.setattr(core.database, "write", flaky)
    for _ in range(6):
        with pytest.raises(DatabaseUnavailableError):
            await core.downloader.run_once()
        core.clock.advance(minutes=21)
    monkeypatch.setattr(core.database, "write", write)
    await core.downloader.run_once()
    assert await core.state(job) is JobState.DELIVERING
