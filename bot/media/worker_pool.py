"""Child processes that work one request at a time: started by need, reused, ended when idle.

``concurrent.futures`` and ``anyio.to_process`` have each child import the parent's main module,
which for the bot is all of it, and end none for being idle. The latter has one set of children for
all kinds of work, so that what was made nice for an encoder would be nice for a picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from typing import ParamSpec, TypeVar, cast

from bot.media.answers import answer_of
from bot.media.wire import Answer, pickled
from bot.media.worker import NotBegunError, Reach, Worker, WorkerDiedError

P = ParamSpec("P")
T = TypeVar("T")

IDLE_SECONDS = 30.0
"""A child without work ends after this: it holds some 30 MiB, and starts in a tenth of a second."""
END_SECONDS = 5.0
"""A child that was killed is gone in milliseconds, unless the system itself hangs."""
REQUESTS_PER_CHILD = 100
"""A child is replaced after this many, which bounds whatever a decoder leaks."""


class WorkerPool:
    """Children of one kind, at most so many; the one that worked last is taken first."""

    def __init__(
        self,
        *,
        workers: int,
        reach: Reach,
        records: Collection[type] = (),
        niceness: int = 0,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Remember the settings; no process is started.

        Args:
            workers: how many children work at the same time.
            reach: the files they can get at.
            records: classes that answers may hold, beside plain values and built-in errors.
            niceness: how much the children give way to others.
            idle_seconds: after how long without work a child ends.
        """
        self._reach = reach
        self._records = records
        self._niceness = niceness
        self._idle_seconds = idle_seconds
        self._free = asyncio.Semaphore(workers)
        self._idle: dict[Worker, asyncio.TimerHandle] = {}
        """Children without work, the latest last, with what will end them."""
        self._ends: dict[Worker, asyncio.Task[None]] = {}
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
        request = pickled((function, args, kwargs, seconds))
        async with self._free:
            try:
                came_back, result = await self._attempt(request, seconds)
            except NotBegunError:
                # A child was killed while it had nothing to do: not this work's fault.
                try:
                    came_back, result = await self._attempt(request, seconds)
                except NotBegunError as error:
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
            with contextlib.suppress(WorkerDiedError, NotBegunError):  # the work will be told
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
    async def _borrowed(self) -> AsyncIterator[Worker]:
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

    async def _take(self) -> Worker:
        while self._idle:
            worker, timer = self._idle.popitem()
            timer.cancel()
            if worker.is_alive:
                return worker
            worker.discard()
        if self._closed:
            raise WorkerDiedError("the pool was closed")
        worker = await Worker.start(reach=self._reach, niceness=self._niceness)
        self._ends[worker] = asyncio.ensure_future(self._see_off(worker))
        if self._closed:  # meanwhile
            worker.kill()
        return worker

    def _put_back(self, worker: Worker) -> None:
        if self._closed or worker.requests >= REQUESTS_PER_CHILD:
            worker.discard()
            return
        loop = asyncio.get_running_loop()
        self._idle[worker] = loop.call_later(self._idle_seconds, self._end, worker)

    def _end(self, worker: Worker) -> None:
        del self._idle[worker]
        worker.discard()

    async def _see_off(self, worker: Worker) -> None:
        """Wait for the end of a child, whoever brings it about."""
        await worker.ended()
        if (timer := self._idle.pop(worker, None)) is not None:
            timer.cancel()
            worker.discard()
        del self._ends[worker]
