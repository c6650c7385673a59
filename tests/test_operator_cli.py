"""``python -m bot operator``: what /operator does, from the shell, with or without Discord."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import discord
import pytest
import structlog
from click.testing import CliRunner, Result

from bot.cli import SHELL, main
from bot.domain.guilds.audit import Action, Allowance, AuditEntry, QuotaChange
from bot.domain.guilds.quota import Rule, Scope, Unit, Window
from bot.domain.host.overview import GuildInfo
from bot.domain.host.switch import Switch
from bot.domain.ids import GuildId, InteractionId, JobId
from bot.domain.jobs.transitions import open_job
from bot.settings import Settings
from bot.storage import audit, guilds, host_state, jobs, migrate
from bot.storage.engine import Database
from tests.chat.examples import GUILD, NOW, a_job

SERVER = "500"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'tween.db'}"


@pytest.fixture
def shell(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CliRunner]:
    """Run commands in this process on a migrated database, with nobody at Discord's address."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for place, name in ((discord.http.Route, "BASE"), (discord.VoiceClient, "warn_nacl")):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()  # noqa: TID251 - put back as it was
    handlers, level = root.handlers, root.level
    asyncio.run(fill(url))
    yield CliRunner(
        env={
            "DISCORD_TOKEN": "abcdef.ghijkl.mnopqr",
            "DISCORD_API_BASE_URL": "http://127.0.0.1:1/api/v10",
            "DASHSCOPE_API_KEY": "sk-a-key-of-nobody",
            "DATABASE_URL": url,
            "DATA_DIR": str(tmp_path / "data"),
        }
    )
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def fill(url: str) -> None:
    """Put a waiting job and a guild's name into a database."""
    database = Database(url)
    await migrate.upgrade(database)
    async with database.write() as connection:
        await guilds.ensure(connection, GUILD)
        await guilds.change(connection, GUILD, log_channel_id=77)
        job = a_job(id=JobId("AAAAAA"), interaction_id=InteractionId(1), task_id=None)
        await jobs.apply(connection, open_job(job))
        await host_state.set_present(connection, {GUILD: GuildInfo(name="Tidepool", members=12)})
    await database.aclose()


async def stored(url: str) -> tuple[Switch, list[Rule], list[AuditEntry]]:
    """Return what the commands left behind."""
    database = Database(url)
    async with database.read() as connection:
        left = (
            await host_state.switch_of(connection),
            await guilds.rules_of(connection, GUILD),
            await audit.newest(
                connection,
                GUILD,
                since=NOW.replace(year=2000),
                until=NOW.replace(year=3000),
                limit=9,
            ),
        )
    await database.aclose()
    return left


def ran(shell: CliRunner, *words: str) -> Result:
    return shell.invoke(main, ["operator", *words])


def test_the_switch_is_turned_and_told(shell: CliRunner, url: str) -> None:
    for words, said, switch in (
        ("pause", "Paused: no job is submitted", Switch.PAUSED),
        ("drain", "Nothing is under way any more", Switch.DRAINING),
        ("resume", "Open again", Switch.OPEN),
    ):
        result = ran(shell, words)
        assert result.exit_code == 0, result.output
        assert said in result.output
        assert asyncio.run(stored(url))[0] is switch
        assert re.search(rf"^Switch: {switch.value}", ran(shell, "status").output, re.IGNORECASE)


def test_the_status_is_plain_lines(shell: CliRunner) -> None:
    output = ran(shell, "status").output
    assert "Waiting: 1\n" in output
    assert "Spent today (UTC): " in output
    assert "Process: no process\n" in output
    assert "<t:" not in output


def test_guilds_are_listed_with_their_names(shell: CliRunner) -> None:
    output = ran(shell, "guilds").output
    assert output.startswith("500 Tidepool: 12 members, 30 days: ")
    assert "ceiling 50 videos per day" in output


def test_a_ceiling_is_set_blocked_and_taken_back(shell: CliRunner, url: str) -> None:
    slot = ("--unit", "cost", "--per", "month")
    result = ran(shell, "ceiling", SERVER, "2.50", *slot)
    assert result.output == "Server 500: the ceiling is 2.50 CNY per month now.\n"
    assert ran(shell, "ceiling", SERVER, "0", *slot).exit_code == 0
    assert asyncio.run(stored(url))[1][0].limit == 0
    back = ran(shell, "ceiling", SERVER, "default", *slot)
    assert back.output == "Server 500: no ceiling on cost per month now.\n"
    _, rules, entries = asyncio.run(stored(url))
    assert rules == []
    per_month = Rule(scope=Scope.CEILING, unit=Unit.COST, window=Window.MONTH, limit=0)
    set_to, blocked = Allowance(limit=2_500_000), Allowance(limit=0)
    assert [(entry.actor, entry.change) for entry in entries] == [
        (SHELL, QuotaChange.of(Action.CEILING_SET, per_month, before=before, after=after))
        for before, after in ((blocked, None), (set_to, blocked), (None, set_to))
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("500", "kitten", "--unit", "videos", "--per", "day"), 2),
        (("500", "3", "--unit", "kittens", "--per", "day"), 2),
        (("500", "3"), 2),
        (("500", "2.5", "--unit", "videos", "--per", "day"), 1),
        (("500", "nan", "--unit", "videos", "--per", "day"), 1),
        (("501", "3", "--unit", "videos", "--per", "day"), 1),
    ],
)
def test_a_wrong_ceiling_changes_nothing(
    shell: CliRunner, url: str, words: tuple[str, ...], code: int
) -> None:
    result = ran(shell, "ceiling", *words)
    assert result.exit_code == code
    assert "Traceback" not in result.output + result.stderr
    assert asyncio.run(stored(url))[1:] == ([], [])


def test_a_ceiling_that_is_no_amount_is_refused_in_the_words_of_the_chat(shell: CliRunner) -> None:
    result = ran(shell, "ceiling", SERVER, "2.5", "--unit", "videos", "--per", "day")
    assert result.stderr == "invalid_options: Videos are whole numbers; 2.5 is not.\n"


def test_a_job_is_shown_as_jobs_show_does(shell: CliRunner) -> None:
    shown = ran(shell, "job", "aaaaaa").output
    assert shown == shell.invoke(main, ["jobs", "show", "AAAAAA"]).output
    assert "submissions  new -> queued" in shown
    assert "reserve      +1 videos" in shown
    assert "cat" not in shown
    result = ran(shell, "job", "ZZZZZZ")
    assert (result.exit_code, result.stderr) == (1, "no job ZZZZZZ\n")


def test_reconciling_prints_what_is_left(shell: CliRunner) -> None:
    assert ran(shell, "reconcile").output == "No job is unconfirmed.\n"


def test_a_guild_that_left_is_listed(shell: CliRunner, url: str) -> None:
    async def leave() -> None:
        database = Database(url)
        async with database.write() as connection:
            await guilds.change(connection, GuildId(500), left_at=NOW)
            await host_state.set_present(connection, {})
        await database.aclose()

    asyncio.run(leave())
    output = ran(shell, "guilds").output
    assert output.startswith("500 (name unknown): ")
    assert output.endswith("left 2026-11-20 12:00:00 UTC\n")
