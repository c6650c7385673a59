"""SUCCEEDED → delivered, against a plain download and upload of the same file in the same run.

Ours is from the answer that reads SUCCEEDED to the moment Discord has the status message with the
MP4: claim, download with its checks and its fsync, probe in a child process, claim, upload, and
the commits in between, by the real process. The floor is a process that streams the same URL to a
file and sends it with one PATCH, and does nothing else. They take turns on the same sandboxes.

On loopback a file of 1 MiB arrives in milliseconds, so that what is left is our own work: decoding
the video once, and what must be on disk before the next step. The last row has the result come at
the pace of a network; it is told, not judged.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp

from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.dashscope.recorder import RequestRecord
from sandbox.dashscope.tasks import TaskRecord
from sandbox.discord.server import DiscordServer
from sandbox.discord.world.records import Message
from tests.benchmarks.figures import median, milliseconds
from tests.benchmarks.lag import read_lag
from tests.benchmarks.processes import WatchedBot, variables_of
from tests.benchmarks.rows import Row, Unit
from tests.e2e.process import ROOT
from tests.e2e.world import World

MIB = 1024 * 1024
REPETITIONS = 7
WARM_UPS = 1
WANTED = 1.3
BREATH_SECONDS = 1.0
"""Between two transfers: the announcement and the last commits hurt nobody, and the status
message's edits stay below Discord's limit for a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is moved."""

    name: str
    resolution: str
    fault: Mapping[str, object]
    """How the emulator sends the result."""
    wanted: float | None = WANTED


LOADS = (
    Load(name="1 MiB", resolution="480P", fault={"action": "big", "bytes": MIB}),
    Load(name="9 MiB", resolution="480P", fault={"action": "big", "bytes": 9 * MIB}),
    Load(
        name="720P at 2 MiB/s",
        resolution="720P",
        fault={"action": "drip", "bytes_per_second": 2 * MIB},
        wanted=None,
    ),
)


@dataclass(slots=True, kw_only=True)
class Timings:
    """Seconds of one load, a value for each repetition."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    """Where our time goes."""
    floor_download: list[float] = field(default_factory=list)


class BareTransfer:
    """The process that only moves files."""

    def __init__(self, process: asyncio.subprocess.Process, server: DiscordServer) -> None:
        self._process = process
        self._server = server
        self.channel = server.build.add_channel(server.guild, "floor")

    async def move(self, url: str, path: Path) -> tuple[float, float]:
        """Move a result; return the seconds of everything, and of the download alone."""
        headers = {"Authorization": f"Bot {self._server.token}"}
        place = f"{self._server.api_base_url}/channels/{self.channel.id}/messages"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(place, json={"content": "waiting"}) as answer,
        ):
            message_id = int((await answer.json())["id"])
        order = {
            "result": url,
            "path": str(path),
            "message": f"{place}/{message_id}",
            "token": self._server.token,
        }
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        answered = json.loads(await self._process.stdout.readline())
        message = self._server.state.messages[message_id]
        at = message.current.at.timestamp()
        return at - answered["began_at"], answered["download_seconds"]


@asynccontextmanager
async def bare_transfer(server: DiscordServer) -> AsyncIterator[BareTransfer]:
    """Start the floor's process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.bare_transfer",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield BareTransfer(process, server)
    finally:
        process.kill()
        await process.wait()


async def rows() -> list[Row]:
    """Measure each size."""
    quick = EmulatorSettings(task_seconds=(0.7, 0.7), queue_seconds=(0, 0))
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        async with DashScopeServer(quick) as dashscope, DiscordServer() as server:
            variables = variables_of(server, dashscope) | {
                "POLL_INTERVAL_SECONDS": "1",
                "DEFAULT_GUILD_DAILY_VIDEOS": "1000",
                "DEFAULT_MEMBER_DAILY_VIDEOS": "1000",
                "DAILY_BUDGET": "0",
            }
            bot = WatchedBot(folder, variables)
            world = World(discord=server, dashscope=dashscope, bot=bot)
            try:
                await bot.start()
                await server.wait_until_ready(commands=5)
                async with bare_transfer(server) as floor:
                    measured = [
                        (load, await _measured(world, floor, load, folder)) for load in LOADS
                    ]
                await read_lag(bot, "delivery")
            finally:
                await bot.kill()
    return [_row(load, timings) for load, timings in measured]


async def _measured(world: World, floor: BareTransfer, load: Load, folder: Path) -> Timings:
    timings = Timings()
    world.dashscope.faults.clear()
    world.dashscope.faults.add("result", times=None, **load.fault)  # type: ignore[arg-type]
    for number in range(WARM_UPS + REPETITIONS):
        before = len(world.status_messages())
        asked = await world.ask(world.discord.users[1], seed=7, resolution=load.resolution)
        await asked.final_reply()
        message = (await world.all_over(before + 1))[-1]
        task = list(world.dashscope.tasks.values())[-1]
        await asyncio.sleep(BREATH_SECONDS)
        seconds, download_seconds = await floor.move(str(task.video_url), folder / "floor.mp4")
        await asyncio.sleep(BREATH_SECONDS)
        if number < WARM_UPS:
            continue
        timings.floor.append(seconds)
        timings.floor_download.append(download_seconds)
        parts = _parts(world, task, message)
        timings.ours.append(sum(parts.values()))
        for part, took in parts.items():
            timings.parts.setdefault(part, []).append(took)
    return timings


def _answered_at(request: RequestRecord) -> float:
    """Return when a request was answered, as Unix time."""
    return request.wall + (request.answered_at or 0.0) - request.monotonic


def _parts(world: World, task: TaskRecord, message: Message) -> dict[str, float]:
    """Return the seconds of each part of a delivery, in their order."""
    known_at = _answered_at(
        [request for request in world.dashscope.requests if request.task_id == task.task_id][-1]
    )
    # The floor fetches later, so the first of this URL's is the bot's.
    path = str(task.video_url).partition("//")[2].partition("/")[2]
    fetch = next(request for request in world.dashscope.requests if request.path == f"/{path}")
    upload = [
        request
        for request in world.discord.requests
        if request.method == "PATCH" and request.multipart and str(message.id) in request.path
    ][-1]
    held = world.bot.events("job_advanced", target="delivering")[-1]
    held_at = datetime.fromisoformat(held["timestamp"]).timestamp()
    delivered_at = message.current.at.timestamp()
    marks = {
        "to the download": fetch.wall,
        "download": _answered_at(fetch),
        "file kept and probed": held_at,
        "to the upload": upload.started_at,
        "upload": delivered_at,
    }
    parts, since = {}, known_at
    for part, at in marks.items():
        parts[part], since = at - since, at
    return parts


def _row(load: Load, timings: Timings) -> Row:
    ours, floor = median(timings.ours), median(timings.floor)
    parts = ", ".join(
        f"{part} {milliseconds(median(took))}" for part, took in timings.parts.items()
    )
    return Row(
        name=f"SUCCEEDED → delivered, {load.name}",
        ours=milliseconds(ours),
        against=f"{milliseconds(floor)} download + upload",
        figure=ours / floor,
        unit=Unit.RATIO,
        wanted=load.wanted,
        remark=(
            f"{parts}; of the floor, download {milliseconds(median(timings.floor_download))}; "
            f"{len(timings.ours)} in turns"
        ),
    )
