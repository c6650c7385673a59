"""Acknowledgement with 50 commands at once, against a bare discord.py command.

Fifty members in ten channels use ``/video frames`` with two pictures in the same moment. The
sandbox measures the time from its dispatch of each interaction to the acknowledgement, here and
against a bot whose command only defers. Both run as processes of their own, each on a sandbox of
its own in this process; their rounds alternate, and a round begins when everything the one before
set off has been answered. The requests wait in the queue: what is measured is the whole bot at work
on fifty pairs of pictures, not a bot at rest.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.records import Channel, User
from tests.benchmarks.figures import milliseconds, percentile
from tests.benchmarks.lag import read_lag
from tests.benchmarks.processes import WatchedBot, variables_of
from tests.benchmarks.rows import Row, Unit
from tests.e2e.world import cat

AT_ONCE = 50
CHANNELS = 10
ROUNDS = 8
WARM_UPS = 1
WANTED = 1.5
BREATH_SECONDS = 0.5
"""Between rounds, so that the last answer's own aftermath hurts nobody."""

PLENTY = "100000"


@dataclass(slots=True, kw_only=True)
class Side:
    """One of the two bots, with the people who use it."""

    server: DiscordServer
    command: str
    answers: bool
    """Whether a private answer follows the acknowledgement."""
    members: list[tuple[User, Channel]]
    seconds: list[float] = field(default_factory=list)
    """From dispatch to acknowledgement, of every measured command."""

    async def round(self) -> list[float]:
        """Let everybody use the command at once; return how long each waited."""
        pictures = {"first_frame": cat("first"), "last_frame": cat("last")}
        asked = await asyncio.gather(
            *(
                self.server.actions.slash(user, channel, self.command, pictures)
                for user, channel in self.members
            )
        )
        await asyncio.gather(*(invocation.acknowledged() for invocation in asked))
        if self.answers:
            replies = await asyncio.gather(*(invocation.final_reply(120) for invocation in asked))
            refused = [reply.text for reply in replies if "Queued as Job" not in reply.text]
            if refused:
                raise RuntimeError(refused[0])
        waits = [invocation.acknowledged_after_seconds for invocation in asked]
        return [wait for wait in waits if wait is not None]


def members_of(server: DiscordServer) -> list[tuple[User, Channel]]:
    """Return fifty members, each with a channel."""
    channels = [
        server.build.add_channel(server.guild, f"videos-{number}") for number in range(CHANNELS)
    ]
    members = []
    for number in range(AT_ONCE):
        user = server.build.add_user(f"member-{number}")
        server.build.join(server.guild, user)
        members.append((user, channels[number % CHANNELS]))
    return members


@asynccontextmanager
async def tween(
    folder: Path, *, task_seconds: tuple[float, float] = (3600, 3600)
) -> AsyncIterator[tuple[Side, WatchedBot]]:
    """Start the product.

    Args:
        folder: the bot's.
        task_seconds: how long tasks take; usually none ends within the run, so that the lane is
            full and the requests wait in line.
    """
    settings = EmulatorSettings(task_seconds=task_seconds)
    async with DashScopeServer(settings) as dashscope, DiscordServer() as server:
        bot = WatchedBot(
            folder,
            variables_of(server, dashscope)
            | {
                "MAX_QUEUED_PER_MEMBER": PLENTY,
                "MAX_QUEUED_PER_GUILD": PLENTY,
                "DEFAULT_GUILD_DAILY_VIDEOS": PLENTY,
                "DEFAULT_MEMBER_DAILY_VIDEOS": PLENTY,
                "DAILY_BUDGET": "0",
            },
        )
        try:
            members = members_of(server)
            await bot.start()
            await server.wait_until_ready(commands=5)
            yield (
                Side(server=server, command="video frames", answers=True, members=members),
                bot,
            )
        finally:
            await bot.kill()


@asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[Side]:
    """Start the bot that only defers."""
    async with DiscordServer() as server:
        bot = WatchedBot(
            folder,
            {"DISCORD_TOKEN": server.token, "DISCORD_API_BASE_URL": server.api_base_url},
            module="tests.benchmarks.bare_bot",
        )
        try:
            members = members_of(server)
            await bot.start(wait=False)
            await server.wait_until_ready()
            yield Side(server=server, command="defer", answers=False, members=members)
        finally:
            await bot.kill()


async def rows() -> list[Row]:
    """Measure both in turns."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        (folder / "bare").mkdir()
        async with tween(folder) as (ours, bot), bare(folder / "bare") as floor:
            for number in range(WARM_UPS + ROUNDS):
                for side in (ours, floor):
                    waits = await side.round()
                    if number >= WARM_UPS:
                        side.seconds += waits
                    await asyncio.sleep(BREATH_SECONDS)
            await read_lag(bot, "acknowledgement, 50 commands at once")
    return [_row(ours, floor, share) for share in (0.5, 0.99)]


def _row(ours: Side, floor: Side, share: float) -> Row:
    took, least = percentile(ours.seconds, share), percentile(floor.seconds, share)
    return Row(
        name=f"acknowledgement p{share * 100:.0f}, {AT_ONCE} at once",
        ours=milliseconds(took),
        against=f"{milliseconds(least)} bare discord.py",
        figure=took / least,
        unit=Unit.RATIO,
        wanted=WANTED,
        remark=(
            f"/video frames with two pictures, {len(ours.seconds)} commands in {ROUNDS} rounds; "
            f"slowest {milliseconds(max(ours.seconds))} of the 3 s that Discord allows"
        ),
    )
