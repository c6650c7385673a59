"""``check`` against both platforms: content, and with each trouble a host can have."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.app import build_app
from bot.checks import (
    CheckResult,
    _callbacks,
    _discord,
    _provider,
    _results,
    _run,
    run_checks,
)
from bot.domain.network import parse_network
from bot.outside import Overrides
from bot.settings import Settings
from bot.storage import migrate, schema
from bot.storage.engine import Database
from sandbox.dashscope import DashScopeServer
from sandbox.discord import DiscordServer
from tests.e2e.process import free_port

KEY = "sk-a-key-of-nobody"


@pytest.fixture
async def settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, Any]]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for place, name in (
        (discord.http.Route, "BASE"),
        (discord.VoiceClient, "warn_nacl"),
        (discord.VoiceClient, "warn_dave"),
    ):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.chdir(tmp_path)
    async with DashScopeServer() as dashscope, DiscordServer() as server:
        yield {
            "discord_token": server.token,
            "discord_api_base_url": server.api_base_url,
            "dashscope_api_key": KEY,
            "dashscope_http_base_url": dashscope.base_url,
            "database_url": f"sqlite:///{tmp_path / 'tween.db'}",
            "data_dir": tmp_path / "data",
            "min_free_mib": 0,
        }


async def findings(
    settings: dict[str, Any], overrides: Overrides | None = None, **changes: object
) -> dict[str, CheckResult]:
    found = await run_checks(Settings(**{**settings, **changes}), overrides)
    return {finding.subject: finding for finding in found}


async def problem(settings: dict[str, Any], subject: str, **changes: object) -> str:
    """Return the trouble with one subject, all others being well."""
    found = await findings(settings, None, **changes)
    assert [name for name, finding in found.items() if finding.problem] == [subject]
    return str(found[subject].problem)


def closed_port() -> str:
    return f"http://127.0.0.1:{free_port()}/api/v10"


async def test_all_is_well(settings: dict[str, Any]) -> None:
    found = await findings(settings)
    assert [finding.problem for finding in found.values()] == [None] * 9
    assert "offers wan2.2-kf2v-flash, wanx2.1-kf2v-plus" in found["catalogue"].detail
    assert "does not exist; run creates it" in found["database"].detail
    assert "is writable" in found["disk"].detail
    assert "a child process" in found["media"].detail
    assert "logged in as Tween" in found["Discord"].detail
    assert "0 tasks of wan2.2-kf2v-flash" in found["provider"].detail
    assert "not looked up" in found["results"].detail
    assert found["callbacks"].detail == "off: no CALLBACK_TOKEN; tasks are polled"
    assert {finding.warning for finding in found.values()} == {None}
    assert KEY not in str(found)
    assert settings["discord_token"] not in str(found)


async def test_a_prepared_database_says_its_revision(settings: dict[str, Any]) -> None:
    database = Database(settings["database_url"])
    await migrate.upgrade(database)
    await database.aclose()
    found = await findings(settings)
    newest = schema.newest_revision()
    assert found["database"].detail == f"reachable, revision {newest}, newest {newest}"


async def test_a_wrong_token_is_found(settings: dict[str, Any]) -> None:
    said = await problem(settings, "Discord", discord_token="another.token.entirely")
    assert "token" in said.lower()
    assert "another" not in said


async def test_an_unreachable_discord_is_found(settings: dict[str, Any]) -> None:
    assert "connect" in (await problem(settings, "Discord", discord_api_base_url=closed_port()))


async def test_an_unreachable_provider_is_found(settings: dict[str, Any]) -> None:
    await problem(settings, "provider", dashscope_http_base_url=closed_port())


async def test_a_key_of_another_shape_is_found(settings: dict[str, Any]) -> None:
    found = await findings(settings, dashscope_api_key="kitten")
    said = found["DASHSCOPE_API_KEY"].problem or ""
    assert "does not begin with sk-" in said
    assert "kitten" not in said


async def test_an_installation_that_decodes_nothing_is_found(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "no child process" in await problem(settings, "media")


async def test_a_folder_that_cannot_be_written_is_found(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    await problem(settings, "disk", data_dir=tmp_path / "file" / "data")


async def test_a_full_disk_is_found(settings: dict[str, Any]) -> None:
    assert "MiB free; 1000000 are needed" in await problem(settings, "disk", min_free_mib=1_000_000)


async def test_a_file_that_is_no_database_is_found(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "tween.db").write_bytes(b"a kitten, not a database" * 100)
    assert "not a database" in await problem(settings, "database")


# --- where results come from ------------------------------------------------------------------

HOST = "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"


def names(*addresses: str) -> Overrides:
    """Return a name service that leads every host to the same addresses."""

    async def resolver(_: str) -> Sequence[str]:
        if not addresses:
            raise OSError("Name or service not known")
        return addresses

    return Overrides(resolver=resolver)


async def results(settings: dict[str, Any], overrides: Overrides, **changes: object) -> CheckResult:
    """Return what is said of results where the provider is not on this machine."""
    changed = Settings(**{**settings, **elsewhere(settings), **changes})
    async with build_app(changed, overrides) as app:
        return await _run("results", _results, app)


def elsewhere(settings: dict[str, Any]) -> dict[str, str]:
    """Write the provider's address as nobody takes for loopback who does not connect to it."""
    base = str(settings["dashscope_http_base_url"])
    return {"dashscope_http_base_url": base.replace("127.0.0.1", "127.1")}


