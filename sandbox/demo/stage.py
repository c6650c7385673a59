"""Runs three real processes on loopback: a Discord, a DashScope and the bot between them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import aiohttp

from sandbox.demo.children import START_SECONDS, Child
from sandbox.demo.control import ControlClient
from sandbox.demo.errors import DemoError
from sandbox.demo.transcript import Transcript
from sandbox.discord.world.json import Json

T = TypeVar("T")

API_KEY = "sk-made-up-key-of-the-demo"
QUEUE_SECONDS = 3
"""Long enough that the member sees the provider's queue."""

TASK_SECONDS = 6
"""Real tasks take minutes; nobody wants to watch a demo for minutes."""


class Stage:
    """Starts the processes, watches them, and ends them however it went."""

    def __init__(
        self,
        folder: Path,
        transcript: Transcript,
        *,
        queue_seconds: int = QUEUE_SECONDS,
        task_seconds: int = TASK_SECONDS,
        settings: Mapping[str, str] = MappingProxyType({}),
        operator: str = "",
    ) -> None:
        """Prepare everything, and start nothing.

        Args:
            folder: Where the processes live.
            transcript: Told when a process is up.
            queue_seconds: How long a task waits at the provider.
            task_seconds: How long it then takes.
            settings: Of the bot, where they differ from the demo's.
            operator: Who of the world runs the bot, if anybody does, in its server.
        """
        self._transcript = transcript
        self._settings = settings
        self._operator = operator
        self._session: aiohttp.ClientSession | None = None
        self._discord = Child("Discord sandbox", "sandbox.discord", folder=folder)
        self._provider = Child(
            "DashScope sandbox",
            "sandbox.dashscope",
            *("--queue-seconds", str(queue_seconds)),
            *("--task-seconds", str(task_seconds)),
            folder=folder,
        )
        self._bot = Child("bot", "bot", "run", folder=folder)
        self.discord: ControlClient
        """Drives members and shows what they see; known once `open` is done."""
        self.provider: ControlClient
        """Shows what the provider was asked for and made."""
        self.world: Json = {}
        """What the Discord sandbox said about itself: guild, channel, users."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._stop_all()
        finally:
            if self._session is not None:
                await self._session.close()

    async def open(self) -> None:
        """Start everything and wait until the bot is connected.

        Raises:
            DemoError: something did not start.
        """
        if self._session is None:
            raise DemoError("The stage was not set.")
        await self._discord.start(announces=True)
        await self._provider.start(announces=True)
        self.world = await self._discord.announcement()
        self._transcript.ready(self._discord.name, self._discord.command)
        provider = await self._provider.announcement()
        self._transcript.ready(self._provider.name, self._provider.command)
        self.discord = ControlClient(
            self._session, name=self._discord.name, url=str(self.world["control_url"])
        )
        self.provider = ControlClient(
            self._session, name=self._provider.name, url=str(provider["control_url"])
        )
        await self._bot.start(
            {
                "DISCORD_TOKEN": str(self.world["token"]),
                "DISCORD_API_BASE_URL": str(self.world["api_base_url"]),
                "DASHSCOPE_API_KEY": API_KEY,
                "DASHSCOPE_HTTP_BASE_URL": str(provider["base_url"]),
                # Results come from the emulator, over plain http.
                "RESULT_HOSTS": "127.0.0.1",
                "MIN_FREE_MIB": "0",
                # Relative, so that an odd name of the temporary folder cannot break the URL.
                "DATABASE_URL": "sqlite:///tween.db",
                "DATA_DIR": "data",
                "POLL_INTERVAL_SECONDS": "1",
                "STATUS_EDIT_INTERVAL_SECONDS": "1",
                "HTTP_LISTEN": "",
                **self._operators(),
                **self._settings,
            }
        )
        await self.watched(self._connected())
        self._transcript.ready(self._bot.name, self._bot.command)

    def _operators(self) -> dict[str, str]:
        """Return the settings that name who runs the bot, and where."""
        users = {user["name"]: str(user["id"]) for user in self.world["users"]}
        if not self._operator:
            return {}
        guild_id = str(self.world["guild_id"])
        return {"OPERATOR_IDS": users[self._operator], "OPERATOR_GUILD_ID": guild_id}

    async def _connected(self) -> None:
        """Wait until the bot has registered its commands and listens at the gateway."""
        try:
            async with asyncio.timeout(START_SECONDS):
                seen = 0
                while True:
                    state = await self.discord.get("/state")
                    if state["connected"] and state["commands"]:
                        return
                    events = await self.discord.get(f"/events?after={seen}&wait_seconds=5")
                    seen += len(events)
        except TimeoutError:
            raise DemoError(
                f"The bot did not connect to the Discord sandbox in {START_SECONDS:.0f} s."
            ) from None

    async def watched(self, work: Coroutine[object, object, T]) -> T:
        """Do something while all processes live.

        Raises:
            DemoError: one of them ended, or the work failed.
        """
        try:
            async with asyncio.TaskGroup() as group:
                children = (self._discord, self._provider, self._bot)
                watchers = [group.create_task(child.watch()) for child in children]
                result = await work
                for watcher in watchers:
                    watcher.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return result

    async def close(self) -> None:
        """End the bot, then the sandboxes.

        Raises:
            DemoError: the bot did not end the way its host expects.
        """
        codes = await self._stop_all()
        for name, code in codes.items():
            if code != 0:
                raise DemoError(f"The {name} answered SIGTERM with exit code {code}, not 0.")

    async def _stop_all(self) -> dict[str, int | None]:
        """End what runs: the bot first, so that it can say goodbye to both servers."""
        codes = {self._bot.name: await self._bot.stop()}
        for child in (self._provider, self._discord):
            codes[child.name] = await child.stop()
        return codes
