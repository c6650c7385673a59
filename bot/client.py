"""The gateway client: loads cogs, registers commands when they changed, knows whether it is well.

Narrow on purpose: one unprivileged intent, no message cache, no member chunks, nobody pinged by
default.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from typing_extensions import override

from bot.chat.text import Money
from bot.logs import get_logger
from bot.services import Services

log = get_logger(__name__)

EXTENSIONS: tuple[str, ...] = (
    "cogs._errors",
    "cogs._buttons",
    "cogs.video",
    "cogs.jobs",
    "cogs.queue",
    "cogs.quota",
    "cogs.help",
)
"""Loaded by name: the client never imports a cog."""

MAX_RATELIMIT_WAIT_SECONDS = 60.0
"""A longer wait is raised, so that a loop can do something else meanwhile."""


class TweenBot(commands.AutoShardedBot):
    """The one connection to Discord's gateway."""

    def __init__(
        self, *, api_base_url: str, money: Money, extensions: Sequence[str] = EXTENSIONS
    ) -> None:
        # Both are discord.py's own places for its addresses; a proxy or local server needs them.
        discord.http.Route.BASE = api_base_url
        discord.VoiceClient.warn_nacl = False
        discord.VoiceClient.warn_dave = False
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=MAX_RATELIMIT_WAIT_SECONDS,
            allowed_contexts=discord.app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=discord.app_commands.AppInstallationType(guild=True, user=False),
        )
        self.money = money
        self._cog_modules = tuple(extensions)
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
        self.shard_count, gateway_url, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
        for extension in self._cog_modules:
            await self.load_extension(extension)
        await self._register_commands()

    async def _register_commands(self) -> None:
        """Send the commands to Discord unless it has exactly these."""
        if self.application_id is None:
            raise RuntimeError("not logged in")
        payload = [command.to_dict(self.tree) for command in self.tree.get_commands()]
        digest = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()
        registration = self.services.registration
        if await registration.digest(self.application_id) == digest:
            return
        registered = await self.tree.sync()
        await registration.remember(self.application_id, digest)
        log.info("commands_registered", count=len(registered))

    def gateway_is_well(self) -> bool:
        """Tell whether every shard is connected and its heart beats."""
        if not self.is_ready() or self.is_closed():
            return False
        return all(
            not shard.is_closed() and math.isfinite(shard.latency) for shard in self.shards.values()
        )
