"""An unpaced burst of ``/video text``: what is refused, and who waits how long."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bot.domain.catalogue import Choices, Kind
from bot.domain.errors import BotError
from bot.domain.ids import GuildId, UserId
from bot.domain.requests.submission import VideoOptions
from bot.storage import accounts, migrate
from bot.storage.engine import Database
from tests.benchmarks.figures import milliseconds, percentile
from tests.benchmarks.rows import Row, Unit
from tests.fakes import (
    ACCOUNT,
    GUILD,
    InMemoryProvider,
    ManualClock,
    RecordingChat,
    a_requester,
    a_submission,
)
from tests.services.core import GENEROUS, Core
from tests.services.media import FakeMedia

COMMANDS = 520
GUILDS = 8
MEMBERS = 40
ALONE = 20
LOOP_SECONDS = 0.1
TOKEN_SECONDS = 900
"""Discord takes an answer so long."""
ROOM = replace(
    GENEROUS,
    rules=tuple(replace(rule, limit=10 * COMMANDS) for rule in GENEROUS.rules),
    max_queued_per_member=COMMANDS,
    max_queued_per_guild=COMMANDS,
)


async def rows() -> list[Row]:
    """Run the burst on a SQLite file; the product's own settings of it hold."""
    folder = Path(tempfile.mkdtemp(prefix="tween-burst-"))
    database = Database(f"sqlite:///{folder}/tween.db")
    try:
        await migrate.upgrade(database)
        return await _measured(database, folder)
    finally:
        await database.aclose()
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(database: Database, folder: Path) -> list[Row]:
    clock = ManualClock()
    core = Core(
        database=database,
        data_dir=folder,
        clock=clock,
        provider=InMemoryProvider(clock),
        chat=RecordingChat(),
        media=FakeMedia(),
        defaults=ROOM,
    )
    await core.dispatcher.prepare()
    alone = [await _command(core, number) for number in range(ALONE)]
    loops: list[float] = []
    writing = asyncio.create_task(_write_as_loops_do(database, loops))  # noqa: TID251 - ended below
    started = time.monotonic()
    taken = await asyncio.gather(*(_command(core, number) for number in range(COMMANDS)))
    whole = time.monotonic() - started
    writing.cancel()
    refused = sum(seconds is None for seconds in taken)
    answered = [seconds for seconds in taken if seconds is not None]
    one = percentile([seconds for seconds in alone if seconds is not None], 0.5)
    return [
        Row(
            name=f"refused of {COMMANDS} text commands at once",
            ours=f"{refused} refused",
            against="nobody",
            figure=refused,
            unit=Unit.COUNT,
            wanted=0,
        ),
        Row(
            name=f"the last of {COMMANDS} text commands at once",
            ours=f"{max(answered):.1f} s",
            against=f"{COMMANDS} one after the other {one * COMMANDS:.1f} s",
            figure=max(answered),
            unit=Unit.SECONDS,
            wanted=TOKEN_SECONDS,
            remark="Each is two transactions and some 50 statements on one file.",
        ),
        Row(
            name=f"a loop's write during {COMMANDS} text commands",
            ours=f"p99 {milliseconds(percentile(loops, 0.99))}",
            against=f"all of them {whole:.1f} s",
            figure=percentile(loops, 0.99),
            unit=Unit.SECONDS,
            wanted=10.0,
            remark="The lease on the database is renewed in the same line, and lasts 20 s.",
        ),
    ]


async def _command(core: Core, number: int) -> float | None:
    """Give a command; return after how many seconds it was answered, None where it was refused."""
    guild_id = GuildId(GUILD + number % GUILDS)
    started = time.monotonic()
    try:
        await core.video_requests.request(
            a_requester(guild_id, UserId(5_000 + number % MEMBERS)),
            replace(a_submission().origin, guild_id=guild_id),
            Kind.TEXT,
            VideoOptions(prompt="a red fox"),
            Choices(),
        )
    except BotError:
        return None
    return time.monotonic() - started


async def _write_as_loops_do(database: Database, into: list[float]) -> None:
    while True:
        started = time.monotonic()
        async with database.write() as connection:
            await accounts.ensure(connection, ACCOUNT)
        into.append(time.monotonic() - started)
        await asyncio.sleep(LOOP_SECONDS)
