"""Log channels: told behind everybody's back, in order, once, and never at an answer's cost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    MissingAccessError,
)
from bot.domain.guilds.audit import Action, AuditEntry, AuditLine, WordChange
from bot.domain.guilds.settings import Guild
from bot.domain.ids import ChannelId, UserId
from bot.domain.people import Person
from bot.services.messages import log_channels
from bot.services.messages.log_channels import NEWS_FOR, PER_ROUND, LogChannels
from bot.storage import guilds
from tests.fakes import GUILD, RecordingChat
from tests.services.core import Core

MODERATOR = Person(user_id=UserId(9), name="mo")
HERE, THERE = ChannelId(700), ChannelId(701)
DEADLINE_SECONDS = 30


def _added(word: str) -> WordChange:
    return WordChange(action=Action.WORD_ADDED, word=word)


def _word(entry: AuditEntry) -> str:
    assert isinstance(entry.change, WordChange)
    return entry.change.word


async def _change(core: Core, *words: str, channel_id: ChannelId = HERE) -> None:
    """Block some words of a guild whose log channel is this one, as far as it is written down."""
    guild = Guild(guild_id=GUILD, log_channel_id=channel_id)
    async with core.database.write() as connection:
        for word in words:
            await core.audit_log.record(connection, guild, MODERATOR, _added(word))


def _told(chat: RecordingChat, channel_id: ChannelId = HERE) -> list[str]:
    return [_word(entry) for place, entry in chat.logged if place == channel_id]


class HangingChat(RecordingChat):
    """Never answers in one channel."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    @override
    async def tell_log_channel(self, line: AuditLine) -> None:
        if line.channel_id == HERE:
            self.asked.set()
            await asyncio.Event().wait()
        await super().tell_log_channel(line)


async def test_no_answer_waits_for_a_log_channel_that_hangs(core: Core) -> None:
    chat = HangingChat()
    async with core.database.write() as connection:
        await guilds.lock(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=HERE)
    await _change(core, "before")
    async with asyncio.timeout(DEADLINE_SECONDS), asyncio.TaskGroup() as group:
        loop = LogChannels(core.database, core.clock, chat)
        telling = group.create_task(loop.run_once())
        await chat.asked.wait()
        assert await core.moderation.add_word(GUILD, "fox", MODERATOR)
        assert (await core.moderation.block(GUILD, UserId(3), MODERATOR)).is_new
        assert not telling.done()
        telling.cancel()
    assert chat.logged == []


async def test_lines_arrive_in_the_order_of_the_changes_some_a_round(core: Core) -> None:
    subjects = [str(number) for number in range(2 * PER_ROUND + 1)]
    await _change(core, *subjects)
    for told in (PER_ROUND, 2 * PER_ROUND):
        assert await core.log_channels.run_once() == 0
        assert _told(core.chat) == subjects[:told]
    assert await core.log_channels.run_once() > 0
    assert _told(core.chat) == subjects
    await core.log_channels.run_once()
    assert len(core.chat.logged) == len(subjects)


async def test_without_a_log_channel_nothing_is_kept_to_be_told(core: Core) -> None:
    async with core.database.write() as connection:
        guild = Guild(guild_id=GUILD)
        await core.audit_log.record(connection, guild, MODERATOR, _added("fox"))
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=HERE)
    assert await core.logged() == []


class CrashingChat(RecordingChat):
    """Takes a line; the process ends before it could say so."""

    @override
    async def tell_log_channel(self, line: AuditLine) -> None:
        await super().tell_log_channel(line)
        raise asyncio.CancelledError


async def test_a_process_that_ends_between_post_and_mark_tells_the_line_again(core: Core) -> None:
    await _change(core, "first", "second")
    crashing = CrashingChat()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(LogChannels(core.database, core.clock, crashing).run_once())
    assert _told(crashing) == ["first"]
    assert [_word(entry) for _, entry in await core.restarted().logged()] == ["first", "second"]


