"""The image: what goes into it, what it is told, and how an engine learns that it is ill."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path, PurePosixPath
from socket import create_server

import pytest
from prometheus_client import CollectorRegistry

from bot import healthcheck
from bot.serving import READY_SECONDS
from bot.settings import Settings
from bot.web import HealthPage
from tests.e2e.process import free_port

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
SECONDS = {"s": 1, "m": 60}
SECRETS = {"DISCORD_TOKEN": "made-up", "DASHSCOPE_API_KEY": "sk-made-up"}


def instructions() -> list[tuple[str, str]]:
    """Return what the Dockerfile says, in order: the instruction and the rest of its line."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.partition(" ") for line in whole.splitlines())
    return [(name, rest.strip()) for name, _, rest in pairs]


def said(name: str) -> str:
    """Return what the last instruction of a kind says."""
    return [rest for found, rest in instructions() if found == name][-1]


def copied() -> list[str]:
    """Return what is copied from the repository, in order."""
    lines = (rest.split() for name, rest in instructions() if name == "COPY")
    return [source for *sources, _ in lines if "--from" not in sources[0] for source in sources]


def command(text: str) -> list[str]:
    """Read an exec-form command, for the interpreter of the tests."""
    program, *arguments = json.loads(text[text.index("[") :])
    assert program == "python"
    return [sys.executable, *arguments]


def environment() -> dict[str, str]:
    return dict(re.findall(r'(\w+)="?([^"\s]+)"?', said("ENV")))


def requirements(name: str) -> dict[str, frozenset[str]]:
    """Return the hashes of each pin, marker included, of a lock file."""
    text = (ROOT / name).read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    blocks = (line.partition(" --hash=") for line in lines)
    return {
        pin.strip(): frozenset(re.findall(r"sha256:[0-9a-f]{64}", hashes))
        for pin, _, hashes in blocks
    }


def distributions(*wanted: str) -> set[str]:
    """Return the names behind requirements such as ``sqlalchemy[asyncio]>=2.1``."""
    names = (re.match(r"[\w.-]+", requirement) for requirement in wanted)
    return {re.sub(r"[._]", "-", name[0]).lower() for name in names if name}


async def outcome(
    *arguments: str, folder: Path, variables: Mapping[str, str] | None = None
) -> tuple[int | None, str]:
    """Run a command with nothing of the developer's shell; return exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=folder,
        env=dict(variables or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the image has in /app, and nothing else."""
    folder = tmp_path_factory.mktemp("app")
    for source in copied():
        if (ROOT / source).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, folder / source, ignore=ignored)
        else:
            shutil.copy(ROOT / source, folder)
    return folder


# --- lock files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_pins_and_hashes_everything_and_names_no_registry(name: str) -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host", (ROOT / name).read_text("utf-8"))
    pins = requirements(name)
    assert pins
    for pin, hashes in pins.items():
        assert re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+-]+( ;.*)?", pin), pin
        assert hashes, pin


def test_hosts_run_the_very_files_that_were_tested() -> None:
    tested = requirements("requirements-dev.lock")
    # A marker may be wider in one of the files: what matters is the version and its hashes.
    versions = {pin.partition(" ")[0]: hashes for pin, hashes in tested.items()}
    for pin, hashes in requirements("requirements.lock").items():
        assert versions.get(pin.partition(" ")[0]) == hashes, pin


def test_the_image_has_what_the_bot_needs_and_no_tool_of_its_developers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    pinned = {pin.partition("==")[0] for pin in requirements("requirements.lock")}
    assert distributions(*project["dependencies"], *extras["postgres"]) <= pinned
    assert distributions(*extras["dev"]) & pinned == set()


# --- Dockerfile ------------------------------------------------------------------------------


def test_only_what_is_copied_reaches_the_builder() -> None:
    everything, *patterns = [
        line
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert everything == "*"
    allowed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert allowed == {source.rstrip("/") for source in copied()}
    assert all((ROOT / name).exists() for name in allowed)
    assert not any(name.startswith((".", "data")) for name in allowed)


def test_a_change_of_source_installs_no_package_again() -> None:
    lines = [f"{name} {rest}" for name, rest in instructions()]
    packages = next(at for at, line in enumerate(lines) if line.startswith("COPY --from="))
    assert lines.index("COPY bot/ bot/") > packages
    assert copied()[0] == "requirements.lock"


def test_every_stage_stands_on_the_chosen_base() -> None:
    stages = [rest.partition(" ")[0] for name, rest in instructions() if name == "FROM"]
    assert stages == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]
    argument, _, base = said("ARG").partition("=")
    assert argument == "PYTHON_IMAGE"
    assert f"PYTHON_IMAGE: ${{PYTHON_IMAGE:-{base}}}" in COMPOSE


def test_the_user_is_a_number_and_not_root() -> None:
    # A number, as Kubernetes' runAsNonRoot cannot look a name up.
    user, group = (int(part) for part in said("USER").split(":"))
    assert user > 0
    assert group > 0
    assert f"useradd --uid {user} " in str(instructions())


def test_everything_worth_keeping_is_in_the_volume() -> None:
    fields = Settings.model_fields
    folder = PurePosixPath(said("WORKDIR"))
    volume = PurePosixPath(said("VOLUME"))
    assert folder / PurePosixPath(fields["data_dir"].default) == volume
    database = fields["database_url"].default.removeprefix("sqlite:///")
    assert (folder / database).is_relative_to(volume)
    assert f"data:{volume}\n" in COMPOSE


