"""Child processes that work one request at a time: started by need, reused, ended when idle.

Standard-library pools start all children at once, by importing the parent's main module, and keep
them for good. Here a child is a new interpreter that runs ``worker_main``: it has no copy of the
parent's memory, environment or open files, and loads what its work needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from pathlib import Path
from typing import ParamSpec, Self, TypeVar, cast

from bot.media.answers import MOST_ANSWER_BYTES, answer_of
from bot.media.wire import BEGUN, LENGTH_BYTES, Answer, pickled

P = ParamSpec("P")
T = TypeVar("T")

START_SECONDS = 30.0
"""Time a child has until it begins with its work, on top of the limit of the work itself."""
IDLE_SECONDS = 30.0
"""A child without work ends after this: it holds some 30 MiB, and starts in a tenth of a second."""
END_SECONDS = 5.0
"""A child that was killed is gone in milliseconds, unless the system itself hangs."""
REQUESTS_PER_CHILD = 100
"""A child is replaced after this many, which bounds whatever a decoder leaks."""

_CODE = Path(__file__).parents[2]
_VARIABLES = frozenset({"HOME", "LANG", "PATH", "TMPDIR"})
_VARIABLE_PREFIXES = ("LC_", "LD_", "DYLD_", "PYTHON")
"""What an interpreter needs of the environment. Tokens and keys are there too, and stay here."""
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
}
"""Up to so much memory is kept for the next picture: by default glibc gives the pixels of each
back to the system, and having new pages cleared for the next takes a quarter of the time. See
https://man7.org/linux/man-pages/man3/mallopt.3.html; other systems do not read this."""


class WorkerDiedError(Exception):
    """The child crashed, ran out of memory or time, or its pool was closed."""


class _NotBegunError(Exception):
    """The child ended before it took the request."""


