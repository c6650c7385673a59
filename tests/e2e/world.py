"""Both platforms and the bot between them, ready for a story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.discord.command_input import Upload
from sandbox.discord.records import Message
from sandbox.discord.server import DiscordServer
from sandbox.discord.settings import DiscordSettings
from tests.e2e.process import ROOT, BotProcess

KEY = "sk-made-up-key-of-a-test"
SAMPLES = ROOT / "sandbox" / "samples"


def cat(name: str) -> Upload:
    """Return one of the two cat pictures: ``first`` or ``last``."""
    return Upload(f"cat-{name}.jpg", (SAMPLES / f"cat-{name}.jpg").read_bytes(), "image/jpeg")


@dataclass(slots=True, kw_only=True)
class World:
    """A story's stage."""

    discord: DiscordServer
    dashscope: DashScopeServer
    bot: BotProcess

    def status_messages(self, channel: object = None) -> list[Message]:
        """Return the bot's status messages of a channel, oldest first."""
        place = channel or self.discord.channel
        return [
            message
            for message in self.discord.messages(place)
            if message.author_id == self.discord.bot_user.id and message.current.embeds
        ]


def title_of(message: Message) -> str:
    """Return the present title of a status message."""
    return str(message.current.embeds[0]["title"])


def footer_of(message: Message) -> str:
    """Return the footer of a status message."""
    return str(message.current.embeds[0]["footer"]["text"])


def is_over(message: Message) -> bool:
    """Tell whether a status message shows a final state."""
    words = ("Done", "Failed", "Cancelled", "Expired")
    return title_of(message).partition(" ")[2].startswith(words)


@asynccontextmanager
async def story(
    tmp_path: Path,
    *,
    emulator: EmulatorSettings | None = None,
    discord: DiscordSettings | None = None,
    start: bool = True,
    **variables: str,
) -> AsyncIterator[World]:
    """Set the stage; take everything down at the end, however it went."""
    settings = emulator or EmulatorSettings(task_seconds=(1.0, 2.0), failure_seconds=(0.1, 0.2))
    async with (
        DashScopeServer(settings) as dashscope,
        DiscordServer(discord or DiscordSettings()) as server,
    ):
        bot = BotProcess(
            tmp_path,
            {
                "DISCORD_TOKEN": server.token,
                "DISCORD_API_BASE_URL": server.api_base_url,
                "DASHSCOPE_API_KEY": KEY,
                "DASHSCOPE_HTTP_BASE_URL": dashscope.base_url,
                "RESULT_HOSTS": "127.0.0.1",
                "POLL_INTERVAL_SECONDS": "0.3",
                "STATUS_EDIT_INTERVAL_SECONDS": "0.3",
                "LOG_LEVEL": "DEBUG",
                **variables,
            },
        )
        world = World(discord=server, dashscope=dashscope, bot=bot)
        try:
            if start:
                await bot.start()
                await server.wait_until_ready(commands=5)
            yield world
        finally:
            await bot.kill()
