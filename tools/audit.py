"""Ask the advisory services what is known of the versions that hosts install.

``python -m tools.audit``, or ``make audit``. pip-audit is installed for it, into ``.venv/audit``
and not among the packages it looks at. It ends with 0 where nothing is known, with 1 where
something is, and with 3 where nobody could be asked about every package: pip-audit alone ends with
0, and the words that nothing was found, when a mirror answers 404 for all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
SERVICES = ("pypi", "osv")
SECONDS = 300
SOMETHING, NOBODY = 1, 3

Run = Callable[[Sequence[str]], tuple[str, str]]
"""Runs a command; returns what it writes to its output, and to its errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a service says of a lock file."""

    known: tuple[str, ...]
    """A line for each advisory."""
    asked: int
    """Packages it knows."""
    unasked: tuple[str, ...]
    """Packages it could not be asked about, or all is empty where it did not answer."""
    trouble: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it was asked about every package."""
        return self.asked > 0 and not self.unasked


@click.command()
def main() -> None:
    """Ask, and end with what ``make audit`` promises."""
    lines, code = outcome(_run)
    click.echo("\n".join(lines))
    raise SystemExit(code)


def outcome(run: Run) -> tuple[list[str], int]:
    """Return what is to be told, and the exit code."""
    lines: list[str] = []
    for service in SERVICES:
        verdict = asked(service, run)
        if verdict.known:
            return [*lines, *verdict.known], SOMETHING
        if verdict.is_whole:
            return [*lines, f"{service}: nothing known of {verdict.asked} packages"], 0
        first, left = verdict.unasked[:3], len(verdict.unasked[3:])
        names = ", ".join((*first, f"{left} more") if left else first)
        lines.append(f"{service}: {verdict.trouble or f'cannot be asked about {names}'}")
    return [
        *lines,
        f"{LOCK.name} was not audited: no advisory service answers for all of it",
    ], NOBODY


def asked(service: str, run: Run) -> Verdict:
    """Ask a service about everything in the lock file."""
    answer, errors = run(
        (
            *("--requirement", str(LOCK), "--require-hashes", "--disable-pip"),
            *("--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"),
        )
    )
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        said = [line for line in errors.splitlines() if line.strip()]
        trouble = f"no answer: {said[-1].strip()[:200]}" if said else "no answer"
        return Verdict(known=(), asked=0, unasked=(), trouble=trouble)
    return Verdict(
        known=tuple(
            f"{package['name']} {package['version']}: {advisory['id']}, "
            f"mended in {', '.join(advisory['fix_versions']) or 'no version yet'}"
            for package in packages
            for advisory in package.get("vulns", ())
        ),
        asked=sum("skip_reason" not in package for package in packages),
        unasked=tuple(package["name"] for package in packages if "skip_reason" in package),
    )


def _run(arguments: Sequence[str]) -> tuple[str, str]:
    folder = ROOT / ".venv" / "audit"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (folder / ".ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = (str(python), "-m", "pip", "install", "--quiet", "pip-audit")
        if subprocess.run(install, check=False, timeout=SECONDS).returncode:  # noqa: S603 - ours
            return "", "pip-audit could not be installed"
        (folder / ".ready").touch()
    command = (str(python), "-m", "pip_audit", *arguments)
    ended = subprocess.run(  # noqa: S603 - this module's own words
        command, check=False, capture_output=True, text=True, timeout=SECONDS
    )
    return ended.stdout, ended.stderr


if __name__ == "__main__":
    main()