@pytest.mark.parametrize(
    "error",
    [ChatUnavailableError("503"), MissingAccessError("403"), ChannelGoneError("404")],
    ids=["Discord is down", "a permission is missing", "the channel is gone"],
)
async def test_a_channel_that_fails_waits_longer_each_time_and_the_others_go_on(
    core: Core, error: DeliveryError
) -> None:
    await _change(core, "waits", "follows")
    waits = []
    for number in range(3):
        core.chat.refusals["tell_log_channel"].append(error)
        with capture_logs() as lines:
            await core.log_channels.run_once()
        (line,) = lines
        assert (line["event"], line["reason"]) == ("log_channel_unreachable", error.code)
        waits.append(line["seconds"])
        await _change(core, str(number), channel_id=THERE)
        await core.log_channels.run_once()
        assert _told(core.chat, THERE)[-1] == str(number)
        core.clock.advance(seconds=waits[-1])
    assert waits == sorted(set(waits))
    assert _told(core.chat) == []
    await core.log_channels.run_once()
    assert _told(core.chat) == ["waits", "follows"]
    await _change(core, "again")
    core.chat.refusals["tell_log_channel"].append(error)
    with capture_logs() as lines:
        await core.log_channels.run_once()
    assert [line["seconds"] for line in lines] == waits[:1], "a success ends the patience"


async def test_a_channel_that_does_not_answer_waits_and_holds_up_no_other(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_channels, "ANSWER_SECONDS", 0.01)
    chat = HangingChat()
    loop = LogChannels(core.database, core.clock, chat)
    await _change(core, "hangs")
    await _change(core, "goes", channel_id=THERE)
    with capture_logs() as lines:
        await loop.run_once()
    assert [line["reason"] for line in lines] == ["no_answer"]
    assert _told(chat, THERE) == ["goes"]
    chat.asked.clear()
    await loop.run_once()
    assert not chat.asked.is_set()
    core.clock.advance(seconds=log_channels.FIRST_WAIT_SECONDS)
    await loop.run_once()
    assert chat.asked.is_set()


class SlowChat(RecordingChat):
    """Takes some seconds for each line of one channel."""

    def __init__(self, core: Core) -> None:
        super().__init__()
        self._clock = core.clock

    @override
    async def tell_log_channel(self, line: AuditLine) -> None:
        if line.channel_id == HERE:
            self._clock.advance(seconds=8)
        await super().tell_log_channel(line)


async def test_a_channel_that_answers_slowly_gets_one_line_a_round(core: Core) -> None:
    chat = SlowChat(core)
    loop = LogChannels(core.database, core.clock, chat)
    await _change(core, *"abcd")
    for number in range(1, 5):
        assert await loop.run_once() == 0, "there is more to tell"
        assert _told(chat) == list("abcd")[:number]
        await _change(core, str(number), channel_id=THERE)


@pytest.mark.parametrize(
    "error", [ContentBlockedError("AutoMod"), DeliveryError("400: something about this line")]
)
async def test_a_line_that_alone_is_refused_is_left_out(core: Core, error: DeliveryError) -> None:
    await _change(core, "refused", "next")
    core.chat.refusals["tell_log_channel"].append(error)
    with capture_logs() as lines:
        await core.log_channels.run_once()
    assert [line["event"] for line in lines] == ["log_line_refused"]
    assert _told(core.chat) == ["next"]


async def test_a_line_that_cannot_be_drawn_stops_nothing(core: Core) -> None:
    async def break_once(_: str) -> None:
        core.chat.before = None
        raise KeyError("a word for that")

    await _change(core, "broken", "next")
    core.chat.before = break_once
    with capture_logs() as lines:
        await core.log_channels.run_once()
    assert [line["event"] for line in lines] == ["log_line_broken"]
    assert _told(core.chat) == ["next"]


@pytest.mark.parametrize(
    ("age", "told"),
    [(NEWS_FOR, ["old", "new"]), (NEWS_FOR + timedelta(seconds=1), ["new"])],
    ids=["an hour old", "older than an hour"],
)
async def test_after_a_long_stop_only_the_news_are_told(
    core: Core, age: timedelta, told: Sequence[str]
) -> None:
    await _change(core, "old")
    core.clock.advance(seconds=age.total_seconds())
    await _change(core, "new")
    restarted = core.restarted()
    assert [_word(entry) for _, entry in await restarted.logged()] == told
    assert await restarted.log_channels.run_once() > 0
