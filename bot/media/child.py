"""Pictures and videos are decoded in child processes; this is their asynchronous front.

A hostile file may crash its decoder, eat memory or never end. In a child that costs one refusal:
memory is limited, every kind of work has a time limit, and a child that is late or whose caller
has gone is killed. Nothing here blocks the event loop: bytes reach the child as a file.

Pillow and PyAV are imported in the child alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool
from typing_extensions import override

from bot.crashpoints import Call, outside
from bot.domain.errors import (
    InvalidImageError,
    MediaError,
    MediaTooLargeError,
    MediaUnreadableError,
)
from bot.domain.guilds.usage import Chart
from bot.domain.jobs.delivery import MediaFile
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import PreparedPicture
from bot.media.files import remove_partial_of

P = ParamSpec("P")
T = TypeVar("T")

PREPARE_SECONDS = 20.0
"""Two pictures of 40 megapixels take about three; what takes longer is made to take longer."""
PROBE_SECONDS = 60.0
"""Every frame is decoded: 30 seconds of 1080p take about ten on a slow core."""
DRAW_SECONDS = 60.0
"""The first chart imports matplotlib, which takes seconds on a slow core."""
SHRINK_SECONDS = 600.0
"""However little of a core is left for it; the file may wait, whoever delivers must not."""
SHRINK_LEAST_CPU_SECONDS = 60.0
SHRINK_PIXELS_PER_CPU_SECOND = 4_000_000
"""A third of what one slow core manages in all passes: five seconds of 1080p have two minutes."""
WARM_UP_SECONDS = 30.0
_START_SECONDS = 30.0
"""Time a new child may take to start, on top of each limit: pebble counts from there."""

MAX_CHILD_MEMORY_BYTES = 2 * 1024 * 1024 * 1024
"""Address space of a child. 40 megapixels with transparency take 0.6 GiB, the libraries 0.5."""
TASKS_PER_CHILD = 100
"""A child is replaced after this many, which bounds whatever a decoder leaks."""
_SHRINK_NICENESS = 5
"""Encoding is the only work that takes minutes, and the only one nobody waits for at a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """An error as a value: exceptions with keyword arguments do not survive pickling."""

    error: Callable[..., InvalidImageError | MediaError]
    arguments: dict[str, int | str]

    def as_error(self) -> InvalidImageError | MediaError:
        return self.error(**self.arguments)


# --- run in the child ------------------------------------------------------------------------


def _initialise(niceness: int) -> None:
    """Make a new process a good child: bounded, deaf to signals, and gone with its parent."""
    # A terminal or a service manager signals the whole group; the parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="parent-watch", daemon=True).start()
    from bot.media import images, shrink  # noqa: F401 - loaded before the first picture arrives

    if niceness and hasattr(os, "nice"):
        os.nice(niceness)
    _limit_memory()


