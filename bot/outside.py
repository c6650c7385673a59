"""The outside world of a process: time, database, provider, Discord, media, and its figures.

A part is made when it is first asked for, so that a command of the shell opens a database and no
connection to Discord.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from prometheus_client import CollectorRegistry

from bot import __version__
from bot.chat.messenger import Messenger
from bot.client import TweenBot
from bot.clock import LocalWakeup, WallClock
from bot.domain.catalogue import Catalogue
from bot.domain.jobs.files import JOBS
from bot.domain.money import Money
from bot.domain.network import ResultLookup, is_loopback_name
from bot.domain.ports import Chat, Clock, Files, VideoProvider, Wakeup
from bot.files import SCRATCH, LocalFiles
from bot.media.child import MediaPool
from bot.metrics import Metrics
from bot.provider import (
    DashScopeProvider,
    Resolver,
    ResultLookups,
    default_base_url,
    look_up,
    resolve,
)
from bot.services.host.watchdogs import GATEWAY_PATIENCE_SECONDS, LagWatch
from bot.services.intake.quotas import QuotaDefaults
from bot.services.jobs.writer import JobListener
from bot.settings import Settings
from bot.storage.engine import Database

if TYPE_CHECKING:
    from bot.provider.callbacks import CallbackVerifier

_Port = TypeVar("_Port")


class Around(Protocol):
    """Puts something around a port."""

    def __call__(self, port: _Port, /) -> _Port:
        """Return what is used in place of a port."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """Parts that stand in for the product's own: the outside world of a test or a benchmark."""

    clock: Clock | None = None
    database: Database | None = None
    provider: VideoProvider | None = None
    resolver: Resolver | None = None
    """Asked where hosts lead to, before anything is bought."""
    chat: Chat | None = None
    media: MediaPool | None = None
    catalogue: Catalogue | None = None
    defaults: QuotaDefaults | None = None
    wakeup: Callable[[], Wakeup] = LocalWakeup
    lag_watch: Callable[[Clock, Metrics], LagWatch] = LagWatch
    gateway_patience_seconds: float = GATEWAY_PATIENCE_SECONDS
    adjust_client: Callable[[TweenBot], None] | None = None
    """Called with the gateway client before it logs in."""
    around: Around | None = None
    """Called with each port the product made itself; what it returns is used instead."""
    job_listeners: tuple[JobListener, ...] = ()
    """Called at each change of a job, before any of the product's own."""


