"""The gateway client: loads cogs, registers commands when they changed, knows whether it is well.

Narrow on purpose: one unprivileged intent, no message cache, no member chunks, nobody pinged by
default.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from typing_extensions import override

from bot.chat import limits
from bot.chat.proxies import credentials
from bot.domain.errors import ChatUnavailableError
from bot.domain.host.overview import GuildInfo
from bot.domain.ids import GuildId
from bot.domain.network import ForwardProxy
from bot.logs import get_logger
from bot.services import Services

log = get_logger(__name__)

EXTENSIONS: tuple[str, ...] = (
    "cogs._errors",
    "cogs._buttons",
    "cogs._deletion",
    "cogs._forms",
    "cogs._panels",
    "cogs._reports",
    "cogs.video",
    "cogs.menus",
    "cogs.jobs",
    "cogs.queue",
    "cogs.quota",
    "cogs.moderate",
    "cogs.settings",
    "cogs.usage",
    "cogs.operator",
    "cogs.help",
)
"""Loaded by name: the client never imports a cog."""

MAX_RATELIMIT_WAIT_SECONDS = 60.0
"""A longer wait is raised, so that a loop can do something else meanwhile."""

REFUSAL_SECONDS = 1.0
"""After the gateway is left, the last refusals have this long to reach Discord."""

REMEMBERED_INTERACTIONS = 10_000
"""Discord sends an interaction again within seconds, or when a session is resumed."""


SPARED_SESSION_STARTS = 20
"""Left for sessions that cannot be resumed. Discord allows some 1,000 starts a day, and resets the
token of a bot that makes more:
https://discord.com/developers/docs/events/gateway#session-start-limit-object"""

_ASK_AGAIN_SECONDS = 60.0
"""The least wait before Discord is asked for them again."""


_NOT_A_MEMBER = frozenset({limits.UNKNOWN_GUILD, limits.MISSING_ACCESS})
"""How Discord says that the bot is not in a guild; any other refusal says nothing about it."""


class RestartingError(Exception):
    """The process is about to end: nothing new begins."""


