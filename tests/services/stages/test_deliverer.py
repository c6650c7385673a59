"""DELIVERING → DELIVERED: by edit, in the channel, by direct message, or kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    DeliveryError,
    MediaUnreadableError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import ChannelId, MessageId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.status import Purpose
from bot.domain.people import Requester
from bot.services.stages import deliverer
from tests.fakes import CHANNEL, MEMBER, NOW, VIDEO
from tests.services.core import Core

MIB = 1024 * 1024


async def _ready(core: Core, content: bytes = VIDEO, **changes: object) -> Job:
    made: dict[str, Any] = {"state": JobState.DELIVERING} | changes
    job = await core.put(**made)
    await core.put_video(job, content)
    return await core.job(job)


def _close(core: Core, *ways: str, error: DeliveryError | None = None) -> None:
    core.chat.closed |= {way: error or MissingAccessError("no") for way in ways}


async def test_video_is_attached_to_the_status_message(core: Core) -> None:
    job = await _ready(core)
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERED
    assert stored.messages.delivered_message_id == job.messages.status_message_id
    assert core.chat.files == [VIDEO]
    shown = core.chat.last().job
    assert (shown.state, shown.messages.delivered_bytes) == (JobState.DELIVERED, len(VIDEO))
    # The delivering edit was the final word: the board has nothing to add but the announcement.
    await core.status_updater.run_once()
    assert core.chat.names(job.id) == ["deliver_by_edit", "announce"]


@pytest.mark.parametrize("error", [MessageGoneError("404"), MissingAccessError("403")])
async def test_message_that_cannot_be_edited_is_replaced_in_the_channel(
    core: Core, error: DeliveryError
) -> None:
    job = await _ready(core)
    _close(core, "deliver_by_edit", error=error)
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERED
    assert stored.messages.delivered_channel_id == CHANNEL
    assert stored.messages.delivered_message_id != job.messages.status_message_id
    assert (stored.messages.status_gone_at is not None) == isinstance(error, MessageGoneError)


async def test_job_without_a_message_is_delivered_in_the_channel(core: Core) -> None:
    job = await _ready(core, status_message_id=None, status_channel_id=None)
    await core.deliverer.run_once()
    assert core.chat.names(job.id) == ["deliver_in_channel"]


async def test_closed_channel_leads_to_the_direct_messages(core: Core) -> None:
    job = await _ready(core, state=JobState.DOWNLOADING, shown_version=0)
    core.chat.closed["edit_status"] = ChannelGoneError("404")
    await core.status_updater.run_once()  # which leaves the message alone for a minute
    await core.writer.advance(job, JobState.DELIVERING, owner=Owner.DOWNLOADER)
    _close(core, "deliver_by_edit", "deliver_in_channel", error=ChannelGoneError("404"))
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERED
    assert stored.messages.delivered_channel_id == core.chat.dm_of(MEMBER)
    # The direct message has told it, and nobody sees a last word in a channel that is gone.
    core.clock.advance(minutes=1)
    await core.status_updater.run_once()
    assert core.chat.names(job.id) == ["deliver_by_dm"]
    assert (await core.job(job)).messages.announced_at is not None


async def test_refused_everywhere_the_file_is_kept_and_can_be_collected(core: Core) -> None:
    job = await _ready(core)
    _close(core, "deliver_by_edit", "deliver_in_channel", "deliver_by_dm")
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert stored.state is JobState.UNDELIVERABLE
    assert stored.failure.reason is FailureReason.UNDELIVERABLE
    assert await core.spent(job) == job.price.reserved
    asker = Requester(user_id=MEMBER, guild_id=None)
    async with core.lookup.show(job.id, asker, limit_bytes=10 * MIB) as shown:
        assert shown.view.job == stored
        assert shown.video == core.folder_of(job.id) / "result.mp4"
    async with core.lookup.show(job.id, asker, limit_bytes=3) as shown:
        assert shown.video is None
    (core.folder_of(job.id) / "delivered.mp4").write_bytes(b"fit")
    async with core.lookup.show(job.id, asker, limit_bytes=3) as shown:
        assert shown.video == core.folder_of(job.id) / "delivered.mp4"
    assert core.files_of(job.id)["result.mp4"] == VIDEO


async def test_what_is_collected_is_what_would_have_been_sent(core: Core) -> None:
    job = await _ready(core, video_file="prepared.mp4")
    (core.folder_of(job.id) / "prepared.mp4").write_bytes(b"it plays everywhere")
    _close(core, "deliver_by_edit", "deliver_in_channel", "deliver_by_dm")
    await core.deliverer.run_once()
    asker = Requester(user_id=MEMBER, guild_id=None)
    async with core.lookup.show(job.id, asker, limit_bytes=10 * MIB) as shown:
        assert shown.video == core.folder_of(job.id) / "prepared.mp4"
    async with core.lookup.show(job.id, asker, limit_bytes=1) as shown:
        assert (shown.video, shown.is_too_large) == (None, True)


async def test_unreachable_chat_is_tried_again_by_the_same_way(core: Core) -> None:
    job = await _ready(core)
    core.chat.refusals["deliver_by_edit"].extend([ChatUnavailableError("503")] * 8)
    for _ in range(9):
        await core.deliverer.run_once()
        core.clock.advance(minutes=6)
    stored = await core.job(job)
    assert stored.state is JobState.DELIVERED
    assert core.chat.names(job.id) == ["deliver_by_edit"]


async def test_channel_that_is_busy_leaves_the_other_deliverers_to_the_others(core: Core) -> None:
    busy = await _ready(core, entered_at=NOW - timedelta(minutes=2))
    behind = await _ready(core, task_id="behind", entered_at=NOW - timedelta(minutes=1))
    place: dict[str, Any] = {"channel_id": ChannelId(50), "status_channel_id": ChannelId(50)}
    other = await _ready(core, task_id="other", **place)
    begun, answered = asyncio.Event(), asyncio.Event()

    async def hold_first(_: str) -> None:
        core.chat.before = None
        begun.set()
        await answered.wait()

    core.chat.before = hold_first
    async with asyncio.TaskGroup() as group:
        group.create_task(core.deliverer.run_once())
        await begun.wait()
        for _ in range(2):
            await core.deliverer.run_once()
        assert await core.state(other) is JobState.DELIVERED
        waiting = await core.job(behind)
        assert (waiting.state, waiting.lease.until) == (JobState.DELIVERING, None)
        assert (waiting.lease.claims, waiting.lease.attempts) == (0, 0)
        answered.set()
    core.clock.advance(seconds=2)
    await core.deliverer.run_once()
    assert await core.state(busy) is JobState.DELIVERED
    assert await core.state(behind) is JobState.DELIVERED


async def test_hand_over_that_is_never_answered_is_tried_again(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _ready(core)

    async def hang(_: str) -> None:
        await asyncio.Event().wait()

    core.chat.before = hang
    monkeypatch.setattr(deliverer, "HAND_OVER_SECONDS", 0.0)
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.lease.attempts, stored.lease.claims) == (JobState.DELIVERING, 1, 0)
    monkeypatch.undo()
    core.chat.before = None
    core.clock.advance(seconds=2)
    await core.deliverer.run_once()
    assert core.chat.names(job.id) == ["deliver_by_edit"]


# --- size ------------------------------------------------------------------------------------


async def test_larger_file_is_made_to_fit_before_it_is_sent(core: Core) -> None:
    job = await _ready(core, b"x" * (10 * MIB + 1))
    await core.deliverer.run_once()
    assert core.media.shrunk_to == [int(10 * MIB * 0.95)]
    stored = await core.job(job)
    assert stored.messages.delivered_bytes == int(10 * MIB * 0.95)
    assert stored.video.size_bytes == 10 * MIB + 1
    assert (core.folder_of(job.id) / "result.mp4").stat().st_size == 10 * MIB + 1


async def test_boosted_guild_takes_the_larger_file(core: Core) -> None:
    await _ready(core, b"x" * (10 * MIB + 1), premium_tier=2)
    await core.deliverer.run_once()
    assert core.media.shrunk_to == []


async def test_discords_answer_about_the_size_is_the_truth(core: Core) -> None:
    job = await _ready(core, b"x" * 4_000)
    core.chat.refusals["deliver_by_edit"].extend([UploadTooLargeError("413")] * 2)
    await core.deliverer.run_once()
    assert core.media.shrunk_to == [3_800, 2_000]
    stored = await core.job(job)
    assert (stored.state, stored.messages.delivered_bytes) == (JobState.DELIVERED, 2_000)
    assert core.chat.names(job.id) == ["deliver_by_edit"]


async def test_file_that_is_too_large_for_every_way_is_kept(core: Core) -> None:
    job = await _ready(core, b"x" * 4_000)
    ways = ("deliver_by_edit", "deliver_in_channel", "deliver_by_dm")
    _close(core, *ways, error=UploadTooLargeError("413"))
    await core.deliverer.run_once()
    assert await core.state(job) is JobState.UNDELIVERABLE


async def test_file_that_breaks_the_encoder_parks_its_job(core: Core) -> None:
    job = await _ready(core, b"x" * (10 * MIB + 1))

    async def die(*_: object, **__: object) -> None:
        raise MediaUnreadableError("decoder_failed")

    core.deliverer._media.shrink = die  # type: ignore[method-assign,assignment]
    for _ in range(3):
        await core.deliverer.run_once()
        core.clock.advance(minutes=2)
    assert await core.state(job) is JobState.PARKED


# --- once ------------------------------------------------------------------------------------


async def test_attempt_is_committed_before_a_new_message_is_posted(core: Core) -> None:
    job = await _ready(core, status_message_id=None)
    seen = []

    async def look(_: str) -> None:
        seen.append((await core.job(job)).messages.delivery_attempted_at)

    core.chat.before = look
    await core.deliverer.run_once()
    assert seen == [NOW]
    assert core.chat.searches == [], "nothing was attempted before"


async def test_message_of_a_process_that_died_is_found_and_not_posted_again(core: Core) -> None:
    job = await _ready(core, status_message_id=None, delivery_attempted_at=NOW)
    standing = Receipt(channel_id=CHANNEL, message_id=MessageId(77))
    core.chat.standing[Purpose.DELIVERY, CHANNEL] = standing
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.messages.delivered_message_id) == (JobState.DELIVERED, 77)
    assert core.chat.calls == []


async def test_dropped_connection_while_posting_searches_before_posting_again(core: Core) -> None:
    job = await _ready(core, status_message_id=None)
    core.chat.refusals["deliver_in_channel"].append(ChatUnavailableError("dropped"))
    await core.deliverer.run_once()
    core.clock.advance(minutes=1)
    await core.deliverer.run_once()
    places = (CHANNEL, core.chat.dm_of(MEMBER))
    assert core.chat.searches == [(Purpose.DELIVERY, place) for place in places]
    assert core.chat.names(job.id) == ["deliver_in_channel"]
    assert await core.state(job) is JobState.DELIVERED


async def test_each_attempt_is_searched_for_from_its_own_moment(core: Core) -> None:
    job = await _ready(core)
    core.chat.refusals["deliver_by_edit"].extend([ChatUnavailableError("503")] * 3)
    for _ in range(3):
        await core.deliverer.run_once()
        assert (await core.job(job)).messages.delivery_attempted_at == core.clock.now()
        core.clock.advance(minutes=6)


async def test_refusals_that_leave_no_doubt_are_not_searched_for(core: Core) -> None:
    job = await _ready(core)
    _close(core, "deliver_by_edit", "deliver_in_channel")
    await core.deliverer.run_once()
    assert core.chat.names(job.id) == ["deliver_by_dm"]
    assert core.chat.searches == []


@pytest.mark.parametrize("place", ["the status message", "the channel", "the direct messages"])
async def test_video_a_lost_answer_left_somewhere_is_not_sent_by_another_way(
    core: Core, place: str
) -> None:
    job = await _ready(core)
    _close(core, "deliver_by_edit", "deliver_in_channel")
    core.chat.refusals["deliver_by_dm"].append(ChatUnavailableError("dropped"))
    await core.deliverer.run_once()
    core.clock.advance(minutes=1)
    # Every way is open now; the video stands already.
    core.chat.closed.clear()
    assert job.messages.status_message_id is not None
    channel_id, message_id = {
        "the status message": (CHANNEL, job.messages.status_message_id),
        "the channel": (CHANNEL, MessageId(77)),
        "the direct messages": (core.chat.dm_of(MEMBER), MessageId(78)),
    }[place]
    core.chat.standing[Purpose.DELIVERY, channel_id] = Receipt(
        channel_id=channel_id, message_id=message_id
    )
    await core.deliverer.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.messages.delivered_message_id) == (JobState.DELIVERED, message_id)
    assert (stored.messages.delivered_channel_id, stored.messages.delivered_bytes) == (
        channel_id,
        len(VIDEO),
    )
    assert core.chat.calls == []


async def test_a_smaller_file_that_came_through_is_told_by_its_own_size(core: Core) -> None:
    job = await _ready(core, b"x" * 4_000)
    core.chat.refusals["deliver_by_edit"].extend(
        [UploadTooLargeError("413"), ChatUnavailableError("dropped")]
    )
    await core.deliverer.run_once()
    core.clock.advance(minutes=1)
    core.chat.standing[Purpose.DELIVERY, CHANNEL] = Receipt(
        channel_id=CHANNEL, message_id=MessageId(77)
    )
    await core.deliverer.run_once()
    assert (await core.job(job)).messages.delivered_bytes == 3_800


@pytest.mark.parametrize("open_dm", [None, MissingAccessError("50007"), DeliveryError("50033")])
async def test_channel_that_is_gone_hides_nothing_from_the_direct_messages(
    core: Core, open_dm: DeliveryError | None
) -> None:
    job = await _ready(core, delivery_attempted_at=NOW)
    gone = ChannelGoneError("10003")
    _close(core, "deliver_by_edit", "deliver_in_channel", "find_message", error=gone)
    if open_dm is not None:
        _close(core, "open_dm", error=open_dm)
    await core.deliverer.run_once()
    assert core.chat.names(job.id) == ["deliver_by_dm"]


@pytest.mark.parametrize(
    ("age", "edit_is_open", "calls"),
    [
        pytest.param(timedelta(minutes=3), True, ["deliver_by_edit"], id="an edit is always one"),
        pytest.param(timedelta(minutes=1), False, ["deliver_in_channel"], id="by its nonce"),
        pytest.param(timedelta(minutes=3), False, [], id="kept rather than posted twice"),
    ],
)
async def test_attempt_in_a_channel_whose_history_cannot_be_read(
    core: Core, age: timedelta, *, edit_is_open: bool, calls: list[str]
) -> None:
    job = await _ready(core, delivery_attempted_at=NOW - age)
    _close(core, "find_message", error=MissingAccessError("no Read Message History"))
    if not edit_is_open:
        _close(core, "deliver_by_edit", error=MessageGoneError("10008"))
    await core.deliverer.run_once()
    assert core.chat.names(job.id) == calls
    stored = await core.job(job)
    assert stored.state is (JobState.DELIVERED if calls else JobState.UNDELIVERABLE)
    if not calls:
        asker = Requester(user_id=MEMBER, guild_id=None)
        async with core.lookup.show(job.id, asker, limit_bytes=MIB) as shown:
            assert shown.video is not None


async def test_absent_discord_is_asked_for_a_delivery_ever_more_seldom(core: Core) -> None:
    await _ready(core)
    tries = []

    async def count(method: str) -> None:
        tries.append(method)

    core.chat.before = count
    core.chat.closed["deliver_by_edit"] = ChatUnavailableError("503")
    for _ in range(60 * 6):
        await core.deliverer.run_once()
        core.clock.advance(seconds=10)
    # After 2, 4, 8, ... 256 s, then every 300 s.
    assert len(tries) <= 20


async def test_crash_after_the_edit_edits_the_same_message_again(core: Core) -> None:
    job = await _ready(core, delivery_attempted_at=None)

    async def die(_: str) -> None:
        raise KeyError("the process dies before the receipt is stored")

    core.chat.before = die
    await core.deliverer.run_once()
    core.chat.before = None
    core.clock.advance(minutes=1)
    await core.restarted().deliverer.run_once()
    stored = await core.job(job)
    assert stored.messages.delivered_message_id == job.messages.status_message_id
