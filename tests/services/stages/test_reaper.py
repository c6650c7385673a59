"""No state is without an end: leases, deadlines, queue age, retention."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.amounts import NOTHING
from bot.domain.errors import JobNotRetryableError
from bot.domain.failure import FailureReason
from bot.domain.ids import JobId
from bot.domain.jobs.files import FileKey, folder_of
from bot.domain.jobs.states import JobState, Owner
from bot.domain.problems import RetryProblem
from bot.domain.requests.submission import Submission
from bot.services.intake.submissions import Queued
from bot.services.stages.reaper import CANCELLED_KEPT, SWEEP_SECONDS
from tests.fakes import NOW, VIDEO, a_requester, a_submission
from tests.services.core import QUEUE_TTL, RETENTION, Core

MOMENT = timedelta(seconds=1)


@pytest.mark.parametrize("lease_until", [None, NOW], ids=["dropped at start", "lapsed"])
async def test_create_nobody_waits_for_any_more_is_unconfirmed(
    core: Core, lease_until: object
) -> None:
    job = await core.put(JobState.SUBMITTING, lease_until=lease_until)
    await core.reaper.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.UNCONFIRMED
    assert stored.task.create_abandoned_at == NOW


async def test_lapsed_create_gave_up_at_its_deadline_at_the_latest(core: Core) -> None:
    job = await core.put(JobState.SUBMITTING, sent_at=NOW)
    core.clock.advance(hours=5)
    await core.reaper.run_once()
    assert (await core.job(job)).task.create_abandoned_at == NOW + timedelta(seconds=60)


async def test_create_under_way_is_left_alone(core: Core) -> None:
    job = await core.put(JobState.SUBMITTING)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.SUBMITTING


async def test_queued_job_expires_after_its_time_to_live(core: Core) -> None:
    job = await core.put()
    core.clock.advance(seconds=(QUEUE_TTL - MOMENT).total_seconds())
    await core.reaper.run_once()
    assert await core.state(job) is JobState.QUEUED
    core.clock.advance(seconds=1)
    await core.reaper.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.EXPIRED, FailureReason.QUEUE_EXPIRED)
    assert not stored.failure.possibly_billed
    assert await core.spent(job) == NOTHING


async def test_job_whose_message_never_appeared_is_cancelled(core: Core) -> None:
    job = await core.put(status_message_id=None)
    core.clock.advance(seconds=119)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.QUEUED
    core.clock.advance(seconds=1)
    await core.reaper.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (
        JobState.CANCELLED,
        FailureReason.STATUS_MISSING,
    )
    assert await core.spent(job) == NOTHING


async def test_what_an_earlier_process_left_without_a_message_has_its_time_again(
    core: Core,
) -> None:
    job = await core.put(status_message_id=None)
    core.clock.advance(minutes=10)
    after = core.restarted()
    await after.reaper.run_once()
    assert await core.state(job) is JobState.QUEUED
    core.clock.advance(seconds=120)
    await after.reaper.run_once()
    assert await core.state(job) is JobState.CANCELLED


async def test_cancel_wanted_while_submitting_is_carried_out_once_queued_again(core: Core) -> None:
    job = await core.put(cancel_requested_at=NOW)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.CANCELLED
    assert await core.spent(job) == NOTHING


async def test_unconfirmed_job_expires_when_the_provider_cannot_know_its_task(core: Core) -> None:
    job = await core.put(JobState.UNCONFIRMED, sent_at=NOW)
    core.clock.advance(hours=26, minutes=59)
    await core.reaper.run_once()
    assert await core.state(job) is JobState.UNCONFIRMED
    core.clock.advance(minutes=1)
    await core.reaper.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.possibly_billed) == (JobState.EXPIRED, True)
    assert await core.spent(job) == NOTHING


async def test_parked_job_is_given_up_after_retention(core: Core) -> None:
    job = await core.put(JobState.PARKED, parked_from=JobState.RUNNING)
    core.clock.advance(seconds=RETENTION.total_seconds())
    await core.reaper.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, FailureReason.BROKEN)
    assert await core.spent(job) == NOTHING


@pytest.mark.parametrize(
    "state", [JobState.PENDING, JobState.RUNNING, JobState.DOWNLOADING, JobState.DELIVERING]
)
async def test_our_clock_never_ends_a_task_whose_id_we_hold(core: Core, state: JobState) -> None:
    job = await core.put(state)
    core.clock.advance(days=365)
    await core.reaper.run_once()
    assert await core.state(job) is state


async def test_job_ended_meanwhile_does_not_stop_the_round(core: Core) -> None:
    job = await core.put(status_message_id=None)
    other = await core.put(status_message_id=None)
    stale = await core.job(job)
    await core.patch(job, version=9)
    core.clock.advance(minutes=3)
    await core.reaper._end([stale, other], JobState.CANCELLED, FailureReason.STATUS_MISSING)
    assert await core.state(other) is JobState.CANCELLED


# --- retention -------------------------------------------------------------------------------


async def test_retention_erases_pictures_prompts_and_video(core: Core) -> None:
    job = await core.submit(a_submission())
    await core.put_video(job)
    await core.patch(
        job,
        state=JobState.DELIVERED,
        finished_at=NOW,
        actual_prompt="a red fox runs",
        negative_prompt="dogs",
        result_url="https://results/film?secret",
    )
    core.clock.advance(seconds=(RETENTION - MOMENT).total_seconds())
    await core.reaper.run_once()
    assert (core.folder_of(job.id) / "result.mp4").read_bytes() == VIDEO
    core.clock.advance(seconds=1)
    await core.reaper.run_once()
    stored = await core.job(job)
    assert not core.folder_of(job.id).exists()
    assert stored.times.forgotten_at == core.clock.now()
    assert stored.requester.name == ""
    assert [
        stored.options.prompt,
        stored.options.negative_prompt,
        stored.result.actual_prompt,
        stored.result.url,
    ] == ([None] * 4)
    assert await core.spent(job) == job.price.reserved, "the ledger is kept"


async def test_job_that_is_not_over_keeps_its_content(core: Core) -> None:
    job = await core.submit(a_submission())
    await core.patch(job, state=JobState.PARKED, entered_at=NOW + timedelta(days=300))
    core.clock.advance(days=300)
    await core.reaper.run_once()
    assert (core.folder_of(job.id) / "first_frame.jpg").exists()
    assert (await core.job(job)).options.prompt == "a red fox"


async def test_folder_that_cannot_be_erased_does_not_keep_the_others(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = await core.put(JobState.FAILED, finished_at=NOW - timedelta(minutes=1))
    other = await core.put(JobState.FAILED)
    await core.put_video(stuck)
    await core.put_video(other)
    erase = core.files.erase

    async def refuse(prefix: FileKey) -> None:
        if prefix == folder_of(stuck.id):
            raise PermissionError("not ours")
        await erase(prefix)

    monkeypatch.setattr(core.files, "erase", refuse)
    core.clock.advance(seconds=RETENTION.total_seconds())
    await core.reaper.run_once()
    assert (await core.job(other)).times.forgotten_at is not None
    assert (await core.job(stuck)).times.forgotten_at is None
    assert core.left() == [f"jobs/{stuck.id}", f"jobs/{stuck.id}/result.mp4"]


async def test_folder_without_a_job_is_swept_once_it_is_old(core: Core) -> None:
    job = await core.submit(a_submission())
    stray, fresh, empty = (core.folder_of(JobId(name)) for name in ("STRAY1", "FRESH1", "EMPTY1"))
    for folder in (stray, fresh, empty):
        folder.mkdir()
    for folder in (stray, fresh):
        for name in ("first_frame.jpg", "preview.jpg"):
            (folder / name).write_bytes(b"a fox")
    for folder in (core.folder_of(job.id), stray, fresh, empty):
        _date(core, *folder.iterdir(), folder, seconds_ago=4_000)
    _date(core, fresh / "preview.jpg", seconds_ago=60)
    await core.reaper.run_once()
    assert not stray.exists()
    assert not empty.exists()
    assert set(core.files_of(JobId("FRESH1"))) == {"first_frame.jpg", "preview.jpg"}
    assert len(core.files_of(job.id)) == 3


async def test_pictures_of_a_retry_that_is_not_stored_yet_are_not_swept(core: Core) -> None:
    """They may be as old as the job they were made for."""
    job = await core.submit(a_submission())
    await core.patch(job, state=JobState.FAILED, finished_at=NOW)
    _date(core, *core.folder_of(job.id).iterdir(), core.folder_of(job.id), seconds_ago=4_000)
    queue = core.submissions.queue

    async def sweep_first(submission: Submission) -> Queued:
        _date(core, core.folder_of(submission.job_id), seconds_ago=0)
        await core.reaper.run_once()
        return await queue(submission)

    core.submissions.queue = sweep_first  # type: ignore[method-assign]
    again = (await core.remakes.retry(job.id, a_requester(), a_submission().origin)).job
    assert core.files_of(again.id) == core.files_of(job.id)


async def test_pictures_of_what_was_cancelled_are_gone_within_an_hour(core: Core) -> None:
    cancelled, failed = await core.submit(a_submission()), await core.submit(a_submission())
    await core.writer.advance(cancelled, JobState.CANCELLED, owner=Owner.REAPER)
    await core.writer.advance(failed, JobState.EXPIRED, owner=Owner.REAPER)
    await core.reaper.run_once()
    assert core.files_of(cancelled.id), "it can be made again for a while"
    for _ in range(2):
        core.clock.advance(seconds=SWEEP_SECONDS)
        await core.reaper.run_once()
    assert not core.folder_of(cancelled.id).exists()
    assert core.files_of(failed.id)
    assert CANCELLED_KEPT + timedelta(seconds=SWEEP_SECONDS) < timedelta(hours=1)
    with pytest.raises(JobNotRetryableError) as refused:
        await core.remakes.retry(cancelled.id, a_requester(), a_submission().origin)
    assert refused.value.problem is RetryProblem.ERASED


async def test_what_is_being_made_is_not_swept_when_the_host_sets_its_clock(core: Core) -> None:
    made = core.folder_of(await core.submissions.new_job_id())
    made.mkdir(parents=True)
    (made / "first_frame.jpg").write_bytes(b"a fox")
    _date(core, *made.iterdir(), made, seconds_ago=25 * 3600)
    await core.reaper.run_once()
    assert made.exists()
    for _ in range(4):
        core.clock.advance(seconds=SWEEP_SECONDS)
        await core.reaper.run_once()
    assert not made.exists()


def _date(core: Core, *paths: Path, seconds_ago: float) -> None:
    """Let files and folders have been written some time ago by the clock of a test."""
    at = core.clock.now().timestamp() - seconds_ago
    for path in paths:
        os.utime(path, (at, at))


async def test_depths_are_measured(core: Core) -> None:
    await core.put()
    await core.put(JobState.RUNNING)
    await core.put(JobState.UNCONFIRMED)
    await core.put(JobState.DOWNLOADING, url_expires_at=NOW + timedelta(hours=2))
    await core.reaper.run_once()
    sample = core.metrics.registry.get_sample_value
    names = ("bot_queue_depth", "bot_in_flight", "bot_unconfirmed", "bot_result_deadline_seconds")
    assert [sample(name) for name in names] == [1, 2, 1, 7_200]