class Interactions:
    """The commands, presses and suggestions this process has in hand."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._attempted: deque[int] = deque(maxlen=REMEMBERED_INTERACTIONS)
        self._ended = False

    def is_first(self, interaction_id: int) -> bool:
        """Tell whether this process meets an interaction for the first time, and remember it."""
        if interaction_id in self._attempted:
            return False
        self._attempted.append(interaction_id)
        return True

    def track(self) -> None:
        """Let the end wait for the present task: discord.py keeps no hold on it."""
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def admit(self) -> None:
        """Track the present task, which is about to do what a person asked.

        Raises:
            RestartingError: it is too late for that; the task may only say so.
        """
        self.track()
        if self._ended:
            raise RestartingError

    async def end(self, *, within_seconds: float) -> None:
        """Admit nothing more; let what runs end within the time, then cancel it."""
        self._ended = True
        if not self._running:
            return
        _, late = await asyncio.wait(set(self._running), timeout=within_seconds)
        for task in late:
            log.warning("drain_cut_short", task=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=REFUSAL_SECONDS)


class TweenBot(commands.AutoShardedBot):
    """The one connection to Discord's gateway."""

    def __init__(
        self,
        *,
        api_base_url: str,
        extensions: Sequence[str] = EXTENSIONS,
        proxy: ForwardProxy | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            api_base_url: the REST base.
            extensions: modules with cogs.
            proxy: what REST and gateway go through.
            sleep: lets so many seconds pass.
        """
        # Both are discord.py's own places for its addresses; a proxy or local server needs them.
        discord.http.Route.BASE = api_base_url
        discord.VoiceClient.warn_nacl = False
        discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            proxy=None if proxy is None else proxy.address,
            proxy_auth=credentials(proxy),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=MAX_RATELIMIT_WAIT_SECONDS,
            allowed_contexts=discord.app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=discord.app_commands.AppInstallationType(guild=True, user=False),
        )
        self.interactions = Interactions()
        self.guilds_changed: Callable[[], None] = lambda: None
        """Wakes whoever follows which guilds there are."""
        self.waits_for_session_start = False
        """Whether the gateway is left alone because too few session starts are left."""
        self._cog_modules = tuple(extensions)
        self._sleep = sleep
        self._session_starts: tuple[int, float] | None = None
        """How many are left, and the seconds until all of them are there again."""
        self._leaving = asyncio.Event()
        self._services: Services | None = None

    @property
    def services(self) -> Services:
        """What cogs are built from; set before the bot logs in."""
        if self._services is None:
            raise RuntimeError("the services are not wired yet")
        return self._services

    @services.setter
    def services(self, services: Services) -> None:
        self._services = services

    @override
    async def setup_hook(self) -> None:
        # A session that cannot be resumed goes back to the default gateway, not to the one that
        # AutoShardedClient asked for; so the default is what the REST API names.
        try:
            self.shard_count, gateway_url, starts = await self.http.get_bot_gateway()
        except discord.GatewayNotFound as error:
            raise ChatUnavailableError(str(error)) from error
        self._session_starts = starts["remaining"], starts["reset_after"] / 1000
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
        for extension in self._cog_modules:
            await self.load_extension(extension)
        await self._register_commands()

    @override
    async def connect(self, *, reconnect: bool = True) -> None:
        """Open the gateway, once enough session starts are left; return when it is left."""
        await self._await_session_starts()
        if not self._leaving.is_set():
            await super().connect(reconnect=reconnect)

    async def _await_session_starts(self) -> None:
        """Wait while a crash loop has used up nearly all session starts of the day."""
        shards = self.shard_count or 1
        while self._session_starts is not None:
            remaining, reset_seconds = self._session_starts
            if remaining >= shards + SPARED_SESSION_STARTS:
                break
            self.waits_for_session_start = True
            seconds = max(reset_seconds, _ASK_AGAIN_SECONDS)
            log.error("session_starts_spared", remaining=remaining, seconds=round(seconds))
            await self._sleep_unless_leaving(seconds)
            if self._leaving.is_set():
                break
            try:
                _, _, starts = await self.http.get_bot_gateway()
            except (discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
                log.warning("session_starts_unknown", reason=type(error).__name__)
                self._session_starts = remaining, 0.0
            else:
                self._session_starts = starts["remaining"], starts["reset_after"] / 1000
        self.waits_for_session_start = False

    async def _sleep_unless_leaving(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._leaving.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _register_commands(self) -> None:
        """Send each scope's commands to Discord unless it has exactly these."""
        if self.application_id is None:
            raise RuntimeError("not logged in")
        await self._register(self.application_id, None)
        await self._register_operators(self.application_id)

    async def _register(self, application_id: int, guild_id: GuildId | None) -> None:
        guild = None if guild_id is None else discord.Object(guild_id)
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands(guild=guild)]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        registry = self.services.command_registry
        if await registry.digest(application_id, guild_id) == digest:
            return
        registered = await self.tree.sync(guild=guild)
        await registry.remember(application_id, digest, guild_id)
        log.info("commands_registered", count=len(registered), guild_id=guild_id)

    async def _register_operators(self, application_id: int) -> None:
        """Put the operator's commands where they belong, and take them away from where not.

        A guild that Discord refuses does not keep the bot from serving the others: the shell has
        the same commands.
        """
        registry = self.services.command_registry
        operator_guild = self.services.operator_guild
        wanted = set() if operator_guild is None else {operator_guild}
        former = await registry.guilds(application_id)
        for guild_id in former | wanted:
            try:
                await self._register(application_id, guild_id)
            except discord.HTTPException as error:
                log.warning("commands_refused", guild_id=guild_id, code=error.code)
            if guild_id not in wanted:
                await registry.forget(application_id, guild_id)

    def present(self) -> dict[GuildId, GuildInfo] | None:
        """Return the guilds the gateway names, unavailable ones included; None while it is unwell.

        An outage makes a guild unavailable, and a guild begins so: that is not being left.
        """
        if not self.gateway_is_well():
            return None
        return {
            GuildId(guild.id): GuildInfo(
                name="" if guild.unavailable else guild.name,
                members=None if guild.unavailable else guild.member_count,
            )
            for guild in self.guilds
        }

    async def is_member(self, guild_id: GuildId) -> bool:
        """Ask Discord whether the bot is in a guild.

        Raises:
            ChatUnavailableError: Discord gave no plain answer.
        """
        try:
            await self.http.get_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden) as error:
            if error.code in _NOT_A_MEMBER:
                return False
            raise ChatUnavailableError(str(error)) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise ChatUnavailableError(str(error)) from error
        return True

    async def on_ready(self) -> None:
        """Hasten the comparison of guilds, after every start and every lost session."""
        self.guilds_changed()

    async def on_guild_join(self, _: discord.Guild) -> None:
        """Hasten the comparison of guilds."""
        self.guilds_changed()

    async def on_guild_remove(self, _: discord.Guild) -> None:
        """Hasten the comparison of guilds; an outage comes as another event."""
        self.guilds_changed()

    @override
    async def close(self) -> None:
        """Leave the gateway first, so that nobody asks a client that can no longer answer."""
        self._leaving.set()
        for shard in self.shards.values():
            await shard.disconnect()
        await self.interactions.end(within_seconds=REFUSAL_SECONDS)
        await super().close()

    def gateway_is_well(self) -> bool:
        """Tell whether every shard is connected and its heart beats."""
        if not self.is_ready() or self.is_closed():
            return False
        return all(
            not shard.is_closed() and math.isfinite(shard.latency) for shard in self.shards.values()
        )

    def gateway_is_well_or_spared(self) -> bool:
        """Tell whether another start of the process could do nothing better for the gateway."""
        return self.waits_for_session_start or self.gateway_is_well()
