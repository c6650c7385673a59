"""Discord answers 503 or nothing at all, on every call the bot makes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sandbox.dashscope import EmulatorSettings
from sandbox.discord.rules.faults import Fault
from sandbox.discord.world.records import Channel, Guild
from tests.e2e import routes
from tests.e2e.invariants import Allowed, hold, settled
from tests.e2e.process import BotProcess
from tests.e2e.world import World, story, title_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4))
SMALL = {"model": "wanx2.1-t2v-turbo", "size": "832*480"}
WRONG = "Something went wrong"
OUTAGE_SECONDS = 12
GUILD = "/guilds/{guild_id}"


async def words(world: World, prompt: str, channel: Channel | None = None) -> str:
    """Let tom ask for a video of words alone; return what he reads."""
    tom, place = world.discord.users[1], channel or world.discord.channel
    asked = await world.discord.actions.slash(tom, place, "video text", {"prompt": prompt, **SMALL})
    return (await asked.final_reply(20)).text


async def test_every_route_fails_in_every_way_and_nothing_is_lost_or_said_twice(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=QUICK, MAX_QUEUED_PER_MEMBER="20") as world:
        server = world.discord
        mia, tom = server.users[:2]
        # A person asks once; what the bot repeats by itself may fail time after time.
        server.faults.add_sequence(routes.TROUBLES, routes="* /interactions/*", every=2)
        server.faults.add_sequence(routes.TROUBLES, routes="* /webhooks/*", every=2)
        server.faults.add_sequence(routes.TROUBLES)

        said = [await words(world, f"a cat, {number}") for number in range(6)]
        pictured = await world.ask(tom, resolution="480P")
        said.append((await pictured.final_reply(30)).text)
        jobs = await world.jobs()
        assert len(jobs) == sum(text.startswith("Queued as Job") for text in said)
        assert all(text.startswith(("Queued as Job", WRONG)) for text in said)
        assert len(jobs) >= 4

        other = server.build.add_guild("Puppy Club", owner=mia)
        server.build.join(other, tom)
        lost = server.build.add_channel(other, "soon-gone")
        world.dashscope.clock.speed = 0.001
        while not (await words(world, "a dog", lost)).startswith("Queued"):
            pass
        await server.wait_for(lambda: world.status_messages(lost), 30)
        server.build.remove_channel(lost)
        world.dashscope.clock.speed = 1.0
        await settled(world, len(jobs) + 1)
        # One channel is gone, and a video by direct message needs no announcement.
        await hold(world, Allowed(all_told=False, all_shown=False))
        assert len(videos(world, server.build.direct_channel(tom))) == 1

        server.build.remove_guild(other, kick_only=True)
        await leave_noticed(world, other)
        met = routes.troubles_met(server)
        assert routes.used(server) - routes.AT_START == routes.AT_WORK
        assert {route: routes.ALL_TROUBLES - met[route] for route in routes.AT_WORK} == {
            route: set() for route in routes.AT_WORK
        }


async def leave_noticed(world: World, guild: Guild) -> None:
    """Wait until the bot believes that it has left a guild; leaving others has it look again."""
    server, asked = world.discord, 0

    def looked(bot: BotProcess) -> bool:
        has_left = bool(bot.events("guild_left", guild_id=guild.id))
        return has_left or len(server.requests_to("GET", GUILD)) > asked

    while not world.bot.events("guild_left", guild_id=guild.id):
        await world.bot.wait_for_log(looked)
        asked = len(server.requests_to("GET", GUILD))
        server.build.remove_guild(server.build.add_guild("one more"), kick_only=True)


def videos(world: World, channel: Channel) -> list[str]:
    """Return the names of the videos the bot shows in a channel."""
    return [
        file.filename
        for message in world.discord.messages(channel)
        for file in message.current.attachments
        if file.filename.endswith(".mp4")
    ]


async def test_a_start_that_discord_interrupts_ends_for_the_supervisor(tmp_path: Path) -> None:
    async with story(tmp_path, start=False) as world:
        server = world.discord
        for trouble, (method, route) in zip(routes.TROUBLES, sorted(routes.AT_START), strict=True):
            server.faults.clear()
            # Twice: aiohttp by itself repeats what is idempotent once where a connection is cut.
            server.faults.add_sequence([trouble, trouble], routes=f"{method} {route}")
            await world.bot.start(wait=False)
            assert await world.bot.ended(30) == 1
        assert "Traceback" not in world.bot.log()
        server.faults.clear()
        await world.bot.start()
        await server.wait_until_ready(commands=5)
        met = routes.troubles_met(server)
        assert set(met) == routes.used(server) == routes.AT_START


async def test_an_outage_is_waited_for_politely_and_every_video_comes_once(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        server = world.discord
        channels = [
            server.channel,
            *(server.build.add_channel(server.guild, f"c{n}") for n in (1, 2)),
        ]
        world.dashscope.clock.speed = 0.001
        for channel in channels:
            assert (await words(world, "a cat", channel)).startswith("Queued")
        server.faults.add(Fault(method="*", path="/channels/*", status=503, count=1_000_000))
        before = len(server.requests)
        world.dashscope.clock.speed = 1.0
        await world.bot.wait_for_log(lambda bot: bot.events("delivery_postponed"))
        await asyncio.sleep(OUTAGE_SECONDS)
        asked = len(server.requests) - before
        # Edits and deliveries of three messages: each a few times at once, then ever more seldom.
        assert asked < 8 * OUTAGE_SECONDS
        server.faults.clear()
        await settled(world, len(channels))
        await hold(world)
        for channel in channels:
            (status,) = world.status_messages(channel)
            assert title_of(status) == "✅ Done"
            assert len(videos(world, channel)) == 1
        assert len(server.pings) == len(channels)