def _die_with_parent() -> None:
    """End this process when its parent is gone, however that went.

    PR_SET_PDEATHSIG is not used: it fires when the *thread* that started the child ends,
    https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    # A system may refuse (macOS does for address space); then the time limits have to do.
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = MAX_CHILD_MEMORY_BYTES
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    with contextlib.suppress(ValueError, OSError):
        # A core file would hold somebody's pictures.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def shrink_cpu_seconds(pixels: int | None) -> float:
    """Return the work that re-encoding may take, by the pixels of all frames; None: not known."""
    if pixels is None:
        return SHRINK_SECONDS
    by_size = SHRINK_LEAST_CPU_SECONDS + pixels / SHRINK_PIXELS_PER_CPU_SECOND
    return min(SHRINK_SECONDS, by_size)


@contextlib.contextmanager
def _limited_cpu(seconds: float) -> Iterator[None]:
    """Have the system end this process where it works longer than that.

    Other work on the machine does not use this time up, as it would use up a wait in the parent.
    """
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    soft = until if hard == resource.RLIM_INFINITY else min(until, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _prepare(
    sources: tuple[tuple[str, Path], ...],
) -> tuple[tuple[PreparedPicture, ...], bytes] | _Refusal:
    from bot.media.images import prepare_pictures

    try:
        return prepare_pictures([(option, path.read_bytes()) for option, path in sources])
    except InvalidImageError as error:
        return _Refusal(
            error=InvalidImageError,
            arguments={"option": error.option, "problem": error.problem, **error.facts},
        )


def _probe(path: Path) -> MediaFile | _Refusal:
    from bot.media.video import probe

    try:
        return probe(path)
    except MediaError as error:
        return _refusal_of(error)


def _shrink(source: Path, target: Path, limit_bytes: int) -> MediaFile | _Refusal:
    from bot.media.shrink import shrink
    from bot.media.video import frames_in_pixels

    try:
        with _limited_cpu(SHRINK_LEAST_CPU_SECONDS):
            pixels = frames_in_pixels(source)
        with _limited_cpu(shrink_cpu_seconds(pixels)):
            return shrink(source, target, limit_bytes=limit_bytes)
    except MediaError as error:
        return _refusal_of(error)


def _refusal_of(error: MediaError) -> _Refusal:
    match error:
        case MediaUnreadableError():
            return _Refusal(
                error=MediaUnreadableError, arguments={"problem": error.problem, **error.facts}
            )
        case MediaTooLargeError():
            return _Refusal(
                error=MediaTooLargeError,
                arguments={"limit_bytes": error.limit_bytes, "actual_bytes": error.actual_bytes},
            )
        case _:
            raise error


def _draw(chart: Chart) -> bytes:
    from bot.media.charts import draw

    return draw(chart)


def _nothing() -> None:
    """Do nothing, in a child that had to start for it."""


# --- run in the parent -----------------------------------------------------------------------


class _Process(SpawnProcess):
    """A child that is ended by SIGKILL: it does not listen to SIGTERM, and has nothing to save."""

    @override
    def terminate(self) -> None:
        """Kill the process; pebble calls this for a task that is late or was cancelled."""
        self.kill()


class _Context(SpawnContext):
    """Start children as new interpreters: forking a process with threads copies held locks."""

    Process = _Process


class _ChildDiedError(Exception):
    """The child crashed, ran out of memory or time, or its pool broke."""


class _Crew:
    """A pool of children of one kind, replaced when it breaks."""

    def __init__(self, *, workers: int, niceness: int) -> None:
        self._workers = workers
        self._niceness = niceness
        self._pool: ProcessPool | None = None
        self._starting = asyncio.Lock()
        # Pebble's own queue would count a task as waiting, without a limit on its wait, and
        # writes it into a pipe that nobody reads while all children are busy.
        self._free = asyncio.Semaphore(workers)
        self._cancels: set[Callable[[], bool]] = set()
        self._closed = False

    async def run(
        self, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a function in a child.

        Raises:
            _ChildDiedError: it did not come back.
        """
        async with self._free:
            with contextlib.suppress(BrokenProcessPool):
                return await self._attempt(seconds, function, *args, **kwargs)
            # A child was killed while it had nothing to do: not this work's fault.
            try:
                return await self._attempt(seconds, function, *args, **kwargs)
            except BrokenProcessPool as error:
                raise _ChildDiedError(str(error)) from error

    async def _attempt(
        self, seconds: float, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        pool = await self._started()
        try:
            future: Future[T] = pool.schedule(function, args=args, kwargs=kwargs, timeout=seconds)
        except RuntimeError as error:  # it broke since we looked
            await self._discard(pool)
            raise BrokenProcessPool(str(error)) from error
        self._cancels.add(future.cancel)
        try:
            async with asyncio.timeout(seconds + _START_SECONDS):
                return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            await self._discard(pool)
            raise
        except (ProcessExpired, TimeoutError, MemoryError) as error:
            if future.cancelled():
                await self._discard(pool)  # no child took it in time
            raise _ChildDiedError(str(error)) from error
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            raise _ChildDiedError("the pool was ended") from None
        finally:
            self._cancels.discard(future.cancel)
            future.cancel()  # pebble then kills the child

    async def aclose(self) -> None:
        """End all children; whoever waits for one is told that it died."""
        self._closed = True
        async with self._starting:
            if self._pool is not None:
                await self._discard(self._pool)

    async def _started(self) -> ProcessPool:
        async with self._starting:
            if self._closed:
                raise _ChildDiedError("closed")
            if self._pool is not None and not self._pool.active:
                await self._discard(self._pool)  # a child died while it had nothing to do
            if self._pool is None:
                pool = ProcessPool(
                    max_workers=self._workers,
                    max_tasks=TASKS_PER_CHILD,
                    initializer=_initialise,
                    initargs=(self._niceness,),
                    context=_Context(),
                )
                self._pool = pool  # before the wait: a cancelled caller must not lose it
                # ``active`` is what starts the children, which takes some 10 ms for each.
                await asyncio.to_thread(lambda: pool.active)
            return self._pool

    async def _discard(self, pool: ProcessPool) -> None:
        if self._pool is pool:
            self._pool = None
            # A pool that was stopped never answers; nobody shall wait for it until the time limit.
            for cancel in tuple(self._cancels):
                cancel()
        await asyncio.shield(asyncio.to_thread(_stop, pool))


def _is_being_cancelled() -> bool:
    """Tell a cancelled caller from a cancelled future: both arrive as CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call] # pebble leaves its methods without results untyped
    pool.join()


class MediaPool:
    """Decodes, probes and re-encodes in child processes; made cheaply, started by the first use.

    An asynchronous context manager: leaving it ends the children, whatever they are doing.
    """

    def __init__(self, *, workers: int | None = None, scratch: Path | None = None) -> None:
        """Remember the settings; no process is started.

        Args:
            workers: children for everything but re-encoding, and as many again for that; as
                many as there are cores by default.
            scratch: folder for bytes on their way to a child; the system's own by default.
        """
        count = max(1, workers or _cores())
        self._quick = _Crew(workers=count, niceness=0)
        # Each encoder is a crew of its own: it starts when all others are at work, and what
        # becomes of it is nothing to them. The one that worked last is taken first.
        self._encoders = tuple(_Crew(workers=1, niceness=_SHRINK_NICENESS) for _ in range(count))
        self._idle: asyncio.LifoQueue[_Crew] = asyncio.LifoQueue()
        for encoder in reversed(self._encoders):
            self._idle.put_nowait(encoder)
        self._scratch = scratch

    @property
    def encoders(self) -> int:
        """How many videos are re-encoded at the same time."""
        return len(self._encoders)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def warm_up(self) -> None:
        """Start a child for pictures, so that the first command does not wait for it.

        Raises:
            MediaUnreadableError: no child could be started; the installation is broken.
        """
        await self._media(self._quick.run(WARM_UP_SECONDS, _nothing))

    @outside(Call.PREPARE)
    async def prepare(
        self, sources: Sequence[tuple[str, bytes]]
    ) -> tuple[tuple[PreparedPicture, ...], bytes]:
        """Make pictures fit, and draw their preview; see ``images.prepare_pictures``.

        One visit to a child: what it decoded is drawn small there, and nothing goes there twice.

        Raises:
            InvalidImageError: a picture cannot be used; ``option`` says which, ``problem`` why.
                Where a decoder broke, the first option is named.
        """
        writing = asyncio.ensure_future(asyncio.to_thread(_write_sources, sources, self._scratch))
        try:
            folder = await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.to_thread((await writing).cleanup)  # the thread writes on regardless
            raise
        try:
            files = tuple(
                (option, Path(folder.name) / str(at)) for at, (option, _) in enumerate(sources)
            )
            answer = await self._quick.run(PREPARE_SECONDS, _prepare, files)
        except _ChildDiedError as error:
            raise InvalidImageError(
                option=sources[0][0], problem=PictureProblem.DECODER_FAILED
            ) from error
        finally:
            await asyncio.shield(asyncio.to_thread(folder.cleanup))
        return _unwrap(answer)

    @outside(Call.PROBE)
    async def probe(self, path: Path) -> MediaFile:
        """Check that a file is a whole, playable video; see ``video.probe``.

        Raises:
            MediaUnreadableError: it is not, or the child died on it.
        """
        return _unwrap(await self._media(self._quick.run(PROBE_SECONDS, _probe, path)))

    @outside(Call.SHRINK)
    async def shrink(self, source: Path, target: Path, *, limit_bytes: int) -> MediaFile:
        """Re-encode a video to fit below a limit; see ``shrink.shrink``.

        As many at a time as there are cores; one that works much longer than its length and
        size explain is given up, and one that gets nowhere.

        Raises:
            MediaTooLargeError: it cannot be made to fit.
            MediaUnreadableError: the source does not decode, or the child died on it.
        """
        encoder = await self._idle.get()
        try:
            work = encoder.run(SHRINK_SECONDS, _shrink, source, target, limit_bytes)
            return _unwrap(await self._media(work))
        finally:
            self._idle.put_nowait(encoder)
            # A child that was killed has left what it had written.
            await asyncio.shield(asyncio.to_thread(remove_partial_of, target))

    async def draw(self, chart: Chart) -> bytes:
        """Draw a chart as PNG; see ``charts.draw``.

        Raises:
            MediaUnreadableError: the child died on it.
        """
        return await self._media(self._quick.run(DRAW_SECONDS, _draw, chart))

    async def aclose(self) -> None:
        """End all children at once; work under way is lost."""
        crews = (self._quick, *self._encoders)
        await asyncio.gather(*(crew.aclose() for crew in crews))

    async def _media(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except _ChildDiedError as error:
            raise MediaUnreadableError("decoder_failed") from error


def _unwrap(answer: T | _Refusal) -> T:
    if isinstance(answer, _Refusal):
        raise answer.as_error()
    return answer


def _cores() -> int:
    """Return how many cores this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows


def _write_sources(
    sources: Sequence[tuple[str, bytes]], scratch: Path | None
) -> tempfile.TemporaryDirectory[str]:
    """Write each picture to a file of its own; a pipe of 64 KiB would hold the GIL for each."""
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
    folder = tempfile.TemporaryDirectory(prefix="tween-", dir=scratch)
    try:
        for at, (_, data) in enumerate(sources):
            (Path(folder.name) / str(at)).write_bytes(data)
    except BaseException:
        folder.cleanup()
        raise
    return folder
