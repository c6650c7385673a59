"""The requester is told once that a job is over, unless nobody should be pinged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.domain.errors import ChatUnavailableError, MissingAccessError
from bot.domain.guilds.settings import Notify
from bot.domain.ids import ChannelId, GuildId, MessageId, UserId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Purpose, StatusView
from bot.services.messages import announcer, channel_pace
from bot.storage.tables import guilds as guilds_table
from tests.fakes import CHANNEL, GUILD, MEMBER, NOW
from tests.services.core import QUEUE_TTL, Core


def _unreachable_in(
    core: Core, guild_id: GuildId
) -> Callable[[StatusView, Notify], Awaitable[None]]:
    """Return an ``announce`` that finds Discord away in one guild."""
    announce = core.chat.announce

    async def announce_elsewhere(view: StatusView, notify: Notify) -> None:
        if view.job.guild_id == guild_id:
            raise ChatUnavailableError("503")
        await announce(view, notify)

    return announce_elsewhere


async def _notify(core: Core, how: Notify) -> None:
    async with core.database.write() as connection:
        await connection.execute(
            update(guilds_table).where(guilds_table.c.guild_id == GUILD).values(notify=how.value)
        )


async def _rounds(core: Core, count: int = 5) -> None:
    for _ in range(count):
        await core.status_updater.run_once()
        core.clock.advance(minutes=2)


@pytest.mark.parametrize(
    "state",
    [
        JobState.DELIVERED,
        JobState.UNDELIVERABLE,
        JobState.FAILED,
        JobState.EXPIRED,
        JobState.CANCELLED,
    ],
)
async def test_end_is_told_once(core: Core, state: JobState) -> None:
    job = await core.put(state)
    await _rounds(core)
    await _rounds(core.restarted())
    assert core.chat.pings == [(job.id, Notify.PING)]


async def test_end_is_told_after_it_is_shown(core: Core) -> None:
    job = await core.put(JobState.FAILED, shown_version=0)
    core.chat.refusals["edit_status"].append(ChatUnavailableError("503"))
    await core.status_updater.run_once()
    assert core.chat.calls == []
    core.clock.advance(minutes=2)
    await _rounds(core, 2)
    assert core.chat.names(job.id) == ["edit_status", "announce"]


async def test_guild_that_wants_none_gets_none(core: Core) -> None:
    job = await core.put(JobState.FAILED)
    await _notify(core, Notify.NONE)
    await _rounds(core)
    assert core.chat.pings == []
    assert (await core.job(job)).messages.announced_at is not None


@pytest.mark.parametrize(
    ("queue_ttl", "age"),
    [
        pytest.param(QUEUE_TTL, QUEUE_TTL + timedelta(minutes=1), id="expired"),
        pytest.param(timedelta(minutes=5), timedelta(hours=3), id="slower than a short wait"),
    ],
)
async def test_end_is_told_however_long_the_job_took(
    core: Core, queue_ttl: timedelta, age: timedelta
) -> None:
    core = core.altered(queue_ttl=queue_ttl)
    job = await core.put(JobState.EXPIRED, created_at=NOW - age)
    await _rounds(core)
    assert core.chat.pings == [(job.id, Notify.PING)]


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"finished_at": NOW - timedelta(hours=1, seconds=1)}, id="ended long ago"),
        pytest.param(
            {"created_at": NOW - QUEUE_TTL - timedelta(hours=4, seconds=1)},
            id="made longer ago than any job takes",
        ),
    ],
)
async def test_old_jobs_ping_nobody(core: Core, times: dict[str, object]) -> None:
    job = await core.put(JobState.FAILED, **times)
    await _rounds(core)
    assert core.chat.pings == []
    assert (await core.job(job)).messages.announced_at is not None


@pytest.mark.parametrize(
    ("away", "age", "pings"),
    [
        pytest.param(timedelta(hours=2), timedelta(hours=1), 1, id="young"),
        pytest.param(timedelta(hours=2), QUEUE_TTL + timedelta(hours=1), 0, id="old"),
        pytest.param(timedelta(minutes=5), QUEUE_TTL + timedelta(hours=1), 1, id="short stop"),
    ],
)
async def test_after_a_long_stop_only_the_young_are_told(
    core: Core, away: timedelta, age: timedelta, pings: int
) -> None:
    await core.put(JobState.EXPIRED, created_at=NOW - age)
    after = core.altered(away=away)
    await _rounds(after)
    assert len(after.chat.pings) == pings


async def test_channel_that_takes_no_announcement_holds_nobody_up(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = await core.put(JobState.FAILED, finished_at=NOW - timedelta(minutes=1))
    elsewhere = ChannelId(50)
    other = await core.put(JobState.FAILED, channel_id=elsewhere, status_channel_id=elsewhere)
    announce = core.chat.announce

    async def hang(view: StatusView, notify: Notify) -> None:
        if view.job.id == slow.id:
            await asyncio.Event().wait()
        await announce(view, notify)

    monkeypatch.setattr(core.chat, "announce", hang)
    monkeypatch.setattr(channel_pace, "BUDGET_SECONDS", 1.0)
    await core.status_updater.run_once()
    assert core.chat.pings == [(other.id, Notify.PING)]
    monkeypatch.undo()
    core.clock.advance(minutes=1)
    await core.status_updater.run_once()
    assert core.chat.searches == [(Purpose.ANNOUNCEMENT, CHANNEL)], "it may have been said"
    assert (slow.id, Notify.PING) in core.chat.pings


@pytest.mark.parametrize("share", [5, 20], ids=["by its share", "by what is put off"])
async def test_ends_that_cannot_be_told_keep_no_other_guild_waiting(
    core: Core, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    monkeypatch.setattr(announcer, "BATCH", 20)
    monkeypatch.setattr(announcer, "MOST_OF_A_GUILD", share)
    monkeypatch.setattr(core.chat, "announce", _unreachable_in(core, GUILD))
    for at in range(20):
        channel = ChannelId(500 + at)
        await core.put(JobState.FAILED, channel_id=channel, status_channel_id=channel)
    await core.status_updater.run_once()
    elsewhere = ChannelId(50)
    other = await core.put(
        JobState.FAILED, guild_id=GuildId(2), channel_id=elsewhere, status_channel_id=elsewhere
    )
    await core.status_updater.run_once()
    assert core.chat.pings == [(other.id, Notify.PING)]


async def test_who_cancelled_is_not_told_but_whose_job_was_cancelled_is(core: Core) -> None:
    await core.put(JobState.CANCELLED, cancel_requested_by=MEMBER)
    other = await core.put(JobState.CANCELLED, cancel_requested_by=UserId(99))
    await _rounds(core)
    assert core.chat.pings == [(other.id, Notify.PING)]


async def test_refused_announcement_is_not_tried_for_ever(core: Core) -> None:
    job = await core.put(JobState.FAILED)
    core.chat.closed["announce"] = MissingAccessError("403")
    await core.status_updater.run_once()
    assert (await core.job(job)).messages.announced_at is not None


async def test_unreachable_chat_is_tried_again_and_searched_first(core: Core) -> None:
    job = await core.put(JobState.FAILED)
    core.chat.refusals["announce"].append(ChatUnavailableError("dropped"))
    await core.status_updater.run_once()
    assert (await core.job(job)).messages.announced_at is None
    core.clock.advance(minutes=2)
    await core.status_updater.run_once()
    assert core.chat.searches == [(Purpose.ANNOUNCEMENT, CHANNEL)]
    assert core.chat.pings == [(job.id, Notify.PING)]
    again = NOW + timedelta(minutes=2)
    assert (await core.job(job)).messages.announce_attempted_at == again, (
        "searched for from here, if need be"
    )


@pytest.mark.parametrize(
    ("waited", "pings"),
    [
        pytest.param(timedelta(minutes=1), 1, id="said again by its nonce"),
        pytest.param(timedelta(minutes=3), 0, id="not said twice"),
    ],
)
async def test_announcement_that_cannot_be_looked_for(
    core: Core, waited: timedelta, pings: int
) -> None:
    job = await core.put(JobState.FAILED, announce_attempted_at=NOW)
    core.chat.closed["find_message"] = MissingAccessError("no Read Message History")
    core.clock.advance(seconds=waited.total_seconds())
    await _rounds(core)
    assert len(core.chat.pings) == pings
    assert (await core.job(job)).messages.announced_at is not None


async def test_lost_answers_where_nothing_can_be_looked_for_do_not_repeat_for_ever(
    core: Core,
) -> None:
    """The nonce is as old as the first post, however often it was posted since."""
    job = await core.put(JobState.FAILED)
    core.chat.closed["find_message"] = MissingAccessError("no Read Message History")
    core.chat.closed["announce"] = ChatUnavailableError("the answer was lost")
    while (await core.job(job)).messages.announced_at is None:
        await core.status_updater.run_once()
        core.clock.advance(seconds=30)
    assert core.clock.now() - NOW < timedelta(minutes=5)
    calls = [name for name, _ in core.chat.calls if name == "announce"]
    assert len(calls) < 6


async def _said_before_the_crash(core: Core, channel_id: ChannelId, **changes: object) -> Job:
    """Return a job whose announcement stands, though the process died before it could say so."""
    core.chat.standing[Purpose.ANNOUNCEMENT, channel_id] = Receipt(
        channel_id=channel_id, message_id=MessageId(5)
    )
    return await core.put(**({"announce_attempted_at": NOW} | changes))  # type: ignore[arg-type]


async def test_announcement_of_a_dead_process_is_not_repeated(core: Core) -> None:
    job = await _said_before_the_crash(core, CHANNEL, state=JobState.FAILED)
    await _rounds(core)
    assert core.chat.pings == []
    assert (await core.job(job)).messages.announced_at is not None


async def test_announcement_by_direct_message_is_not_repeated(core: Core) -> None:
    dm = core.chat.dm_of(MEMBER)
    await _said_before_the_crash(core, dm, state=JobState.FAILED)
    await _notify(core, Notify.DM)
    await _rounds(core)
    assert core.chat.pings == []


async def test_announcement_where_the_video_went_is_not_repeated(core: Core) -> None:
    dm = core.chat.dm_of(MEMBER)
    await _said_before_the_crash(
        core, dm, state=JobState.DELIVERED, delivered_channel_id=dm, delivered_message_id=6
    )
    await _rounds(core)
    assert core.chat.pings == []


async def test_announcement_that_cannot_be_written_does_not_stop_the_others(core: Core) -> None:
    await core.put(JobState.FAILED, finished_at=NOW - timedelta(minutes=1))
    other = await core.put(JobState.FAILED)

    async def break_first(_: str) -> None:
        core.chat.before = None
        raise KeyError("a bug")

    core.chat.before = break_first
    await _rounds(core)
    assert (other.id, Notify.PING) in core.chat.pings
