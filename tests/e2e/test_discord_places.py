"""What people do to the place a video is to appear in, while it is being made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import pytest

from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.records import Channel, Message, User
from sandbox.discord.world.settings import DiscordSettings
from tests.e2e.invariants import Allowed, hold, settled
from tests.e2e.world import World, story, title_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4))
LANES = (
    {"model": "wanx2.1-t2v-turbo", "size": "832*480"},
    {"model": "wan2.2-t2v-plus", "size": "832*480"},
)
SIX_HOURS = 21_600
REAL_LIMIT_BYTES = 300_000


class Way(Enum):
    """Where a video ends up."""

    STATUS = auto()
    """Under the message that followed the job."""
    CHANNEL = auto()
    """In a new message beside it."""
    DM = auto()
    KEPT = auto()
    """Nowhere: handed out by /jobs show."""


@dataclass(frozen=True)
class Case:
    """Something that happens to a place, and where the video goes then."""

    what: str
    happens: Callable[[DiscordServer, Channel, Message], object]
    way: Way
    in_thread: bool = False


def deny(*permissions: str) -> Callable[[DiscordServer, Channel, Message], None]:
    """Return what takes permissions from the bot."""

    def happens(server: DiscordServer, channel: Channel, _: Message) -> None:
        server.build.deny_bot(channel, *permissions)

    return happens


def delete_in_slow_mode(server: DiscordServer, channel: Channel, status: Message) -> None:
    server.build.update_channel(channel, slowmode_seconds=SIX_HOURS)
    server.build.delete_message(status)


CASES = (
    Case("nothing", lambda *_: None, Way.STATUS),
    Case("the status message is deleted", lambda s, _, m: s.build.delete_message(m), Way.CHANNEL),
    Case("the channel is deleted", lambda s, c, _: s.build.remove_channel(c), Way.DM),
    Case("the channel is hidden", deny("VIEW_CHANNEL"), Way.DM),
    Case("nothing may be sent", deny("SEND_MESSAGES"), Way.STATUS),
    Case("nothing may be attached", deny("ATTACH_FILES"), Way.DM),
    Case("nothing may be embedded", deny("EMBED_LINKS"), Way.STATUS),
    Case("the history may not be read", deny("READ_MESSAGE_HISTORY"), Way.STATUS),
    Case(
        "the thread is archived",
        lambda s, c, _: s.build.update_channel(c, archived=True),
        Way.CHANNEL,
        in_thread=True,
    ),
    Case(
        "the thread is locked",
        lambda s, c, _: s.build.update_channel(c, locked=True),
        Way.DM,
        in_thread=True,
    ),
    Case("the requester leaves", lambda s, *_: s.build.leave(s.guild, "ada"), Way.STATUS),
    Case("slow mode, and the message is deleted", delete_in_slow_mode, Way.CHANNEL),
)


def stage(
    tmp_path: Path, discord: DiscordSettings | None = None
) -> AbstractAsyncContextManager[World]:
    """Set a stage on which one member may make many videos."""
    return story(
        tmp_path,
        emulator=QUICK,
        discord=discord,
        MAX_QUEUED_PER_MEMBER="40",
        DEFAULT_MEMBER_DAILY_VIDEOS="40",
        DAILY_BUDGET="0",
    )


async def advanced(world: World, job: Job, *states: JobState) -> None:
    """Wait until a job is in one of some states."""
    found: Job | None = None
    async with asyncio.timeout(90):
        while found is None or found.state not in states:
            (found,) = [candidate for candidate in await world.jobs() if candidate.id == job.id]
            await asyncio.sleep(0.1)


async def ask(world: World, user: User, channel: Channel, *, lane: int = 0) -> Job:
    """Let somebody ask for a video of words alone; return its job once its message stands."""
    server = world.discord
    request = {"prompt": f"a cat in {channel.name}", **LANES[lane % len(LANES)]}
    asked = await server.actions.slash(user, channel, "video text", dict(request))
    assert (await asked.final_reply(20)).text.startswith("Queued as Job")
    (job,) = [
        candidate for candidate in await world.jobs() if candidate.origin.channel_id == channel.id
    ]
    return job


def status_of(world: World, job: Job) -> Message:
    """Return a job's status message, deleted or not."""
    assert job.messages.status_message_id is not None
    return world.discord.state.messages[job.messages.status_message_id]


def shown_in(world: World, job: Job) -> list[tuple[Channel, Message]]:
    """Return where the job's video is to be seen."""
    return [
        (channel, message)
        for channel in world.discord.state.channels.values()
        for message in channel.messages.values()
        if message.ephemeral_for is None
        and any(file.filename == f"tween-{job.id}.mp4" for file in message.current.attachments)
    ]


