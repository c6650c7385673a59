"""``/callbacks/dashscope`` over real sockets: the emulator calls as EventBridge does."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from bot.callbacks import (
    BODY_SECONDS,
    LOG_SECONDS,
    LONGEST_BODY_BYTES,
    MOST_IN_HAND,
    PATH,
    CallbackEndpoint,
)
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.provider.callbacks import CallbackVerifier
from bot.provider.certificates import CertificateKeys
from bot.services.stages.task_wakes import TaskWakes
from bot.web import HealthPage
from sandbox.dashscope import CallbackTarget
from tests.e2e.process import free_port
from tests.fakes import ACCOUNT
from tests.services.core import POLL_SECONDS, Core
from tests.services.database_trouble import read_only
from tests.services.emulated import Stage, emulated

TOKEN = "a-token-of-a-test"


@dataclass(slots=True, kw_only=True)
class Called:
    """A process that takes calls, and the provider that makes them."""

    stage: Stage
    http: aiohttp.ClientSession
    origin: str
    hastened: asyncio.Event

    async def end_of_a_task(self, calls: int = 1) -> Job:
        """Let a task end long before it is polled; return its job once so many calls were made."""
        job = await self.stage.ask_and_send()
        self.stage.pass_time(2.0)
        await self.calls(calls)
        return job

    async def calls(self, count: int) -> list[int | None]:
        """Wait until so many calls were answered, and return the answers."""
        sender = self.stage.server.callbacks
        await self.stage.server.wait_for(lambda: len(sender.calls) >= count)
        return [call.status for call in sender.calls]

    async def poll_if_hastened(self, job: Job) -> JobState:
        """Do what the poller does: look when it is woken."""
        if self.hastened.is_set():
            await self.stage.core.poller.run_once()
        return await self.stage.core.state(job)

    async def post(
        self, body: bytes = b"{}", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Call as anybody can."""
        async with self.http.post(self.origin + PATH, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    def outcomes(self) -> dict[str, float]:
        """Return what is counted."""
        (metric,) = self.stage.core.metrics.callbacks.collect()
        return {
            sample.labels["outcome"]: sample.value
            for sample in metric.samples
            if sample.name.endswith("_total")
        }


@asynccontextmanager
async def serving(stage: Stage, *, body_seconds: float = BODY_SECONDS) -> AsyncIterator[Called]:
    """Take calls at a port of this machine, and have the emulator make them."""
    core, hastened = stage.core, asyncio.Event()
    origin = f"http://127.0.0.1:{free_port()}"
    url = f"{origin}{PATH}"
    verifier = CallbackVerifier(
        token=TOKEN,
        url=url,
        keys=CertificateKeys(hosts=("127.0.0.1",), clock=core.clock, user_agent="tween/test"),
        clock=core.clock,
    )
    wakes = TaskWakes(
        database=core.database,
        clock=core.clock,
        catalogue=core.catalogue,
        account=ACCOUNT,
        interval_seconds=POLL_SECONDS,
        hasten=hastened.set,
    )
    endpoint = CallbackEndpoint(
        verifier, wakes, clock=core.clock, metrics=core.metrics, body_seconds=body_seconds
    )
    page = HealthPage(checks={}, registry=CollectorRegistry(), routes=endpoint.routes())
    stage.server.callbacks.target = CallbackTarget(url=url, token=TOKEN)
    port = int(origin.rpartition(":")[2])
    async with page.listening(("127.0.0.1", port)), aiohttp.ClientSession() as http:
        yield Called(stage=stage, http=http, origin=origin, hastened=hastened)
    await verifier.aclose()


@pytest.fixture
async def called(core: Core) -> AsyncIterator[Called]:
    async with emulated(core) as stage, serving(stage) as called:
        yield called


async def test_a_call_has_the_end_of_a_task_seen_by_one_query(called: Called) -> None:
    job = await called.end_of_a_task()
    assert await called.calls(1) == [200]
    assert await called.poll_if_hastened(job) is JobState.DOWNLOADING
    assert called.stage.count("query") == 1
    assert called.stage.count("certificate") == 1
    assert called.outcomes() == {"hastened": 1}


async def test_a_call_that_comes_twice_makes_no_second_query(called: Called) -> None:
    called.stage.server.faults.add("callback", "twice")
    job = await called.end_of_a_task(calls=2)
    assert await called.calls(2) == [200, 200]
    assert await called.poll_if_hastened(job) is JobState.DOWNLOADING
    await called.stage.core.poller.run_once()
    assert called.stage.count("query") == 1
    assert called.stage.count("certificate") == 1
    assert called.outcomes() == {"hastened": 1, "repeated": 1}


@pytest.mark.parametrize("action", ["never", "late"])
async def test_without_a_call_in_time_the_poll_sees_the_end_as_always(
    called: Called, action: str
) -> None:
    called.stage.server.faults.add("callback", action)
    job = await called.end_of_a_task(calls=0)
    assert await called.poll_if_hastened(job) is JobState.PENDING
    assert (await called.stage.poll(job)).state is JobState.DOWNLOADING
    called.stage.pass_time(100)
    if action == "late":
        assert await called.calls(1) == [200]
    assert called.outcomes() == ({"unknown_task": 1} if action == "late" else {})
    assert called.stage.count("query") == 1


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("wrong_key", "wrong_signature"),
        ("altered", "wrong_signature"),
        ("wrong_token", "wrong_token"),
        ("old", "too_old"),
        ("foreign_host", "foreign_certificate"),
    ],
)
async def test_a_forged_call_is_refused_told_in_the_log_and_wakes_nothing(
    called: Called, action: str, outcome: str
) -> None:
    called.stage.server.faults.add("callback", action)
    with capture_logs() as logs:
        job = await called.end_of_a_task()
    assert await called.calls(1) == [403]
    refused = [line for line in logs if line["event"] == "callback_refused"]
    assert [line["outcome"] for line in refused] == [outcome]
    assert TOKEN not in str(logs)
    assert called.stage.task().task_id not in str(refused)
    assert not called.hastened.is_set()
    assert await called.stage.core.state(job) is JobState.PENDING
    assert called.stage.count("query") == 0
    assert called.outcomes() == {outcome: 1}


