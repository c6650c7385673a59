"""The composition root: opens what must be closed, starts in the right order, owns the shutdown."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import discord

from bot import __version__
from bot.chat.asking import converted
from bot.chat.text import Money
from bot.client import TweenBot
from bot.clock import WallClock
from bot.domain.errors import BotError, ConfigurationError, LostLeaseError
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.media.child import MediaPool
from bot.provider import DashScopeProvider, default_base_url
from bot.settings import Settings
from bot.storage import jobs, migrate
from bot.storage.engine import Database
from bot.web import HealthPage
from bot.wiring import Wiring

log = get_logger(__name__)

READY_SECONDS = 2.0
"""A database slower than this is not ready."""


def new_provider(settings: Settings, clock: Clock) -> DashScopeProvider:
    """Return the provider client a host's settings ask for."""
    region, workspace = settings.dashscope_region, settings.dashscope_workspace_id
    return DashScopeProvider(
        base_url=settings.dashscope_http_base_url or default_base_url(region, workspace),
        api_key=settings.dashscope_api_key.get_secret_value(),
        region=region,
        result_hosts=settings.result_hosts,
        clock=clock,
        workspace_id=workspace,
        user_agent=f"tween/{__version__}",
    )


def new_client(settings: Settings) -> TweenBot:
    """Return the gateway client, not yet logged in."""
    money = Money(currency=settings.currency, per_cny=settings.currency_per_cny)
    return TweenBot(api_base_url=settings.discord_api_base_url, money=money)


@asynccontextmanager
async def build_app(settings: Settings) -> AsyncIterator[Wiring]:
    """Wire every object; close what was opened when the block ends."""
    clock = WallClock()
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url)
        stack.push_async_callback(database.aclose)
        yield Wiring(
            settings=settings,
            clock=clock,
            catalogue=settings.catalogue(),
            database=database,
            provider=await stack.enter_async_context(new_provider(settings, clock)),
            media=await stack.enter_async_context(MediaPool()),
            client=await stack.enter_async_context(new_client(settings)),
        )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: a setting does not work; the message names it.
        SystemExit: another process has taken over: nothing broke here, so one line tells it.
    """
    try:
        await _run(settings)
    except ExceptionGroup as group:
        lost, others = group.split(LostLeaseError)
        if lost is None or others is not None:
            raise
        log.error("crashed", error=LostLeaseError.code, reason="another process has taken over")  # noqa: TRY400
        raise SystemExit(1) from None


async def _run(settings: Settings) -> None:
    async with build_app(settings) as wiring:
        await migrate.upgrade(wiring.database)
        await _require_own_jobs(wiring)
        await wiring.instance.acquire()
        try:
            await _serve(wiring)
        finally:
            with suppress(BotError):
                await wiring.instance.release()
            log.info("stopped")


async def _require_own_jobs(wiring: Wiring) -> None:
    """Refuse to start with another account's jobs in flight: only its key can follow them."""
    account = wiring.provider.account
    async with wiring.database.read() as connection:
        foreign = await jobs.foreign_in_flight(connection, account)
    if foreign:
        names = ", ".join(job.id for job in foreign[:10])
        raise ConfigurationError(
            "DASHSCOPE_API_KEY",
            f"jobs {names} are in flight of account {foreign[0].account}; start with that key, "
            "region and base URL until they are over, or give them up with "
            "`python -m bot jobs reconcile ID --failed`",
        )


async def _serve(wiring: Wiring) -> None:
    settings, client = wiring.settings, wiring.client
    client.services = wiring.services()
    dispatcher = wiring.dispatcher()
    await dispatcher.prepare()
    pipeline = wiring.pipeline(dispatcher)
    health = HealthPage(
        checks={
            "gateway": _flag(client.gateway_is_well),
            "database": lambda: _answers(wiring),
            "loops": _flag(pipeline.is_well),
        },
        registry=wiring.metrics.registry,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await _log_in(settings, client)
    await wiring.media.check()
    # What exists by now lives as long as the process; walking it in every full collection would
    # hold the loop for more than 100 ms.
    gc.collect()
    gc.freeze()
    log.info("started", version=__version__, account=wiring.provider.account)
    seconds = settings.shutdown_seconds
    try:
        async with health.listening(settings.listen), asyncio.TaskGroup() as group:
            gateway = group.create_task(client.connect(), name="gateway")
            work = group.create_task(pipeline.run(), name="pipeline")
            gateway.add_done_callback(lambda _: stopping.set())
            work.add_done_callback(lambda _: stopping.set())
            await stopping.wait()
            log.info("stopping")
            await asyncio.gather(
                pipeline.stop(within_seconds=seconds),
                client.interactions.end(within_seconds=seconds),
            )
            await client.close()
    finally:
        # However it ended: who still holds the lease answers, who does not is silent.
        await client.close()


async def _log_in(settings: Settings, client: TweenBot) -> None:
    try:
        await client.login(settings.discord_token.get_secret_value())
    except discord.LoginFailure as error:
        raise ConfigurationError("DISCORD_TOKEN", "Discord refuses it") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        # Not a matter of configuration: the supervisor starts us again.
        raise converted(error) from error


def _flag(probe: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return probe()

    return check


async def _answers(wiring: Wiring) -> bool:
    """Tell whether the database answers, and took the last write: a reader waits for no lock."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await wiring.database.ping()
    except (BotError, TimeoutError):
        return False
    return wiring.instance.trouble is None