def check_place(world: World, case: Case, job: Job, user: User) -> None:
    """Assert that the video is where it is to be, and there alone."""
    places = shown_in(world, job)
    assert len(places) == 1, f"{case.what}: {job.state} {job.failure.detail}"
    ((channel, message),) = places
    is_status = message.id == job.messages.status_message_id
    assert (channel.recipient_id == user.id) == (case.way is Way.DM), case.what
    assert is_status == (case.way is Way.STATUS), case.what
    if case.way is not Way.DM:
        assert channel.id == job.origin.channel_id, case.what


async def test_wherever_a_place_closes_the_video_ends_up_somewhere_sensible(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as world:
        server = world.discord
        tom, ada = server.users[1], server.build.add_user("ada")
        server.build.join(server.guild, ada)
        world.dashscope.clock.speed = 0.001
        made: dict[Case, tuple[Channel, Job, User]] = {}
        for number, case in enumerate(CASES):
            parent = server.channel if case.in_thread else None
            place = (
                server.build.add_thread(parent, f"talk {number}")
                if parent
                else server.build.add_channel(server.guild, f"place {number}")
            )
            user = ada if "requester" in case.what else tom
            made[case] = place, await ask(world, user, place, lane=number), user
        for case, (place, job, _) in made.items():
            case.happens(server, place, status_of(world, job))
        world.dashscope.clock.speed = 1.0

        slow_place, slow_job, _ = made[CASES[-1]]
        await world.bot.wait_for_log(
            lambda bot: bot.events("delivery_postponed", job_id=slow_job.id), 90
        )
        assert shown_in(world, slow_job) == []
        server.build.update_channel(slow_place, slowmode_seconds=0)

        found = {job.id: job for job in await settled(world, len(CASES))}
        for case, (_, job, user) in made.items():
            check_place(world, case, found[job.id], user)
        archived, job, _ = made[next(case for case in CASES if "archived" in case.what)]
        await server.wait_for(lambda: title_of(status_of(world, job)) == "✅ Done", 30)
        assert not archived.archived
        await hold(world, Allowed(all_told=False, all_shown=False))


async def test_a_video_nobody_takes_is_kept_and_handed_out(tmp_path: Path) -> None:
    async with stage(tmp_path) as world:
        server = world.discord
        left = server.build.add_guild("Puppy Club")
        eve = server.build.add_user("eve")
        server.build.join(left, eve)
        server.build.join(left, server.users[1])
        places = [server.build.add_channel(left, name) for name in ("clips", "more")]
        world.dashscope.clock.speed = 0.001
        kept = await ask(world, eve, places[0])
        sent = await ask(world, server.users[1], places[1])
        for job in (kept, sent):
            await advanced(world, job, JobState.PENDING, JobState.RUNNING)
        direct = server.build.direct_channel(eve)
        server.build.remove_guild(left, kick_only=True)
        server.build.close_direct_messages(eve)
        world.dashscope.clock.speed = 1.0
        await advanced(world, kept, JobState.UNDELIVERABLE)
        await advanced(world, sent, JobState.DELIVERED)
        found = {job.id: job for job in await world.jobs()}
        assert found[kept.id].state is JobState.UNDELIVERABLE
        assert shown_in(world, kept) == []
        shown = await server.actions.slash(eve, direct, "jobs show", {"job": kept.id})
        reply = await shown.final_reply(20)
        assert shown.ephemeral
        (file,) = reply.current.attachments
        assert file.sha256 == world.kept_sha256(found[kept.id])
        assert "It was made, so it counts against your quota." in reply.text

        # Who shares another server with the bot gets it by direct message.
        assert found[sent.id].state is JobState.DELIVERED
        assert [channel.recipient_id for channel, _ in shown_in(world, sent)] == [
            server.users[1].id
        ]
        balances = await world.balances()
        assert [balances[job.id].videos for job in (kept, sent)] == [1, 1]
        assert {ping.user_id for ping in server.pings} == {server.users[1].id}


async def test_automod_and_a_smaller_limit_change_the_message_and_not_the_place(
    tmp_path: Path,
) -> None:
    # The bot believes in 10 MiB, until it is answered 413.
    limits = DiscordSettings(upload_limits_bytes=(REAL_LIMIT_BYTES,) * 4)
    async with stage(tmp_path, limits) as world:
        server = world.discord
        calm = server.build.add_channel(server.guild, "calm")
        server.build.update_guild(server.guild, automod_words={"calm"})
        made = await ask(world, server.users[1], calm)
        (job,) = await settled(world, 1)

        ((_, message),) = shown_in(world, job)
        assert message.id == job.messages.status_message_id == made.messages.status_message_id
        assert job.video.size_bytes is not None
        assert job.video.size_bytes > REAL_LIMIT_BYTES > message.current.attachments[0].size
        assert "Re-encoded" in message.text
        assert len(message.revisions) >= 3
        assert all("calm" not in str(revision.embeds) for revision in message.revisions)
        await hold(world)
