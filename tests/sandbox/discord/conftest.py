"""Fixtures: a server, a plain HTTP client with the bot's token, and a real bot process."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

import aiohttp
import pytest
from PIL import Image

from sandbox.discord import DiscordServer, DiscordSettings, Upload
from sandbox.discord.rules.facts import FACTS_PATH
from sandbox.discord.rules.openapi import Validator

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def spec_path() -> Path | None:
    """Where Discord's OpenAPI document is; the repository has the facts of it alone."""
    value = os.environ.get("DISCORD_OPENAPI_SPEC")  # noqa: TID251  # tests have no settings.py
    return Path(value) if value else None


@pytest.fixture(scope="session")
def validator(spec_path: Path | None) -> Validator:
    """The whole document's judgement where there is one, else that of the facts."""
    return Validator(spec_path or FACTS_PATH, strict=True)


@pytest.fixture
def picture() -> Upload:
    stream = io.BytesIO()
    Image.new("RGB", (640, 480), "orange").save(stream, "JPEG")
    return Upload("kitten.jpg", stream.getvalue(), "image/jpeg")


class RestClient:
    """The bot's token and nothing else: one request at a time."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.headers = {"Authorization": f"Bot {server.token}"}

    async def __call__(
        self, method: str, path: str, body: object = None, *, token: bool = True
    ) -> tuple[int, Any]:
        async with self.session.request(
            method,
            f"{self.server.api_base_url}{path}",
            json=body,
            headers=self.headers if token else {},
        ) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def upload(
        self, method: str, path: str, payload: object, *files: tuple[str, bytes]
    ) -> tuple[int, Any]:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps(payload))
        for number, (name, data) in enumerate(files):
            form.add_field(f"files[{number}]", io.BytesIO(data), filename=name)
        async with self.session.request(
            method, f"{self.server.api_base_url}{path}", data=form, headers=self.headers
        ) as response:
            return response.status, await response.json()

    async def register(self, *commands: dict[str, Any]) -> None:
        path = f"/applications/{self.server.application_id}/commands"
        status, answer = await self("PUT", path, list(commands))
        assert status == 200, answer

    async def acknowledge(self, number: int, kind: int, data: object = None) -> tuple[int, Any]:
        interaction = self.server.state.interactions[number]
        path = f"/interactions/{interaction.id}/{interaction.token}/callback"
        return await self("POST", path, {"type": kind, "data": data}, token=False)


@pytest.fixture
async def server(validator: Validator) -> AsyncIterator[DiscordServer]:
    """A server without rate limits, for rules that have nothing to do with them.

    Its answers must fit the OpenAPI document; the requests here break rules on purpose.
    """
    async with DiscordServer(DiscordSettings(rate_limits=False)) as started:
        yield started
    answers = [validator.answer_problems(request) for request in started.requests]
    assert [problem for found in answers for problem in found] == []


@pytest.fixture
async def rest(server: DiscordServer) -> AsyncIterator[RestClient]:
    async with aiohttp.ClientSession() as session:
        yield RestClient(server, session)


class BotProcess:
    """``kitten_bot.py`` running; reads what it says on demand."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self._heard: list[dict[str, Any]] = []

    def tail(self) -> str:
        """Read the end of its log."""
        return self.log.read_text()[-3000:]

    async def said(self, what: str, timeout_seconds: float = 15.0) -> dict[str, Any]:
        """Wait for the next line about something."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    for line in self._heard:
                        if line["what"] == what:
                            self._heard.remove(line)
                            return line
                    assert self.process.stdout is not None
                    raw = await self.process.stdout.readline()
                    assert raw, f"the bot ended: {self.tail()}"
                    self._heard.append(json.loads(raw))
        except TimeoutError:
            msg = f"the bot never said {what!r}: {self._heard} {self.tail()}"
            raise AssertionError(msg) from None

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(10):
            await self.process.communicate()
        return int(self.process.returncode or 0)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.communicate()


def open_log(log: Path) -> IO[bytes]:
    return log.open("ab")


@contextlib.asynccontextmanager
async def running_bot(server: DiscordServer, log: Path) -> AsyncIterator[BotProcess]:
    """Start the bot and wait until it is connected; SIGTERM must end it with 0."""
    with open_log(log) as stream:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.sandbox.discord.kitten_bot",
            server.token,
            server.api_base_url,
            stdout=asyncio.subprocess.PIPE,
            stderr=stream,
            cwd=REPOSITORY,
        )
    bot = BotProcess(process, log)
    try:
        await bot.said("ready")
        yield bot
        if process.returncode is None:
            assert await bot.stop() == 0, bot.tail()
    finally:
        if process.returncode is None:
            await bot.kill()


@pytest.fixture
async def live(validator: Validator) -> AsyncIterator[DiscordServer]:
    """A server as strict as Discord, for the bot process.

    After the test: every request had a route, and every exchange fits the OpenAPI document.
    """
    async with DiscordServer() as started:
        yield started
    assert [f"{request.method} {request.path}" for request in started.unknown_requests] == []
    problems = [
        problem
        for request in started.requests
        for problem in validator.problems(request) + validator.answer_problems(request)
    ]
    assert problems == []


@pytest.fixture
async def bot(live: DiscordServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """The bot process, connected to ``live``."""
    async with running_bot(live, tmp_path / "bot.log") as started:
        yield started
