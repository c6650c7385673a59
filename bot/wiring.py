"""Half of the composition root: which object gets which. ``app`` starts and stops the result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from bot.chat.messenger import Messenger
from bot.chat.text import amount
from bot.client import TweenBot
from bot.clock import LocalWakeup
from bot.domain.catalogue import Catalogue
from bot.domain.ids import GuildId
from bot.domain.jobs.job import Job, JobState
from bot.domain.ports import Clock, VideoProvider
from bot.media.child import MediaPool
from bot.metrics import Metrics
from bot.services import Services
from bot.services.alerts import Alerts
from bot.services.audit_log import AuditTrail
from bot.services.guilds.membership import GuildMembership
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import Rules
from bot.services.guilds.settings import GuildSettings
from bot.services.guilds.usage_reports import Usage
from bot.services.host.clock_watch import ClockStepWatch
from bot.services.host.command_registry import CommandRegistry
from bot.services.host.operator import Host
from bot.services.host.process_lease import ProcessLease
from bot.services.host.storage_watch import StorageWatch
from bot.services.host.watchdogs import GatewayWatch, LagWatch
from bot.services.intake.admission import Admission
from bot.services.intake.erasure import Erasure
from bot.services.intake.pictures import Pictures
from bot.services.intake.quotas import QuotaDefaults, Quotas
from bot.services.intake.refusal_counter import RefusalCounter
from bot.services.intake.submissions import Submissions
from bot.services.jobs.claims import PoisonJobGate
from bot.services.jobs.estimates import Estimates
from bot.services.jobs.files import Folders
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
from bot.services.stages.supervisor import Loop, Pipeline
from bot.services.switch import IntakeSwitch
from bot.settings import Settings
from bot.storage.engine import Database

DOWNLOADERS = 2
DELIVERERS = 3
"""Enough for all lanes of an account, and one more for each encoder; each streams one file."""

LANE_ROUND_SECONDS = 180
TRANSFER_ROUND_SECONDS = 1200
PROBE_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class Wiring:
    """What the objects of one process share."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    database: Database
    provider: VideoProvider
    media: MediaPool
    client: TweenBot
    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    locks: JobLocks = field(default_factory=JobLocks)
    poison_gate: PoisonJobGate = field(default_factory=PoisonJobGate)
    instance: ProcessLease = field(init=False)
    folders: Folders = field(init=False)
    chat: Messenger = field(init=False)
    writer: JobWriter = field(init=False)
    alerts: Alerts = field(init=False)
    audit: AuditTrail = field(init=False)
    accounts: Accounts = field(init=False)
    estimates: Estimates = field(init=False)

    def __post_init__(self) -> None:
        database, clock, client = self.database, self.clock, self.client
        account = self.provider.account
        self.instance = ProcessLease(database, clock)
        self.folders = Folders(self.settings.data_dir)
        self.chat = Messenger(client, money=client.money, operators=self.settings.operators)
        self.writer = JobWriter(database, clock, self.metrics)
        self.alerts = Alerts(self.chat, clock)
        self.audit = AuditTrail(clock)
        self.accounts = Accounts(database, clock, self.provider, self.alerts, self.metrics)
        self.estimates = Estimates(database, clock, self.catalogue, account)

    def services(self) -> Services:
        """Return what cogs are built from."""
        settings = self.settings
        quotas = Quotas(
            self.database,
            self.clock,
            QuotaDefaults(
                rules=settings.default_rules(),
                daily_budget_micros=settings.daily_budget_micros,
                max_queued_per_member=settings.max_queued_per_member,
                max_queued_per_guild=settings.max_queued_per_guild,
            ),
        )
        admission = Admission(self.database, self.catalogue)
        submissions = Submissions(
            writer=self.writer,
            account=self.provider.account,
            catalogue=self.catalogue,
            admission=admission,
            quotas=quotas,
            folders=self.folders,
            chat=self.chat,
            estimates=self.estimates,
            locks=self.locks,
            audit=self.audit,
            allowed_guilds=settings.guilds,
        )
        return Services(
            admission=admission,
            catalogue=self.catalogue,
            clock=self.clock,
            estimates=self.estimates,
            forgetting=Erasure(
                writer=self.writer,
                folders=self.folders,
                submissions=submissions,
                audit=self.audit,
            ),
            guild_settings=GuildSettings(self.database, self.catalogue, self.audit),
            host=self.host(),
            moderation=Moderation(
                database=self.database,
                clock=self.clock,
                audit=self.audit,
                submissions=submissions,
            ),
            pictures=Pictures(self.media),
            quotas=quotas,
            registration=CommandRegistry(self.database),
            rules=Rules(
                database=self.database,
                clock=self.clock,
                audit=self.audit,
                defaults=settings.default_rules(),
                amount_words=partial(amount, money=self.client.money),
            ),
            submissions=submissions,
            switches=IntakeSwitch(self.database),
            usage=self.usage(),
            acknowledged=self.metrics.acknowledge_seconds.observe,
            refused=RefusalCounter(self.database, self.clock, self.metrics).count,
            region=settings.dashscope_region,
            retention=settings.retention,
            operators=frozenset(settings.operators),
            operator_guild=_guild(settings.operator_guild_id),
        )

    def host(self) -> Host:
        """Return what operators ask."""
        return Host(
            database=self.database,
            clock=self.clock,
            account=self.provider.account,
            catalogue=self.catalogue,
            audit=self.audit,
            amount_words=partial(amount, money=self.client.money),
            reconciler=self.reconciler(),
            default_rules=self.settings.default_rules(),
            daily_budget_micros=self.settings.daily_budget_micros,
        )

    def usage(self) -> Usage:
        """Return what admins read."""
        scratch = self.settings.data_dir / "exports"
        return Usage(self.database, self.clock, self.media, scratch=scratch)

    def departures(self) -> GuildMembership:
        """Return what follows which guilds the bot is in."""
        return GuildMembership(
            writer=self.writer,
            present=self.client.present,
            is_member=self.client.is_member,
            allowed_guilds=self.settings.guilds,
        )

    def dispatcher(self) -> Dispatcher:
        """Return the only caller of the create."""
        return Dispatcher(
            writer=self.writer,
            provider=self.provider,
            catalogue=self.catalogue,
            folders=self.folders,
            accounts=self.accounts,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=self.instance.worker_id,
            poll_interval_seconds=self.settings.poll_interval_seconds,
            queue_ttl=timedelta(seconds=self.settings.queue_ttl_seconds),
        )

    def poller(self) -> Poller:
        """Return the one loop for all tasks at the provider."""
        return Poller(
            writer=self.writer,
            provider=self.provider,
            catalogue=self.catalogue,
            accounts=self.accounts,
            alerts=self.alerts,
            metrics=self.metrics,
            pace=PollingPace(
                interval_seconds=self.settings.poll_interval_seconds,
                timeout_seconds=self.settings.task_timeout_seconds,
            ),
        )

    def downloader(self) -> Downloader:
        """Return what fetches results."""
        return Downloader(
            writer=self.writer,
            provider=self.provider,
            media=self.media,
            folders=self.folders,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=self.instance.worker_id,
            poison_gate=self.poison_gate,
        )

    def deliverer(self) -> Deliverer:
        """Return what puts videos into Discord."""
        return Deliverer(
            writer=self.writer,
            chat=self.chat,
            media=self.media,
            folders=self.folders,
            locks=self.locks,
            alerts=self.alerts,
            metrics=self.metrics,
            worker_id=self.instance.worker_id,
            poison_gate=self.poison_gate,
            upload_limit_mib=self.settings.upload_limit_mib,
        )

    def board(self) -> StatusUpdater:
        """Return the writer of status messages."""
        return StatusUpdater(
            writer=self.writer,
            chat=self.chat,
            estimates=self.estimates,
            folders=self.folders,
            locks=self.locks,
            metrics=self.metrics,
            pace=EditPace(
                edit_interval_seconds=self.settings.status_edit_interval_seconds,
                queue_ttl=timedelta(seconds=self.settings.queue_ttl_seconds),
            ),
            away=self.instance.away,
        )

    def reaper(self) -> Reaper:
        """Return what ends what has waited too long."""
        return Reaper(
            writer=self.writer,
            folders=self.folders,
            alerts=self.alerts,
            metrics=self.metrics,
            lifetimes=Lifetimes(
                queue_ttl=timedelta(seconds=self.settings.queue_ttl_seconds),
                retention=self.settings.retention,
            ),
        )

    def storage_watch(self) -> StorageWatch:
        """Return what tells of a disk or database that takes nothing."""
        return StorageWatch(
            folder=self.settings.data_dir,
            database_trouble=lambda: self.instance.trouble,
            clock=self.clock,
            alerts=self.alerts,
        )

    def reconciler(self) -> Reconciler:
        """Return what settles unanswered creates."""
        return Reconciler(writer=self.writer, provider=self.provider, alerts=self.alerts)

    def pipeline(self, dispatcher: Dispatcher) -> Pipeline:
        """Return all loops, each woken by the changes it waits for."""
        lanes = {
            model.name: Loop(
                name=f"lane {model.name}",
                run_once=partial(dispatcher.run_once, model.name),
                wakeup=LocalWakeup(),
                round_seconds=LANE_ROUND_SECONDS,
                drains=True,
            )
            for model in self.catalogue
        }
        poller = _loop("poller", self.poller().run_once)
        downloads = _several("downloader", DOWNLOADERS, self.downloader().run_once)
        deliveries = _several(
            "deliverer", DELIVERERS + self.media.encoders, self.deliverer().run_once
        )
        board = _loop("status board", self.board().run_once)
        reconciler = _loop("reconciler", self.reconciler().run_once)
        departures = _loop("departures", self.departures().run_once)
        self.client.guilds_changed = departures.wakeup.notify
        watch = GatewayWatch(self.clock, self.client.gateway_is_well)
        wanted = {
            JobState.PENDING: [poller],
            JobState.DOWNLOADING: downloads,
            JobState.DELIVERING: deliveries,
            JobState.UNCONFIRMED: [reconciler],
        }

        def wake(job: Job) -> None:
            for loop in (board, *wanted.get(job.state, ())):
                loop.wakeup.notify()
            # A new job, or a place that became free.
            if job.model in lanes:
                lanes[job.model].wakeup.notify()

        self.writer.listen(wake)
        return Pipeline(
            [
                *lanes.values(),
                poller,
                *downloads,
                *deliveries,
                board,
                reconciler,
                _loop("reaper", self.reaper().run_once),
                departures,
                _loop("log channels", LogChannels(self.database, self.clock, self.chat).run_once),
                _loop("account probe", self._probe),
                _loop("instance", self.instance.run_once),
                _loop("gateway watch", watch.run_once),
                _loop("storage watch", self.storage_watch().run_once),
                _loop("timekeeping", ClockStepWatch(self.database, self.clock).run_once),
                _loop("lag watch", LagWatch(self.clock, self.metrics).run_once),
            ],
            clock=self.clock,
            metrics=self.metrics,
        )

    async def _probe(self) -> float:
        await self.accounts.probe(self.provider.account, next(iter(self.catalogue)).name)
        return PROBE_SECONDS


def _guild(guild_id: int | None) -> GuildId | None:
    return None if guild_id is None else GuildId(guild_id)


def _loop(name: str, run_once: Callable[[], Awaitable[float]]) -> Loop:
    return Loop(name=name, run_once=run_once, wakeup=LocalWakeup())


def _several(name: str, count: int, run_once: Callable[[], Awaitable[float]]) -> list[Loop]:
    return [
        Loop(
            name=f"{name} {number}",
            run_once=run_once,
            wakeup=LocalWakeup(),
            round_seconds=TRANSFER_ROUND_SECONDS,
        )
        for number in range(1, count + 1)
    ]
