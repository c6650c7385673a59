"""``check`` against both platforms: content, and with each trouble a host can have."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.checks import CheckResult, run_checks
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


async def findings(settings: dict[str, Any], **changes: object) -> dict[str, CheckResult]:
    found = await run_checks(Settings(**{**settings, **changes}))
    return {finding.subject: finding for finding in found}


async def problem(settings: dict[str, Any], subject: str, **changes: object) -> str:
    """Return the trouble with one subject, all others being well."""
    found = await findings(settings, **changes)
    assert [name for name, finding in found.items() if finding.problem] == [subject]
    return str(found[subject].problem)


def closed_port() -> str:
    return f"http://127.0.0.1:{free_port()}/api/v10"


async def test_all_is_well(settings: dict[str, Any]) -> None:
    found = await findings(settings)
    assert [finding.problem for finding in found.values()] == [None] * 7
    assert "offers wan2.2-kf2v-flash, wanx2.1-kf2v-plus" in found["catalogue"].detail
    assert "does not exist; run creates it" in found["database"].detail
    assert "is writable" in found["disk"].detail
    assert "a child process" in found["media"].detail
    assert "logged in as Tween" in found["Discord"].detail
    assert "0 tasks of wan2.2-kf2v-flash" in found["provider"].detail
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
