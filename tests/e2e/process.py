"""The bot as its host runs it: a real process, its log, its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningProcess(Protocol):
    """What a test needs of a started process."""

    @property
    def pid(self) -> int:
        """Process id."""

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""

    def send_signal(self, number: int, /) -> None:
        """Send a signal."""

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""


class BotProcess:
    """``python -m bot run`` with an environment of its own."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        # Nothing of the developer's shell reaches the process.
        self.variables = {
            "PATH": os.environ["PATH"],  # noqa: TID251 - the child needs its interpreter's path
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            "HTTP_LISTEN": f"127.0.0.1:{self.port}",
            **variables,
        }
        self.log_path = folder / "bot.log"
        self._process: RunningProcess | None = None

    @property
    def pid(self) -> int:
        """Process id of the running process."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    async def start(self, *, wait: bool = True) -> None:
        """Start the process, and wait until it is ready."""
        self._process = await self._spawn()
        if wait:
            await self.wait_until_ready()

    async def _spawn(self) -> RunningProcess:
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "run",
                cwd=self.folder,
                env=self.variables,
                stdout=log,
                stderr=log,
            )

    async def wait_until_ready(self) -> None:
        """Ask /readyz until it says yes."""
        async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
            while True:
                if self._process is not None and self._process.returncode is not None:
                    raise RuntimeError(f"the bot ended early:\n{self.log()[-4000:]}")
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    async def page(self, path: str) -> tuple[int, str]:
        """Return status and body of one of the bot's own pages."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    def twin(self, **variables: str) -> BotProcess:
        """Return another process on the same data, with a log and a port of its own."""
        other = type(self)(self.folder, {**self.variables, **variables})
        other.variables["HTTP_LISTEN"] = f"127.0.0.1:{other.port}"
        other.log_path = self.folder / "twin.log"
        return other

    async def ended(self, timeout_seconds: float) -> int:
        """Wait for the process to end by itself; return its exit code."""
        if self._process is None:
            raise RuntimeError("not started")
        async with asyncio.timeout(timeout_seconds):
            return await self._process.wait()

    async def kill(self) -> None:
        """End the process at once, as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask the process to end; return its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(30):
            return await process.wait()

    def log(self) -> str:
        """Return everything the process wrote."""
        return self.log_path.read_text("utf-8") if self.log_path.exists() else ""

    def events(self, name: str, **facts: object) -> list[dict[str, Any]]:
        """Return the log's records of one event."""
        found = []
        for line in self.log().splitlines(keepends=True):
            # The last one may be in the making.
            if not (line.startswith("{") and line.endswith("\n")):
                continue
            record = json.loads(line)
            if record.get("event") == name and all(
                record.get(key) == value for key, value in facts.items()
            ):
                found.append(record)
        return found

    async def wait_for_log(
        self, predicate: Callable[[BotProcess], object], timeout_seconds: float = 30
    ) -> None:
        """Wait until the log says something."""
        async with asyncio.timeout(timeout_seconds):
            while not predicate(self):  # noqa: ASYNC110 - a file has no event to wait on
                await asyncio.sleep(0.05)
