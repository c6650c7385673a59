"""A guild with 20,000 rows of each kind: how long what is asked often holds the event loop."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from bot.chat import moderation_panels
from bot.domain.money import Money
from bot.storage import migrate
from bot.storage.engine import Database
from tests.benchmarks.figures import median, milliseconds
from tests.benchmarks.rows import Row, Unit
from tests.fakes import CHANNEL, GUILD, InMemoryProvider, ManualClock, RecordingChat, a_submission
from tests.services.core import Core
from tests.services.guilds.many_rows import fill
from tests.services.media import FakeMedia

ROWS = 20_000
ROUNDS = 9
MOST_SECONDS = 0.05
MONEY = Money(currency="CNY", per_cny=1)
BEFORE = {"block list": 236, "quota list": 415, "autocomplete": 144, "submission": 144}
"""Milliseconds, measured in a review before rows were bounded and lists paged."""


async def rows() -> list[Row]:
    """Ask each with its own answer drawn, as a command does."""
    folder = Path(tempfile.mkdtemp(prefix="tween-rows-"))
    database = Database(f"sqlite:///{folder}/tween.db")
    try:
        await migrate.upgrade(database)
        await fill(database, ROWS)
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
    )
    await core.dispatcher.prepare()

    async def block_list() -> None:
        moderation_panels.block_list(await core.moderation.blocks(GUILD))

    async def quota_list() -> None:
        quota = await core.quotas.overview(GUILD)
        moderation_panels.quota_list(
            quota.standings, quota.grants, MONEY, grants_count=quota.grants_count
        )

    async def autocomplete() -> None:
        await core.admission.catalogue(GUILD)

    async def submission() -> None:
        await core.submit(a_submission(channel_path=(CHANNEL,)))

    asked = {
        "block list": block_list,
        "quota list": quota_list,
        "autocomplete": autocomplete,
        "submission": submission,
    }
    return [_row(name, await _held(ask)) for name, ask in asked.items()]


def _row(name: str, held: float) -> Row:
    return Row(
        name=f"loop held by {name}, {ROWS:,} rows of each kind",
        ours=milliseconds(held),
        against=f"before {BEFORE[name]} ms",
        figure=held * 1000,
        unit=Unit.MILLISECONDS,
        wanted=MOST_SECONDS * 1000,
    )


async def _held(ask: Callable[[], Awaitable[None]]) -> float:
    """Return for how long nothing else ran, at most, in the usual round."""
    await ask()
    gaps = []
    for _ in range(ROUNDS):
        seen = [time.perf_counter()]
        ticking = asyncio.create_task(_tick(seen))  # noqa: TID251 - ended below
        await ask()
        ticking.cancel()
        seen.append(time.perf_counter())
        gaps.append(max(after - before for before, after in pairwise(seen)))
    return median(gaps)


async def _tick(seen: list[float]) -> None:
    while True:
        await asyncio.sleep(0)
        seen.append(time.perf_counter())
