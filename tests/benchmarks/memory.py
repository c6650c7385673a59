"""What a large result and many jobs add to the memory of the bot's process.

Both are measured on the real process against the sandboxes: its resident memory when it is ready
and idle, and the highest it ever was from then on (``VmHWM``, reset through ``clear_refs``:
https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html). The media children are other
processes; what they added at their highest is told apart.

The result is an ordinary film that the emulator pads to 95 MiB with a box that players skip, for
a guild of boost tier 3, which takes 100 MiB. It is the process's first job, so that whatever is
loaded or started only then counts too.

The thousand jobs are put into the database with their pictures, with status messages that stand
in fifty guilds, and 950 of them with tasks that the emulator has: a thousand slash commands and
creates would take minutes and leave the same behind. All the rest is the product's, in a lane that
``CATALOGUE_OVERRIDES`` widens: it claims and submits the last fifty, and polls and edits all.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from bot.clock import WallClock
from bot.domain.catalogue import FileRole, RequestShape
from bot.domain.ids import AccountId, ChannelId, GuildId, MessageId, TaskId, UserId
from bot.domain.jobs.files import folder_of
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.domain.requests.pictures import Picture
from bot.domain.requests.task import TaskImage, TaskRequest
from bot.provider.requests import create_body
from bot.storage import guilds, jobs
from bot.storage.engine import Database
from bot.storage.tables import accounts
from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.settings import DiscordSettings
from tests.benchmarks.lag import read_lag
from tests.benchmarks.processes import WatchedBot, variables_of
from tests.benchmarks.rows import Row, Unit
from tests.e2e.world import KEY, SAMPLES, World
from tests.fakes import MODEL, a_job

MIB = 1024 * 1024
RESULT_MIB = 95
MOST_FOR_A_RESULT_MIB = 16.0
JOBS = 1_000
MOST_FOR_JOBS_MIB = 30.0
GUILDS = 50
IDLE_SECONDS = 5.0
"""After the start: commands are synchronised."""
HOLD_SECONDS = 20.0
"""With all of them in flight: polls and edits go on."""
IN_HAND = 950
"""Jobs whose tasks exist already."""
BATCH = 50
"""Jobs a transaction: the process under test must not wait for the database."""

FRAMES = {"first_frame": "cat-first.jpg", "last_frame": "cat-last.jpg"}
PICTURES = tuple(
    Picture(option=option, file_name=f"{option}.jpg", width=960, height=640) for option in FRAMES
)
OVERRIDES = f"""["{MODEL}"]
in_flight = {JOBS}
submits_per_second = 1000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a process holds, in MiB."""

    resident: float
    highest: float
    """Since the last reset."""


def memory_of(pid: int) -> Memory:
    """Read a process's memory."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")

    def field(name: str) -> float:
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise LookupError(f"no {name} of process {pid}")
        return int(found[1]) / 1024

    return Memory(resident=field("VmRSS"), highest=field("VmHWM"))


def reset_highest(pid: int) -> None:
    """Let the highest begin anew from what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def children_of(pid: int) -> set[int]:
    """Return the processes a process started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


@dataclass(slots=True)
class Family:
    """The bot's process and its children, from a moment of rest on."""

    pid: int
    before: Memory
    children: dict[int, Memory]

    @classmethod
    def at_rest(cls, pid: int) -> Family:
        """Remember what is held now."""
        children = {child: memory_of(child) for child in children_of(pid)}
        for process in (pid, *children):
            reset_highest(process)
        return cls(pid, memory_of(pid), children)

    @property
    def added(self) -> float:
        """What the bot's own process held more at its highest."""
        return memory_of(self.pid).highest - self.before.resident

    @property
    def added_by_children(self) -> float:
        """What the children that are still there held more at their highest."""
        living = self.children.keys() & children_of(self.pid)
        return sum(memory_of(child).highest - self.children[child].resident for child in living)


@asynccontextmanager
async def _idle_world(
    emulator: EmulatorSettings, folder: Path, where: str, **variables: str
) -> AsyncIterator[World]:
    """Start both sandboxes and the bot, and wait until it rests."""
    discord = DiscordSettings(rate_limits=False)
    async with DashScopeServer(emulator) as dashscope, DiscordServer(discord) as server:
        server.build.update_guild(server.guild, premium_tier=3)
        bot = WatchedBot(folder, variables_of(server, dashscope) | variables)
        try:
            await bot.start()
            await server.wait_until_ready(commands=5)
            await asyncio.sleep(IDLE_SECONDS)
            yield World(discord=server, dashscope=dashscope, bot=bot)
            await read_lag(bot, where)
        finally:
            await bot.kill()


async def _large_result(folder: Path) -> Row:
    """Deliver one video of 95 MiB."""
    quick = EmulatorSettings(task_seconds=(1, 1), queue_seconds=(0, 0))
    async with _idle_world(
        quick, folder, f"a result of {RESULT_MIB} MiB", POLL_INTERVAL_SECONDS="1"
    ) as world:
        world.dashscope.faults.add("result", "big", bytes=RESULT_MIB * MIB)
        family = Family.at_rest(world.bot.pid)
        await world.ask(world.discord.users[1])
        (message,) = await world.all_over(1, within_seconds=180)
        sizes = [attachment.size for attachment in message.current.attachments]
        if RESULT_MIB * MIB not in sizes:
            raise ValueError(f"not delivered whole: {sizes}")
        return Row(
            name=f"memory for a result of {RESULT_MIB} MiB",
            ours=f"{memory_of(family.pid).highest:.1f} MiB",
            against=f"{family.before.resident:.1f} MiB, ready and idle",
            figure=family.added,
            unit=Unit.MIB,
            wanted=MOST_FOR_A_RESULT_MIB,
            remark=f"media children: {family.added_by_children:+.1f} MiB at their highest",
        )


