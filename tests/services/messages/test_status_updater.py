"""Status messages kept true: no needless edit, none too soon, no final word lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.amounts import NOTHING
from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DatabaseUnavailableError,
    MessageGoneError,
    MissingAccessError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import ChannelId, GuildId, JobId, MessageId
from bot.domain.jobs.delivery import Receipt
from bot.domain.jobs.job import Job, JobUpdateKind
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.status import Drawing, Purpose
from bot.services.messages import channel_pace, status_updater
from tests.fakes import CHANNEL, MODEL, NOW, a_submission
from tests.services.core import EDIT_SECONDS, Core


async def _shown(core: Core, state: JobState = JobState.RUNNING, **changes: object) -> Job:
    """Return a job whose message shows it as it is."""
    job = await core.put(state, **changes)
    view = await core.estimates.view(job)
    await core.patch(job, shown_digest=core.chat.draw(view).digest)
    return await core.job(job)


async def _change(core: Core, job: Job, *, late: bool = True) -> Job:
    at = core.clock.now() if late else None
    current = await core.job(job)
    return await core.writer.update_visible(
        current, owner=Owner.POLLER, name=JobUpdateKind.TASK_LATE, changes={"late_at": at}
    )


async def _run(core: Core, *, seconds: float) -> list[datetime]:
    """Run the board as its loop would; return when it wrote."""
    written, until = [], core.clock.now() + timedelta(seconds=seconds)
    while core.clock.now() < until:
        before = len(core.chat.calls)
        wait = await core.status_updater.run_once()
        written += [core.clock.now()] * (len(core.chat.calls) - before)
        core.clock.advance(seconds=max(wait, 0.05))
    return written


# --- edits -----------------------------------------------------------------------------------


async def test_change_is_shown_once(core: Core) -> None:
    job = await _shown(core)
    await _change(core, job)
    await _run(core, seconds=60)
    assert core.chat.names(job.id) == ["edit_status"]
    stored = await core.job(job)
    assert stored.messages.shown_version == stored.version


async def test_equal_text_is_not_sent_again(core: Core) -> None:
    job = await _shown(core)
    await _change(core, job, late=False)
    await _run(core, seconds=60)
    assert core.chat.calls == []
    stored = await core.job(job)
    assert stored.messages.shown_version == stored.version


async def test_one_message_is_edited_at_its_interval_and_shows_the_newest(core: Core) -> None:
    job = await _shown(core)
    written = []
    for _ in range(40):
        await _change(core, job)
        before = len(core.chat.calls)
        await core.status_updater.run_once()
        written += [core.clock.now()] * (len(core.chat.calls) - before)
        core.clock.advance(seconds=0.5)
    written += await _run(core, seconds=10)
    gaps = [later - earlier for earlier, later in pairwise(written)]
    assert min(gaps) >= timedelta(seconds=EDIT_SECONDS)
    assert len(written) <= 6
    assert core.chat.last().job.task.late_at == (await core.job(job)).task.late_at


async def test_edits_of_one_channel_are_spaced(core: Core) -> None:
    jobs = [await _shown(core, task_id=f"t{at}") for at in range(5)]
    for job in jobs:
        await _change(core, job)
    written = await _run(core, seconds=30)
    gaps = [later - earlier for earlier, later in pairwise(written)]
    assert len(written) == 5
    assert min(gaps) >= timedelta(seconds=1.5)


async def test_old_messages_of_a_channel_are_edited_three_times_in_six_seconds(core: Core) -> None:
    old = core.clock.now() - timedelta(hours=1, seconds=1)
    for at in range(8):
        await _change(core, await _shown(core, task_id=f"t{at}", created_at=old))
    moments = await _run(core, seconds=20)
    assert len(moments) == 8
    for first, fourth in zip(moments, moments[3:], strict=False):
        assert (fourth - first).total_seconds() > 6


async def test_the_edit_that_brings_the_video_counts_among_those_of_old_messages(
    core: Core, tmp_path: Path
) -> None:
    old = core.clock.now() - timedelta(hours=2)
    status = await _shown(core, created_at=old)
    drawing = core.chat.draw(await core.estimates.view(status))
    delivered = await _shown(core, JobState.DELIVERING, task_id="t1", created_at=old)
    video = tmp_path / "result.mp4"
    video.write_bytes(b"video")
    moments = []
    for edit in (
        core.status_messages.edit(status, drawing),
        core.status_messages.attach(delivered, drawing, video),
    ):
        await edit
        moments.append(core.clock.monotonic())
    assert moments[1] - moments[0] == pytest.approx(2.1)
    assert core.status_messages.wait_seconds(status) == pytest.approx(2.1)


async def test_channels_do_not_wait_for_each_other(core: Core) -> None:
    for at in range(5):
        channel = ChannelId(50 + at)
        job = await _shown(core, task_id=f"t{at}", channel_id=channel, status_channel_id=channel)
        await _change(core, job)
    await core.status_updater.run_once()
    assert core.chat.names() == ["edit_status"] * 5


@pytest.mark.parametrize("share", [10, 25], ids=["by its share", "by what is put off"])
async def test_messages_that_cannot_be_edited_keep_no_other_guild_waiting(
    core: Core, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    monkeypatch.setattr(status_updater, "BATCH", 20)
    monkeypatch.setattr(status_updater, "MOST_OF_A_GUILD", share)
    for at in range(25):
        channel = ChannelId(100 + at)
        stuck = await _shown(
            core,
            task_id=f"t{at}",
            guild_id=GuildId(1),
            channel_id=channel,
            status_channel_id=channel,
        )
        await _change(core, stuck)
    edit = core.chat.edit_status

    async def refuse(job: Job, drawing: Drawing) -> None:
        if job.guild_id == 1:
            raise ChatUnavailableError("503")
        await edit(job, drawing)

    monkeypatch.setattr(core.chat, "edit_status", refuse)
    await _run(core, seconds=10)
    job = await _shown(core, guild_id=GuildId(2))
    await _change(core, job)
    await _run(core, seconds=5)
    assert core.chat.names(job.id) == ["edit_status"]


def _hang_edits(core: Core, monkeypatch: pytest.MonkeyPatch, slow: Job) -> list[JobId]:
    """Let edits of one message never be answered; return those that were begun."""
    begun: list[JobId] = []
    edit = core.chat.edit_status

    async def hang(job: Job, drawing: Drawing) -> None:
        if job.id == slow.id:
            begun.append(slow.id)
            await asyncio.Event().wait()
        await edit(job, drawing)

    monkeypatch.setattr(core.chat, "edit_status", hang)
    monkeypatch.setattr(channel_pace, "BUDGET_SECONDS", 1.0)
    return begun


async def test_slow_channel_is_left_for_a_while_and_holds_nobody_up(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = await _shown(core, task_id="slow")
    behind = await _shown(core, JobState.FAILED)
    place: dict[str, Any] = {"channel_id": ChannelId(50), "status_channel_id": ChannelId(50)}
    other = await _shown(core, task_id="other", **place)
    told = await _shown(core, JobState.FAILED, **place)
    begun = _hang_edits(core, monkeypatch, slow)
    for job in (slow, other):
        await _change(core, job)
    await core.status_updater.run_once()
    assert core.chat.calls == [("edit_status", other.id), ("announce", told.id)]
    await core.status_updater.run_once()
    assert len(begun) == 1, "the whole channel waits"
    monkeypatch.undo()
    await _run(core, seconds=30)
    assert core.chat.names(slow.id) == ["edit_status"]
    assert core.chat.names(behind.id) == ["announce"]


async def test_edit_that_was_cut_off_cannot_have_the_last_word(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await _shown(core)
    _hang_edits(core, monkeypatch, job)
    await _change(core, job)
    await core.status_updater.run_once()
    monkeypatch.undo()
    delivering = await core.writer.advance(
        await core.job(job),
        JobState.DOWNLOADING,
        owner=Owner.POLLER,
        billed=job.price.reserved,
    )
    await core.put_video(job)
    await core.writer.advance(delivering, JobState.DELIVERING, owner=Owner.DOWNLOADER)
    await core.deliverer.run_once()
    await _run(core, seconds=120)
    assert core.chat.names(job.id) == ["deliver_by_edit", "announce", "edit_status"]
    assert core.chat.last().job.state is JobState.DELIVERED


async def test_unreachable_chat_is_tried_again_until_the_change_is_shown(core: Core) -> None:
    job = await _shown(core)
    core.chat.refusals["edit_status"].extend([ChatUnavailableError("503")] * 4)
    await _change(core, job)
    await _run(core, seconds=120)
    assert core.chat.names(job.id) == ["edit_status"]


async def test_message_that_is_gone_is_left_alone_and_the_job_goes_on(core: Core) -> None:
    job = await _shown(core)
    core.chat.closed["edit_status"] = MessageGoneError("404")
    await _change(core, job)
    await _run(core, seconds=60)
    stored = await core.job(job)
    assert stored.state is JobState.RUNNING
    assert stored.messages.status_gone_at is not None


async def test_channel_out_of_sight_is_tried_again_until_it_is_seen(core: Core) -> None:
    job = await _shown(core)
    core.chat.closed["edit_status"] = ChannelGoneError("50001")
    await _change(core, job)
    for _ in range(12):
        await core.status_updater.run_once()
        core.clock.advance(minutes=15)
    assert (await core.job(job)).messages.status_gone_at is None
    core.chat.closed.clear()
    await core.status_updater.run_once()
    assert core.chat.names(job.id) == ["edit_status"]


async def test_last_word_is_given_up_in_a_channel_that_stays_out_of_sight(core: Core) -> None:
    job = await core.put(JobState.FAILED, shown_version=0)
    core.chat.closed["edit_status"] = ChannelGoneError("10003")
    for _ in range(3):
        await core.status_updater.run_once()
        assert (await core.job(job)).messages.status_gone_at is None
        core.clock.advance(minutes=14)
    await core.status_updater.run_once()
    assert (await core.job(job)).messages.status_gone_at is not None
    assert core.chat.names(job.id) == ["announce"], "which may be a direct message"


async def test_refused_edit_is_tried_again_with_the_next_change(core: Core) -> None:
    job = await _shown(core)
    core.chat.refusals["edit_status"].append(ContentBlockedError("200000"))
    await _change(core, job)
    await _run(core, seconds=60)
    assert core.chat.calls == []
    await _change(core, job)
    await _run(core, seconds=60)
    assert core.chat.names(job.id) == ["edit_status"]


async def test_last_word_an_archived_thread_refused_is_shown_once_the_announcement_opened_it(
    core: Core,
) -> None:
    job = await core.put(JobState.FAILED, shown_version=0)
    core.chat.closed["edit_status"] = MissingAccessError("50083")

    async def open_thread(method: str) -> None:
        if method == "announce":
            core.chat.closed.clear()

    core.chat.before = open_thread
    await _run(core, seconds=60)
    assert core.chat.names(job.id) == ["announce", "edit_status"]


async def test_last_word_that_is_refused_for_good_is_tried_once_more_and_left(core: Core) -> None:
    job = await core.put(JobState.FAILED, shown_version=0)
    core.chat.closed["edit_status"] = MissingAccessError("50013")
    tries = []

    async def count(method: str) -> None:
        tries.append(method)

    core.chat.before = count
    await _run(core, seconds=120)
    assert tries == ["edit_status", "announce", "edit_status"]
    assert (await core.job(job)).messages.announced_at is not None


async def test_absent_discord_is_asked_ever_more_seldom(core: Core) -> None:
    for at in range(3):
        place: dict[str, Any] = {"channel_id": 50 + at, "status_channel_id": 50 + at}
        for number in range(3):
            await _change(core, await _shown(core, task_id=f"t{at}{number}", **place))
    tries = []

    async def count(method: str) -> None:
        tries.append(method)

    core.chat.before = count
    core.chat.closed["edit_status"] = ChatUnavailableError("503")
    await _run(core, seconds=60)
    # Nine messages, each after 2, 4, 8, 16 and 32 s more.
    assert 9 * 4 <= len(tries) <= 9 * 6


async def test_message_that_cannot_be_drawn_does_not_stop_the_others(core: Core) -> None:
    broken, other = await _shown(core, task_id="a"), await _shown(core, task_id="b")
    for job in (broken, other):
        await _change(core, job)

    async def break_first(_: str) -> None:
        core.chat.before = None
        raise KeyError("a bug")

    core.chat.before = break_first
    await _run(core, seconds=30)
    assert len(core.chat.calls) == 1


async def test_all_positions_of_a_busy_channel_are_brought_up_to_date(core: Core) -> None:
    waiting = []
    for _ in range(8):
        core.clock.advance(seconds=1)
        waiting.append(await core.submit(a_submission()))
    await _run(core, seconds=60)
    core.chat.calls.clear()
    await core.dispatcher.run_once(MODEL)
    await _run(core, seconds=60)
    shown = {view.job.id: view.position for view in core.chat.views}
    assert [shown[job.id] for job in waiting[1:]] == list(range(1, 8))


async def test_database_that_goes_away_is_trouble_with_a_name(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _change(core, await _shown(core))

    @asynccontextmanager
    async def down() -> AsyncIterator[AsyncConnection]:
        raise DatabaseUnavailableError("restarting")
        yield

    monkeypatch.setattr(core.database, "write", down)
    with pytest.raises((DatabaseUnavailableError, ExceptionGroup)) as caught:
        await core.status_updater.run_once()
    trouble = caught.value
    if isinstance(trouble, ExceptionGroup):
        assert trouble.split(DatabaseUnavailableError)[1] is None


# --- final words and missing messages --------------------------------------------------------


async def test_final_word_a_crash_left_unsaid_is_said_by_the_next_process(core: Core) -> None:
    job = await _shown(core)
    await core.writer.advance(job, JobState.FAILED, owner=Owner.POLLER)
    core.clock.advance(minutes=50)
    await core.restarted().status_updater.run_once()
    assert core.chat.names(job.id) == ["edit_status", "announce"]
    assert core.chat.views[0].job.state is JobState.FAILED


async def test_while_delivering_the_message_is_the_deliverers(core: Core) -> None:
    job = await _shown(core, JobState.DELIVERING)
    await core.patch(job, shown_version=0, shown_digest=None)
    await _run(core, seconds=60)
    assert core.chat.calls == []


async def test_message_that_was_never_posted_is_posted(core: Core) -> None:
    job = await core.put(
        status_message_id=None, status_channel_id=None, shown_version=0, status_attempted_at=NOW
    )
    core.clock.advance(seconds=25)
    await _run(core, seconds=30)
    assert core.chat.searches == [(Purpose.STATUS, CHANNEL)]
    assert core.chat.names(job.id) == ["post_status"]
    stored = await core.job(job)
    assert stored.messages.status_message_id is not None
    assert stored.messages.shown_version == stored.version


async def test_message_a_dead_process_posted_is_found_and_edited(core: Core) -> None:
    job = await core.put(
        status_message_id=None, status_channel_id=None, shown_version=0, status_attempted_at=NOW
    )
    core.chat.standing[Purpose.STATUS, CHANNEL] = Receipt(
        channel_id=CHANNEL, message_id=MessageId(77)
    )
    core.clock.advance(seconds=25)
    await _run(core, seconds=30)
    assert core.chat.names(job.id) == ["edit_status"]
    assert (await core.job(job)).messages.status_message_id == 77


async def test_each_post_of_a_missing_message_is_searched_for_from_its_own_moment(
    core: Core,
) -> None:
    job = await core.put(
        status_message_id=None, status_channel_id=None, shown_version=0, status_attempted_at=NOW
    )
    core.chat.refusals["post_status"].append(ChatUnavailableError("503"))
    core.clock.advance(minutes=1)
    await core.status_updater.run_once()
    assert (await core.job(job)).messages.status_attempted_at == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("attempted_ago", "state", "calls"),
    [
        pytest.param(timedelta(minutes=1), JobState.QUEUED, ["post_status"], id="by its nonce"),
        pytest.param(timedelta(minutes=3), JobState.CANCELLED, [], id="not at all"),
    ],
)
async def test_missing_message_that_cannot_be_looked_for_is_posted_once(
    core: Core, attempted_ago: timedelta, state: JobState, calls: list[str]
) -> None:
    job = await core.put(
        status_message_id=None,
        status_channel_id=None,
        shown_version=0,
        status_attempted_at=NOW - attempted_ago,
        created_at=NOW - attempted_ago,
    )
    core.chat.closed["find_message"] = MissingAccessError("no Read Message History")
    await core.status_updater.run_once()
    assert await core.state(job) is state
    assert [name for name in core.chat.names(job.id) if name != "announce"] == calls


async def test_ended_job_that_never_had_a_message_gets_none(core: Core) -> None:
    job = await core.put(
        JobState.CANCELLED, status_message_id=None, status_channel_id=None, shown_version=0
    )
    core.clock.advance(seconds=25)
    await _run(core, seconds=30)
    assert "post_status" not in core.chat.names(job.id)


@pytest.mark.parametrize("error", [MissingAccessError("403"), ChannelGoneError("404")])
async def test_missing_message_that_discord_refuses_cancels_the_job(
    core: Core, error: MissingAccessError
) -> None:
    job = await core.put(status_message_id=None, status_channel_id=None, shown_version=0)
    core.chat.closed["post_status"] = error
    core.clock.advance(seconds=25)
    await core.status_updater.run_once()
    stored = await core.job(job)
    assert (stored.state, stored.failure.reason) == (
        JobState.CANCELLED,
        FailureReason.STATUS_REFUSED,
    )
    assert await core.spent(job) == NOTHING
