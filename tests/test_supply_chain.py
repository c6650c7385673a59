"""What the product is built on: base images, the containers around them, known weaknesses."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from tools import audit, pin_images

ROOT = Path(__file__).resolve().parents[1]
DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "f" * 64


def program(folder: Path, name: str, answer: str, *, works: bool = True) -> None:
    path = folder / name
    path.write_text(
        f"#!/bin/sh\necho '{answer}'\necho \"$@\" >> {folder}/asked\nexit {0 if works else 1}\n"
    )
    path.chmod(0o755)


# --- base images -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", pin_images.FILES)
def test_every_base_image_can_be_pinned_and_renewed(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    images = [found["tagged"] for found in pin_images.IMAGE.finditer(text)]
    wanted = {
        "Dockerfile": ["python:3.13-slim"],
        "compose.yaml": ["python:3.13-slim", "postgres:17"],
    }
    assert images == wanted[name]
    once = pin_images.pinned(text, dict.fromkeys(images, DIGEST))
    assert once.count(f"@{DIGEST}") == len(images)
    again = pin_images.pinned(once, dict.fromkeys(images, OTHER))
    assert again == once.replace(DIGEST, OTHER)
    assert again.replace(f"@{OTHER}", "") == text, "and nothing else has changed"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("docker", "buildx imagetools inspect python:3.13-slim --format {{.Manifest.Digest}}"),
        (
            "skopeo",
            "inspect --no-tags --format {{.Digest}} docker://docker.io/library/python:3.13-slim",
        ),
        ("crane", "digest python:3.13-slim"),
    ],
)
def test_the_registry_is_asked_with_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, asked: str
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(pin_images, "WAYS", {name: pin_images.WAYS[name]})
    program(tmp_path, name, DIGEST)
    assert pin_images.looked_up("python:3.13-slim") == DIGEST
    assert (tmp_path / "asked").read_text().strip() == asked


def test_the_next_program_is_asked_where_one_gets_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(click.ClickException, match="docker, skopeo or crane is needed"):
        pin_images.looked_up("postgres:17")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    program(tmp_path, "docker", "error", works=False)
    program(tmp_path, "skopeo", "not a digest")
    program(tmp_path, "crane", DIGEST)
    assert pin_images.looked_up("postgres:17") == DIGEST


# --- containers ------------------------------------------------------------------------------


def service(name: str) -> str:
    """Return what compose.yaml says of a service."""
    text = (ROOT / "compose.yaml").read_text("utf-8")
    found = re.search(rf"^  {name}:\n((?:    .*\n|\n|  #.*\n)*)", text, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["tween", "postgres"])
def test_a_container_has_bounds_and_no_privilege(name: str) -> None:
    said = service(name)
    for line in (
        *("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'),
        "ulimits: { core: 0 }",
    ):
        assert f"    {line}\n" in said
    for bound in ("mem_limit", "pids_limit", "cpus", "tmpfs", "networks"):
        assert re.search(rf"^    {bound}:", said, re.MULTILINE), bound
    assert not re.search(r"^    (cap_add|privileged|ports|network_mode):", said, re.MULTILINE)


def test_the_database_is_the_bots_alone() -> None:
    said = service("postgres")
    assert "    user: postgres\n" in said
    assert "    networks: [database]\n" in said
    assert "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-}" in said, "and no default"
    assert "POSTGRES_HOST_AUTH_METHOD: scram-sha-256" in said
    assert "pg_isready" in said
    assert "  database:\n    internal: true\n" in (ROOT / "compose.yaml").read_text("utf-8")


# --- known weaknesses ------------------------------------------------------------------------


def answered(*packages: Mapping[str, object]) -> tuple[str, str]:
    return json.dumps({"dependencies": list(packages), "fixes": []}), ""


FINE = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
WEAK = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [
        {"id": "PYSEC-1", "fix_versions": ["9.0.1", "9.1.0"]},
        {"id": "X", "fix_versions": []},
    ],
}
UNKNOWN = {"name": "idna", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("pypi", "osv", "code", "told"),
    [
        pytest.param(answered(FINE), None, 0, "pypi: nothing known of 1 packages", id="fine"),
        pytest.param(
            answered(FINE, WEAK),
            None,
            1,
            "mended in 9.0.1, 9.1.0\npillow 9.0.0: X, mended in no version yet",
            id="weak",
        ),
        pytest.param(answered(UNKNOWN, WEAK), None, 1, "pillow 9.0.0: PYSEC-1", id="weak enough"),
        pytest.param(
            answered(UNKNOWN),
            answered(FINE),
            0,
            "pypi: cannot be asked about idna\nosv: nothing known",
            id="the other knows",
        ),
        pytest.param(
            answered(UNKNOWN, FINE),
            ("", "Traceback\nConnectionError: no such host\n"),
            3,
            "osv: no answer: ConnectionError: no such host\nrequirements.lock was not audited",
            id="nobody knows all",
        ),
        pytest.param(answered(), answered(), 3, "was not audited", id="no package"),
        pytest.param(("<html>", ""), ("{}", ""), 3, "osv: no answer\n", id="nonsense"),
    ],
)
def test_what_the_advisory_services_say(
    pypi: tuple[str, str], osv: tuple[str, str] | None, code: int, told: str
) -> None:
    def run(arguments: Sequence[str]) -> tuple[str, str]:
        assert str(ROOT / "requirements.lock") in arguments
        answer = pypi if "pypi" in arguments else osv
        assert answer is not None, "it was not to be asked"
        return answer

    lines, found = audit.outcome(run)
    assert found == code
    assert told in "\n".join(lines)


def test_what_is_pinned_is_what_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))
    for line in (*project["dependencies"], *project["optional-dependencies"]["postgres"]):
        wanted = Requirement(line)
        pinned = pins[wanted.name.lower().replace(".", "-").replace("_", "-")]
        assert wanted.specifier.contains(pinned), line


def test_no_version_with_a_known_weakness_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {found.name: found.specifier for found in map(Requirement, project["dependencies"])}
    # CVE-2026-69244 and, of 12.1, CVE-2026-42309 and CVE-2026-40192.
    for name, weak in {"aiohttp": ("3.14.0", "3.14.2"), "pillow": ("12.1.0",)}.items():
        assert not any(wanted[name].contains(version) for version in weak), name
