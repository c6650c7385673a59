"""What the settings say of the host's network reaches the parts that connect."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import discord
import httpx
import pytest

from bot.app import build_app
from bot.callbacks import callback_routes
from bot.chat.messenger import Messenger
from bot.domain.errors import ResultHostError
from bot.domain.ids import TaskId
from bot.loops import supervise
from bot.provider import DashScopeProvider
from bot.settings import Settings

BEIJING = "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"
URL = f"https://{BEIJING}/x.mp4"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for place, name in (
        (discord.http.Route, "BASE"),
        (discord.VoiceClient, "warn_nacl"),
        (discord.VoiceClient, "warn_dave"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.chdir(tmp_path)
    return {
        "discord_token": "a.b.c",
        "dashscope_api_key": "sk-made-up",
        "data_dir": tmp_path,
    }


async def test_without_settings_nothing_but_public_addresses_and_no_proxy(
    settings: dict[str, Any],
) -> None:
    async with build_app(Settings(**settings)) as app:
        provider, chat = app.provider, app.chat
        assert isinstance(provider, DashScopeProvider)
        assert isinstance(chat, Messenger)
        hosts = provider._places._hosts
        with pytest.raises(ResultHostError):
            hosts.check_peer(hosts.place_of(URL), "198.18.0.7")
        assert provider._places._tunnel is None
        assert app.client.http.proxy is None
        assert chat._attachments._proxy is None
        assert app.result_lookups.hosts == (BEIJING,)


async def test_each_setting_reaches_its_own_side(settings: dict[str, Any]) -> None:
    settings |= {
        "result_networks": "198.18.0.0/15",
        "discord_proxy": "http://mia:S3cret@one.example:1",
    }
    async with build_app(Settings(**settings)) as app:
        provider, chat = app.provider, app.chat
        assert isinstance(provider, DashScopeProvider)
        assert isinstance(chat, Messenger)
        hosts = provider._places._hosts
        hosts.check_peer(hosts.place_of(URL), "198.18.0.7")
        assert provider._places._tunnel is None
        assert app.client.http.proxy == chat._attachments._proxy == "http://one.example:1"
        assert app.client.http.proxy_auth == chat._attachments._proxy_auth
        assert app.client.http.proxy_auth is not None
        assert app.client.http.proxy_auth.password == "S3cret"
        assert app.result_lookups.hosts == (BEIJING,)


async def test_the_providers_proxy_is_not_discords(settings: dict[str, Any]) -> None:
    settings |= {"dashscope_proxy": "http://two.example:2"}
    async with build_app(Settings(**settings)) as app:
        assert isinstance(app.provider, DashScopeProvider)
        assert app.provider._places._tunnel is not None
        assert app.client.http.proxy is None
        assert app.result_lookups.hosts == ()


CALLED = {
    "callback_token": "a-token-of-a-test",
    "callback_url": "https://tween.example/callbacks/dashscope",
}
CERTIFICATE = "https://cn-beijing-eventbridge.oss-accelerate.aliyuncs.com/x.pem"


async def test_calls_are_taken_only_where_a_token_is_set(settings: dict[str, Any]) -> None:
    async with build_app(Settings(**settings)) as app:
        assert callback_routes(app, supervise(app)) == []
    async with build_app(Settings(**settings | CALLED)) as app:
        (route,) = callback_routes(app, supervise(app))
        assert (route.method, route.path) == ("POST", "/callbacks/dashscope")


async def test_certificates_come_from_the_hosts_named_the_providers_way(
    settings: dict[str, Any],
) -> None:
    settings |= CALLED | {"result_networks": "198.18.0.0/15"}
    async with build_app(Settings(**settings)) as app:
        assert app.callback_verifier is not None
        keys = app.callback_verifier._keys
        place = keys._place_of(CERTIFICATE)
        keys._places._hosts.check_peer(place, "198.18.0.7")
        with pytest.raises(ResultHostError):
            keys._places._hosts.check_peer(place, "10.0.0.1")
        assert keys._tunnel is None
    settings |= {"callback_certificate_hosts": "127.0.0.1"}
    settings |= {"discord_proxy": "http://one.example:1", "dashscope_proxy": "http://two.example:2"}
    async with build_app(Settings(**settings)) as app:
        assert app.callback_verifier is not None
        assert app.callback_verifier._keys._tunnel is not None
        with pytest.raises(ResultHostError):
            app.callback_verifier._keys._place_of(CERTIFICATE)


async def test_certificates_are_not_read_before_somebody_connects(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(**_: object) -> ssl.SSLContext:
        raise AssertionError("read")

    monkeypatch.setattr(httpx, "create_ssl_context", read)
    async with build_app(Settings(**settings)) as app:
        with pytest.raises(AssertionError, match="read"):
            await app.provider.get_task(TaskId("any"))
