"""The Chat port when Discord refuses, breaks off or asks for patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.chat.messenger import Messenger
from bot.chat.retry import ATTEMPTS, converted
from bot.domain.errors import (
    ChannelGoneError,
    ChatUnavailableError,
    ContentBlockedError,
    DeliveryError,
    MessageGoneError,
    MissingAccessError,
    UploadTooLargeError,
)
from bot.domain.guilds.audit import Action, AuditEntry, AuditLine, JobChange
from bot.domain.guilds.reports import ReportPost
from bot.domain.guilds.settings import Notify
from bot.domain.host.alerts import Alert, AlertKind
from bot.domain.ids import ChannelId, MessageId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import Purpose, StatusView
from bot.domain.people import Person
from bot.domain.ports import Chat
from sandbox.discord import DiscordServer, Upload
from sandbox.discord.rules.faults import Fault
from sandbox.discord.world.records import Channel
from tests.chat.conftest import UPLOAD_LIMIT_BYTES
from tests.chat.examples import NOW
from tests.chat.stage import EDITS, POSTS, at, deliver, edit, job_in, only_message, posted

FILM_BYTES = 6000
LOGIN_REQUESTS = 2


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "result.mp4"
    path.write_bytes(bytes(FILM_BYTES))
    return path


@pytest.fixture
def long_video(tmp_path: Path) -> Path:
    path = tmp_path / "long.mp4"
    path.write_bytes(bytes(UPLOAD_LIMIT_BYTES + 1))
    return path


# --- what is worth another try ----------------------------------------------------------------


@dataclass(frozen=True)
class Trouble:
    """A failure of one request."""

    status: int | None
    after: bool

    def happen(self, server: DiscordServer, method: str, path: str, count: int = 1) -> None:
        if self.status is None:
            server.faults.drop(method, path, count=count, after=self.after)
        else:
            server.faults.respond(method, path, self.status, count=count, after=self.after)

    def fault(self) -> Fault:
        return Fault(
            method="*",
            path="*",
            status=self.status,
            drop=self.status is None,
            after=self.after,
        )


TROUBLES = [
    pytest.param(Trouble(503, after=False), id="503"),
    pytest.param(Trouble(503, after=True), id="503 though it was done"),
    pytest.param(Trouble(None, after=False), id="connection cut"),
    pytest.param(Trouble(None, after=True), id="reply lost"),
]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_post_is_repeated_with_the_whole_preview_and_stands_once(
    server: DiscordServer, messenger: Messenger, trouble: Trouble
) -> None:
    trouble.happen(server, "POST", POSTS)
    receipt = await posted(messenger, job_in(server, has_preview=True), preview=b"a picture")
    message = only_message(server)
    assert message.id == receipt.message_id
    assert [file.file.read() for file in message.attachments] == [b"a picture"]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_an_edit_is_repeated(
    server: DiscordServer, messenger: Messenger, trouble: Trouble
) -> None:
    job = job_in(server)
    receipt = await posted(messenger, job)
    trouble.happen(server, "PATCH", EDITS)
    await edit(messenger, at(job, receipt, state=JobState.RUNNING))
    assert only_message(server).embeds[0]["title"] == "🎬 Being made"


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_delivery_is_repeated_with_the_whole_file(
    server: DiscordServer, messenger: Messenger, video: Path, trouble: Trouble
) -> None:
    receipt = await posted(messenger, job_in(server))
    trouble.happen(server, "PATCH", EDITS, count=2)
    await deliver(
        messenger.deliver_by_edit, messenger, at(job_in(server, JobState.DELIVERED), receipt), video
    )
    (attachment,) = only_message(server).attachments
    assert attachment.size == FILM_BYTES


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_an_announcement_is_said_once(
    server: DiscordServer, messenger: Messenger, trouble: Trouble
) -> None:
    job = job_in(server, JobState.FAILED)
    receipt = await posted(messenger, job)
    trouble.happen(server, "POST", POSTS)
    await messenger.announce(at(job, receipt), Notify.PING)
    assert len(server.messages(server.channel)) == 2
    assert len(server.pings) == 1


LEAVES_MESSAGES = {
    "fetch_attachment": 0,
    "deliver_in_channel": 1,
    "deliver_by_dm": 1,
    "open_dm": 0,
    "find_message": 0,
    "tell_operators": 1,
    "tell_log_channel": 1,
    "post_report": 1,
    "count_reports": 1,
    "delete_message": 0,
}
"""The port's other methods, and how many messages each leaves."""


