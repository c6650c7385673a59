"""``python -m bot``: real processes where their end matters, the same code in-process elsewhere."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE

import discord
import pytest
import structlog
from click.testing import CliRunner, Result

from bot import __version__
from bot.cli import main
from bot.domain.failure import FailureReason
from bot.domain.ids import InteractionId, JobId
from bot.domain.jobs.changes import JobChanges
from bot.domain.jobs.states import JobState, Owner
from bot.domain.jobs.transitions import open_job, transition
from bot.settings import Settings
from bot.storage import jobs, migrate, schema
from bot.storage.engine import Database
from sandbox.dashscope import DashScopeServer
from sandbox.discord import DiscordServer
from tests.chat.examples import NOW, a_job

ROOT = Path(__file__).parents[1]
TOKEN, KEY = "abcdef.ghijkl.mnopqr", "sk-a-key-of-nobody"
LINE = re.compile(
    r"^AAAAAA \d{4}-\d\d-\d\d \d\d:\d\d:\d\d queued +wan2.2-kf2v-flash 720P guild=500 member=42 "
    r"1.00 CNY$",
    re.MULTILINE,
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "DISCORD_TOKEN": TOKEN,
        "DASHSCOPE_API_KEY": KEY,
        "DATABASE_URL": f"sqlite:///{tmp_path / 'tween.db'}",
        "DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def command(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[CliRunner]:
    """Run commands in this process, in an environment of their own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for place, name in ((discord.http.Route, "BASE"), (discord.VoiceClient, "warn_nacl")):
        monkeypatch.setattr(place, name, getattr(place, name))
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()  # noqa: TID251 - put back as it was
    handlers, level = root.handlers, root.level
    yield CliRunner(env=environment)
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def process(environment: dict[str, str], folder: Path, *words: str) -> tuple[int, str, str]:
    """Run ``python -m bot`` and return exit code, output and errors."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), **environment},
        stdout=PIPE,
        stderr=PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await child.communicate()
    return int(child.returncode or 0), out.decode(), err.decode()


BECOMES: dict[str, list[tuple[JobState, JobChanges]]] = {
    "AAAAAA": [],
    "BBBBBB": [
        (
            JobState.FAILED,
            {"failure_reason": FailureReason.MODEL_OFF, "failure_detail": "403"},
        )
    ],
    "CCCCCC": [(JobState.SUBMITTING, {}), (JobState.PARKED, {})],
}


def prepare(url: str) -> None:
    """Put a waiting job, a failed one and a parked one into a database."""

    async def fill() -> None:
        database = Database(url)
        await migrate.upgrade(database)
        async with database.write() as connection:
            for number, job_id in enumerate(BECOMES):
                job = a_job(id=JobId(job_id), interaction_id=InteractionId(number), task_id=None)
                await jobs.apply(connection, open_job(job))
                for target, changes in BECOMES[job_id]:
                    step = transition(job, target, owner=Owner.DISPATCHER, at=NOW, changes=changes)
                    job = await jobs.apply(connection, step)
        await database.aclose()

    asyncio.run(fill())


# --- processes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wrong", "line"),
    [
        (("run",), {"DAILY_BUDGET": "a lot"}, "DAILY_BUDGET: "),
        (("check",), {"DISCORD_TOKEN": ""}, "DISCORD_TOKEN: is empty or not a single word"),
        (("run",), {"CATALOGUE_OVERRIDES": "none.toml"}, "CATALOGUE_OVERRIDES: none.toml: "),
    ],
)
async def test_a_wrong_setting_ends_with_78_and_one_line_that_names_it(
    environment: dict[str, str],
    tmp_path: Path,
    words: tuple[str, ...],
    wrong: dict[str, str],
    line: str,
) -> None:
    code, out, err = await process({**environment, **wrong}, tmp_path, *words)
    assert (code, out) == (78, "")
    assert err.startswith(line)
    assert err.count("\n") == 1
    assert KEY not in err


async def test_check_as_a_process_is_content_with_both_platforms(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with DashScopeServer() as dashscope, DiscordServer() as server:
        places = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_BASE_URL": server.api_base_url,
            "DASHSCOPE_HTTP_BASE_URL": dashscope.base_url,
        }
        code, out, err = await process({**environment, **places}, tmp_path, "check")
    assert (code, err) == (0, "")
    marks = [line.partition(":")[0] for line in out.splitlines()]
    subjects = (
        *("catalogue", "database", "disk", "media"),
        *("DASHSCOPE_API_KEY", "provider", "results", "callbacks", "Discord"),
    )
    assert marks == [f"ok   {subject}" for subject in subjects]
    assert server.token not in out


# --- the same code in this process ------------------------------------------------------------


def ran(command: CliRunner, *words: str) -> Result:
    return command.invoke(main, list(words))


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(main, ["--version"]).output == f"tween, version {__version__}\n"


def test_every_command_explains_itself() -> None:
    runner = CliRunner()
    for words in ([], ["run"], ["check"], ["db", "upgrade"], ["db", "current"], ["jobs", "list"]):
        result = runner.invoke(main, [*words, "--help"])
        assert result.exit_code == 0
        assert "Usage:" in result.output


def test_a_database_is_upgraded_and_says_what_it_is(command: CliRunner) -> None:
    newest = schema.newest_revision()
    assert ran(command, "db", "current").output == f"empty (newest: {newest})\n"
    assert ran(command, "db", "upgrade").output == f"{newest}\n"
    assert ran(command, "db", "upgrade").output == f"{newest}\n"
    assert ran(command, "db", "current").output == f"{newest} (newest: {newest})\n"


@pytest.mark.parametrize("words", [("jobs", "list"), ("jobs", "show", "AAAAAA")])
def test_a_database_without_tables_is_one_line_and_no_traceback(
    command: CliRunner, words: tuple[str, ...]
) -> None:
    result = ran(command, *words)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("database_unavailable: no such table")


def test_a_database_that_is_none_is_one_line_and_no_traceback(
    command: CliRunner, tmp_path: Path
) -> None:
    (tmp_path / "tween.db").write_bytes(b"a kitten, not a database" * 100)
    result = ran(command, "db", "upgrade")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "database" in result.stderr


def test_jobs_are_listed_without_their_prompts(
    command: CliRunner, environment: dict[str, str]
) -> None:
    prepare(environment["DATABASE_URL"])
    result = ran(command, "jobs", "list")
    assert LINE.search(result.output)
    assert "BBBBBB" not in result.output
    assert "cat" not in result.output
    failed = ran(command, "jobs", "list", "--state", "failed").output
    assert failed.splitlines()[0].endswith("1.00 CNY model_off: 403")
    assert len(ran(command, "jobs", "list", "--limit", "1").output.splitlines()) == 1
    assert ran(command, "jobs", "list", "--state", "lost").exit_code == 2


def test_a_job_is_shown_with_its_history_and_ledger(
    command: CliRunner, environment: dict[str, str]
) -> None:
    prepare(environment["DATABASE_URL"])
    result = ran(command, "jobs", "show", "bbbbbb")
    assert result.exit_code == 0
    assert "dispatcher   queued -> failed" in result.output
    assert "reserve      +1 videos +5 s +1.000000 CNY" in result.output
    assert "release      -1 videos -5 s -1.000000 CNY" in result.output
    assert "cat" not in result.output


@pytest.mark.parametrize("asked", ["ZZZZZZ", "not an id"])
def test_an_unknown_job_is_said_in_one_line(
    command: CliRunner, environment: dict[str, str], asked: str
) -> None:
    prepare(environment["DATABASE_URL"])
    result = ran(command, "jobs", "show", asked)
    assert (result.exit_code, result.stderr) == (1, f"no job {asked}\n")


@pytest.mark.parametrize(
    "words",
    [("AAAAAA",), ("AAAAAA", "--failed", "--again"), ("AAAAAA", "--task", "t", "--failed")],
)
def test_a_decision_about_a_job_is_exactly_one(command: CliRunner, words: tuple[str, ...]) -> None:
    result = ran(command, "jobs", "reconcile", *words)
    assert result.exit_code == 2
    assert "give one of --task, --failed and --again" in result.stderr


def test_a_decision_needs_an_id(command: CliRunner) -> None:
    result = ran(command, "jobs", "reconcile", "kitten!", "--failed")
    assert result.exit_code == 2
    assert "is not a job id" in result.stderr


def test_a_parked_job_is_given_up_by_the_operator(
    command: CliRunner, environment: dict[str, str]
) -> None:
    prepare(environment["DATABASE_URL"])
    result = ran(command, "jobs", "reconcile", "CCCCCC", "--failed")
    assert result.exit_code == 0, result.output
    assert re.match(r"CCCCCC .* failed .* 1\.00 CNY broken$", result.output)
    history = ran(command, "jobs", "show", "CCCCCC").output
    assert "operator     parked -> failed" in history
    assert "release      -1 videos -5 s -1.000000 CNY" in history


def test_a_job_that_waits_needs_no_decision(
    command: CliRunner, environment: dict[str, str]
) -> None:
    prepare(environment["DATABASE_URL"])
    result = ran(command, "jobs", "reconcile", "AAAAAA", "--failed")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


# --- usage ------------------------------------------------------------------------------------


def test_an_export_is_written_to_the_shell_or_a_file(
    command: CliRunner, environment: dict[str, str], tmp_path: Path
) -> None:
    prepare(environment["DATABASE_URL"])
    shown = command.invoke(main, ["usage", "export", "--guild", "500"])
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout_bytes.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("job,asked_at,")
    assert sorted(line[:7] for line in lines[1:]) == ["#AAAAAA", "#BBBBBB", "#CCCCCC"]
    path = tmp_path / "usage.json"
    words = ["usage", "export", "--guild", "500", "--format", "json", "--output", str(path)]
    assert command.invoke(main, words).exit_code == 0
    rows = json.loads(path.read_bytes())
    assert {row["job"] for row in rows} == {"AAAAAA", "BBBBBB", "CCCCCC"}
    assert "cat" not in path.read_text("utf-8"), "no prompt"


def test_an_export_of_an_unknown_server_has_no_rows(
    command: CliRunner, environment: dict[str, str]
) -> None:
    prepare(environment["DATABASE_URL"])
    shown = command.invoke(main, ["usage", "export", "--guild", "1", "--format", "json"])
    assert json.loads(shown.stdout_bytes) == []


def test_a_start_says_that_a_secret_goes_in_clear(command: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    # 127.1 is loopback to whoever connects, and another machine to whoever reads.
    changed = {
        "DATA_DIR": str(tmp_path / "file" / "data"),
        "DASHSCOPE_HTTP_BASE_URL": "http://127.1:9/api/v1",
    }
    shown = command.invoke(main, ["run"], env=changed)
    assert shown.exit_code == 78
    lines = [json.loads(line) for line in shown.stderr.splitlines() if line.startswith("{")]
    told = [
        (line["level"], line["setting"]) for line in lines if line["event"] == "secret_in_clear"
    ]
    assert told == [("warning", "DASHSCOPE_HTTP_BASE_URL")]
