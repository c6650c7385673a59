"""One child process, as its parent sees it: an interpreter of its own that runs ``worker_main``.

It has no copy of the parent's memory, environment or open files, and has loaded nothing that its
work does not need.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bot.media.answers import MOST_ANSWER_BYTES
from bot.media.wire import BEGUN, LENGTH_BYTES, pickled

START_SECONDS = 30.0
"""Time a child has until it begins with its work, on top of the limit of the work itself."""

_CODE = Path(__file__).parents[2]
_VARIABLES = frozenset({"HOME", "LANG", "PATH"})
_VARIABLE_PREFIXES = ("LC_", "LD_", "DYLD_", "PYTHON")
"""What an interpreter needs of the environment. Tokens and keys are there too, and stay here."""
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
}
"""Up to so much memory is kept for the next picture: by default glibc gives the pixels of each
back to the system, and having new pages cleared for the next takes a quarter of the time. See
https://man7.org/linux/man-pages/man3/mallopt.3.html; other systems do not read this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The files that children can get at, beside the interpreter and this code."""

    scratch: Path
    """The one folder in which they write; they read there too."""
    readable: tuple[Path, ...] = ()
    """Folders in which they read."""

    def made(self) -> Self:
        """Return this with absolute paths, of folders that are there.

        What is not there when a child starts stays out of its reach.

        Raises:
            OSError: a folder cannot be made.
        """
        paths = [Path(os.path.realpath(path)) for path in (self.scratch, *self.readable)]
        for path in paths:
            path.mkdir(parents=True, exist_ok=True)
        return replace(self, scratch=paths[0], readable=tuple(paths[1:]))


class WorkerDiedError(Exception):
    """The child crashed, ran out of memory or time, or its pool was closed."""


class NotBegunError(Exception):
    """The child ended before it took the request."""


class Worker:
    """One child process, as its parent sees it."""

    def __init__(self, process: Process, connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        """The other end is the child's standard input, and is written to as well."""
        self.requests = 0

    @classmethod
    async def start(cls, *, reach: Reach, niceness: int) -> Self:
        """Start a child; the interpreter is not up yet when this returns.

        Raises:
            WorkerDiedError: the system starts no process.
        """
        try:
            reach = await asyncio.to_thread(reach.made)
        except OSError as error:
            raise WorkerDiedError(str(error)) from error
        folders = (reach.scratch, *_packages(reach.scratch), *reach.readable)
        command = (sys.executable, "-P", "-m", "bot.media.worker_main", str(niceness))
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs, contextlib.ExitStack() as failing:
            failing.enter_context(ours)
            try:
                process = await asyncio.create_subprocess_exec(
                    *(*command, *map(str, folders)),
                    stdin=theirs.fileno(),
                    env=_environment(reach.scratch),
                    cwd=reach.scratch,
                )
            except OSError as error:
                raise WorkerDiedError(str(error)) from error
            failing.pop_all()
        return cls(process, ours)

    @property
    def is_alive(self) -> bool:
        """Whether it waits for a request, as far as the system knows."""
        try:
            self._connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:  # nothing to read, and somebody who may write
            return True
        except OSError:
            return False
        return False  # its end, or something nobody asked for

    async def load(self, modules: Iterable[str]) -> None:
        """Have it import modules; this does not wait until it has.

        Raises:
            NotBegunError: it has ended.
        """
        for module in modules:
            await self._send(pickled(module))

    async def answer(self, request: Iterable[bytes], *, seconds: float) -> bytes | bytearray:
        """Send a request and return the answer, still pickled.

        Raises:
            NotBegunError: it ended before it took the request.
            WorkerDiedError: it ended, took too long, or says nonsense.
        """
        self.requests += 1
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._send(request)
                try:
                    begun = await self._receive(len(BEGUN))
                except OSError as error:
                    raise NotBegunError from error
                if begun != BEGUN:
                    raise WorkerDiedError("it says what nobody understands")
            async with asyncio.timeout(seconds):
                length = int.from_bytes(await self._receive(LENGTH_BYTES), "big")
                if length > MOST_ANSWER_BYTES:
                    raise WorkerDiedError(f"an answer of {length} bytes")
                return await self._receive(length)
        except TimeoutError as error:
            raise WorkerDiedError("it took too long") from error
        except OSError as error:
            raise WorkerDiedError("it ended") from error

    def kill(self) -> None:
        """End it at once: it does not listen to SIGTERM, and has nothing to save."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def discard(self) -> None:
        """End it, where nobody waits for its answer any more."""
        self.kill()
        self._connection.close()

    async def ended(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    async def _send(self, pieces: Iterable[bytes]) -> None:
        loop = asyncio.get_running_loop()
        try:
            for piece in pieces:
                await loop.sock_sendall(self._connection, memoryview(piece))
        except OSError as error:
            raise NotBegunError from error

    async def _receive(self, length: int) -> bytearray:
        loop = asyncio.get_running_loop()
        received = bytearray(length)
        left = memoryview(received)
        while left:
            count = await loop.sock_recv_into(self._connection, left)
            if count == 0:
                raise ConnectionResetError
            left = left[count:]
        return received


def _packages(scratch: Path) -> list[Path]:
    """Return where modules are found, but for folders that may hold other things as well.

    ``.env`` and the database lie in the folder of this code, or in the one the bot was started
    in; a child reads of the former only what it needs.
    """
    folders = {Path(entry).resolve() for entry in sys.path if entry} - {_CODE, Path.cwd()}
    return sorted(folder for folder in folders if not scratch.is_relative_to(folder))


def _environment(scratch: Path) -> dict[str, str]:
    """Return a child's environment: what the interpreter needs, and where this code lies."""
    kept = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - a child's is made of its parent's
        if name in _VARIABLES or name.startswith(_VARIABLE_PREFIXES)
    }
    # Absolute, as the child works in another folder, where a child may have put modules.
    entries = (*sys.path, *kept.get("PYTHONPATH", "").split(os.pathsep))
    path = os.pathsep.join((str(_CODE), *(os.path.realpath(entry) for entry in entries if entry)))
    return kept | _MALLOC | {"PYTHONPATH": path, "TMPDIR": str(scratch)}