def test_every_method_of_the_port_meets_every_trouble() -> None:
    methods = {name for name, value in vars(Chat).items() if callable(value) and name[0] != "_"}
    above = {"post_status", "edit_status", "deliver_by_edit", "announce"}
    assert methods - above - {"draw"} == set(LEAVES_MESSAGES)


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", LEAVES_MESSAGES)
async def test_every_other_call_is_repeated_and_done_once(
    server: DiscordServer, messenger: Messenger, video: Path, name: str, trouble: Trouble
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    job, since = view.job, server.clock.now()
    picture = Upload(filename="cat.png", data=b"a picture")
    (attached,) = (await server.actions.say("tom", server.channel, files=[picture])).attachments
    url, fetched = server.cdn.url(attached), video.with_name("fetched.png")
    messenger._operators = (job.requester.user_id,)
    facts = {"subject": job.id, "reason": "x"}
    entry = AuditEntry(
        guild_id=job.guild_id,
        at=NOW,
        actor=Person(user_id=job.requester.user_id, name="tom"),
        change=JobChange(
            action=Action.JOB_CANCELLED, job_id=job.id, requester_id=job.requester.user_id
        ),
    )
    line = AuditLine(id=1, channel_id=job.origin.channel_id, entry=entry)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "fetch_attachment": lambda: messenger.fetch_attachment(url, fetched, max_bytes=100),
        "deliver_in_channel": lambda: deliver(messenger.deliver_in_channel, messenger, view, video),
        "deliver_by_dm": lambda: deliver(messenger.deliver_by_dm, messenger, view, video),
        "open_dm": lambda: messenger.open_dm(job.requester.user_id),
        "find_message": lambda: messenger.find_message(
            job, job.origin.channel_id, Purpose.DELIVERY, since=since
        ),
        "tell_operators": lambda: messenger.tell_operators(
            Alert(kind=AlertKind.OPERATOR_LOSS, facts=facts, at=NOW)
        ),
        "tell_log_channel": lambda: messenger.tell_log_channel(line),
        "post_report": lambda: messenger.post_report(report, [video]),
        "count_reports": lambda: messenger.count_reports(report, standing),
        "delete_message": lambda: messenger.delete_message(standing),
    }
    report = ReportPost(
        job=job,
        channel_id=job.origin.channel_id,
        reporters=(Person(user_id=job.requester.user_id, name="tom"),),
        number=1,
        shows_prompt=True,
        is_blocked=False,
    )
    if name in {"count_reports", "delete_message"}:
        standing = await messenger.post_report(report, [])
    server.faults.add_sequence([trouble.fault()])
    await calls[name]()
    places = server.state.channels.values()
    toms = 1
    assert sum(len(place.messages) for place in places) == toms + LEAVES_MESSAGES[name]
    if name == "fetch_attachment":
        assert fetched.read_bytes() == b"a picture"


