"""Wires the emulator's parts together, starts and ends them.

::

    async with DashScopeServer(EmulatorSettings(task_seconds=(6, 9))) as server:
        ...  # server.base_url, server.tasks, server.requests, server.faults, server.clock
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.dashscope import wire
from sandbox.dashscope.answers import (
    CLOSING,
    TASKS_JSON_TYPE,
    ConnectionDroppedError,
    add_gateway_headers,
    json_answer,
)
from sandbox.dashscope.api import RECORD, Api, Parts
from sandbox.dashscope.callbacks import CallbackSender
from sandbox.dashscope.clock import ChangeNotifier, EmulatorClock
from sandbox.dashscope.control import ControlEndpoints
from sandbox.dashscope.faults import PlannedFaults
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.problems import ApiError, not_found
from sandbox.dashscope.recorder import Recorder, RequestRecord
from sandbox.dashscope.results import ResultStore, VideoSource
from sandbox.dashscope.settings import EmulatorSettings
from sandbox.dashscope.tasks import Peak, TaskRecord, TaskStore
from sandbox.dashscope.uploads import UploadStore
from sandbox.dashscope.video import Renderer

Found = TypeVar("Found")

RENDER_AHEAD_SECONDS = 3.0
"""A task that runs at least this long in real time has its video rendered meanwhile; that of a
shorter one is rendered when somebody fetches it."""


class DashScopeServer:
    """One emulated account, listening while the context is open."""

    def __init__(
        self, settings: EmulatorSettings | None = None, *, videos: VideoSource | None = None
    ) -> None:
        """Set the account up; nothing listens yet.

        Args:
            settings: how the provider is.
            videos: where results come from; rendered by default, from pictures and prompt.
        """
        self.settings = settings or EmulatorSettings()
        self._notifier = ChangeNotifier()
        self.clock = EmulatorClock(self.settings.speed, notifier=self._notifier)
        """The emulated time; ``advance(seconds)`` and ``speed`` change it."""
        self.faults = PlannedFaults(self.settings.seed)
        """The switches that make the server misbehave."""
        self._recorder = Recorder()
        self._videos = videos or Renderer(self.settings.cached_videos)
        secret = secrets.token_bytes(16)
        self._uploads = UploadStore(self.clock, secret)
        self._files = FileSource(self._uploads)
        self._results = ResultStore(
            clock=self.clock, faults=self.faults, videos=self._videos, secret=secret
        )
        self.callbacks = CallbackSender(
            clock=self.clock,
            notifier=self._notifier,
            faults=self.faults,
            region=self.settings.region,
            seed=self.settings.seed,
            spawn=self._spawn,
        )
        """Who tells of finished tasks; ``callbacks.target`` says whom."""
        self.callbacks.target = self.settings.callback
        self._task_store = TaskStore(
            clock=self.clock,
            notifier=self._notifier,
            settings=self.settings,
            on_start=self._render_ahead,
            on_success=self._results.publish,
            on_end=self.callbacks.tell,
        )
        self._background: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._origin = ""

    @property
    def base_url(self) -> str:
        """What takes the place of ``https://dashscope.aliyuncs.com/api/v1``."""
        return f"{self._origin}/api/v1"

    @property
    def control_url(self) -> str:
        """Where the emulator's own endpoints are."""
        return f"{self._origin}/_sandbox"

    @property
    def tasks(self) -> dict[str, TaskRecord]:
        """Every task ever accepted, by id, oldest first, as of now."""
        self._task_store.settle()
        return self._task_store.tasks

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request, oldest first."""
        return self._recorder.requests

    def peak_in_flight(self, model: str) -> Peak:
        """Return the most unfinished and the most running tasks of a model there ever were."""
        self._task_store.settle()
        return self._task_store.peaks.get(model, Peak(0, 0))

    def seconds_to_next_event(self) -> float | None:
        """Return how many emulated seconds are left until a task begins or ends by itself."""
        at = self._task_store.next_event_at()
        return None if at is None else at - self.clock.epoch()

    async def wait_for(self, predicate: Callable[[], Found], timeout: float = 10.0) -> Found:  # noqa: ASYNC109 - a deadline is the point
        """Return what ``predicate`` returns once that is true.

        It is asked again after every change of a task, request or the clock.

        Raises:
            TimeoutError: it was not true after so many real seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                self._task_store.settle()
                if found := predicate():
                    return found
                await self._notifier.wait(None)

    async def __aenter__(self) -> Self:
        app = web.Application(
            middlewares=[self._middleware], client_max_size=self.settings.max_body_bytes
        )
        app[CLOSING] = self._closing
        app.on_response_prepare.append(add_gateway_headers)
        parts = Parts(
            settings=self.settings,
            clock=self.clock,
            task_store=self._task_store,
            faults=self.faults,
            uploads=self._uploads,
            files=self._files,
            spawn=self._spawn,
        )
        control = ControlEndpoints(
            clock=self.clock,
            task_store=self._task_store,
            faults=self.faults,
            recorder=self._recorder,
            callbacks=self.callbacks,
        )
        app.add_routes(self.callbacks.routes())
        app.add_routes(Api(parts).routes())
        app.add_routes(control.routes())
        app.router.add_route("*", "/results/{path:.*}", self._results.serve, name="result")
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        port = self._runner.addresses[0][1]
        self._origin = f"http://{self.settings.host}:{port}"
        self._results.origin = self.callbacks.origin = self._origin
        self._spawn(self._tick())
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._notifier.notify()
        if self._runner is not None:
            await self._runner.cleanup()
        background = list(self._background)
        for running in background:
            running.cancel()
        outcomes = await asyncio.gather(*background, return_exceptions=True)
        await self.callbacks.close()
        await self._files.close()
        await asyncio.to_thread(self._videos.close)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        # Not a TaskGroup: a test fixture may open and close the server in different tasks.
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        # A failed one stays, so that closing the server raises its error.
        if task.cancelled() or task.exception() is None:
            self._background.discard(task)

    async def _tick(self) -> None:
        """Move the tasks along while nobody asks."""
        while not self._closing.is_set():
            self._task_store.settle()
            at = self._task_store.next_event_at()
            await self._notifier.wait(None if at is None else self.clock.real_seconds_until(at))

    def _render_ahead(self, task: TaskRecord) -> None:
        seconds = self.clock.real_seconds_until(self._task_store.ends_at(task))
        if task.plan is not None and seconds >= RENDER_AHEAD_SECONDS:
            self._videos.start(task.plan)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record every request, and turn errors into answers."""
        if request.path.startswith("/_sandbox/"):
            return await handler(request)
        request_id = str(uuid.uuid4())
        point = request.match_info.route.name or "other"
        record = self._recorder.open(request, point=point, request_id=request_id)
        request[RECORD] = record
        self._notifier.notify()
        started = time.time()
        try:
            response = await self._answer(request, handler, record)
            record.status = response.status
        except ConnectionDroppedError:
            # The transport is gone, so this goes nowhere.
            response = web.Response(status=500)
        finally:
            record.answered_at = time.monotonic()
            self._notifier.notify()
        if not response.prepared and point not in {"result", "bucket", "certificate"}:
            cost = round((time.time() - started) * 1000)
            response.headers["req-cost-time"] = str(cost)
            response.headers["req-arrive-time"] = str(round(started * 1000))
            response.headers["resp-start-time"] = str(round(started * 1000) + cost)
            response.headers["x-envoy-upstream-service-time"] = str(cost)
        return response

    @staticmethod
    async def _answer(
        request: web.Request, handler: Handler, record: RequestRecord
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            problem = error
        except web.HTTPMethodNotAllowed:
            text = f"Request method '{request.method}' is not supported."
            problem = ApiError(405, "InvalidParameter", text)
        except web.HTTPNotFound:
            problem = not_found()
        body = wire.error(problem, record.request_id)
        if problem.status == 401:  # noqa: PLR2004 - HTTP Unauthorized
            response = json_answer(request, body, status=401, content_type=None)
            response.headers["X-Request-ID"] = record.request_id
            return response
        tasks = record.point in {"query", "list", "cancel"}
        content_type = TASKS_JSON_TYPE if tasks else "application/json"
        return json_answer(request, body, status=problem.status, content_type=content_type)
