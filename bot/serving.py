"""Serves until it is told to stop: starts in the right order, owns the shutdown."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import discord
from aiohttp import web

from bot import __version__
from bot.app import App, build_app
from bot.chat.retry import converted
from bot.checks import require_writable
from bot.domain.errors import BotError, ConfigurationError, LostLeaseError
from bot.logs import get_logger
from bot.loops import supervise
from bot.media import confinement
from bot.outside import Overrides
from bot.services.stages.supervisor import Supervisor
from bot.settings import Settings
from bot.storage import jobs, schema
from bot.storage.engine import Database
from bot.web import HealthPage

log = get_logger(__name__)

READY_SECONDS = 2.0
"""A database slower than this is not ready."""


async def run(settings: Settings, overrides: Overrides | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: the host's.
        overrides: parts that stand in for the product's own.

    Raises:
        ConfigurationError: a setting does not work; the message names it.
        SystemExit: another process has taken over: nothing broke here, so one line tells it.
    """
    try:
        async with build_app(settings, overrides) as app:
            await _run(app)
    except ExceptionGroup as group:
        lost, others = group.split(LostLeaseError)
        if lost is None or others is not None:
            raise
        log.error("crashed", error=LostLeaseError.code, reason="another process has taken over")  # noqa: TRY400
        raise SystemExit(1) from None


async def _run(app: App) -> None:
    for name in app.settings.in_clear:
        log.warning("secret_in_clear", setting=name)
    # A setting that does not work is named before anything is changed.
    app.catalogue  # noqa: B018 - read for its errors
    await require_writable(app.files)
    await _upgrade(app.database)
    await _require_own_jobs(app)
    await app.process_lease.acquire()
    await app.files.drop_scratch()
    try:
        async with app.client:
            await _serve(app)
    finally:
        with suppress(BotError):
            await app.process_lease.release()
        log.info("stopped")


async def _upgrade(database: Database) -> None:
    if not await schema.is_current(database):
        # Alembic takes megabytes, and nearly every start finds the newest schema.
        from bot.storage import migrate

        await migrate.upgrade(database)


async def _require_own_jobs(app: App) -> None:
    """Refuse to start with another account's jobs in flight: only its key can follow them."""
    async with app.database.read() as connection:
        foreign = await jobs.foreign_in_flight(connection, app.provider.account)
    if foreign:
        names = ", ".join(job.id for job in foreign[:10])
        raise ConfigurationError(
            "DASHSCOPE_API_KEY",
            f"jobs {names} are in flight of account {foreign[0].account}; start with that key, "
            "region and base URL until they are over, or give them up with "
            "`python -m bot jobs reconcile ID --failed`",
        )


async def _serve(app: App) -> None:
    client = app.client
    client.services = app.services
    await app.dispatcher.prepare()
    supervisor = supervise(app)
    health = HealthPage(
        checks={
            "gateway": _flag(client.gateway_is_well),
            "database": lambda: _answers(app),
            "loops": _flag(supervisor.is_well),
        },
        registry=app.metrics.registry,
        routes=_callback_routes(app, supervisor),
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await _log_in(app)
    # What exists by now lives as long as the process; walking it in every full collection would
    # hold the loop for more than 100 ms.
    gc.collect()
    gc.freeze()
    if missing := confinement.missing_here():
        log.info("media_unconfined", missing=missing)
    log.info("started", version=__version__, account=app.provider.account)
    seconds = app.settings.shutdown_seconds
    try:
        async with health.listening(app.settings.listen), asyncio.TaskGroup() as group:
            gateway = group.create_task(client.connect(), name="gateway")
            work = group.create_task(supervisor.run(), name="loops")
            gateway.add_done_callback(lambda _: stopping.set())
            work.add_done_callback(lambda _: stopping.set())
            await stopping.wait()
            log.info("stopping")
            await asyncio.gather(
                supervisor.stop(within_seconds=seconds),
                client.interactions.end(within_seconds=seconds),
            )
            await client.close()
    finally:
        # However it ended: who still holds the lease answers, who does not is silent.
        await client.close()


def _callback_routes(app: App, supervisor: Supervisor) -> list[web.RouteDef]:
    if app.callback_verifier is None:
        return []
    # Most hosts take no calls, and cryptography takes 10 MB.
    from bot.callbacks import callback_routes

    return callback_routes(app, supervisor)


async def _log_in(app: App) -> None:
    try:
        await app.client.login(app.settings.discord_token.get_secret_value())
    except discord.LoginFailure as error:
        raise ConfigurationError("DISCORD_TOKEN", "Discord refuses it") from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        # Not a matter of configuration: the supervisor starts us again.
        raise converted(error) from error


def _flag(probe: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return probe()

    return check


async def _answers(app: App) -> bool:
    """Tell whether the database answers, and took the last write: a reader waits for no lock."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await app.database.ping()
    except (BotError, TimeoutError):
        return False
    return app.process_lease.trouble is None
