"""Fixtures: servers on loopback, and a plain HTTP client for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import pytest

from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.dashscope.results import VideoSource
from tests.e2e.film_archive import ARCHIVE, shared_films
from tests.sandbox.dashscope.helpers import Account

__all__ = ["account", "open_account", "shared_films"]

QUICK = EmulatorSettings(
    task_seconds=(0.05, 0.05),
    queue_seconds=(0.0, 0.0),
    failure_seconds=(0.01, 0.05),
    create_rps=1000,
    query_qps=1000,
)
"""Everything at once, nothing limited."""

Open = Callable[..., Awaitable[Account]]


@pytest.fixture
async def open_account() -> AsyncIterator[Open]:
    """Start a server with QUICK settings, some of them changed by keyword.

    Videos come from an archive of the process, because the same few are asked for again and
    again; ``videos=None`` has the server render its own.
    """
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(*, videos: VideoSource | None = ARCHIVE, **changes: object) -> Account:
            # The keywords are those of EmulatorSettings; a wrong one fails at once.
            settings = replace(QUICK, **changes)  # type: ignore[arg-type]
            server = await stack.enter_async_context(DashScopeServer(settings, videos=videos))
            return Account(server, http)

        yield start


@pytest.fixture
async def account(open_account: Open) -> Account:
    return await open_account()