class Outside:
    """What the services are built on."""

    def __init__(self, settings: Settings, overrides: Overrides, stack: AsyncExitStack) -> None:
        self.settings = settings
        self.overrides = overrides
        self._stack = stack

    def _around(self, port: _Port) -> _Port:
        around = self.overrides.around
        return port if around is None else around(port)

    @cached_property
    def clock(self) -> Clock:
        """The time."""
        return self.overrides.clock or WallClock()

    @cached_property
    def database(self) -> Database:
        """Connections to the database."""
        if self.overrides.database is not None:
            return self.overrides.database
        database = Database(self.settings.database_url)
        self._stack.push_async_callback(database.aclose)
        return database

    @cached_property
    def provider(self) -> VideoProvider:
        """The maker of videos."""
        if self.overrides.provider is not None:
            return self.overrides.provider
        settings = self.settings
        provider = DashScopeProvider(
            base_url=self._provider_base_url,
            api_key=settings.dashscope_api_key.get_secret_value(),
            region=settings.dashscope_region,
            result_hosts=settings.result_hosts,
            result_networks=settings.result_networks,
            proxy=settings.dashscope_proxy,
            clock=self.clock,
            workspace_id=settings.dashscope_workspace_id,
            user_agent=f"tween/{__version__}",
        )
        self._stack.push_async_callback(provider.aclose)
        return self._around(provider)

    @property
    def _provider_base_url(self) -> str:
        settings = self.settings
        region, workspace = settings.dashscope_region, settings.dashscope_workspace_id
        return settings.dashscope_http_base_url or default_base_url(region, workspace)

    @cached_property
    def result_lookups(self) -> ResultLookups:
        """Where results will come from; nowhere for a provider that is stood in for."""
        settings, overrides = self.settings, self.overrides
        is_another = overrides.provider is not None and overrides.resolver is None
        return ResultLookups(
            region=settings.dashscope_region,
            base_url=self._provider_base_url,
            result_hosts=() if is_another else settings.result_hosts,
            result_networks=settings.result_networks,
            is_proxied=settings.dashscope_proxy is not None,
            resolver=overrides.resolver or resolve,
        )

    @cached_property
    def callback_verifier(self) -> CallbackVerifier | None:
        """Who tells the provider's own calls from others'; None where none are taken."""
        settings = self.settings
        if settings.callback_token is None or settings.callback_url is None:
            return None
        # Most hosts take no calls, and cryptography takes 10 MB.
        from bot.provider.callbacks import CallbackVerifier
        from bot.provider.certificates import CertificateKeys

        verifier = CallbackVerifier(
            token=settings.callback_token.get_secret_value(),
            url=settings.callback_url,
            keys=CertificateKeys(
                hosts=settings.callback_certificate_hosts,
                clock=self.clock,
                user_agent=f"tween/{__version__}",
                networks=settings.result_networks,
                proxy=settings.dashscope_proxy,
            ),
            clock=self.clock,
        )
        self._stack.push_async_callback(verifier.aclose)
        return verifier

    async def look_up_certificates(self) -> list[ResultLookup]:
        """Look up where the hosts lead that certificates of calls lie on, loopback aside."""
        settings, resolver = self.settings, self.overrides.resolver or resolve
        return [
            await look_up(host, resolver, settings.result_networks)
            for host in settings.callback_certificate_hosts
            if not is_loopback_name(host)
        ]

    @cached_property
    def client(self) -> TweenBot:
        """The gateway client; whoever logs it in closes it."""
        settings = self.settings
        client = TweenBot(
            api_base_url=settings.discord_api_base_url,
            proxy=settings.discord_proxy,
            sleep=self.clock.sleep,
        )
        if self.overrides.adjust_client is not None:
            self.overrides.adjust_client(client)
        return client

    @cached_property
    def chat(self) -> Chat:
        """Discord, as loops write to it."""
        if self.overrides.chat is not None:
            return self.overrides.chat
        chat = Messenger(
            self.client,
            money=self.money,
            operators=self.settings.operators,
            proxy=self.settings.discord_proxy,
        )
        self._stack.push_async_callback(chat.aclose)
        return self._around(chat)

    @cached_property
    def media(self) -> MediaPool:
        """The children that look at outside pictures and videos."""
        if self.overrides.media is not None:
            return self.overrides.media
        folder = self.settings.data_dir
        media = MediaPool(scratch=folder / SCRATCH, readable=(folder / JOBS,))
        self._stack.push_async_callback(media.aclose)
        return self._around(media)

    @cached_property
    def files(self) -> Files:
        """Where files are kept."""
        return self._around(LocalFiles(self.settings.data_dir))

    @cached_property
    def catalogue(self) -> Catalogue:
        """What can be made here."""
        return self.overrides.catalogue or self.settings.catalogue()

    @cached_property
    def money(self) -> Money:
        """How amounts are shown."""
        return Money(currency=self.settings.currency, per_cny=self.settings.currency_per_cny)

    @cached_property
    def metrics(self) -> Metrics:
        """What the process measures about itself."""
        return Metrics(CollectorRegistry())

    @cached_property
    def quota_defaults(self) -> QuotaDefaults:
        """What binds where nobody set anything else."""
        settings = self.settings
        return self.overrides.defaults or QuotaDefaults(
            rules=settings.default_rules(),
            daily_budget_micros=settings.daily_budget_micros,
            # Where there is one guild, nobody is kept from anything.
            guild_budget_share=1.0 if len(settings.guilds) == 1 else settings.guild_budget_share,
            max_queued_per_member=settings.max_queued_per_member,
            max_queued_per_guild=settings.max_queued_per_guild,
        )