class _Worker:
    """One child process, as its parent sees it."""

    def __init__(self, process: Process, connection: socket.socket) -> None:
        self._process = process
        self._connection = connection
        """The other end is the child's standard input, and is written to as well."""
        self.requests = 0

    @classmethod
    async def start(cls, *, niceness: int) -> Self:
        """Start a child; the interpreter is not up yet when this returns.

        Raises:
            WorkerDiedError: the system starts no process.
        """
        command = (sys.executable, "-P", "-m", "bot.media.worker_main", str(niceness))
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=theirs.fileno(), env=_environment()
            )
        except BaseException as error:
            ours.close()
            if isinstance(error, OSError):
                raise WorkerDiedError(str(error)) from error
            raise
        finally:
            theirs.close()
        return cls(process, ours)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended, as far as the system knows."""
        try:
            return self._connection.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:  # there is nothing to read, and somebody who may write
            return True
        except OSError:
            return False

    async def load(self, modules: Iterable[str]) -> None:
        """Have it import modules; this does not wait until it has.

        Raises:
            _NotBegunError: it has ended.
        """
        for module in modules:
            await self._send(pickled(module))

    async def answer(self, request: Iterable[bytes], *, seconds: float) -> bytes | bytearray:
        """Send a request and return the answer, still pickled.

        Raises:
            _NotBegunError: it ended before it took the request.
            WorkerDiedError: it ended, took too long, or says nonsense.
        """
        self.requests += 1
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._send(request)
                try:
                    await self._receive(len(BEGUN))
                except OSError as error:
                    raise _NotBegunError from error
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
            raise _NotBegunError from error

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


class WorkerPool:
    """Children of one kind, at most so many; the one that worked last is taken first."""

    def __init__(
        self,
        *,
        workers: int,
        records: Collection[type] = (),
        niceness: int = 0,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Remember the settings; no process is started.

        Args:
            workers: how many children work at the same time.
            records: classes that answers may hold, beside plain values and built-in errors.
            niceness: how much the children give way to others.
            idle_seconds: after how long without work a child ends.
        """
        self._records = records
        self._niceness = niceness
        self._idle_seconds = idle_seconds
        self._free = asyncio.Semaphore(workers)
        self._idle: dict[_Worker, asyncio.TimerHandle] = {}
        """Children without work, the latest last, with what will end them."""
        self._ends: dict[_Worker, asyncio.Task[None]] = {}
        """Every child that has not ended, with what waits for its end."""
        self._closed = False

    @property
    def children(self) -> int:
        """How many children there are, at work or idle."""
        return len(self._ends)

    @property
    def is_busy(self) -> bool:
        """Whether further work would have to wait."""
        return self._free.locked()

    async def run(
        self, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function in a child; a caller that is cancelled takes the child with it.

        Raises:
            WorkerDiedError: it did not come back in time.
            Exception: what the function raised, if built in; otherwise a RuntimeError about it.
        """
        request = pickled((function, args, kwargs))
        async with self._free:
            try:
                came_back, result = await self._attempt(request, seconds)
            except _NotBegunError:
                # A child was killed while it had nothing to do: not this work's fault.
                try:
                    came_back, result = await self._attempt(request, seconds)
                except _NotBegunError as error:
                    raise WorkerDiedError("children end before they begin") from error
        if came_back:
            # The function's own type; the records it may consist of were checked.
            return cast("T", result)
        if isinstance(result, Exception) and not isinstance(result, MemoryError):
            raise result
        raise WorkerDiedError(f"it had no room: {result!r}")

    async def expect(self, modules: Iterable[str]) -> None:
        """Start a child for work that comes in a moment, where none is idle; a mere hint.

        Args:
            modules: what it shall have imported by then.
        """
        if self._closed or self.is_busy:
            return
        async with self._free:
            with contextlib.suppress(WorkerDiedError, _NotBegunError):  # the work will be told
                async with self._borrowed() as worker:
                    await worker.load(modules)

    def end_idle(self) -> None:
        """End the children that have nothing to do."""
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            worker.discard()

    async def aclose(self) -> None:
        """End all children; whoever waits for one is told that it died."""
        self._closed = True
        self.end_idle()
        for worker in self._ends:
            worker.kill()
        if self._ends:
            await asyncio.wait(self._ends.values(), timeout=END_SECONDS)

    async def _attempt(self, request: Iterable[bytes], seconds: float) -> Answer:
        async with self._borrowed() as worker:
            answer = await worker.answer(request, seconds=seconds)
            try:
                return answer_of(answer, self._records)
            except pickle.UnpicklingError as error:
                raise WorkerDiedError(f"its answer is unreadable: {error}") from error

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[_Worker]:
        """Lend a child; unless all goes well it is gone when this ends."""
        worker = await self._take()
        try:
            yield worker
        except BaseException:
            worker.discard()
            if worker in self._ends:
                await asyncio.wait([self._ends[worker]], timeout=END_SECONDS)
            raise
        self._put_back(worker)

    async def _take(self) -> _Worker:
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.is_alive:
                return worker
            worker.discard()
        if self._closed:
            raise WorkerDiedError("the pool was closed")
        worker = await _Worker.start(niceness=self._niceness)
        self._ends[worker] = asyncio.ensure_future(self._see_off(worker))
        if self._closed:  # meanwhile
            worker.kill()
        return worker

    def _put_back(self, worker: _Worker) -> None:
        if self._closed or worker.requests >= REQUESTS_PER_CHILD:
            worker.discard()
            return
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self._idle_seconds, self._end, worker)

    def _end(self, worker: _Worker) -> None:
        del self._idle[worker]
        worker.discard()

    async def _see_off(self, worker: _Worker) -> None:
        """Wait for the end of a child, whoever brings it about."""
        await worker.ended()
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()
            worker.discard()
        del self._ends[worker]


def _environment() -> dict[str, str]:
    """Return a child's environment: what the interpreter needs, and where this code lies."""
    kept = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - a child's is made of its parent's
        if name in _VARIABLES or name.startswith(_VARIABLE_PREFIXES)
    }
    return kept | _MALLOC | {"PYTHONPATH": os.pathsep.join((str(_CODE), *sys.path))}
