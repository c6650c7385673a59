"""Talks to a sandbox's control API; whatever goes wrong becomes a `DemoError`."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import aiohttp

from sandbox.demo.errors import DemoError

REQUEST_SECONDS = 30
"""Longest request: a long poll waits 10 s, a file takes less."""

TIMEOUT = aiohttp.ClientTimeout(total=REQUEST_SECONDS)


class ControlClient:
    """Drives one sandbox from outside."""

    def __init__(self, session: aiohttp.ClientSession, *, name: str, url: str) -> None:
        self._session = session
        self._name = name
        self._url = url

    # Each caller knows the shape of its answer, as the sandboxes' own documents describe it.
    async def get(self, path: str) -> Any:  # noqa: ANN401
        """Return the JSON of a GET."""
        return await self._json("GET", path, None)

    async def post(self, path: str, body: object) -> Any:  # noqa: ANN401
        """Return the JSON of a POST."""
        return await self._json("POST", path, body)

    async def download(self, url: str) -> bytes:
        """Return the bytes behind a signed address."""
        try:
            async with self._session.get(url, timeout=TIMEOUT) as answer:
                data = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._unreachable(error) from error
        if answer.status != HTTPStatus.OK:
            raise DemoError(f"The {self._name} answered {answer.status} instead of a file.")
        return data

    async def _json(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401
        try:
            async with self._session.request(
                method, self._url + path, json=body, timeout=TIMEOUT
            ) as answer:
                content = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise self._unreachable(error) from error
        if not answer.ok:
            reason = content.get("error") if isinstance(content, dict) else content
            raise DemoError(f"The {self._name} refused {method} {path}: {reason}")
        return content

    def _unreachable(self, error: Exception) -> DemoError:
        words = str(error) or type(error).__name__
        return DemoError(f"The {self._name} does not answer: {words}.")


async def long_poll(discord: ControlClient, *, after: int, until: float) -> list[dict[str, Any]]:
    """Return the next events of the Discord sandbox; none when nothing happened for a while.

    Args:
        discord: the sandbox.
        after: number of the last event seen.
        until: deadline in the running loop's time.

    Raises:
        TimeoutError: the deadline is over.
    """
    left = until - asyncio.get_running_loop().time()
    if left <= 0:
        raise TimeoutError
    events: list[dict[str, Any]] = await discord.get(
        f"/events?after={after}&wait_seconds={min(left, 10):.2f}"
    )
    return events
