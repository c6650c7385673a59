"""Services as doubles, and no waiting between tries."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import discord
import pytest
import stamina
import structlog

from bot.client import EXTENSIONS, TweenBot
from bot.logs import configure_logs
from bot.storage import migrate
from bot.storage.engine import Database
from tests.cogs.doubles import Backstage, take_back

SECRET = "hunter2"
LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    """Write logs as in earnest, and return them when asked."""
    root = logging.getLogger()  # noqa: TID251 - put back as it was
    before, level = root.handlers, root.level
    configure_logs(level="INFO", style="json", secrets=(SECRET,))
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Repeat without waiting; leave discord.py's addresses as they were."""
    for place, name in (
        (discord.http.Route, "BASE"),
        (discord.VoiceClient, "warn_nacl"),
        (discord.VoiceClient, "warn_dave"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(autouse=True)
def doubles_are_lent() -> Iterator[None]:
    yield
    take_back()


@pytest.fixture
def backstage() -> Backstage:
    return Backstage()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "tween.db"

    async def make() -> None:
        database = Database(f"sqlite:///{path}")
        await migrate.upgrade(database)
        await database.aclose()

    asyncio.run(make())
    return path


@pytest.fixture
def extensions() -> Sequence[str]:
    """What the bot loads: everything, unless a module of tests says which it looks at."""
    return EXTENSIONS


@pytest.fixture
async def bot(backstage: Backstage, extensions: Sequence[str]) -> AsyncIterator[TweenBot]:
    bot = TweenBot(api_base_url="http://127.0.0.1:1/api/v10")
    bot.services = backstage.services()
    async with bot:
        for extension in extensions:
            await bot.load_extension(extension)
        yield bot
