"""Messages of erased jobs go from Discord: everywhere, at once, or when Discord lets them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.errors import ChannelGoneError, ChatUnavailableError
from bot.domain.guilds.reports import Report
from bot.domain.ids import ChannelId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.services.jobs.message_removals import FIRST_WAIT, TRIED_FOR
from bot.storage import ledger, reports
from tests.fakes import GUILD, MEMBER, NOW
from tests.services.core import Core

OWNER = Requester(user_id=MEMBER, guild_id=GUILD)
STATUS = Receipt(channel_id=ChannelId(600), message_id=MessageId(71))
ELSEWHERE = Receipt(channel_id=ChannelId(601), message_id=MessageId(72))
REPORT = Receipt(channel_id=ChannelId(602), message_id=MessageId(73))


async def a_job(core: Core) -> Job:
    """Return a job whose video was posted elsewhere, and which was reported."""
    job = await core.put(
        JobState.DELIVERED,
        prompt="a fox",
        status_channel_id=STATUS.channel_id,
        status_message_id=STATUS.message_id,
        delivered_channel_id=ELSEWHERE.channel_id,
        delivered_message_id=ELSEWHERE.message_id,
    )
    report = Report(
        job_id=job.id,
        user_id=UserId(8),
        guild_id=GUILD,
        user_name="mia",
        at=NOW,
        channel_id=REPORT.channel_id,
        message_id=REPORT.message_id,
    )
    async with core.database.write() as connection:
        await reports.add(connection, report)
    return job


async def test_every_message_goes_and_nobody_is_told(core: Core) -> None:
    job = await a_job(core)
    async with core.database.read() as connection:
        before = await ledger.of_job(connection, job.id)
    erased = await core.erasure.forget(job.id, OWNER)
    assert (erased.is_new, erased.left_in) == (True, ())
    assert set(core.chat.deleted) == {STATUS, ELSEWHERE, REPORT}
    stored = await core.job(job)
    assert stored.messages.removal_due_at is None
    assert stored.messages.status_gone_at is not None
    calls = len(core.chat.calls)
    await core.status_updater.run_once()
    assert len(core.chat.calls) == calls, "neither edited nor announced"
    async with core.database.read() as connection:
        assert await ledger.of_job(connection, job.id) == before


@pytest.mark.parametrize("error", [ChannelGoneError("50001"), ChatUnavailableError("503")])
async def test_what_discord_refuses_is_tried_again_also_after_a_restart(
    core: Core, error: ChannelGoneError | ChatUnavailableError
) -> None:
    job = await a_job(core)
    name = f"delete_message {STATUS.channel_id}"
    core.chat.refusals[name].append(error)
    erased = await core.erasure.forget(job.id, OWNER)
    assert erased.left_in == (STATUS.channel_id,)
    assert set(core.chat.deleted) == {ELSEWHERE, REPORT}
    restarted = core.restarted()
    await restarted.message_removals.run_once()
    assert STATUS not in core.chat.deleted, "it is too soon"
    core.clock.advance(seconds=FIRST_WAIT.total_seconds())
    await restarted.message_removals.run_once()
    assert STATUS in core.chat.deleted
    assert (await core.job(job)).messages.removal_due_at is None


async def test_it_waits_ever_longer_and_ends(core: Core) -> None:
    job = await a_job(core)
    core.chat.refusals[f"delete_message {STATUS.channel_id}"].extend(
        ChannelGoneError("50001") for _ in range(100)
    )
    await core.erasure.forget(job.id, OWNER)
    waits = []
    while (due := (await core.job(job)).messages.removal_due_at) is not None:
        waits.append(due - core.clock.now())
        core.clock.advance(seconds=waits[-1].total_seconds())
        await core.message_removals.run_once()
    assert waits == sorted(waits)
    assert waits[0] == FIRST_WAIT
    assert max(waits) == timedelta(days=1)
    assert TRIED_FOR <= sum(waits, timedelta()) < TRIED_FOR + timedelta(days=1)


async def test_what_retention_left_in_discord_goes_as_well(core: Core) -> None:
    job = await a_job(core)
    core.clock.advance(seconds=timedelta(days=8).total_seconds())
    await core.reaper.run_once()
    assert (await core.job(job)).times.forgotten_at is not None
    assert core.chat.deleted == []
    erased = await core.erasure.forget(job.id, OWNER)
    assert erased.is_new
    assert STATUS in core.chat.deleted
