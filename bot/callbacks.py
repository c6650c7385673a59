"""``POST /callbacks/dashscope``: EventBridge tells that a task has ended, and its poll is hastened.

Who calls is anybody until the signature says otherwise, so everything is bounded: bytes, seconds,
calls in hand, lines in the log. A genuine call is answered 200 whatever it names and however often
it comes; the answer to a refused one says nothing of why, the log does.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from aiohttp import web

from bot.app import App
from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ports import Clock
from bot.logs import get_logger
from bot.loops import POLLER
from bot.metrics import Metrics
from bot.provider.callbacks import CallbackRefusal, CallbackVerifier, RefusalReason
from bot.services.stages.supervisor import Supervisor
from bot.services.stages.task_wakes import TaskWakes

log = get_logger(__name__)

PATH = "/callbacks/dashscope"
LONGEST_BODY_BYTES = 256 * 1024
"""An event with the whole answer in it (``contain_result``) carries a prompt of 20,000 characters
twice, in escapes of six bytes at the most."""
BODY_SECONDS = 10.0
MOST_IN_HAND = 16
"""At the same time: half the server's connections, so that ``/healthz`` is answered besides."""
LOG_SECONDS = 60.0
"""Between two log lines of the same refusal: strangers must not fill the disk."""

_STATUS = {
    RefusalReason.MALFORMED: 400,
    RefusalReason.WRONG_TOKEN: 403,
    RefusalReason.TOO_OLD: 403,
    RefusalReason.FOREIGN_CERTIFICATE: 403,
    RefusalReason.WRONG_SIGNATURE: 403,
    # Anything but success is sent again, and then the certificate may be had.
    RefusalReason.NO_CERTIFICATE: 503,
}


def callback_routes(app: App, supervisor: Supervisor) -> list[web.RouteDef]:
    """Return the route, or nothing where no token is set.

    Args:
        app: the parts of this process.
        supervisor: whose poller is woken.
    """
    verifier = app.callback_verifier
    if verifier is None:
        return []
    wakes = TaskWakes(
        database=app.database,
        clock=app.clock,
        catalogue=app.catalogue,
        account=app.provider.account,
        interval_seconds=app.settings.poll_interval_seconds,
        hasten=lambda: supervisor.wake(POLLER),
    )
    return CallbackEndpoint(verifier, wakes, clock=app.clock, metrics=app.metrics).routes()


class CallbackEndpoint:
    """Takes calls."""

    def __init__(
        self,
        verifier: CallbackVerifier,
        wakes: TaskWakes,
        *,
        clock: Clock,
        metrics: Metrics,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._body_seconds = body_seconds
        self._verifier = verifier
        self._wakes = wakes
        self._clock = clock
        self._metrics = metrics
        self._in_hand = 0
        self._silent_until: dict[str, float] = {}
        """By refusal: until when it is not logged again."""
        self._unlogged: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.post(PATH, self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        if self._in_hand >= MOST_IN_HAND:
            return self._refused("busy", status=503)
        self._in_hand += 1
        try:
            return await self._answer(request)
        finally:
            self._in_hand -= 1

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            # What is signed are the bytes as sent, and what they would unpack to has no bound.
            return self._refused("malformed", status=400, detail="compressed")
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _read(request)
        except TimeoutError:
            return self._refused("too_slow", status=408)
        if body is None:
            return self._refused("too_large", status=413)
        said = await self._verifier.verify(request.headers.items(), body)
        if isinstance(said, CallbackRefusal):
            reason = said.reason
            return self._refused(reason.value, status=_STATUS[reason], detail=said.detail)
        if said.task_id is None:
            return self._counted("other_event", status=200)
        try:
            outcome = await self._wakes.wake(said.task_id)
        except DatabaseUnavailableError as error:
            return self._refused("no_database", status=503, detail=str(error))
        return self._counted(outcome.value, status=200)

    def _counted(self, outcome: str, *, status: int) -> web.Response:
        self._metrics.callbacks.labels(outcome=outcome).inc()
        return web.Response(status=status)

    def _refused(self, outcome: str, *, status: int, detail: str = "") -> web.Response:
        now = self._clock.monotonic()
        if now < self._silent_until.get(outcome, now):
            self._unlogged[outcome] += 1
        else:
            self._silent_until[outcome] = now + LOG_SECONDS
            log.warning(
                "callback_refused",
                outcome=outcome,
                detail=detail,
                # Refused likewise since the line before.
                unlogged=self._unlogged.pop(outcome, 0),
            )
        return self._counted(outcome, status=status)


async def _read(request: web.Request) -> bytes | None:
    """Return the body as it was sent; None where it is too long."""
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > LONGEST_BODY_BYTES:
            return None
    return bytes(body)
