"""The pages for those who watch the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from bot.domain.errors import ConfigurationError
from bot.metrics import Metrics
from bot.web import MOST_CONNECTIONS, HealthPage
from tests.e2e.process import free_port

LOOPBACK = "127.0.0.1"


def saying(answer: bool) -> Callable[[], Awaitable[bool]]:  # noqa: FBT001 - a probe's answer
    async def probe() -> bool:
        return answer

    return probe


def a_page(**checks: bool) -> HealthPage:
    registry = CollectorRegistry()
    Metrics(registry).jobs.labels(state="queued").inc()
    probes = {name: saying(answer) for name, answer in checks.items()}
    return HealthPage(checks=probes, registry=registry)


async def fetch(page: HealthPage, path: str) -> tuple[int, str, str]:
    port = free_port()
    async with (
        page.listening((LOOPBACK, port)),
        aiohttp.ClientSession() as session,
        session.get(f"http://{LOOPBACK}:{port}{path}") as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_healthz_answers_while_the_loop_lives_whatever_is_broken() -> None:
    status, _, body = await fetch(a_page(database=False), "/healthz")
    assert (status, body) == (200, '{"status": "ok"}')


@pytest.mark.parametrize(
    ("gateway", "database", "expected"), [(True, True, 200), (False, True, 503), (True, False, 503)]
)
async def test_readyz_is_ready_only_when_all_of_it_is(
    *, gateway: bool, database: bool, expected: int
) -> None:
    status, _, body = await fetch(a_page(gateway=gateway, database=database), "/readyz")
    assert status == expected
    assert body == f'{{"gateway": {str(gateway).lower()}, "database": {str(database).lower()}}}'


async def test_metrics_are_prometheus_text_without_anybodys_id() -> None:
    status, kind, body = await fetch(a_page(), "/metrics")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert 'bot_jobs_total{state="queued"} 1.0' in body
    assert "bot_queue_depth 0.0" in body
    for label in ("guild", "user", "member"):
        assert f"{label}=" not in body


async def test_there_is_nothing_else() -> None:
    assert (await fetch(a_page(), "/"))[0] == 404


async def test_an_empty_address_serves_nothing() -> None:
    async with a_page().listening(None):
        pass


async def test_a_taken_port_names_the_setting() -> None:
    address = (LOOPBACK, free_port())
    async with a_page().listening(address):
        with pytest.raises(ConfigurationError) as raised:
            async with a_page().listening(address):
                pass
    assert raised.value.setting == "HTTP_LISTEN"


async def test_the_port_is_free_again_afterwards() -> None:
    address = (LOOPBACK, free_port())
    for _ in range(2):
        async with a_page().listening(address):
            pass


async def _closed(reader: asyncio.StreamReader) -> bool:
    """Wait until the other side has closed a connection; False where it answers instead."""
    with suppress(ConnectionError):
        async with asyncio.timeout(10):
            return await reader.read(1) == b""
    return True


async def test_connections_that_say_nothing_are_few_and_do_not_last() -> None:
    port = free_port()
    page = HealthPage(checks={}, registry=CollectorRegistry(), request_seconds=0.5)
    async with page.listening((LOOPBACK, port)):
        silent = [await asyncio.open_connection(LOOPBACK, port) for _ in range(MOST_CONNECTIONS)]
        for _, writer in silent:
            writer.write(b"GET /healthz HTTP/1.1\r\nX-Never: ends")
        refused, beyond = await asyncio.open_connection(LOOPBACK, port)
        assert await _closed(refused), "no more at a time"
        assert all([await _closed(reader) for reader, _ in silent]), "no longer than that"
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{LOOPBACK}:{port}/healthz") as answer,
        ):
            assert answer.status == 200
            assert answer.headers["Connection"] == "close"
        for _, writer in (*silent, (refused, beyond)):
            writer.close()