async def test_what_could_not_be_stored_is_sent_again(called: Called) -> None:
    job = await called.stage.ask_and_send()
    async with read_only(called.stage.core):
        called.stage.pass_time(2.0)
        assert await called.calls(1) == [503]
    called.stage.pass_time(20.0)
    assert await called.calls(2) == [503, 200]
    assert await called.poll_if_hastened(job) is JobState.DOWNLOADING
    assert called.outcomes() == {"no_database": 1, "hastened": 1}


async def test_a_stranger_learns_nothing_and_does_not_fill_the_log(called: Called) -> None:
    with capture_logs() as logs:
        for _ in range(30):
            assert await called.post() == (400, "")
    assert [line["event"] for line in logs] == ["callback_refused"]
    assert called.outcomes() == {"malformed": 30}
    called.stage.pass_time(LOG_SECONDS)
    with capture_logs() as logs:
        await called.post()
    assert [line["unlogged"] for line in logs] == [29]


async def test_other_methods_and_bodies_beyond_the_bounds_are_refused(called: Called) -> None:
    async with called.http.get(called.origin + PATH) as answer:
        assert answer.status == 405
    assert (await called.post(b"x" * LONGEST_BODY_BYTES))[0] == 400
    assert (await called.post(b"x" * (LONGEST_BODY_BYTES + 1)))[0] == 413
    packed = gzip.compress(b"{}")
    assert (await called.post(packed, {"Content-Encoding": "gzip"}))[0] == 400
    assert called.outcomes() == {"malformed": 2, "too_large": 1}


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def begun(origin: str) -> Ends:
    """Send half a call."""
    host, _, port = origin.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\n12345"
    writer.write(head.encode())
    return reader, writer


async def test_a_body_that_does_not_come_is_not_awaited(core: Core) -> None:
    async with emulated(core) as stage, serving(stage, body_seconds=0.05) as called:
        reader, writer = await begun(called.origin)
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        assert called.outcomes() == {"too_slow": 1}


async def test_callers_that_dawdle_leave_room_for_those_who_watch(called: Called) -> None:
    slow = [await begun(called.origin) for _ in range(MOST_IN_HAND)]
    async with asyncio.timeout(5):
        while (await called.post())[0] != 503:
            assert called.outcomes().keys() == {"malformed"}
    async with called.http.get(f"{called.origin}/healthz") as answer:
        assert answer.status == 200
    for _, writer in slow:
        writer.write(b"67890")
    answers = [(await reader.readline()).split()[1] for reader, _ in slow]
    assert answers == [b"400"] * MOST_IN_HAND
    for _, writer in slow:
        writer.close()
