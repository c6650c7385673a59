"""Places in line and honest times: what is shown is the order of the claims."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.errors import AuthenticationError
from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.job import JobState, Owner
from tests.fakes import ACCOUNT, MODEL, NOW, a_submission
from tests.services.core import Core


async def test_place_shown_is_the_order_of_the_claims(core: Core) -> None:
    for guild, member in ((1, 1), (1, 1), (1, 2), (2, 3), (1, 1), (3, 4), (2, 3)):
        core.clock.advance(seconds=1)
        await core.submissions.submit(
            a_submission(guild_id=GuildId(guild), requester_id=UserId(member))
        )
    promised = (await core.estimates.line(MODEL)).positions
    claimed: list[JobId] = []
    for _ in promised:
        core.clock.advance(seconds=1)
        await core.dispatcher.run_once(MODEL)
        for job in await core.submissions.active(GuildId(1)) + [
            job for guild in (2, 3) for job in await core.submissions.active(GuildId(guild))
        ]:
            if job.state is JobState.PENDING:
                claimed.append(job.id)
                await core.touch(job, state=JobState.DOWNLOADING)
    assert claimed == sorted(promised, key=lambda job_id: promised[job_id])


async def test_time_is_the_documentations_until_our_own_tasks_tell(core: Core) -> None:
    job = await core.put()
    view = await core.estimates.view(job)
    assert view.position == 1
    assert view.estimate is not None
    assert (view.estimate.done_at, view.estimate.samples) == (NOW + timedelta(seconds=120), 0)
    done = await core.put(JobState.DELIVERING, confirmed_at=NOW - timedelta(seconds=60))
    running = await core.put(JobState.RUNNING, task_id="made", confirmed_at=NOW)
    core.clock.advance(seconds=40)
    made = await core.advancer.advance(
        await core.job(running),
        JobState.DOWNLOADING,
        owner=Owner.POLLER,
        billed=running.reserved,
    )
    await core.touch(made, state=JobState.DELIVERED, finished_at=core.clock.now())
    assert done.state is JobState.DELIVERING
    view = await core.estimates.view(await core.job(job))
    assert view.estimate is not None
    assert view.estimate.samples == 1
    assert view.estimate.done_at == core.clock.now() + timedelta(seconds=40)


async def test_paused_account_promises_no_time_and_says_why(core: Core) -> None:
    job = await core.put()
    await core.accounts.pause(ACCOUNT, AuthenticationError("refused", status=401))
    view = await core.estimates.view(job)
    assert (view.position, view.estimate, view.pause) == (1, None, "account")


async def test_late_task_promises_no_time(core: Core) -> None:
    job = await core.put(JobState.RUNNING)
    assert (await core.estimates.view(job)).estimate is not None
    await core.touch(job, late_at=NOW)
    assert (await core.estimates.view(await core.job(job))).estimate is None
