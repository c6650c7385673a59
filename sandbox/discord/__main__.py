"""``python -m sandbox.discord``: run until SIGTERM or SIGINT, driven through ``/_sandbox``."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from sandbox.discord.server import DiscordServer
from sandbox.discord.world.json import dump
from sandbox.discord.world.settings import DiscordSettings


async def serve(settings: DiscordSettings) -> None:
    """Start, say where, and stop on a signal."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with DiscordServer(settings) as server:
        click.echo(
            dump(
                {
                    "api_base_url": server.api_base_url,
                    "control_url": server.control_url,
                    "token": server.token,
                    "application_id": str(server.application_id),
                    "guild_id": str(server.guild.id),
                    "channel_id": str(server.channel.id),
                    "users": [{"id": str(user.id), "name": user.name} for user in server.users],
                }
            )
        )
        await stop.wait()


@click.command()
@click.option("--port", default=0, show_default=True, help="0 picks a free one.")
@click.option(
    "--files-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where uploads are kept; a temporary directory if not given.",
)
def main(port: int, files_dir: Path | None) -> None:
    """Run a Discord on loopback and print one JSON line when it is ready."""
    asyncio.run(serve(DiscordSettings(port=port, files_dir=files_dir)))


main()
