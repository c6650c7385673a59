"""The processes a benchmark starts and drives."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from typing_extensions import override

from sandbox.dashscope import DashScopeServer
from sandbox.discord.server import DiscordServer
from tests.e2e.process import ROOT, BotProcess
from tests.e2e.world import KEY


class WatchedBot(BotProcess):
    """The bot as its host runs it, with its worst lag remembered.

    Another module may stand in for it: any that reads the same variables and has a /readyz.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str],
        *,
        module: str = "tests.benchmarks.watched_bot",
    ) -> None:
        super().__init__(folder, variables)
        self._module = module
        self._idle: asyncio.subprocess.Process | None = None

    @override
    async def start(self, *, wait: bool = True) -> None:
        self._idle = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.benchmarks.idle_loop",
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        with self.log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                "run",
                cwd=self.folder,
                env=self.variables,
                stdout=log,
                stderr=log,
            )
        if wait:
            await self.wait_until_ready()

    async def idle_lag_seconds(self) -> float:
        """Return the worst lag of an idle event loop beside the bot."""
        if self._idle is None or self._idle.stdin is None or self._idle.stdout is None:
            raise RuntimeError("not started")
        self._idle.stdin.write(b"\n")
        return float(await self._idle.stdout.readline())

    @override
    async def kill(self) -> None:
        await super().kill()
        if self._idle is not None and self._idle.returncode is None:
            self._idle.kill()
            await self._idle.wait()


def variables_of(discord: DiscordServer, dashscope: DashScopeServer) -> dict[str, str]:
    """Return what points a bot at both sandboxes, with the pace of the defaults."""
    return {
        "DISCORD_TOKEN": discord.token,
        "DISCORD_API_BASE_URL": discord.api_base_url,
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_HTTP_BASE_URL": dashscope.base_url,
        "RESULT_HOSTS": "127.0.0.1",
        "MIN_FREE_MIB": "0",
    }
