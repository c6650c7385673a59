"""Runs a child process with an environment of its own, and ends it by its own id."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from sandbox.demo.errors import DemoError

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0
"""A cold start on a slow machine: bytecode is compiled, libraries are read from disk."""

STOP_SECONDS = 20.0
"""Above the bot's own SHUTDOWN_SECONDS."""


class Child:
    """Runs ``python -m <module>`` inside a temporary folder."""

    def __init__(self, name: str, *arguments: str, folder: Path) -> None:
        self.name = name
        self.arguments = arguments
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    @property
    def command(self) -> str:
        """What a person would type."""
        return " ".join(("python -m", *self.arguments))

    async def start(
        self, variables: Mapping[str, str] | None = None, *, announces: bool = False
    ) -> None:
        """Start the process.

        Args:
            variables: Its environment, beside the few every child gets. Nothing of the shell
                is passed on, and a ``.env`` of the repository is not in its folder.
            announces: Whether its standard output is a line for `announcement`, not a log.
        """
        temporary = self._folder / "tmp"
        await asyncio.to_thread(temporary.mkdir, exist_ok=True)
        log = self._folder / f"{self.arguments[0].removeprefix('sandbox.')}.log"
        with log.open("ab") as stream:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self.arguments,
                cwd=self._folder,
                env={
                    "PATH": os.defpath,
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUTF8": "1",
                    "TMPDIR": str(temporary),
                    **(variables or {}),
                },
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if announces else stream,
                stderr=stream,
                # A Ctrl-C reaches the demo alone, which then ends everything in order.
                start_new_session=True,
            )

    async def announcement(self) -> dict[str, object]:
        """Wait for the line in which a sandbox says where it listens.

        Raises:
            DemoError: it ended, or said nothing in time.
        """
        process = self._process
        if process is None or process.stdout is None:
            raise DemoError(f"The {self.name} was not started.")
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            raise DemoError(f"The {self.name} was not ready in {START_SECONDS:.0f} s.") from None
        if not line:
            await self.watch()
        told: dict[str, object] = json.loads(line)
        return told

    async def watch(self) -> NoReturn:
        """Wait for an end nobody asked for.

        Raises:
            DemoError: it came.
        """
        code = None if self._process is None else await self._process.wait()
        raise DemoError(f"The {self.name} ended by itself with exit code {code}.")

    async def stop(self) -> int | None:
        """Send SIGTERM and return the exit code; None when there was no process.

        What does not end in time is killed, with everything it started.
        """
        process = self._process
        if process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return await process.wait()
