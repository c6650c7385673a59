"""A revoked key and an account in arrears: it pauses, jobs wait, and it recovers by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from bot.domain.host.account import AccountStatus
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage import accounts
from tests.fakes import ACCOUNT
from tests.services.core import Core
from tests.services.emulated import LANE, Stage, emulated

PAUSED = "The provider refuses the host's account at present; jobs wait."


@pytest.fixture
async def stage(core: Core) -> AsyncIterator[Stage]:
    async with emulated(core) as stage:
        yield stage


async def _run_for(stage: Stage, minutes: float) -> None:
    """Let every loop do a round each half minute."""
    for _ in range(int(minutes * 2)):
        stage.pass_time(30)
        await stage.core.account_pause.probe(ACCOUNT, LANE)
        await stage.send()
        await stage.core.poller.run_once()
        await stage.core.downloader.run_once()


async def _states(stage: Stage, jobs: Sequence[Job]) -> list[JobState]:
    return [await stage.core.state(job) for job in jobs]


def _gauge(stage: Stage) -> float | None:
    return stage.core.metrics.registry.get_sample_value("bot_account_paused")


async def test_revoked_key_stops_nothing_that_needs_no_key_and_recovers_by_itself(
    stage: Stage,
) -> None:
    fetching = await stage.ask_and_send()
    await stage.poll(fetching)
    pending = await stage.ask_and_send()
    number = stage.server.faults.add("account", "revoke")
    queued = await stage.ask()
    before = {point: stage.count(point) for point in ("create", "query", "list")}
    await _run_for(stage, 30)
    jobs = [fetching, pending, queued]
    states = [JobState.DELIVERING, JobState.PENDING, JobState.QUEUED]
    assert await _states(stage, jobs) == states
    assert await stage.reads(queued) == PAUSED
    assert (await stage.reads(pending)).startswith("The provider has it, expected")
    assert [await stage.core.spent(job) for job in jobs] == [job.price.reserved for job in jobs]
    asked = {point: stage.count(point) - count for point, count in before.items()}
    assert asked["create"] == 1
    assert asked["list"] == 5, "one each five minutes, however often a poll is refused"
    assert asked["query"] <= 16
    assert stage.core.told() == ["account_paused"]
    assert _gauge(stage) == 1

    async with stage.restarted(result_hosts=["127.0.0.1"]) as again:
        await _run_for(again, 10)
        assert await _states(again, jobs) == states
        assert again.core.told() == ["account_paused"], "the pause stands and is known"
        assert _gauge(again) == 1

        again.server.faults.remove(number)
        await _run_for(again, 11)
        assert await _states(again, jobs[1:]) == [JobState.DELIVERING] * 2
        assert (await again.core.account()).paused_at is None
        assert again.core.told() == ["account_paused"]
        assert _gauge(again) == 0


async def test_account_in_arrears_pauses_without_flapping(stage: Stage) -> None:
    pending = await stage.ask_and_send()
    number = stage.server.faults.add("account", "arrears")
    queued = await stage.ask()
    since = None
    for _ in range(44):
        await _run_for(stage, 0.5)
        account = await stage.core.account()
        since = since or account.paused_at
        assert account.paused_at == since, "free calls work, but nothing else does"
        assert await stage.reads(queued) == PAUSED
    assert stage.creates() - 1 <= 5, "one create each five minutes"
    assert await _states(stage, [pending, queued]) == [JobState.DELIVERING, JobState.QUEUED]
    assert stage.core.told() == ["account_paused"]

    async with stage.restarted(result_hosts=["127.0.0.1"]) as again:
        await _run_for(again, 12)
        assert again.core.told() == ["account_paused"]
        again.server.faults.remove(number)
        await _run_for(again, 7)
        assert await again.core.state(queued) is JobState.DELIVERING
        assert (await again.core.account()).paused_at is None

        again.server.faults.add("account", "arrears")
        await again.ask()
        await _run_for(again, 1)
        assert again.core.told() == ["account_paused"] * 2, "a new matter is told anew"


async def test_account_recovers_by_a_free_call_where_nothing_waits(stage: Stage) -> None:
    pending = await stage.ask_and_send()
    number = stage.server.faults.add("account", "revoke")
    await stage.poll(pending)
    assert (await stage.core.account()).paused_at is not None
    stage.server.faults.remove(number)
    await _run_for(stage, 6)
    assert (await stage.core.account()).paused_at is None
    assert await stage.core.state(pending) is JobState.DELIVERING


async def test_account_on_trial_opens_when_nothing_waits_any_more(stage: Stage) -> None:
    job = await stage.ask()
    stage.server.faults.add("create", "error", status=400, code="Arrearage")
    await stage.send()
    stage.pass_time(5 * 60)
    await stage.core.account_pause.probe(ACCOUNT, LANE)
    account = await stage.core.account()
    assert (account.paused_at is not None, account.probe_at) == (True, None)
    await stage.core.patch(job, state=JobState.CANCELLED)
    await stage.core.account_pause.probe(ACCOUNT, LANE)
    assert (await stage.core.account()).paused_at is None
    assert stage.count("list") == 1


async def test_pause_nobody_was_told_of_is_told_by_the_next_process(stage: Stage) -> None:
    now = stage.core.clock.now()
    async with stage.core.database.write() as connection:
        await accounts.change(
            connection,
            ACCOUNT,
            status=AccountStatus.PAUSED,
            paused_at=now,
            pause_reason="Arrearage",
            probe_at=now,
        )
    async with stage.restarted(result_hosts=["127.0.0.1"]) as again:
        again.server.faults.add("account", "revoke")
        for _ in range(3):
            await _run_for(again, 1)
        assert again.core.told() == ["account_paused"]
        (told,) = again.core.chat.alerts
        assert told.facts["reason"] == "Arrearage"