async def test_a_discord_that_stays_away_is_left_for_later(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.respond("POST", POSTS, 503, count=100)
    with pytest.raises(ChatUnavailableError):
        await posted(messenger, job_in(server))
    assert len(server.requests_to("POST", "/channels/{channel_id}/messages")) == ATTEMPTS


async def test_a_short_rate_limit_is_waited_for(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.rate_limit("POST", POSTS, 0.05)
    await posted(messenger, job_in(server))
    only_message(server)


async def test_a_global_rate_limit_holds_every_call_back(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.rate_limit("POST", POSTS, 0.3, is_global=True)
    since = server.clock.now()
    async with asyncio.TaskGroup() as group:
        group.create_task(posted(messenger, job_in(server)))
        await asyncio.sleep(0.1)
        group.create_task(messenger.open_dm(UserId(server.users[1].id)))
    (opened,) = server.requests_to("POST", "/users/@me/channels")
    assert opened.started_at - since.timestamp() >= 0.3
    assert len(server.requests) == 3 + LOGIN_REQUESTS


async def test_a_long_rate_limit_is_left_for_later(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.rate_limit("POST", POSTS, 3600, count=100)
    with pytest.raises(ChatUnavailableError):
        await posted(messenger, job_in(server))
    assert len(server.requests) == 1 + LOGIN_REQUESTS


async def test_slow_mode_is_left_for_later(server: DiscordServer, messenger: Messenger) -> None:
    server.build.update_channel(server.channel, slowmode_seconds=21_600)
    server.state.last_send_at[server.channel.id] = server.clock.timestamp()
    with pytest.raises(ChatUnavailableError):
        await posted(messenger, job_in(server))
    assert len(server.requests) == 1 + LOGIN_REQUESTS


async def test_a_banned_address_is_quiet_until_the_ban_ends(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.rate_limit("POST", POSTS, 0.2, via=False)
    for _ in range(5):
        with pytest.raises(ChatUnavailableError):
            await posted(messenger, job_in(server))
        with pytest.raises(ChatUnavailableError):
            await messenger.open_dm(UserId(server.users[1].id))
    assert len(server.requests) == 1 + LOGIN_REQUESTS
    async with asyncio.timeout(20):
        while not server.messages(server.channel):
            with suppress(ChatUnavailableError):
                await posted(messenger, job_in(server))
            await asyncio.sleep(0.05)
    assert len(server.requests) == 2 + LOGIN_REQUESTS


async def test_a_refused_token_is_not_shown_again_and_again(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.state.token = "another"
    for _ in range(100):
        with pytest.raises(ChatUnavailableError):
            await posted(messenger, job_in(server))
    assert len(server.requests) == 1 + LOGIN_REQUESTS
    assert server.limits.invalid_requests == 1


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_refusal_after_a_lost_answer_is_no_refusal_yet(
    server: DiscordServer, messenger: Messenger, video: Path, trouble: Trouble
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    trouble.happen(server, "POST", POSTS)
    refusal = {"message": "Missing Permissions", "code": 50_013}
    server.faults.respond("POST", POSTS, 403, body=refusal)
    with pytest.raises(ChatUnavailableError):
        await deliver(messenger.deliver_in_channel, messenger, view, video)
    found = await messenger.find_message(
        view.job, view.job.origin.channel_id, Purpose.DELIVERY, since=server.clock.now()
    )
    assert (found is not None) == trouble.after


async def test_automod_after_a_lost_answer_costs_the_prompt_alone(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.build.update_guild(server.guild, automod_words={"slowly"})
    server.faults.respond("POST", POSTS, 503)
    await posted(messenger, job_in(server))
    only_message(server)


async def test_a_token_that_was_reset_gives_up_nobodys_video(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    server.state.token = "another"
    with pytest.raises(ChatUnavailableError):
        await deliver(messenger.deliver_in_channel, messenger, view, video)


async def test_a_missing_file_is_not_taken_for_an_absent_discord(
    server: DiscordServer, messenger: Messenger, tmp_path: Path
) -> None:
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    with pytest.raises(FileNotFoundError):
        await deliver(messenger.deliver_in_channel, messenger, view, tmp_path / "erased.mp4")


# --- what is closed ---------------------------------------------------------------------------


def deleted(server: DiscordServer) -> Channel:
    server.build.remove_channel(server.channel)
    return server.channel


def kicked(server: DiscordServer) -> Channel:
    server.build.remove_guild(server.guild, kick_only=True)
    return server.channel


def denied(permission: str) -> Callable[[DiscordServer], Channel]:
    def prepare(server: DiscordServer) -> Channel:
        server.build.deny_bot(server.channel, permission)
        return server.channel

    return prepare


def locked(server: DiscordServer) -> Channel:
    thread = server.build.add_thread(server.channel, "talk")
    return server.build.update_channel(thread, locked=True)


def moderated(server: DiscordServer) -> Channel:
    server.build.update_guild(server.guild, automod_words={"wan2.2-kf2v-flash"})
    return server.channel


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        pytest.param(deleted, ChannelGoneError, id="10003 channel deleted"),
        pytest.param(kicked, ChannelGoneError, id="50001 thrown out"),
        pytest.param(denied("VIEW_CHANNEL"), ChannelGoneError, id="50001 cannot see"),
        pytest.param(denied("SEND_MESSAGES"), MissingAccessError, id="50013 cannot send"),
        pytest.param(denied("ATTACH_FILES"), MissingAccessError, id="50013 cannot attach"),
        pytest.param(locked, ChannelGoneError, id="160005 thread locked"),
        pytest.param(moderated, ContentBlockedError, id="200000 blocked without prompt too"),
    ],
)
async def test_a_place_that_is_closed_is_told_apart_from_an_absent_discord(
    server: DiscordServer,
    messenger: Messenger,
    prepare: Callable[[DiscordServer], Channel],
    error: type[DeliveryError],
) -> None:
    job = job_in(server, channel=prepare(server), has_preview=True)
    with pytest.raises(error) as raised:
        await posted(messenger, job, preview=b"a picture")
    assert not isinstance(raised.value, ChatUnavailableError)


async def test_a_deleted_status_message_is_gone(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server)
    receipt = await posted(messenger, job)
    server.build.delete_message(only_message(server))
    with pytest.raises(MessageGoneError):
        await edit(messenger, at(job, receipt))


async def test_a_status_message_that_never_was_is_gone(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    view = StatusView(job=job_in(server))
    with pytest.raises(MessageGoneError):
        await edit(messenger, view)
    with pytest.raises(MessageGoneError):
        await deliver(messenger.deliver_by_edit, messenger, view, video)


async def test_a_message_of_somebody_else_is_as_good_as_gone(
    server: DiscordServer, messenger: Messenger
) -> None:
    theirs = await server.actions.say("tom", server.channel, "mine")
    job = job_in(
        server,
        status_channel_id=ChannelId(server.channel.id),
        status_message_id=MessageId(theirs.id),
    )
    with pytest.raises(MessageGoneError):
        await edit(messenger, StatusView(job=job))


async def test_a_status_message_in_an_archived_thread_rests_until_a_new_one_wakes_the_thread(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    thread = server.build.add_thread(server.channel, "talk")
    job = job_in(server, channel=thread)
    receipt = await posted(messenger, job)
    server.build.update_channel(thread, archived=True)
    done = at(job_in(server, JobState.DELIVERED, channel=thread), receipt)
    with pytest.raises(MissingAccessError):
        await deliver(messenger.deliver_by_edit, messenger, done, video)
    await deliver(messenger.deliver_in_channel, messenger, done, video)
    assert not thread.archived
    await edit(messenger, done)


async def test_a_lost_permission_to_send_does_not_stop_edits(
    server: DiscordServer, messenger: Messenger
) -> None:
    job = job_in(server)
    receipt = await posted(messenger, job)
    server.build.deny_bot(server.channel, "SEND_MESSAGES")
    await edit(messenger, at(job, receipt, state=JobState.RUNNING))
    assert only_message(server).embeds[0]["title"] == "🎬 Being made"


async def test_closed_direct_messages_are_a_missing_access(
    server: DiscordServer, messenger: Messenger, video: Path
) -> None:
    server.build.close_direct_messages("tom")
    view = StatusView(job=job_in(server, JobState.DELIVERED))
    with pytest.raises(MissingAccessError):
        await deliver(messenger.deliver_by_dm, messenger, view, video)
    with pytest.raises(MissingAccessError):
        await messenger.announce(view, Notify.DM)


async def test_discords_word_about_the_size_is_the_truth(
    server: DiscordServer, messenger: Messenger, video: Path, long_video: Path
) -> None:
    receipt = await posted(messenger, job_in(server))
    view = at(job_in(server, JobState.DELIVERED), receipt)
    server.faults.respond("PATCH", EDITS, 413, body={"message": "too large", "code": 0})
    with pytest.raises(UploadTooLargeError):
        await deliver(messenger.deliver_by_edit, messenger, view, video)
    with pytest.raises(UploadTooLargeError):
        await deliver(messenger.deliver_by_edit, messenger, view, long_video)
    assert only_message(server).attachments == ()


async def test_nothing_of_discord_py_leaves_the_messenger(
    server: DiscordServer, messenger: Messenger
) -> None:
    server.faults.respond("POST", POSTS, 400, body={"message": "no such thing", "code": 50_035})
    with pytest.raises(DeliveryError) as raised:
        await posted(messenger, job_in(server))
    assert type(raised.value) is DeliveryError
    assert isinstance(raised.value.__cause__, discord.HTTPException)


@pytest.mark.parametrize(
    "error",
    [aiohttp.ServerDisconnectedError(), TimeoutError(), ConnectionResetError(104, "reset")],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_is_worth_another_try(error: Exception) -> None:
    assert isinstance(converted(error), ChatUnavailableError)


def test_a_refusal_keeps_only_the_beginning_of_discords_words() -> None:
    class Answer:
        status = 400
        reason = "Bad Request"

    # The real answer of aiohttp needs a connection; discord.py reads these two fields of it.
    error = discord.HTTPException(Answer(), {"message": "x" * 5000, "code": 50_035})  # type: ignore[arg-type]
    assert len(str(converted(error))) < 250
