"""A bot that can be killed at a named point, forked: it starts in a third of the time."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from typing_extensions import override

from bot.client import EXTENSIONS
from tests.e2e.crash_process import Breakage, ShiftFile, run
from tests.e2e.process import BotProcess

LOADED_LATE = (
    *("aiosqlite", "alembic.command", "asyncpg", "bot.serving", "httpcore", "obstore.store"),
    *("sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.dialects.sqlite.aiosqlite"),
    "tests.e2e.preloaded",
)
"""What the bot loads when it is needed, which is in every story."""


def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__, *EXTENSIONS, *LOADED_LATE])
    return context


SHELL_SECONDS = 60


class ForkedProcess:
    """A forked process, with what is used of ``asyncio.subprocess.Process``."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        return self._process.exitcode or 0


class CrashableBot(BotProcess):
    """The bot, ended where a test wants it, at the time of day a test wants."""

    breakage = Breakage()
    """Of the next start."""

    @property
    def shift(self) -> ShiftFile:
        """How far the process's time of day is from the real one, now."""
        return ShiftFile(self._shift_path)

    @property
    def _shift_path(self) -> Path:
        return self.folder / "shift"

    @override
    async def _spawn(self) -> ForkedProcess:
        return await self._fork(self.breakage)

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start_until(self, point: str, *, break_at: str | None = None) -> None:
        """Start a process that is killed at a crash point, and whose work fails at another."""
        self._process = await self._fork(Breakage(crash_at=point, break_at=break_at))

    async def shell(self, *command: str, crash_at: str | None = None) -> int:
        """Run another command of ``python -m bot`` beside the bot; return its exit code."""
        process = await self._fork(Breakage(command=command, crash_at=crash_at))
        async with asyncio.timeout(SHELL_SECONDS):
            return await process.wait()

    async def _fork(self, breakage: Breakage) -> ForkedProcess:
        process = _server().Process(
            target=run,
            args=(self.folder, self.variables, self.log_path, self._shift_path, breakage),
        )
        await asyncio.to_thread(process.start)
        return ForkedProcess(process)
