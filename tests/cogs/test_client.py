"""The gateway client on the local Discord: through a proxy, and with few session starts left."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import discord
import pytest

from bot.chat.attachments import Attachments
from bot.client import SPARED_SESSION_STARTS, TweenBot
from bot.domain.network import ForwardProxy, parse_proxy
from sandbox.discord import DiscordServer, DiscordSettings, Upload
from sandbox.discord.gateway.gateway import IDENTIFIES_PER_DAY
from tests.cogs.conftest import LogLines
from tests.cogs.doubles import Backstage
from tests.proxies import proxying

PASSWORD = "p:ss/w@rd é"
CREDENTIALS = f"mia:{PASSWORD}"
PATIENCE_SECONDS = 20


class Night:
    """Sleeps that last until the test ends them."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[float] = asyncio.Queue()
        """The seconds of each sleep that was begun."""
        self._ends: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(self, seconds: float) -> None:
        self.begun.put_nowait(seconds)
        await self._ends.get()

    def end(self) -> None:
        self._ends.put_nowait(None)


@contextlib.asynccontextmanager
async def serving_bot(
    server: DiscordServer,
    backstage: Backstage,
    *,
    proxy: ForwardProxy | None = None,
    night: Night | None = None,
) -> AsyncIterator[TweenBot]:
    """Log a bot without commands in and let it connect."""
    bot = TweenBot(
        api_base_url=server.api_base_url,
        extensions=(),
        proxy=proxy,
        sleep=(night or Night()).sleep,
    )
    bot.services = backstage.services()
    bot._connection.guild_ready_timeout = 0.05  # seconds without another guild
    async with bot, asyncio.TaskGroup() as group:
        await bot.login(server.token)
        running = group.create_task(bot.connect())
        yield bot
        await bot.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await running


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(DiscordSettings(rate_limits=False)) as started:
        yield started


async def test_rest_gateway_and_attachments_go_through_the_proxy(
    server: DiscordServer, backstage: Backstage, tmp_path: Path
) -> None:
    async with proxying(credentials=CREDENTIALS) as seen:
        proxy = ForwardProxy(address=seen.address(), user="mia", password=PASSWORD)
        async with serving_bot(server, backstage, proxy=proxy) as bot:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await bot.wait_until_ready()
            assert bot.gateway_is_well()
            upload = Upload(filename="cat.png", data=b"a cat")
            message = await server.actions.say("tom", server.channel, files=[upload])
            attachments = Attachments(proxy)
            url = server.cdn.url(message.attachments[0])
            await attachments.fetch(url, tmp_path / "cat.png", max_bytes=100)
            await attachments.aclose()
    assert (tmp_path / "cat.png").read_bytes() == b"a cat"
    heads = b"".join(seen.heads)
    passed = (heads + bytes(seen.passed)).lower()
    for part in (b"/users/@me", b"/attachments/", b"upgrade: websocket"):
        assert part in passed
    assert heads.count(base64.b64encode(CREDENTIALS.encode())) == len(seen.heads)


async def test_a_tunnel_is_asked_for_host_and_port_alone() -> None:
    """What goes to Discord's own https addresses; the answer is a refusal."""
    async with proxying(credentials="mia:another") as seen:
        proxy = ForwardProxy(address=seen.address(), user="mia", password=PASSWORD)
        bot = TweenBot(api_base_url="https://discord.com/api/v10", extensions=(), proxy=proxy)
        async with bot:
            with pytest.raises(aiohttp.ClientHttpProxyError) as caught:
                await bot.http.static_login("a.token.of-nobody")
    assert set(seen.request_lines) == {"CONNECT discord.com:443 HTTP/1.1"}
    assert b"of-nobody" not in b"".join(seen.heads)
    for secret in (PASSWORD, "of-nobody", "mia"):
        assert secret not in str(caught.value)


async def test_the_environment_names_no_proxy(
    server: DiscordServer,
    backstage: Backstage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with proxying() as seen:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, seen.address())
        async with serving_bot(server, backstage) as bot, asyncio.timeout(PATIENCE_SECONDS):
            await bot.wait_until_ready()
    assert seen.heads == []


# --- session starts ---------------------------------------------------------------------------


def leave(server: DiscordServer, starts: int) -> None:
    """Let a bot have so many session starts left today."""
    server.gateway.identifies = IDENTIFIES_PER_DAY - starts


async def test_the_last_session_starts_are_spared_until_there_are_more(
    server: DiscordServer, backstage: Backstage, log_lines: LogLines
) -> None:
    night = Night()
    leave(server, SPARED_SESSION_STARTS)
    async with (
        serving_bot(server, backstage, night=night) as bot,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        assert await night.begun.get() == 86_400
        assert server.gateway.sessions == []
        assert not bot.gateway_is_well()
        assert bot.gateway_is_well_or_spared(), "no reason to start the process again"

        leave(server, SPARED_SESSION_STARTS)
        night.end()
        assert await night.begun.get() == 86_400
        assert server.gateway.sessions == []

        leave(server, 1000)
        night.end()
        await bot.wait_until_ready()
        assert not bot.waits_for_session_start
    assert len(server.gateway.sessions) == 1
    spared = [line for line in log_lines() if line["event"] == "session_starts_spared"]
    assert [(line["remaining"], line["seconds"]) for line in spared] == [(20, 86_400)] * 2


async def test_one_more_than_the_spared_is_used_at_once(
    server: DiscordServer, backstage: Backstage
) -> None:
    night = Night()
    leave(server, SPARED_SESSION_STARTS + 1)
    async with (
        serving_bot(server, backstage, night=night) as bot,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        await bot.wait_until_ready()
    assert night.begun.empty()


async def test_a_bot_that_waits_for_session_starts_leaves_when_told_to(
    server: DiscordServer, backstage: Backstage
) -> None:
    night = Night()
    leave(server, 0)
    async with serving_bot(server, backstage, night=night):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await night.begun.get()
    assert server.gateway.sessions == []


async def test_a_discord_that_does_not_say_is_asked_again_a_minute_later(
    server: DiscordServer, backstage: Backstage, log_lines: LogLines
) -> None:
    night = Night()
    leave(server, 3)
    async with (
        serving_bot(server, backstage, night=night) as bot,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        assert await night.begun.get() == 86_400
        server.faults.respond("GET", "/gateway/bot", 403)
        night.end()
        assert await night.begun.get() == 60
        leave(server, 1000)
        night.end()
        await bot.wait_until_ready()
    assert "session_starts_unknown" in [line["event"] for line in log_lines()]


def test_the_proxy_is_discord_pys_own_setting() -> None:
    bot = TweenBot(
        api_base_url="http://127.0.0.1:1/api/v10",
        extensions=(),
        proxy=parse_proxy("http://mia:S3cret@proxy.example:3128"),
    )
    assert bot.http.proxy == "http://proxy.example:3128"
    assert bot.http.proxy_auth is not None
    assert isinstance(bot, discord.Client)
