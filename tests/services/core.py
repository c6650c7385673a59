"""The services of one process on doubles of everything outside, built as the product is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from pydantic import SecretStr

from bot.app import App
from bot.domain.amounts import NOTHING, Amounts
from bot.domain.catalogue import Catalogue
from bot.domain.guilds.audit import AuditEntry
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.host.account import Account
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.files import JOBS, PREVIEW, RESULT, folder_of
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ledger import EntryKind
from bot.domain.jobs.states import JobState
from bot.domain.jobs.transitions import open_job
from bot.domain.requests.submission import Submission
from bot.outside import Overrides
from bot.services.intake.quotas import QuotaDefaults
from bot.settings import Settings
from bot.storage import accounts, guilds, jobs, lanes, ledger, tables
from bot.storage.engine import Database
from bot.storage.job_rows import difference
from bot.storage.lanes import Lane
from tests.fakes import (
    ACCOUNT,
    MODEL,
    NOW,
    VIDEO,
    InMemoryProvider,
    ManualClock,
    RecordingChat,
    a_job,
    altered,
)
from tests.services.media import FakeMedia

POLL_SECONDS = 15.0
TIMEOUT_SECONDS = 14_400.0
EDIT_SECONDS = 5.0
QUEUE_TTL = timedelta(days=1)
RETENTION = timedelta(days=7)

GENEROUS = QuotaDefaults(
    rules=tuple(
        Rule(scope=scope, unit=Unit.VIDEOS, window=Window.DAY, limit=100)
        for scope in (Scope.CEILING, Scope.SERVER, Scope.MEMBER_DEFAULT)
    ),
    daily_budget_micros=0,
    max_queued_per_member=100,
    max_queued_per_guild=100,
)


class Core(App):
    """One process: real storage and services, doubles outside."""

    provider: InMemoryProvider
    chat: RecordingChat
    media: FakeMedia
    clock: ManualClock

    def __init__(
        self,
        *,
        database: Database,
        data_dir: Path,
        clock: ManualClock,
        provider: InMemoryProvider,
        chat: RecordingChat,
        media: FakeMedia,
        catalogue: Catalogue | None = None,
        defaults: QuotaDefaults = GENEROUS,
        away: timedelta = timedelta(0),
        queue_ttl: timedelta = QUEUE_TTL,
    ) -> None:
        settings = Settings(
            discord_token=SecretStr("token"),
            dashscope_api_key=SecretStr("sk-key"),
            database_url="sqlite:///unused",
            data_dir=data_dir,
            queue_ttl_seconds=queue_ttl.total_seconds(),
            min_free_mib=0,
        )
        overrides = Overrides(
            clock=clock,
            database=database,
            provider=provider,
            chat=chat,
            media=media,
            catalogue=catalogue,
            defaults=defaults,
        )
        super().__init__(settings, overrides, AsyncExitStack())
        self.process_lease.away = away
        # Built at the start, as in the product: some remember since when they live.
        self.loops = (
            self.dispatcher,
            self.poller,
            self.downloader,
            self.deliverer,
            self.status_updater,
            self.reconciler,
            self.reaper,
        )

    def restarted(self) -> Core:
        """Return what the next process on the same database and files is made of."""
        return self.altered()

    def altered(
        self,
        *,
        provider: InMemoryProvider | None = None,
        catalogue: Catalogue | None = None,
        defaults: QuotaDefaults | None = None,
        away: timedelta = timedelta(0),
        queue_ttl: timedelta = QUEUE_TTL,
    ) -> Core:
        """Return another process on the same database and files, with some other parts."""
        return Core(
            database=self.database,
            data_dir=self.settings.data_dir,
            clock=self.clock,
            provider=provider or self.provider,
            chat=self.chat,
            media=self.media,
            catalogue=catalogue or self.catalogue,
            defaults=defaults or self.quota_defaults,
            away=away,
            queue_ttl=queue_ttl,
        )

    async def put(self, state: JobState = JobState.QUEUED, **changes: object) -> Job:
        """Store a job in any state, with its RESERVE; what it shows is up to date."""
        made: dict[str, object] = {"state": state, **_usual(state), "shown_version": 1}
        job = a_job(**(made | changes))
        async with self.database.write() as connection:
            await guilds.ensure(connection, job.guild_id)
            await jobs.apply(connection, open_job(job))
        return job

    async def put_video(self, job: Job, content: bytes = VIDEO) -> None:
        """Put a finished video into a job's folder."""
        self._write(job.id, RESULT, content)
        await self.patch(job, video_bytes=len(content))

    async def submit(
        self, submission: Submission, jpegs: Mapping[str, bytes] = MappingProxyType({})
    ) -> Job:
        """Queue a submission whose pictures are kept; those nobody gives are a few bytes."""
        for picture in submission.pictures:
            content = jpegs.get(picture.option, picture.option.encode())
            self._write(submission.job_id, picture.file_name, content)
        if submission.has_preview:
            self._write(submission.job_id, PREVIEW, b"preview")
        return await self.submissions.submit(submission)

    def folder_of(self, job_id: JobId) -> Path:
        """Return where a job's files are."""
        return self.settings.data_dir / folder_of(job_id)

    def files_of(self, job_id: JobId) -> dict[str, bytes]:
        """Return a job's files by their names."""
        return {path.name: path.read_bytes() for path in self.folder_of(job_id).iterdir()}

    def left(self) -> list[str]:
        """Return what lies among the files of jobs and in scratch folders, folders included."""
        root = self.settings.data_dir
        found = [path for name in (JOBS, "scratch") for path in (root / name).rglob("*")]
        return sorted(path.relative_to(root).as_posix() for path in found)

    def _write(self, job_id: JobId, name: str, content: bytes) -> None:
        folder = self.folder_of(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    async def patch(self, job: Job, **changes: object) -> None:
        """Change a stored job whatever its version; see ``tests.fakes.altered`` for the names."""
        before = await self.job(job)
        values = difference(before, altered(before, **changes))
        if values:
            async with self.database.write() as connection:
                row = tables.jobs.update().where(tables.jobs.c.id == job.id)
                await connection.execute(row.values(**values))

    async def job(self, job: Job | JobId) -> Job:
        """Return a job as it is stored."""
        stored = await self.writer.read(job.id if isinstance(job, Job) else job)
        assert stored is not None
        return stored

    async def state(self, job: Job) -> JobState:
        """Return a job's stored state."""
        return (await self.job(job)).state

    async def events(self, job: Job) -> list[JobEvent]:
        """Return a job's history."""
        async with self.database.read() as connection:
            return await jobs.history(connection, job.id)

    async def entries(self, job: Job) -> list[EntryKind]:
        """Return the kinds of a job's ledger entries."""
        async with self.database.read() as connection:
            return [entry.kind for entry in await ledger.of_job(connection, job.id)]

    async def spent(self, job: Job) -> Amounts:
        """Return the sum of a job's ledger entries."""
        async with self.database.read() as connection:
            entries = await ledger.of_job(connection, job.id)
        return sum((entry.amounts for entry in entries), NOTHING)

    async def lane(self, model: str = MODEL) -> Lane:
        """Return a lane as it is stored."""
        async with self.database.read() as connection:
            lane = await lanes.get(connection, ACCOUNT, model)
        assert lane is not None
        return lane

    async def account(self) -> Account:
        """Return the account as it is stored."""
        async with self.database.read() as connection:
            return await accounts.get(connection, ACCOUNT)

    async def logged(self) -> list[tuple[ChannelId, AuditEntry]]:
        """Let the log channels be told, and return what they were, from the beginning."""
        while await self.log_channels.run_once() == 0:
            pass
        return self.chat.logged

    def told(self) -> list[str]:
        """Return what the operators were told."""
        return [alert.kind.value for alert in self.chat.alerts]


def _usual(state: JobState) -> Mapping[str, object]:
    """Return what a job of a state has besides the state."""
    sent = {"sent_at": NOW - timedelta(seconds=30)}
    taken = sent | {
        "task_id": f"task-of-{state.value}",
        "confirmed_at": NOW - timedelta(seconds=29),
        "next_poll_at": NOW,
    }
    done = taken | {
        "next_poll_at": None,
        "billed_seconds": 5,
        "result_url": "https://results.aliyuncs.com/film.mp4?Signature=secret",
        "url_expires_at": NOW + timedelta(hours=24),
    }
    held = {"video_file": RESULT, "video_bytes": len(VIDEO)}
    match state:
        case JobState.SUBMITTING:
            return sent | {"lease_until": NOW + timedelta(seconds=90)}
        case JobState.UNCONFIRMED:
            return sent | {"create_abandoned_at": NOW}
        case JobState.PENDING | JobState.RUNNING:
            return taken
        case JobState.DOWNLOADING:
            return done
        case JobState.DELIVERING:
            return done | held
        case JobState.DELIVERED | JobState.UNDELIVERABLE:
            return done | held | {"finished_at": NOW}
        case JobState.FAILED | JobState.CANCELLED | JobState.EXPIRED:
            return {"finished_at": NOW}
        case JobState.QUEUED | JobState.PARKED:
            return {}
