"""The Chat port against a local Discord: what is posted, edited, delivered, announced, found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.chat import search
from bot.chat.custom_ids import JobVerb, job_button
from bot.chat.messenger import Messenger, nonce
from bot.domain.errors import MissingAccessError
from bot.domain.guilds.settings import Notify
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.ids import JobId, MessageId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Purpose, StatusView
from sandbox.discord import DiscordServer
from sandbox.discord.world.records import PingReason
from tests.chat.examples import NOW
from tests.chat.stage import at, body_of, deliver, edit, job_in, only_message, pinged, posted

POST_ROUTE = "/channels/{channel_id}/messages"
FILM = b"a film" * 1000
PREVIEW = b"a picture"
EDIT_ROUTE = "/channels/{channel_id}/messages/{message_id}"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "result.mp4"
    path.write_bytes(FILM)
    return path


# --- the status message -----------------------------------------------------------------------


async def test_a_status_message_carries_its_nonce_and_pings_nobody(
    server: DiscordServer, messenger: Messenger
) -> None:
    tom = server.users[1].id
    job = job_in(server, prompt=f"<@{tom}> @everyone <@&{server.guild.id}>")
    receipt = await posted(messenger, job)
    message = only_message(server)
    assert (receipt.channel_id, receipt.message_id) == (server.channel.id, message.id)
    assert message.embeds[0]["footer"]["text"] == "Job 7F3K2Q"
    body = body_of(server, "POST", POST_ROUTE)
    assert (body["nonce"], body["enforce_nonce"]) == ("7F3K2Q:s", True)
    assert pinged(server) == []


def test_nonces_differ_by_purpose_and_fit() -> None:
    nonces = {nonce(JobId("7F3K2Q"), purpose) for purpose in Purpose}
    assert nonces == {"7F3K2Q:s", "7F3K2Q:d1", "7F3K2Q:p", "7F3K2Q:r"}


async def test_the_preview_is_shown_inside_the_embed(
    server: DiscordServer, messenger: Messenger
) -> None:
    await posted(messenger, job_in(server, has_preview=True), preview=PREVIEW)
    message = only_message(server)
    (file,) = message.attachments
    assert (file.filename, file.file.read()) == ("preview.jpg", PREVIEW)
    assert "preview.jpg" in message.embeds[0]["image"]["url"]


async def test_a_state_edit_leaves_the_attachments_alone(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server, has_preview=True)
    receipt = await posted(messenger, job, preview=PREVIEW)
    await edit(messenger, at(job, receipt, state=JobState.RUNNING))
    message = only_message(server)
    assert "attachments" not in body_of(server, "PATCH", EDIT_ROUTE)
    assert [file.filename for file in message.attachments] == ["preview.jpg"]
    assert message.embeds[0]["title"] == "🎬 Being made"
    assert message.components == ()


async def test_a_video_is_delivered_by_an_edit_that_leaves_only_the_mp4(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    job = job_in(server, has_preview=True)
    receipt = await posted(messenger, job, preview=PREVIEW)
    done = at(replace(job_in(server, JobState.DELIVERED), has_preview=True), receipt)
    delivered = await deliver(messenger.deliver_by_edit, messenger, done, video)
    message = only_message(server)
    assert delivered == receipt
    assert [file.filename for file in message.attachments] == ["tween-7F3K2Q.mp4"]
    assert message.attachments[0].file.read() == FILM
    assert "image" not in message.embeds[0]
    assert job_button(JobVerb.CANCEL, job.id) not in str(message.components)
    assert pinged(server) == []


async def test_a_later_edit_keeps_the_video(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    receipt = await posted(messenger, job_in(server))
    done = at(job_in(server, JobState.DELIVERED), receipt)
    await deliver(messenger.deliver_by_edit, messenger, done, video)
    await edit(messenger, done)
    assert [file.filename for file in only_message(server).attachments] == ["tween-7F3K2Q.mp4"]


async def test_a_spoiler_hides_the_video(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    job = job_in(server, JobState.DELIVERED, spoiler=True)
    await deliver(messenger.deliver_in_channel, messenger, StatusView(job=job), video)
    assert only_message(server).attachments[0].filename == "SPOILER_tween-7F3K2Q.mp4"


async def test_a_new_message_for_the_video_has_the_nonce_of_deliveries(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    first = await deliver(messenger.deliver_in_channel, messenger, view, video)
    again = await deliver(messenger.deliver_in_channel, messenger, view, video)
    assert body_of(server, "POST", POST_ROUTE)["nonce"] == "7F3K2Q:d1"
    assert first == again
    assert pinged(server) == []


async def test_a_video_goes_into_the_requesters_direct_messages(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    receipt = await deliver(messenger.deliver_by_dm, messenger, view, video)
    place = server.build.direct_channel("tom")
    assert receipt.channel_id == place.id
    assert only_message(server, place).attachments[0].filename == "tween-7F3K2Q.mp4"
    assert server.messages(server.channel) == []


async def test_the_digest_is_that_of_what_is_drawn(
    server: DiscordServer, messenger: Messenger
) -> None:
    queued, running = job_in(server), job_in(server, JobState.RUNNING)
    assert (
        messenger.draw(StatusView(job=queued)).digest
        == messenger.draw(StatusView(job=queued)).digest
    )
    assert (
        messenger.draw(StatusView(job=queued)).digest
        != messenger.draw(StatusView(job=running)).digest
    )


async def test_automod_costs_the_prompt_and_nothing_else(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    server.build.update_guild(server.guild, automod_words={"turns", "slowly"})
    job = job_in(server)
    receipt = await posted(messenger, job)
    await edit(messenger, at(job, receipt, state=JobState.RUNNING))
    done = at(job_in(server, JobState.DELIVERED, actual_prompt="A cat, slowly"), receipt)
    await deliver(messenger.deliver_by_edit, messenger, done, video)
    message = only_message(server)
    titles = [revision.embeds[0]["title"] for revision in message.revisions]
    assert titles == ["🕓 Waiting", "🎬 Being made", "✅ Done"]
    assert all("cat" not in str(revision.embeds) for revision in message.revisions)
    assert "wan2.2-kf2v-flash" in message.text


# --- announcements ----------------------------------------------------------------------------


async def test_the_requester_alone_is_pinged_by_a_reply(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server, JobState.FAILED)
    receipt = await posted(messenger, job)
    await messenger.announce(at(job, receipt), Notify.PING)
    _, reply = server.messages(server.channel)
    assert reply.reference_id == receipt.message_id
    assert reply.content.endswith("\n-# Job 7F3K2Q")
    assert reply.nonce == "7F3K2Q:p"
    assert [(ping.user_id, ping.reason) for ping in server.pings] == [
        (job.requester.user_id, PingReason.MENTION)
    ]


async def test_an_announcement_by_direct_message_mentions_nobody(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server, JobState.DELIVERED)
    receipt = await posted(messenger, job)
    await messenger.announce(at(job, receipt), Notify.DM)
    message = only_message(server, server.build.direct_channel("tom"))
    assert message.content == "Your video is ready.\n-# Job 7F3K2Q"
    assert message.reference_id is None


async def test_a_deleted_status_message_does_not_silence_the_announcement(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server, JobState.FAILED)
    receipt = await posted(messenger, job)
    server.build.delete_message(only_message(server))
    await messenger.announce(at(job, receipt), Notify.PING)
    assert "could not be made" in only_message(server).content


async def test_without_read_message_history_the_requester_is_told_all_the_same(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server, JobState.FAILED)
    receipt = await posted(messenger, job)
    server.build.deny_bot(server.channel, "READ_MESSAGE_HISTORY")
    await messenger.announce(at(job, receipt), Notify.PING)
    _, message = server.messages(server.channel)
    assert message.reference_id is None
    assert pinged(server) == ["tom"]


async def test_the_announcement_replies_to_the_message_with_the_video(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    job = job_in(server, JobState.DELIVERED)
    receipt = await deliver(messenger.deliver_in_channel, messenger, StatusView(job=job), video)
    gone = at(
        job,
        replace(receipt, message_id=MessageId(1)),
        delivered_channel_id=receipt.channel_id,
        delivered_message_id=receipt.message_id,
    )
    await messenger.announce(gone, Notify.PING)
    assert server.messages(server.channel)[-1].reference_id == receipt.message_id


# --- finding what an earlier process posted ---------------------------------------------------


async def test_each_of_a_jobs_messages_is_found_by_its_purpose(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    job = job_in(server, JobState.DELIVERED)
    receipts = {
        Purpose.STATUS: await posted(messenger, job_in(server)),
        Purpose.DELIVERY: await deliver(
            messenger.deliver_in_channel, messenger, StatusView(job=job), video
        ),
    }
    await messenger.announce(at(job, receipts[Purpose.STATUS]), Notify.PING)
    last = server.messages(server.channel)[-1]
    found = {
        purpose: await messenger.find_message(
            job, job.origin.channel_id, purpose, since=server.clock.now()
        )
        for purpose in Purpose
        if purpose is not Purpose.REPORT
    }
    announcement = found.pop(Purpose.ANNOUNCEMENT)
    assert found == receipts
    assert announcement is not None
    assert announcement.message_id == last.id


async def test_other_jobs_other_peoples_and_older_messages_are_not_ours(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server)
    embed = {"title": "x", "footer": {"text": "Job 7F3K2Q"}}
    await server.actions.say("tom", server.channel, "-# Job 7F3K2Q", embeds=[embed])
    await posted(messenger, replace(job, id=JobId("AAAAAA")))
    since = server.clock.now()
    assert (
        await messenger.find_message(job, job.origin.channel_id, Purpose.STATUS, since=since)
        is None
    )
    await posted(messenger, job)
    later = server.clock.now() + timedelta(minutes=5)
    assert (
        await messenger.find_message(job, job.origin.channel_id, Purpose.STATUS, since=later)
        is None
    )


async def test_a_message_is_found_behind_a_hundred_others(
    server: DiscordServer, messenger: Messenger
) -> None:
    since = server.clock.now()
    for number in range(120):
        await server.actions.say("tom", server.channel, str(number))
    receipt = await posted(messenger, job_in(server))
    found = await messenger.find_message(
        job_in(server), receipt.channel_id, Purpose.STATUS, since=since
    )
    assert found == receipt


FILLED = 350
"""Messages of a busy channel."""


async def test_a_message_is_found_though_a_busy_channel_went_on(
    server: DiscordServer, messenger: Messenger
) -> None:
    since = server.clock.now()
    receipt = await posted(messenger, job_in(server))
    for number in range(FILLED):
        await server.actions.say("tom", server.channel, str(number))
    found = await messenger.find_message(
        job_in(server), receipt.channel_id, Purpose.STATUS, since=since
    )
    assert found == receipt


async def test_the_search_ends_where_the_attempt_can_have_posted_nothing_more(
    server: DiscordServer, messenger: Messenger
) -> None:
    since = server.clock.now()
    server.clock.advance(search.STANDS_WITHIN.total_seconds() + 60)
    for number in range(FILLED):
        await server.actions.say("tom", server.channel, str(number))
    job = job_in(server)
    assert (
        await messenger.find_message(job, job.origin.channel_id, Purpose.STATUS, since=since)
        is None
    )
    assert len(server.requests_to("GET", POST_ROUTE)) == 1


async def test_more_messages_than_can_be_looked_through_tell_nothing(
    server: DiscordServer, messenger: Messenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "HISTORY_LIMIT", 100)
    since = server.clock.now()
    for number in range(101):
        await server.actions.say("tom", server.channel, str(number))
    job = job_in(server)
    with pytest.raises(MissingAccessError):
        await messenger.find_message(job, job.origin.channel_id, Purpose.STATUS, since=since)


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_history_that_may_not_be_read_is_not_an_empty_one(
    server: DiscordServer, messenger: Messenger, purpose: Purpose
) -> None:
    job, since = job_in(server), server.clock.now()
    assert await messenger.find_message(job, job.origin.channel_id, purpose, since=since) is None
    await posted(messenger, job)
    server.build.deny_bot(server.channel, "READ_MESSAGE_HISTORY")
    with pytest.raises(MissingAccessError):
        await messenger.find_message(job, job.origin.channel_id, purpose, since=since)


async def test_a_video_under_an_old_status_message_is_found(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    receipt = await posted(messenger, job_in(server))
    server.clock.advance(3 * 3600)
    since = server.clock.now()
    view = at(job_in(server, JobState.DELIVERING), receipt)
    find = partial(messenger.find_message, view.job, receipt.channel_id, Purpose.DELIVERY)
    assert await find(since=since) is None
    await deliver(
        messenger.deliver_by_edit, messenger, at(job_in(server, JobState.DELIVERED), receipt), video
    )
    assert await find(since=since) == receipt


@pytest.mark.parametrize("spoiler", [False, True])
async def test_a_video_without_its_embed_is_found(
    server: DiscordServer, messenger: Messenger, video: Path, *, spoiler: bool
) -> None:
    server.build.deny_bot(server.channel, "EMBED_LINKS")
    since = server.clock.now()
    job = job_in(server, JobState.DELIVERED, spoiler=spoiler)
    receipt = await deliver(messenger.deliver_in_channel, messenger, StatusView(job=job), video)
    found = await messenger.find_message(job, job.origin.channel_id, Purpose.DELIVERY, since=since)
    assert found == receipt


async def test_a_video_in_the_direct_messages_is_found(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    since = server.clock.now()
    job = job_in(server, JobState.DELIVERED)
    receipt = await deliver(messenger.deliver_by_dm, messenger, StatusView(job=job), video)
    place = await messenger.open_dm(job.requester.user_id)
    assert await messenger.find_message(job, place, Purpose.DELIVERY, since=since) == receipt


# --- operators --------------------------------------------------------------------------------


def a_notice() -> Alert:
    facts = {"subject": "7F3K2Q", "reason": "<@1> result_expired"}
    return Alert(kind=AlertKind.OPERATOR_LOSS, facts=facts, at=NOW)


async def test_every_operator_is_told_by_direct_message(
    server: DiscordServer, messenger: Messenger
) -> None:
    await messenger.tell_operators(a_notice())
    for user in server.users:
        told = only_message(server, server.build.direct_channel(user)).content
        assert told.startswith("Job 7F3K2Q: a billed video was lost")


async def test_one_operator_who_cannot_be_reached_does_not_keep_the_others_in_the_dark(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.build.close_direct_messages(server.users[0])
    with pytest.raises(MissingAccessError):
        await messenger.tell_operators(a_notice())
    assert only_message(server, server.build.direct_channel(server.users[1])).content


async def test_an_operator_is_told_once_though_the_answer_was_lost(
    server: DiscordServer, messenger: Messenger
) -> None:
    messenger._operators = (UserId(server.users[1].id),)
    server.faults.respond("POST", "/channels/*/messages", 503, after=True)
    await messenger.tell_operators(a_notice())
    only_message(server, server.build.direct_channel(server.users[1]))