async def _many_jobs(folder: Path) -> Row:
    """Bring a thousand jobs in flight."""
    roomy = EmulatorSettings(
        task_seconds=(3600, 3600),
        queue_seconds=(0, 0),
        create_rps=10_000,
        concurrency=JOBS,
    )
    overrides = folder / "overrides.toml"
    overrides.write_text(OVERRIDES, "utf-8")
    async with _idle_world(
        roomy, folder, f"{JOBS} jobs in flight", CATALOGUE_OVERRIDES=str(overrides)
    ) as world:
        family = Family.at_rest(world.bot.pid)
        await _seed(world)
        await world.dashscope.wait_for(lambda: len(world.dashscope.tasks) >= JOBS, 240)
        await asyncio.sleep(HOLD_SECONDS)
        return Row(
            name=f"memory for {JOBS:,} jobs in flight",
            ours=f"{memory_of(family.pid).highest:.1f} MiB",
            against=f"{family.before.resident:.1f} MiB, ready and idle",
            figure=family.added,
            unit=Unit.MIB,
            wanted=MOST_FOR_JOBS_MIB,
            remark=f"resident in the end: {memory_of(family.pid).resident:.1f} MiB",
        )


async def _seed(world: World) -> None:
    """Put the jobs into the bot's database."""
    made = [job async for job in _made(world, await _account(world))]
    await asyncio.to_thread(_store_frames, world.bot.folder / "data", made)
    database = Database(f"sqlite:///{world.bot.folder}/data/tween.db")
    try:
        for start in range(0, JOBS, BATCH):
            async with database.write() as connection:
                for job in made[start : start + BATCH]:
                    await guilds.ensure(connection, job.guild_id)
                    await jobs.apply(connection, open_job(job))
    finally:
        await database.aclose()


async def _account(world: World) -> AccountId:
    async with world.database() as connection:
        return AccountId((await connection.execute(select(accounts.c.account))).scalar_one())


async def _made(world: World, account: AccountId) -> AsyncIterator[Job]:
    """Post status messages, guild by guild in turn, create tasks, and yield a job for each."""
    discord = world.discord
    channels = [
        discord.build.add_channel(discord.build.add_guild(f"guild {at}", premium_tier=3), "videos")
        for at in range(GUILDS)
    ]
    headers = {"Authorization": f"Bot {discord.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for at in range(JOBS):
            channel = channels[at % GUILDS]
            place = f"{discord.api_base_url}/channels/{channel.id}/messages"
            async with session.post(place, json={"content": "waiting"}) as answer:
                message_id = MessageId(int((await answer.json())["id"]))
            task = await _task(world, session) if at < IN_HAND else {}
            now = WallClock().now()
            yield a_job(
                account=account,
                guild_id=GuildId(channel.guild_id or 0),
                channel_id=ChannelId(channel.id),
                requester_id=UserId(discord.users[1].id),
                pictures=PICTURES,
                created_at=now,
                counted_at=now,
                entered_at=now,
                status_channel_id=ChannelId(channel.id),
                status_message_id=message_id,
                **task,
            )


async def _task(world: World, session: aiohttp.ClientSession) -> dict[str, Any]:
    """Create a task with the product's own request; return what its job knows of it."""
    request = TaskRequest(
        model=MODEL,
        shape=RequestShape.FRAME_FIELDS,
        images=tuple(
            TaskImage(role=FileRole(option), jpeg=(SAMPLES / name).read_bytes())
            for option, name in FRAMES.items()
        ),
        prompt=None,
        negative_prompt=None,
        template=None,
        resolution="720P",
        size=None,
        duration_seconds=None,
        seed=None,
        prompt_extend=True,
        watermark=False,
    )
    async with session.post(
        f"{world.dashscope.base_url}/services/aigc/{request.shape.endpoint.value}",
        data=await asyncio.to_thread(create_body, request),
        headers={
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/json",
            "X-DashScope-Async": "enable",
        },
    ) as answer:
        body = await answer.json()
    now = WallClock().now()
    return {
        "state": JobState.PENDING,
        "task_id": TaskId(body["output"]["task_id"]),
        "sent_at": now,
        "confirmed_at": now,
        "next_poll_at": now,
    }


def _store_frames(data: Path, made: Sequence[Job]) -> None:
    """Give each job its pictures; all are the same two files."""
    samples = {
        option: Path(shutil.copy(SAMPLES / name, data.parent)) for option, name in FRAMES.items()
    }
    for job in made:
        folder = data / folder_of(job.id)
        folder.mkdir(parents=True)
        for option, sample in samples.items():
            (folder / f"{option}.jpg").hardlink_to(sample)


async def rows() -> list[Row]:
    """Measure both, each with a process of its own."""
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as first:
        large = await _large_result(Path(first))
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as second:
        return [large, await _many_jobs(Path(second))]
