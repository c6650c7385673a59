"""``python -m tests.benchmarks.bare_bot run``: the least a discord.py bot can do.

One command with the options of ``/video frames``, which only defers. Intents, caches and the way
to the gateway are the product's, so that nothing but the command differs.
"""

from __future__ import annotations

import asyncio
import os
import signal

import discord
import discord.http
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from typing_extensions import override


@app_commands.command(name="defer", description="Acknowledges, and nothing else")
async def defer(
    interaction: discord.Interaction,
    first_frame: discord.Attachment,
    last_frame: discord.Attachment | None = None,
) -> None:
    """Acknowledge."""
    del first_frame, last_frame
    await interaction.response.defer(ephemeral=True)


class BareBot(commands.AutoShardedBot):
    """Connects and registers its command."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    @override
    async def setup_hook(self) -> None:
        self.shard_count, gateway_url, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
        self.tree.add_command(defer)
        await self.tree.sync()


async def main() -> None:
    """Run until SIGTERM."""
    discord.http.Route.BASE = os.environ["DISCORD_API_BASE_URL"]  # noqa: TID251 - not the product
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with BareBot() as bot, asyncio.TaskGroup() as group:
        running = group.create_task(bot.start(os.environ["DISCORD_TOKEN"]))  # noqa: TID251
        running.add_done_callback(lambda _: stop.set())
        await stop.wait()
        await bot.close()


if __name__ == "__main__":
    asyncio.run(main())
