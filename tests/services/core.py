"""The services of one process, wired as in ``bot.wiring`` but to doubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from bot.chat.text import Money, amount
from bot.domain.catalogue import Catalogue, Region
from bot.domain.guilds.audit import AuditEntry
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.job import Job, JobEvent, JobState
from bot.domain.jobs.ledger import NOTHING, Amounts, EntryKind
from bot.domain.jobs.transitions import open_job
from bot.metrics import Metrics
from bot.services.alerts import Alerts
from bot.services.audit_log import AuditTrail
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import Rules
from bot.services.guilds.settings import GuildSettings
from bot.services.host.process_lease import ProcessLease
from bot.services.intake.admission import Admission
from bot.services.intake.quotas import QuotaDefaults, Quotas
from bot.services.intake.submissions import Submissions
from bot.services.jobs.claims import PoisonJobGate
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.files import RESULT, Folders
from bot.services.jobs.message_locks import JobLocks
from bot.services.jobs.writer import JobWriter
from bot.services.messages.log_channels import LogChannels
from bot.services.messages.status_updater import EditPace, StatusUpdater
from bot.services.reconciliation.reconciler import Reconciler
from bot.services.stages.account_pause import Accounts
from bot.services.stages.deliverer import Deliverer
from bot.services.stages.dispatcher import Dispatcher
from bot.services.stages.downloader import Downloader
from bot.services.stages.poller import Poller, PollingPace
from bot.services.stages.reaper import Lifetimes, Reaper
from bot.storage import guilds, jobs, lanes, ledger
from bot.storage.engine import Database
from bot.storage.lanes import Account, Lane
from tests.fakes import (
    ACCOUNT,
    MODEL,
    NOW,
    VIDEO,
    InMemoryProvider,
    ManualClock,
    RecordingChat,
    a_job,
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


@dataclass(slots=True, kw_only=True)
class Core:
    """One process: real storage and services, doubles outside."""

    database: Database
    data_dir: Path
    clock: ManualClock
    provider: InMemoryProvider
    chat: RecordingChat
    media: FakeMedia
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(Region.BEIJING))
    defaults: QuotaDefaults = GENEROUS
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    away: timedelta = timedelta(0)
    poison_gate: PoisonJobGate = field(default_factory=PoisonJobGate)
    folders: Folders = field(init=False)
    writer: JobWriter = field(init=False)
    alerts: Alerts = field(init=False)
    accounts: Accounts = field(init=False)
    estimates: Estimates = field(init=False)
    quotas: Quotas = field(init=False)
    admission: Admission = field(init=False)
    guild_settings: GuildSettings = field(init=False)
    audit: AuditTrail = field(init=False)
    log_channels: LogChannels = field(init=False)
    moderation: Moderation = field(init=False)
    rules: Rules = field(init=False)
    submissions: Submissions = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    poller: Poller = field(init=False)
    downloader: Downloader = field(init=False)
    deliverer: Deliverer = field(init=False)
    board: StatusUpdater = field(init=False)
    reaper: Reaper = field(init=False)
    reconciler: Reconciler = field(init=False)
    instance: ProcessLease = field(init=False)

    def __post_init__(self) -> None:
        database, clock, chat, provider = self.database, self.clock, self.chat, self.provider
        locks = JobLocks()
        self.folders = Folders(self.data_dir)
        self.instance = ProcessLease(database, clock)
        self.writer = JobWriter(database, clock, self.metrics)
        self.alerts = Alerts(chat, clock)
        self.accounts = Accounts(database, clock, provider, self.alerts, self.metrics)
        self.estimates = Estimates(database, clock, self.catalogue, ACCOUNT)
        self.quotas = Quotas(database, clock, self.defaults)
        self.admission = Admission(database, self.catalogue)
        self.audit = AuditTrail(clock)
        self.guild_settings = GuildSettings(database, self.catalogue, self.audit)
        self.log_channels = LogChannels(database, clock, chat)
        worker_id = self.instance.worker_id
        self.submissions = Submissions(
            writer=self.writer,
            account=ACCOUNT,
            catalogue=self.catalogue,
            admission=self.admission,
            quotas=self.quotas,
            folders=self.folders,
            chat=chat,
            estimates=self.estimates,
            locks=locks,
            audit=self.audit,
            allowed_guilds=frozenset(),
        )
        self.moderation = Moderation(
            database=database, clock=clock, audit=self.audit, submissions=self.submissions
        )
        self.rules = Rules(
            database=database,
            clock=clock,
            audit=self.audit,
            defaults=self.defaults.rules,
            amount_words=partial(amount, money=Money()),
        )
        self.dispatcher = Dispatcher(
            writer=self.writer,
            provider=provider,
            catalogue=self.catalogue,
            folders=self.folders,
            accounts=self.accounts,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=worker_id,
            poll_interval_seconds=POLL_SECONDS,
            queue_ttl=QUEUE_TTL,
        )
        self.poller = Poller(
            writer=self.writer,
            provider=provider,
            catalogue=self.catalogue,
            accounts=self.accounts,
            alerts=self.alerts,
            metrics=self.metrics,
            pace=PollingPace(interval_seconds=POLL_SECONDS, timeout_seconds=TIMEOUT_SECONDS),
        )
        self.downloader = Downloader(
            writer=self.writer,
            provider=provider,
            media=self.media,
            folders=self.folders,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=worker_id,
            poison_gate=self.poison_gate,
        )
        self.deliverer = Deliverer(
            writer=self.writer,
            chat=chat,
            media=self.media,
            folders=self.folders,
            locks=locks,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=worker_id,
            poison_gate=self.poison_gate,
            upload_limit_mib=10,
        )
        self.board = StatusUpdater(
            writer=self.writer,
            chat=chat,
            estimates=self.estimates,
            folders=self.folders,
            locks=locks,
            metrics=self.metrics,
            pace=EditPace(edit_interval_seconds=EDIT_SECONDS, queue_ttl=QUEUE_TTL),
            away=self.away,
        )
        self.reaper = Reaper(
            writer=self.writer,
            folders=self.folders,
            alerts=self.alerts,
            metrics=self.metrics,
            lifetimes=Lifetimes(queue_ttl=QUEUE_TTL, retention=RETENTION),
        )
        self.reconciler = Reconciler(writer=self.writer, provider=provider, alerts=self.alerts)

    def restarted(self) -> Core:
        """Return what the next process on the same database and files is made of."""
        return Core(
            database=self.database,
            data_dir=self.data_dir,
            clock=self.clock,
            provider=self.provider,
            chat=self.chat,
            media=self.media,
            catalogue=self.catalogue,
            defaults=self.defaults,
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
        folder = self.folders.of(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULT).write_bytes(content)
        await self.patch(job, media_bytes=len(content))

    async def patch(self, job: Job, **changes: object) -> None:
        """Change columns of a job."""
        if changes:
            await self.writer.patch(job.id, **changes)

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
            return await lanes.account_of(connection, ACCOUNT)

    async def logged(self) -> list[tuple[ChannelId, AuditEntry]]:
        """Let the log channels be told, and return what they were, from the beginning."""
        while await self.log_channels.run_once() == 0:
            pass
        return self.chat.logged

    def told(self) -> list[str]:
        """Return what the operators were told."""
        return [notice.told.value for notice in self.chat.notices]


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
    held = {"media_file": RESULT, "media_bytes": len(VIDEO)}
    match state:
        case JobState.SUBMITTING:
            return sent | {"lease_until": NOW + timedelta(seconds=90)}
        case JobState.UNCONFIRMED:
            return sent | {"gave_up_at": NOW}
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
