"""The one composition root: which object gets which. Product, tests and tools build it here.

Every part is made when it is first asked for, so that a command of the shell opens a database and
no connection to Discord. What was opened is closed when the block ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import cached_property

from bot.domain.ids import GuildId
from bot.intake import Intake
from bot.outside import Overrides
from bot.services import Services
from bot.services.guilds.membership import GuildMembership
from bot.services.guilds.moderation import Moderation
from bot.services.guilds.quota_rules import QuotaRules
from bot.services.guilds.reports import Reports
from bot.services.guilds.settings import GuildSettings
from bot.services.guilds.usage_reports import UsageReports
from bot.services.host.command_registry import CommandRegistry
from bot.services.host.operator import OperatorActions
from bot.services.intake.refusal_counter import RefusalCounter
from bot.services.messages.announcer import Announcer
from bot.services.messages.channel_pace import ChannelPace
from bot.services.messages.log_channels import LogChannels
from bot.services.messages.open_panels import OpenPanels
from bot.services.messages.report_posts import ReportPosts
from bot.services.messages.status_updater import StatusUpdater
from bot.services.reconciliation.operator_decisions import OperatorDecisions
from bot.services.reconciliation.reconciler import Reconciler
from bot.services.reconciliation.task_list import TaskList
from bot.services.stages.account_pause import AccountPause
from bot.services.stages.deliverer import Deliverer
from bot.services.stages.dispatcher import Dispatcher
from bot.services.stages.downloader import Downloader
from bot.services.stages.poller import Poller, PollingPace
from bot.services.stages.reaper import Lifetimes, Reaper
from bot.settings import Settings


class App(Intake):
    """The services of one process on its outside world."""

    @property
    def _queue_ttl(self) -> timedelta:
        return timedelta(seconds=self.settings.queue_ttl_seconds)

    # --- services: stages and reconciliation -------------------------------------------------

    @cached_property
    def account_pause(self) -> AccountPause:
        """Waits while the provider refuses the account."""
        return AccountPause(self.database, self.clock, self.provider, self.alerts, self.metrics)

    @cached_property
    def dispatcher(self) -> Dispatcher:
        """The only caller of the create."""
        return Dispatcher(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            provider=self.provider,
            catalogue=self.catalogue,
            files=self.files,
            accounts=self.account_pause,
            alerts=self.alerts,
            outcomes=self.outcomes,
            metrics=self.metrics,
            worker_id=self.process_lease.worker_id,
            poll_interval=timedelta(seconds=self.settings.poll_interval_seconds),
            queue_ttl=self._queue_ttl,
        )

    @cached_property
    def poller(self) -> Poller:
        """Follows all tasks at the provider."""
        return Poller(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            provider=self.provider,
            catalogue=self.catalogue,
            accounts=self.account_pause,
            alerts=self.alerts,
            outcomes=self.outcomes,
            metrics=self.metrics,
            pace=PollingPace(
                interval_seconds=self.settings.poll_interval_seconds,
                timeout_seconds=self.settings.task_timeout_seconds,
            ),
        )

    @cached_property
    def downloader(self) -> Downloader:
        """Fetches results."""
        return Downloader(
            clock=self.clock,
            writer=self.writer,
            provider=self.provider,
            media=self.media,
            files=self.files,
            alerts=self.alerts,
            metrics=self.metrics,
            claims=self.claims,
        )

    @cached_property
    def deliverer(self) -> Deliverer:
        """Puts videos into Discord."""
        return Deliverer(
            clock=self.clock,
            writer=self.writer,
            chat=self.chat,
            media=self.media,
            files=self.files,
            messages=self.status_messages,
            metrics=self.metrics,
            claims=self.claims,
            upload_limit_mib=self.settings.upload_limit_mib,
        )

    @cached_property
    def reaper(self) -> Reaper:
        """Ends what has waited too long."""
        return Reaper(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            files=self.files,
            alerts=self.alerts,
            metrics=self.metrics,
            lifetimes=Lifetimes(queue_ttl=self._queue_ttl, retention=self.settings.retention),
            is_being_made=self.submissions.is_being_made,
        )

    @cached_property
    def _task_list(self) -> TaskList:
        return TaskList(self.database, self.clock, self.provider)

    @cached_property
    def decisions(self) -> OperatorDecisions:
        """Carries out the operator's decisions about jobs."""
        return OperatorDecisions(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            provider=self.provider,
            alerts=self.alerts,
            task_list=self._task_list,
        )

    @cached_property
    def reconciler(self) -> Reconciler:
        """Settles creates without an answer."""
        return Reconciler(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            provider=self.provider,
            alerts=self.alerts,
            task_list=self._task_list,
            decisions=self.decisions,
        )

    # --- services: messages ------------------------------------------------------------------

    @cached_property
    def status_updater(self) -> StatusUpdater:
        """Keeps status messages true, and announces what ended."""
        edit_interval_seconds = self.settings.status_edit_interval_seconds
        channels = ChannelPace(self.clock, edit_interval_seconds=edit_interval_seconds)
        return StatusUpdater(
            database=self.database,
            clock=self.clock,
            chat=self.chat,
            estimates=self.estimates,
            messages=self.status_messages,
            announcer=Announcer(
                database=self.database,
                clock=self.clock,
                writer=self.writer,
                chat=self.chat,
                channels=channels,
                metrics=self.metrics,
                queue_ttl=self._queue_ttl,
                away=self.process_lease.away,
            ),
            channels=channels,
            metrics=self.metrics,
            edit_interval_seconds=edit_interval_seconds,
        )

    @cached_property
    def open_panels(self) -> OpenPanels:
        """Keeps private panels up to date."""
        return OpenPanels(
            clock=self.clock, remakes=self.remakes, lookup=self.lookup, files=self.files
        )

    @cached_property
    def log_channels(self) -> LogChannels:
        """Tells log channels of changes."""
        return LogChannels(self.database, self.clock, self.chat)

    @cached_property
    def report_posts(self) -> ReportPosts:
        """Shows moderators what was reported."""
        return ReportPosts(
            self.database,
            self.clock,
            self.chat,
            self.files,
            self.status_messages,
            upload_limit_mib=self.settings.upload_limit_mib,
        )

    # --- services: guilds --------------------------------------------------------------------

    @cached_property
    def guild_settings(self) -> GuildSettings:
        """Changes what admins set."""
        return GuildSettings(self.database, self.catalogue, self.audit_log)

    @cached_property
    def quota_rules(self) -> QuotaRules:
        """Changes what moderators set."""
        return QuotaRules(
            database=self.database,
            clock=self.clock,
            audit=self.audit_log,
            defaults=self.quota_defaults.rules,
        )

    @cached_property
    def moderation(self) -> Moderation:
        """Blocks members and words."""
        return Moderation(
            database=self.database,
            clock=self.clock,
            audit=self.audit_log,
            cancellations=self.cancellations,
        )

    @cached_property
    def reports(self) -> Reports:
        """Takes what members report."""
        return Reports(self.database, self.clock, self.report_posts, self.lookup)

    @cached_property
    def usage_reports(self) -> UsageReports:
        """Sums up what guilds spent."""
        scratch = self.settings.data_dir / "exports"
        return UsageReports(self.database, self.clock, self.media, scratch=scratch)

    @cached_property
    def membership(self) -> GuildMembership:
        """Follows which guilds the bot is in."""
        return GuildMembership(
            database=self.database,
            clock=self.clock,
            writer=self.writer,
            present=self.client.present,
            is_member=self.client.is_member,
            allowed_guilds=self.settings.guilds,
        )

    # --- services: host ----------------------------------------------------------------------

    @cached_property
    def operator(self) -> OperatorActions:
        """Answers and obeys operators."""
        return OperatorActions(
            database=self.database,
            clock=self.clock,
            account=self.provider.account,
            catalogue=self.catalogue,
            audit=self.audit_log,
            reconciler=self.reconciler,
            switch=self.switch,
            default_rules=self.quota_defaults.rules,
            daily_budget_micros=self.quota_defaults.daily_budget_micros,
        )

    # --- what cogs are built from ------------------------------------------------------------

    @cached_property
    def services(self) -> Services:
        """What cogs are built from."""
        settings = self.settings
        operator_guild_id = settings.operator_guild_id
        return Services(
            admission=self.admission,
            cancellations=self.cancellations,
            catalogue=self.catalogue,
            clock=self.clock,
            command_registry=CommandRegistry(self.database),
            continuations=self.continuations,
            decisions=self.decisions,
            erasure=self.erasure,
            estimates=self.estimates,
            guild_settings=self.guild_settings,
            lookup=self.lookup,
            menu_forms=self.menu_forms,
            moderation=self.moderation,
            money=self.money,
            open_panels=self.open_panels,
            operator=self.operator,
            quota_rules=self.quota_rules,
            quotas=self.quotas,
            remakes=self.remakes,
            reports=self.reports,
            switch=self.switch,
            usage_reports=self.usage_reports,
            video_requests=self.video_requests,
            acknowledged=self.metrics.acknowledge_seconds.observe,
            refused=RefusalCounter(self.database, self.clock, self.metrics).count,
            region=settings.dashscope_region,
            retention=settings.retention,
            operators=frozenset(settings.operators),
            operator_guild=None if operator_guild_id is None else GuildId(operator_guild_id),
        )


@asynccontextmanager
async def build_app(settings: Settings, overrides: Overrides | None = None) -> AsyncIterator[App]:
    """Hand out an app; close what it opened when the block ends.

    Args:
        settings: the host's.
        overrides: parts that stand in for the product's own.
    """
    async with AsyncExitStack() as stack:
        yield App(settings, overrides or Overrides(), stack)