async def test_results_from_public_addresses_are_well(settings: dict[str, Any]) -> None:
    found = await results(settings, names("47.100.1.1", "2400:3200::1"))
    assert found == CheckResult(
        subject="results", detail=f"{HOST} leads to 47.100.1.1, 2400:3200::1"
    )


async def test_an_address_that_would_be_refused_is_found_with_its_remedies(
    settings: dict[str, Any],
) -> None:
    found = await results(settings, names("198.18.0.7"))
    assert found.problem is not None
    assert found.line.startswith(f"FAIL results: {HOST} leads to 198.18.0.7 here")
    assert "RESULT_NETWORKS" in found.problem
    assert "DASHSCOPE_PROXY" in found.problem
    allowed = (parse_network("198.18.0.0/15"),)
    found = await results(settings, names("198.18.0.7"), result_networks=allowed)
    assert found.problem is None
    assert found.detail == f"{HOST} leads to 198.18.0.7"


async def test_a_result_host_that_does_not_resolve_is_a_doubt(settings: dict[str, Any]) -> None:
    found = await results(settings, names())
    assert found.problem is None
    assert f"{HOST} does not resolve here" in str(found.warning)


async def test_a_proxy_looks_results_up_itself_and_keeps_its_password(
    settings: dict[str, Any],
) -> None:
    address = f"127.0.0.1:{free_port()}"
    proxy = f"http://mia:S3cret@{address}"
    changed = Settings(**{**settings, "discord_proxy": proxy, "dashscope_proxy": proxy})
    async with build_app(changed, names("198.18.0.7")) as app:
        results = await _run("results", _results, app)
        provider = await _run("provider", _provider, app)
        discord = await _run("Discord", _discord, app)
    said = f"not looked up here: the proxy at http://{address} does that"
    assert results == CheckResult(subject="results", detail=said)
    assert "ConnectError" in str(provider.problem)
    assert "connect" in str(discord.problem).lower()
    for found in (results, provider, discord):
        assert "S3cret" not in str(found)
        assert "mia" not in str(found)


# --- calls of the provider --------------------------------------------------------------------

CERTIFICATES = "cn-beijing-eventbridge.oss-accelerate.aliyuncs.com"
TOKEN = "a-token-of-a-test"


async def callbacks(
    settings: dict[str, Any], overrides: Overrides, **changes: object
) -> CheckResult:
    """Return what is said of calls where they are taken."""
    given = {"callback_token": TOKEN, "callback_url": "https://tween.example/callbacks/dashscope"}
    changed = Settings(**{**settings, **given, **changes})
    async with build_app(changed, overrides) as app:
        found = await _run("callbacks", _callbacks, app)
    assert TOKEN not in str(found)
    return found


async def test_where_calls_are_taken_and_certificates_lie_is_said(settings: dict[str, Any]) -> None:
    found = await callbacks(settings, names("47.100.1.1"))
    assert found.line == (
        "ok   callbacks: taken at /callbacks/dashscope on 127.0.0.1:8080, signed for "
        f"https://tween.example/callbacks/dashscope; {CERTIFICATES} leads to 47.100.1.1"
    )


@pytest.mark.parametrize(
    ("addresses", "said"),
    [((), "does not resolve here"), (("198.18.0.7",), "leads to 198.18.0.7, which is not public")],
)
async def test_certificates_that_could_not_be_fetched_are_a_doubt(
    settings: dict[str, Any], addresses: tuple[str, ...], said: str
) -> None:
    found = await callbacks(settings, names(*addresses))
    assert found.line.startswith(f"warn callbacks: {CERTIFICATES} {said}; no call")


async def test_nothing_is_looked_up_for_loopback_or_behind_a_proxy(
    settings: dict[str, Any],
) -> None:
    found = await callbacks(settings, names(), callback_certificate_hosts="127.0.0.1")
    assert found.line.endswith("signed for https://tween.example/callbacks/dashscope")
    found = await callbacks(settings, names(), dashscope_proxy="http://mia:S3cret@127.0.0.1:1")
    assert found.line.endswith("certificates come through the proxy at http://127.0.0.1:1")


async def test_a_secret_in_clear_is_a_doubt(settings: dict[str, Any]) -> None:
    found = await findings(settings, names("47.100.1.1"), **elsewhere(settings))
    doubt = found["DASHSCOPE_HTTP_BASE_URL"]
    assert doubt.problem is None
    assert doubt.line.startswith("warn DASHSCOPE_HTTP_BASE_URL: sends a secret over plain http")
    assert found["results"].line == f"ok   results: {HOST} leads to 47.100.1.1"
    assert "DISCORD_API_BASE_URL" not in found
