"""QUEUED → SUBMITTING → PENDING: the claim, and what each answer to the create means."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.amounts import NOTHING
from bot.domain.catalogue import Kind
from bot.domain.errors import (
    InvalidOptionsError,
    MalformedResponseError,
    ModelNotAvailableError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    RequestRefusedError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import AccountId, GuildId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.storage import lanes
from tests.fakes import MODEL, NOW, SLOW_MODEL, a_submission
from tests.services.core import Core


async def _submitted(core: Core, **changes: object) -> Job:
    return await core.submit(a_submission(**changes))  # type: ignore[arg-type]


async def test_claim_is_committed_before_the_post_leaves(core: Core) -> None:
    job = await _submitted(core)
    seen: list[Job] = []

    async def look() -> None:
        seen.append(await core.job(job))

    core.provider.during_create = look
    await core.dispatcher.run_once(MODEL)
    (during,) = seen
    assert during.state is JobState.SUBMITTING
    assert during.task.sent_at == NOW
    assert during.lease.until == NOW + timedelta(seconds=120)
    assert during.lease.owner == core.process_lease.worker_id


async def test_task_id_makes_the_job_pending(core: Core) -> None:
    job = await _submitted(core)
    core.provider.create_answers.append("the-task")
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert (stored.state, stored.task.id) == (JobState.PENDING, "the-task")
    assert stored.task.next_poll_at == NOW + timedelta(seconds=15)
    assert await core.entries(job) == [EntryKind.RESERVE]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            ProviderUnavailableError("refused", request_was_sent=False), id="no connection"
        ),
        pytest.param(RateLimitedError("Throttling.RateQuota", status=429), id="throttled"),
        pytest.param(RateLimitedError("ModelUnavailable", status=503), id="model busy"),
    ],
)
async def test_certainly_not_taken_waits_and_is_sent_again(
    core: Core, error: ProviderError
) -> None:
    job = await _submitted(core)
    core.provider.create_answers.append(error)
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert stored.state is JobState.QUEUED
    assert stored.lease.not_before is not None
    assert stored.lease.not_before > core.clock.now()
    assert stored.task.sent_at is None
    assert await core.entries(job) == [EntryKind.RESERVE]
    core.clock.advance(minutes=2)
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            ProviderUnavailableError("read timeout", request_was_sent=True), id="read timeout"
        ),
        pytest.param(
            ProviderUnavailableError("HTTP 500", request_was_sent=True, status=500), id="500"
        ),
        pytest.param(MalformedResponseError("HTML", status=200), id="no task id"),
        pytest.param(ProviderError("an error newer than the table"), id="unknown to the table"),
    ],
)
async def test_answer_that_may_hide_a_task_is_never_sent_again(
    core: Core, error: ProviderError
) -> None:
    job = await _submitted(core)
    core.provider.create_answers.append(error)
    core.provider.during_create = lambda: core.clock.sleep(40)
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert stored.state is JobState.UNCONFIRMED
    assert (stored.task.sent_at, stored.task.create_abandoned_at) == (
        NOW,
        NOW + timedelta(seconds=40),
    )
    assert await core.entries(job) == [EntryKind.RESERVE]
    for _ in range(5):
        core.clock.advance(minutes=5)
        await core.dispatcher.run_once(MODEL)
    assert len(core.provider.creates) == 1


async def test_refused_request_fails_the_job_and_costs_nothing(core: Core) -> None:
    job = await _submitted(core)
    core.provider.create_answers.append(
        RequestRefusedError(
            "bad", reason=FailureReason.CONTENT_INPUT, status=400, provider_code="DataInspection"
        )
    )
    await core.dispatcher.run_once(MODEL)
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (JobState.FAILED, FailureReason.CONTENT_INPUT)
    assert await core.spent(job) == NOTHING


async def test_create_that_raises_something_unknown_may_hide_a_task(core: Core) -> None:
    job = await _submitted(core)
    core.provider.create_answers.append(KeyError("a bug in the client"))
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.UNCONFIRMED


# --- throttling ------------------------------------------------------------------------------


async def test_throttling_slows_the_whole_lane_and_each_time_more(core: Core) -> None:
    await _submitted(core)
    await _submitted(core)
    waits = []
    for _ in range(7):
        core.provider.create_answers.append(RateLimitedError("Throttling", status=429))
        await core.dispatcher.run_once(MODEL)
        waits.append(await core.dispatcher.run_once(MODEL))
        core.clock.advance(seconds=waits[-1])
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert len(core.provider.creates) == 7
    await core.dispatcher.run_once(MODEL)
    assert (await core.lane()).throttled == 0


async def test_throttled_lane_does_not_stop_another(core: Core) -> None:
    await _submitted(core)
    other = await _submitted(core, model=SLOW_MODEL)
    core.provider.create_answers.append(RateLimitedError("Throttling", status=429))
    await core.dispatcher.run_once(MODEL)
    await core.dispatcher.run_once(SLOW_MODEL)
    assert await core.state(other) is JobState.PENDING


async def test_plea_of_the_server_is_obeyed(core: Core) -> None:
    await _submitted(core)
    core.provider.create_answers.append(
        RateLimitedError("Throttling", status=429, retry_after_seconds=45)
    )
    await core.dispatcher.run_once(MODEL)
    assert await core.dispatcher.run_once(MODEL) == 45


async def test_throttling_for_days_does_not_end_the_process(core: Core) -> None:
    await _submitted(core)
    async with core.database.write() as connection:
        await lanes.set_next_submit(connection, await core.lane(), at=NOW, throttled=5_000)
    core.provider.create_answers.append(RateLimitedError("Throttling", status=429))
    await core.dispatcher.run_once(MODEL)
    assert await core.dispatcher.run_once(MODEL) == 60


async def test_lane_rests_after_an_unanswered_create(core: Core) -> None:
    await _submitted(core)
    await _submitted(core)
    core.provider.create_answers.append(ProviderUnavailableError("reset", request_was_sent=True))
    await core.dispatcher.run_once(MODEL)
    core.clock.advance(seconds=10)
    await core.dispatcher.run_once(MODEL)
    assert len(core.provider.creates) == 1
    core.clock.advance(seconds=2)
    await core.dispatcher.run_once(MODEL)
    assert len(core.provider.creates) == 2


# --- lane off --------------------------------------------------------------------------------


async def test_lane_switched_off_fails_its_queued_jobs_alone(core: Core) -> None:
    job, waiting = await _submitted(core), await _submitted(core)
    other = await _submitted(core, model=SLOW_MODEL)
    core.provider.create_answers.append(
        ModelNotAvailableError("Model.AccessDenied", status=403, provider_code="AccessDenied")
    )
    await core.dispatcher.run_once(MODEL)
    await core.dispatcher.run_once(MODEL)
    for failed in (job, waiting):
        stored = await core.job(failed)
        assert (stored.state, stored.failure.reason) == (JobState.FAILED, FailureReason.MODEL_OFF)
        assert await core.spent(failed) == NOTHING
    assert await core.state(other) is JobState.QUEUED
    assert core.told() == ["lane_off"]


async def test_next_start_tries_a_lane_again(core: Core) -> None:
    await _submitted(core)
    core.provider.create_answers.append(ModelNotAvailableError("no", status=404))
    await core.dispatcher.run_once(MODEL)
    assert (await core.lane()).off_at is not None
    await core.dispatcher.prepare()
    assert (await core.lane()).off_at is None


async def test_a_lane_that_was_refused_is_tried_again_after_a_while(core: Core) -> None:
    job = await _submitted(core)
    for _ in range(2):
        core.provider.create_answers.append(ModelNotAvailableError("no", status=400))
        await core.dispatcher.run_once(MODEL)
        assert await core.state(job) is JobState.FAILED
        with pytest.raises(InvalidOptionsError):
            await _submitted(core)
        core.clock.advance(hours=1)
        job = await _submitted(core)
    assert core.told() == ["lane_off"], "once, as long as it goes on"
    core.clock.advance(seconds=1)
    waiting = await _submitted(core)
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING
    assert (await core.lane()).off_at is None
    assert await core.state(waiting) is JobState.QUEUED
    core.provider.create_answers.append(ModelNotAvailableError("no", status=400))
    core.clock.advance(seconds=2)
    await core.dispatcher.run_once(MODEL)
    assert core.told() == ["lane_off"] * 2


async def test_waiting_job_follows_a_new_account(core: Core) -> None:
    job = await _submitted(core)
    await core.patch(job, account=AccountId("beijing:elsewhere:other-key"))
    await core.dispatcher.prepare()
    await core.dispatcher.run_once(MODEL)
    assert await core.state(job) is JobState.PENDING


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "wan1.0-gone"},
        {"resolution": "8K"},
        {"duration_seconds": 7},
        {"kind": Kind.EFFECT, "effect": "hug"},
    ],
    ids=str,
)
async def test_waiting_job_of_what_is_no_longer_offered_fails(
    core: Core, asked: dict[str, Any]
) -> None:
    job = await core.put(**asked)
    await core.dispatcher.prepare()
    assert await core.state(job) is JobState.FAILED
    assert await core.spent(job) == NOTHING


@pytest.mark.parametrize(
    ("reserved", "state"),
    [(999_999, JobState.FAILED), (1_000_000, JobState.QUEUED), (2_000_000, JobState.QUEUED)],
)
async def test_waiting_job_that_would_cost_more_than_was_reserved_fails(
    core: Core, reserved: int, state: JobState
) -> None:
    job = await core.put(price_micros=reserved)
    await core.dispatcher.prepare()
    stored = await core.job(job)
    assert stored.state is state
    if state is JobState.FAILED:
        assert stored.failure.reason is FailureReason.PRICE_ROSE
        assert await core.spent(job) == NOTHING
    else:
        assert stored.price == job.price, "what was agreed to stands"


# --- limits ----------------------------------------------------------------------------------


async def test_full_lane_waits_until_a_task_is_over(core: Core) -> None:
    states = (JobState.RUNNING, JobState.UNCONFIRMED)
    running, _ = [await core.put(state, sent_at=NOW) for state in states]
    job = await core.put()
    assert await core.dispatcher.run_once(MODEL) > 0
    await core.patch(running, state=JobState.DOWNLOADING)
    assert await core.dispatcher.run_once(MODEL) == 0
    assert await core.state(job) is JobState.PENDING


async def test_unconfirmed_job_leaves_its_place_after_the_providers_own_limit(core: Core) -> None:
    for _ in range(2):
        await core.put(JobState.UNCONFIRMED, sent_at=NOW)
    await core.put()
    core.clock.advance(hours=3, minutes=9)
    assert await core.dispatcher.run_once(MODEL) > 0
    core.clock.advance(minutes=2)
    assert await core.dispatcher.run_once(MODEL) == 0


async def test_one_create_is_outstanding_at_a_time(core: Core) -> None:
    await core.put(JobState.SUBMITTING)
    await core.put()
    assert await core.dispatcher.run_once(MODEL) > 0
    assert core.provider.creates == []


async def test_creates_are_spaced_from_the_answer_on(core: Core) -> None:
    for _ in range(2):
        await _submitted(core)
    core.provider.during_create = lambda: core.clock.sleep(20)
    await core.dispatcher.run_once(MODEL)
    assert await core.dispatcher.run_once(MODEL) == pytest.approx(0.52)
    assert len(core.provider.creates) == 1


async def test_guilds_take_turns(core: Core) -> None:
    big = []
    for _ in range(3):
        big.append(await _submitted(core, guild_id=GuildId(1), requester_id=UserId(1)))
        core.clock.advance(seconds=1)
    small = await _submitted(core, guild_id=GuildId(2), requester_id=UserId(2))
    order = []
    for _ in range(3):
        core.clock.advance(seconds=1)
        await core.dispatcher.run_once(MODEL)
        for job in (*big, small):
            if await core.state(job) is JobState.PENDING:
                order.append(job.id)
                await core.patch(job, state=JobState.DOWNLOADING)
    assert order == [big[0].id, small.id, big[1].id]


# --- jobs that break -------------------------------------------------------------------------


async def test_job_that_breaks_its_worker_is_parked_the_third_time(core: Core) -> None:
    job = await _submitted(core)
    _lose_pictures(core.folder_of(job.id))
    for _ in range(3):
        assert await core.state(job) is JobState.QUEUED
        await core.dispatcher.run_once(MODEL)
        core.clock.advance(minutes=2)
    assert await core.state(job) is JobState.PARKED
    assert core.told() == ["job_parked"]
    assert core.provider.creates == []


async def test_parked_jobs_that_never_left_do_not_hold_their_lane(core: Core) -> None:
    broken = [await _submitted(core) for _ in range(2)]
    for job in broken:
        _lose_pictures(core.folder_of(job.id))
    for _ in range(8):
        await core.dispatcher.run_once(MODEL)
        core.clock.advance(minutes=2)
    assert [await core.state(job) for job in broken] == [JobState.PARKED] * 2
    healthy = await _submitted(core)
    await core.dispatcher.run_once(MODEL)
    assert await core.state(healthy) is JobState.PENDING


async def test_job_parked_before_anything_left_goes_back_into_the_queue(core: Core) -> None:
    job = await _submitted(core)
    _lose_pictures(core.folder_of(job.id))
    for _ in range(3):
        await core.dispatcher.run_once(MODEL)
        core.clock.advance(minutes=2)
    decided = await core.decisions.carry_out(job.id, taken=None, failed=False)
    assert decided.state is JobState.QUEUED


def _lose_pictures(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


async def test_a_job_nobody_waits_for_any_more_is_not_bought(core: Core) -> None:
    """After a long stop the dispatcher may look before the reaper does."""
    job = await core.submit(a_submission())
    core.clock.advance(hours=24, seconds=1)
    await core.dispatcher.run_once(MODEL)
    assert core.provider.creates == []
    await core.reaper.run_once()
    assert await core.state(job) is JobState.EXPIRED


async def test_what_is_too_old_holds_nobody_up(core: Core) -> None:
    old = await core.submit(a_submission())
    core.clock.advance(hours=24, seconds=1)
    fresh = await core.submit(a_submission())
    await core.dispatcher.run_once(MODEL)
    assert await core.state(old) is JobState.QUEUED
    assert await core.state(fresh) is JobState.PENDING
