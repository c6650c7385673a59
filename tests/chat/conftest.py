"""A real discord.py client, logged in to a local Discord, without a gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import discord
import pytest
import stamina

from bot.chat.messenger import Messenger
from bot.chat.retry import ATTEMPTS
from bot.client import MAX_RATELIMIT_WAIT_SECONDS
from bot.domain.ids import UserId
from bot.domain.money import Money
from sandbox.discord import DiscordServer, DiscordSettings

UPLOAD_LIMIT_BYTES = 50_000


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Repeat without waiting, as often as in earnest."""
    with stamina.set_testing(True, attempts=ATTEMPTS, cap=True):
        yield


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    limit = UPLOAD_LIMIT_BYTES
    settings = DiscordSettings(rate_limits=False, upload_limits_bytes=(limit, limit, limit, limit))
    async with DiscordServer(settings) as started:
        yield started
    assert started.unknown_requests == []


@pytest.fixture
async def messenger(
    server: DiscordServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Messenger]:
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_base_url)
    monkeypatch.setattr(discord.VoiceClient, "warn_nacl", False)
    monkeypatch.setattr(discord.VoiceClient, "warn_dave", False)
    client = discord.Client(
        intents=discord.Intents(guilds=True), max_ratelimit_timeout=MAX_RATELIMIT_WAIT_SECONDS
    )
    async with client:
        await client.login(server.token)
        operators = [UserId(user.id) for user in server.users]
        async with aclosing(Messenger(client, money=Money(), operators=operators)) as messenger:
            yield messenger