def test_the_image_tells_the_bot_only_what_it_understands() -> None:
    told = {name: value for name, value in environment().items() if name.lower() != "path"}
    assert told.pop("PYTHONUNBUFFERED")
    assert {name.lower() for name in told} <= set(Settings.model_fields)
    settings = Settings.model_validate(
        {name.lower(): value for name, value in {**SECRETS, **told}.items()}
    )
    assert settings.listen == ("0.0.0.0", int(said("EXPOSE")))  # noqa: S104 - in a container


async def test_what_is_copied_is_enough_to_start(app: Path) -> None:
    entry = command(said("ENTRYPOINT"))
    code, output = await outcome(*entry, *json.loads(said("CMD")), folder=app)
    assert (code, output) == (78, "DISCORD_TOKEN: is required\n")
    code, output = await outcome(*entry, "db", "upgrade", folder=app, variables=SECRETS)
    assert code == 0, output
    assert (app / "data" / "tween.db").exists()


# --- HEALTHCHECK -----------------------------------------------------------------------------


def a_page(*, is_well: bool) -> HealthPage:
    async def gateway() -> bool:
        return is_well

    return HealthPage(checks={"gateway": gateway}, registry=CollectorRegistry())


async def health(folder: Path, listen: str) -> tuple[int | None, str]:
    """Run the HEALTHCHECK of the image as its engine would."""
    variables = {**SECRETS, "HTTP_LISTEN": listen}
    return await outcome(*command(said("HEALTHCHECK")), folder=folder, variables=variables)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])  # noqa: S104 - what hosts write
async def test_a_bot_that_is_ready_is_healthy(app: Path, host: str) -> None:
    port = free_port()
    async with a_page(is_well=True).listening((host, port)):
        assert await health(app, f"{host}:{port}") == (0, "")


async def test_a_bot_that_is_not_ready_is_not_healthy(app: Path) -> None:
    port = free_port()
    async with a_page(is_well=False).listening(("127.0.0.1", port)):
        assert await health(app, f"127.0.0.1:{port}") == (1, '{"gateway": false}\n')


async def test_a_bot_that_is_down_is_not_healthy(app: Path) -> None:
    code, output = await health(app, f"127.0.0.1:{free_port()}")
    assert code == 1
    assert output.startswith("no answer at 127.0.0.1:")


async def test_a_bot_with_a_wrong_setting_is_not_healthy(app: Path) -> None:
    assert await health(app, "nowhere") == (1, "HTTP_LISTEN: must be host:port, or empty for off\n")


async def test_a_host_who_switched_the_page_off_is_believed(app: Path) -> None:
    assert await health(app, "") == (0, "")


def test_a_bot_that_is_stuck_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "TIMEOUT_SECONDS", 0.05)
    # The system accepts for it, and nobody ever answers.
    with closing(create_server(("127.0.0.1", 0))) as silent:
        problem = healthcheck.problem_at(silent.getsockname())
    assert problem is not None
    assert problem.endswith("timed out")


def test_each_limit_leaves_time_for_the_one_inside_it() -> None:
    (engine,) = re.findall(r"--timeout=(\d+)s", said("HEALTHCHECK"))
    assert READY_SECONDS < healthcheck.TIMEOUT_SECONDS < int(engine)


# --- stopping --------------------------------------------------------------------------------


def test_a_stop_leaves_time_for_the_create_in_flight() -> None:
    ((number, unit), *_) = re.findall(r"stop_grace_period: (\d+)([sm])", COMPOSE)
    assert int(number) * SECONDS[unit] > Settings.model_fields["shutdown_seconds"].default
    assert said("STOPSIGNAL") == "SIGTERM"


# --- make image ------------------------------------------------------------------------------


def stand_in(folder: Path, name: str, *, works: bool = True) -> None:
    """Put a builder there that tells how it was called."""
    program = folder / name
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = info ] && exit {0 if works else 1}\n'
        f'echo "{name} $* format=$BUILDAH_FORMAT"\n'
    )
    program.chmod(0o755)


async def make_image(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run the target with this folder alone on the PATH."""
    make = shutil.which("make")
    assert make is not None
    variables = {"PATH": str(folder)}
    return await outcome(make, "image", *arguments, folder=ROOT, variables=variables)


async def test_the_builder_that_works_is_taken(tmp_path: Path) -> None:
    stand_in(tmp_path, "docker", works=False)
    stand_in(tmp_path, "buildah")
    code, output = await make_image(tmp_path)
    assert code == 0
    assert output.splitlines()[-1] == "buildah build --tag tween:latest . format=docker"


async def test_base_tag_and_flags_reach_the_builder(tmp_path: Path) -> None:
    stand_in(tmp_path, "podman")
    _, output = await make_image(tmp_path, "PYTHON_IMAGE=base:1", "IMAGE=t:2", "IMAGE_FLAGS=--pull")
    assert "podman build --tag t:2 --build-arg PYTHON_IMAGE=base:1 --pull . " in output


async def test_no_builder_is_one_sentence(tmp_path: Path) -> None:
    code, output = await make_image(tmp_path)
    assert code != 0
    assert "make image needs docker, podman or buildah" in output
