"""PENDING and RUNNING: followed until the provider's own word ends them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import NOTHING, Amounts
from bot.domain.errors import (
    AuthenticationError,
    DatabaseUnavailableError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
    TaskNotCancellableError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import TaskId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.render_times import render_profile_of
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.domain.requests.task import TaskFailure, TaskState
from bot.services.stages import poller
from bot.storage import render_times, unconfirmed
from tests.fakes import (
    ACCOUNT,
    GUILD,
    MEMBER,
    MODEL,
    NOW,
    SLOW_MODEL,
    URL,
    a_submission,
    a_task,
    altered,
)
from tests.services.core import POLL_SECONDS, TIMEOUT_SECONDS, Core

ASKER = Requester(user_id=MEMBER, guild_id=GUILD)


def _failure(*, transient: bool, reason: FailureReason = FailureReason.CONTENT) -> TaskFailure:
    return TaskFailure(provider_code="Code", message="why", reason=reason, transient=transient)


# --- the provider's words --------------------------------------------------------------------


@pytest.mark.parametrize("state", [JobState.PENDING, JobState.RUNNING])
async def test_success_charges_what_was_billed_and_keeps_the_address(
    core: Core, state: JobState
) -> None:
    job = await core.put(state, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, actual_prompt="a red fox runs")
    await core.poller.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.DOWNLOADING
    assert (stored.result.url, stored.result.url_expires_at) == (URL, NOW + timedelta(hours=24))
    assert stored.result.actual_prompt == "a red fox runs"
    assert await core.entries(job) == [EntryKind.RESERVE, EntryKind.CHARGE]
    assert await core.spent(job) == job.price.reserved


@pytest.mark.parametrize("billed_seconds", [11, 5_000])
async def test_a_length_that_cannot_be_true_is_not_charged_and_told(
    core: Core, billed_seconds: int
) -> None:
    """Milliseconds, say: 5,000 of them would be the budget of all guilds."""
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, billed_seconds=billed_seconds)
    await core.poller.run_once()
    assert await core.spent(job) == job.price.reserved
    assert core.told() == ["billed_length"]


async def test_twice_the_length_asked_for_is_believed(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, billed_seconds=10)
    await core.poller.run_once()
    assert (await core.spent(job)).seconds == 10


async def test_shorter_video_is_charged_by_its_seconds(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, billed_seconds=4)
    await core.poller.run_once()
    assert await core.spent(job) == Amounts(videos=1, seconds=4, micros=800_000)


async def test_success_without_figures_is_charged_as_reserved(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task(
        "t", TaskState.SUCCEEDED, billed_seconds=None, url_expires_at=None
    )
    await core.poller.run_once()
    assert await core.spent(job) == job.price.reserved
    assert (await core.job(job)).result.url_expires_at == NOW + timedelta(hours=24)


async def test_success_without_address_is_asked_again(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, video_url=None)
    await core.poller.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.RUNNING
    assert stored.task.next_poll_at == NOW + timedelta(seconds=POLL_SECONDS)


async def test_running_is_shown_and_a_status_newer_than_the_code_is_followed(core: Core) -> None:
    job = await core.put(JobState.PENDING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await core.poller.run_once()
    assert await core.state(job) is JobState.RUNNING
    core.clock.advance(seconds=POLL_SECONDS)
    core.provider.tasks["t"] = a_task("t", TaskState.OTHER)
    await core.poller.run_once()
    assert await core.state(job) is JobState.RUNNING


async def test_transient_failure_is_tried_once_more_with_a_new_task(core: Core) -> None:
    job = await core.submit(a_submission())
    core.provider.create_answers.extend(["first", "second"])
    failed = {"failure": _failure(transient=True, reason=FailureReason.PROVIDER_FAULT)}
    for name in ("first", "second"):
        await core.dispatcher.run_once(MODEL)
        core.provider.tasks[name] = a_task(name, TaskState.FAILED, **failed)
        core.clock.advance(seconds=POLL_SECONDS)
        await core.poller.run_once()
        if name == "first":
            stored = await core.job(job)
            assert (stored.state, stored.task.id) == (JobState.QUEUED, None)
            assert await core.entries(job) == [EntryKind.RESERVE]
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (
        JobState.FAILED,
        FailureReason.PROVIDER_FAULT,
    )
    assert await core.spent(job) == NOTHING
    details = [event.detail.get("task_id") for event in await core.events(job)]
    assert "first" in details, "the old task stays in the history"
    async with core.database.read() as connection:
        assert TaskId("first") in await unconfirmed.orphans(connection, ACCOUNT)


async def test_any_other_failure_ends_the_job(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.FAILED, failure=_failure(transient=False))
    await core.poller.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, FailureReason.CONTENT)
    assert stored.failure.detail == "Code: why"
    assert await core.spent(job) == NOTHING


# --- pace ------------------------------------------------------------------------------------


async def _polled_at(core: Core, *, until_seconds: float) -> list[float]:
    """Return the ages at which the only task is polled until it is that old."""
    ages = []
    while (age := (core.clock.now() - NOW).total_seconds()) <= until_seconds:
        asked = len(core.provider.asked)
        wait = await core.poller.run_once()
        if len(core.provider.asked) > asked:
            ages.append(age)
        core.clock.advance(seconds=wait)
    return ages


async def _learn(core: Core, job: Job, *seconds: float) -> None:
    async with core.database.write() as connection:
        for of_one in seconds:
            await render_times.add(connection, render_profile_of(job), seconds=of_one, at=NOW)


@pytest.mark.parametrize(("model", "seconds"), [(MODEL, 15), (SLOW_MODEL, 30)])
async def test_task_is_asked_for_at_its_models_interval_where_it_may_end_any_moment(
    core: Core, model: str, seconds: float
) -> None:
    job = await core.put(
        JobState.RUNNING, task_id="t", model=model, confirmed_at=NOW - timedelta(seconds=60)
    )
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await _learn(core, job, *range(60, 125))
    await core.poller.run_once()
    assert seconds <= await core.poller.run_once() <= seconds * 1.1
    assert len(core.provider.asked) == 1


async def test_task_is_asked_for_right_behind_the_time_others_took(core: Core) -> None:
    job = await core.put(
        JobState.PENDING, task_id="t", confirmed_at=NOW, next_poll_at=NOW + timedelta(seconds=15)
    )
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await _learn(core, job, *[120] * 30)
    assert await _polled_at(core, until_seconds=125) == pytest.approx([15, 75, 121.2])


async def test_another_footage_tells_nothing_about_this_one(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t", confirmed_at=NOW)
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    await core.poller.run_once()
    before = (await core.job(job)).task.next_poll_at
    await _learn(core, altered(job, resolution="480P"), *[500] * 30)
    await core.patch(job, next_poll_at=NOW)
    await core.poller.run_once()
    assert (await core.job(job)).task.next_poll_at == before


async def test_task_to_be_cancelled_is_asked_for_at_every_interval(core: Core) -> None:
    job = await core.put(JobState.PENDING, task_id="t", confirmed_at=NOW, cancel_requested_at=NOW)
    core.provider.tasks["t"] = a_task("t")
    core.provider.cancel_error = ProviderUnavailableError("500", request_was_sent=True)
    await _learn(core, job, *[120] * 30)
    assert await _polled_at(core, until_seconds=31) == [0, 15, 30]
    assert core.provider.cancelled == ["t"] * 3


async def _times(core: Core) -> list[float]:
    async with core.database.read() as connection:
        known = await render_times.of_models(connection, {MODEL})
    return [seconds for times in known.values() for seconds in times]


async def test_success_teaches_the_providers_time_and_only_once(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    took = timedelta(seconds=93.5)
    done = a_task("t", TaskState.SUCCEEDED, submitted_at=NOW, ended_at=NOW + took)
    core.provider.tasks["t"] = done
    await asyncio.gather(core.poller._poll(job), core.poller._poll(job))
    assert await core.state(job) is JobState.DOWNLOADING
    assert await _times(core) == [93.5]


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        (TaskState.FAILED, {"submitted_at": NOW, "ended_at": NOW + timedelta(seconds=1)}),
        (TaskState.CANCELED, {"submitted_at": NOW, "ended_at": NOW + timedelta(seconds=1)}),
        (TaskState.SUCCEEDED, {"submitted_at": NOW}),
        (TaskState.SUCCEEDED, {"submitted_at": NOW, "ended_at": NOW - timedelta(hours=8)}),
    ],
)
async def test_nothing_else_teaches(
    core: Core, state: TaskState, changes: dict[str, object]
) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", state, **changes)
    await core.poller.run_once()
    assert await core.state(job) is not JobState.RUNNING
    assert await _times(core) == []


async def test_idle_poller_looks_again_in_half_a_minute(core: Core) -> None:
    assert await core.poller.run_once() == 30


async def test_late_task_is_announced_once_and_polled_slower_but_never_given_up(
    core: Core,
) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = a_task("t", TaskState.RUNNING)
    core.clock.advance(seconds=TIMEOUT_SECONDS)
    for _ in range(50):
        await core.poller.run_once()
        core.clock.advance(minutes=10)
    stored = await core.job(job)
    assert stored.state is JobState.RUNNING
    assert stored.task.late_at == NOW + timedelta(seconds=TIMEOUT_SECONDS)
    assert [event.name for event in await core.events(job)].count("task_late") == 1
    await core.poller.run_once()
    assert (await core.job(job)).task.next_poll_at == core.clock.now() + timedelta(seconds=60)


async def test_missed_query_says_nothing_about_the_task_and_backs_off(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = ProviderUnavailableError("502", request_was_sent=True)
    waits = []
    for _ in range(12):
        await core.poller.run_once()
        waits.append(await core.poller.run_once())
        core.clock.advance(minutes=6)
    assert waits[0] == 15
    assert waits[-1] == 30, "the loop's own interval"
    stored = await core.job(job)
    assert stored.task.next_poll_at == core.clock.now() - timedelta(minutes=1)
    assert stored.state is JobState.RUNNING


async def test_poll_comes_no_sooner_than_the_server_asks(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = RateLimitedError("Throttling", status=429, retry_after_seconds=45)
    await core.poller.run_once()
    assert (await core.job(job)).task.next_poll_at == NOW + timedelta(seconds=45)


async def test_provider_away_for_weeks_does_not_end_the_process(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = ProviderUnavailableError("502", request_was_sent=True)
    core.poller._errors[job.id] = 5_000
    await core.poller.run_once()
    assert await core.state(job) is JobState.RUNNING


async def test_failed_polls_of_jobs_that_are_over_are_forgotten(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "MOST_ERRORS", 3)
    missed = ProviderUnavailableError("502", request_was_sent=True)
    held = [await core.put(JobState.RUNNING, task_id=f"t{number}") for number in range(5)]
    for job in held:
        core.provider.tasks[str(job.task.id)] = missed
    await core.poller.run_once()
    assert len(core.poller._errors) == 3
    for job in held:
        await core.patch(job, state=JobState.CANCELLED, finished_at=NOW, next_poll_at=None)
    await core.poller.run_once()
    assert core.poller._errors == {}


async def test_refused_key_pauses_the_account(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    core.provider.tasks["t"] = AuthenticationError("InvalidApiKey", status=401)
    await core.poller.run_once()
    assert await core.state(job) is JobState.RUNNING
    assert (await core.account()).paused_at == NOW


# --- cancel ----------------------------------------------------------------------------------


async def test_cancel_of_a_pending_task_is_what_the_query_reads(core: Core) -> None:
    job = await core.put(JobState.PENDING, task_id="t", next_poll_at=NOW + timedelta(minutes=1))
    core.provider.tasks["t"] = a_task("t")
    await core.cancellations.cancel(job.id, ASKER)
    await core.poller.run_once()
    assert core.provider.cancelled == ["t"]
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.CANCELLED, None)
    assert await core.spent(job) == NOTHING


async def test_cancel_that_comes_too_late_leaves_the_video(core: Core) -> None:
    job = await core.put(JobState.PENDING, task_id="t")
    core.provider.tasks["t"] = a_task("t")
    core.provider.cancel_error = TaskNotCancellableError("not PENDING", status=400)
    await core.cancellations.cancel(job.id, ASKER)
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED)
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING


@pytest.mark.parametrize(
    "error",
    [
        RequestRefusedError("no", reason=FailureReason.PARAMETERS_REJECTED, status=400),
        ProviderUnavailableError("500", request_was_sent=True, status=500),
    ],
)
async def test_cancel_that_keeps_failing_does_not_hide_the_finished_video(
    core: Core, error: RequestRefusedError
) -> None:
    job = await core.put(JobState.PENDING, task_id="t")
    core.provider.tasks["t"] = a_task("t")
    core.provider.cancel_error = error
    await core.cancellations.cancel(job.id, ASKER)
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED)
    for _ in range(5):
        await core.poller.run_once()
        core.clock.advance(minutes=6)
    assert await core.state(job) is JobState.DOWNLOADING


async def test_transient_failure_of_a_job_to_be_cancelled_is_not_tried_again(core: Core) -> None:
    job = await core.put(JobState.PENDING, task_id="t", cancel_requested_at=NOW)
    core.provider.tasks["t"] = a_task("t", TaskState.FAILED, failure=_failure(transient=True))
    await core.poller.run_once()
    assert await core.state(job) is JobState.CANCELLED
    assert await core.spent(job) == NOTHING


# --- adopted tasks ---------------------------------------------------------------------------


async def test_adopted_video_of_our_prompt_is_delivered(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t", adopted=True)
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, orig_prompt="a red fox ")
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING


async def test_adopted_video_of_another_prompt_is_not(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t", adopted=True)
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, orig_prompt="a stranger's request")
    await core.poller.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.possibly_billed) == (JobState.EXPIRED, True)
    assert stored.result.url is None
    assert await core.spent(job) == NOTHING
    assert core.told() == ["orphan_task"]


# --- trouble ---------------------------------------------------------------------------------


async def test_answer_that_breaks_the_poller_three_times_parks_its_job_alone(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    other = await core.put(JobState.PENDING, task_id="fine")
    core.provider.tasks |= {"t": KeyError("a bug"), "fine": a_task("fine", TaskState.RUNNING)}
    for _ in range(3):
        await core.poller.run_once()
        core.clock.advance(minutes=2)
    stored = await core.job(job)
    assert (stored.state, stored.lease.parked_from) == (JobState.PARKED, JobState.RUNNING)
    assert await core.state(other) is JobState.RUNNING
    assert core.told() == ["job_parked"]


async def test_database_that_goes_away_while_polling_is_trouble_with_a_name(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [await core.put(JobState.RUNNING, task_id=f"t{at}") for at in range(3)]
    for at in range(3):
        core.provider.tasks[f"t{at}"] = a_task(f"t{at}", TaskState.SUCCEEDED)
    write = core.database.write

    @asynccontextmanager
    async def down() -> AsyncIterator[AsyncConnection]:
        raise DatabaseUnavailableError("restarting")
        async with write() as connection:  # makes this a generator
            yield connection

    monkeypatch.setattr(core.database, "write", down)
    for _ in range(5):
        with pytest.raises(DatabaseUnavailableError):
            await core.poller.run_once()
    monkeypatch.setattr(core.database, "write", write)
    await core.poller.run_once()
    stored = [await core.job(job) for job in jobs]
    assert [job.state for job in stored] == [JobState.DOWNLOADING] * 3


async def test_text_no_database_can_store_does_not_cost_the_video(core: Core) -> None:
    job = await core.put(JobState.RUNNING, task_id="t")
    # A prompt cut in the middle of a UTF-16 pair, as JSON can carry it.
    core.provider.tasks["t"] = a_task("t", TaskState.SUCCEEDED, actual_prompt="fox \ud83e")
    await core.poller.run_once()
    assert await core.state(job) is JobState.DOWNLOADING
