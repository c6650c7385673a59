"""Places in line and honest times: what is shown is the order of the claims."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.errors import AuthenticationError
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.jobs.deadlines import UNCONFIRMED_COUNTS_FOR
from bot.domain.jobs.estimates import Estimate
from bot.domain.jobs.fairness import GuildInLine
from bot.domain.jobs.job import Job
from bot.domain.jobs.render_times import render_profile_of
from bot.domain.jobs.states import JobState
from bot.services.jobs import estimates
from bot.storage import queue_order, render_times
from tests.fakes import ACCOUNT, MODEL, NOW, a_submission
from tests.services.core import Core


async def test_place_shown_is_the_order_of_the_claims(core: Core) -> None:
    for guild, member in ((1, 1), (1, 1), (1, 2), (2, 3), (1, 1), (3, 4), (2, 3)):
        core.clock.advance(seconds=1)
        await core.submit(a_submission(guild_id=GuildId(guild), requester_id=UserId(member)))
    views = await core.estimates.views(
        [job for guild in (1, 2, 3) for job in await core.lookup.active(GuildId(guild))]
    )
    promised = {view.job.id: view.position or 0 for view in views}
    claimed: list[JobId] = []
    for _ in promised:
        core.clock.advance(seconds=1)
        await core.dispatcher.run_once(MODEL)
        for job in await core.lookup.active(GuildId(1)) + [
            job for guild in (2, 3) for job in await core.lookup.active(GuildId(guild))
        ]:
            if job.state is JobState.PENDING:
                claimed.append(job.id)
                await core.patch(job, state=JobState.DOWNLOADING)
    assert claimed == sorted(promised, key=lambda job_id: promised[job_id])


async def _learn(core: Core, job: Job, *seconds: float) -> None:
    async with core.database.write() as connection:
        for of_one in seconds:
            await render_times.add(connection, render_profile_of(job), seconds=of_one, at=NOW)


async def _estimate(core: Core, job: Job) -> Estimate:
    estimate = (await core.estimates.view(await core.job(job))).estimate
    assert estimate is not None
    return estimate


async def test_time_is_the_documentations_until_our_own_tasks_tell(core: Core) -> None:
    job = await core.put()
    assert await _estimate(core, job) == Estimate(done_at=NOW + timedelta(seconds=120), samples=0)
    await _learn(core, job, *[40] * 12)
    # 40 s, shown on the grid of waiting jobs.
    assert await _estimate(core, job) == Estimate(done_at=NOW + timedelta(seconds=60), samples=12)


async def test_each_resolution_and_length_has_its_own_time(core: Core) -> None:
    small = await core.put(JobState.RUNNING, resolution="480P", confirmed_at=NOW)
    large = await core.put(JobState.RUNNING, task_id="large", confirmed_at=NOW)
    waiting = await core.put(resolution="480P")
    await _learn(core, small, *[60] * 12)
    await _learn(core, large, *[300] * 12)
    assert (await _estimate(core, small)).done_at == NOW + timedelta(seconds=60)
    assert (await _estimate(core, large)).done_at == NOW + timedelta(seconds=300)
    assert (await _estimate(core, waiting)).done_at == NOW + timedelta(seconds=120)


async def test_nine_of_ten_are_spoken_of_where_times_differ(core: Core) -> None:
    job = await core.put(JobState.RUNNING, confirmed_at=NOW)
    await _learn(core, job, *[100, 120, 240, 110, 260] * 5)
    estimate = await _estimate(core, job)
    assert estimate.done_at == NOW + timedelta(seconds=120)
    assert estimate.late_at == NOW + timedelta(minutes=5)


async def test_overdue_task_is_promised_anew_and_seldom(core: Core) -> None:
    job = await core.put(JobState.RUNNING, confirmed_at=NOW)
    waiting = [await core.put() for _ in range(2)]
    await _learn(core, job, *[118, 120, 122] * 10)
    shown: set[tuple[Estimate, ...]] = set()
    for _ in range(90):
        estimates = [await _estimate(core, seen) for seen in (job, *waiting)]
        assert all(
            estimate.done_at > core.clock.now() - timedelta(seconds=30) for estimate in estimates
        )
        # The first in line finds the lane's second place free: it would be claimed at once.
        shown.add((estimates[0], estimates[2]))
        core.clock.advance(seconds=2)
    assert len({promised for promised, _ in shown}) <= 3


async def test_unseen_task_holds_its_place_for_as_long_as_it_may_run(core: Core) -> None:
    for number in range(2):
        await core.put(JobState.UNCONFIRMED, sent_at=NOW - timedelta(minutes=number))
    estimate = await _estimate(core, await core.put())
    assert estimate.done_at >= NOW + UNCONFIRMED_COUNTS_FOR


async def test_job_claimed_while_the_line_is_read_is_not_in_line(core: Core) -> None:
    claimed, waiting = await core.put(), await core.put()
    await core.patch(claimed, state=JobState.SUBMITTING)
    assert (await core.estimates.view(claimed)).position is None
    assert (await core.estimates.view(waiting)).position == 1


async def test_guild_that_comes_while_the_line_is_read_is_shown_the_next_time(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await core.put()

    async def read_before(*_: object) -> list[GuildInLine]:
        return []

    with monkeypatch.context() as patch:
        patch.setattr(queue_order, "guilds_in_line", read_before)
        assert (await core.estimates.view(job)).position is None
    assert (await core.estimates.view(job)).position == 1


async def test_place_far_back_is_promised_the_average(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [await core.put(guild_id=GuildId(number)) for number in range(1, 8)]
    await _learn(core, jobs[0], *[100] * 12)
    exact = [(await _estimate(core, job)).done_at for job in jobs]
    monkeypatch.setattr(estimates, "MOST_SIMULATED", 3)
    far = [(await _estimate(core, job)).done_at for job in jobs]
    assert far[:3] == exact[:3]
    for near, average in zip(exact[3:], far[3:], strict=True):
        assert abs(near - average) <= timedelta(seconds=100)
    assert far == sorted(far)


async def test_paused_account_promises_no_time_and_says_why(core: Core) -> None:
    job = await core.put()
    await core.account_pause.pause(ACCOUNT, AuthenticationError("refused", status=401))
    view = await core.estimates.view(job)
    assert (view.position, view.estimate, view.pause) == (1, None, "account")


async def test_late_task_promises_no_time(core: Core) -> None:
    job = await core.put(JobState.RUNNING)
    assert (await core.estimates.view(job)).estimate is not None
    await core.patch(job, late_at=NOW)
    assert (await core.estimates.view(await core.job(job))).estimate is None


async def test_refused_creates_promise_no_time_to_anybody_in_line(core: Core) -> None:
    refused = await core.put(attempts=1, not_before=NOW + timedelta(seconds=30))
    behind = await core.put()
    for job in (refused, behind):
        view = await core.estimates.view(job)
        assert (view.position is not None, view.estimate) == (True, None)
    core.clock.advance(seconds=31)
    assert (await core.estimates.view(behind)).estimate is not None
