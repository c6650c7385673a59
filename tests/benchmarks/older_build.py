"""This build against an older one, on the same machine, one after the other.

The older one is a commit of this repository, in a folder and with packages of its own, as its lock
file names them. Start and idle memory are measured here, the two builds taking turns, against
sandboxes of this build; what each build's own benchmarks measure is run once for each and compared
row by row. A copy without history, or a machine without a network, has nothing to compare with.

``python -m tests.benchmarks.older_build [PART…] [--older FOLDER]`` measures some of it alone, with
the older build kept in a folder.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from typing_extensions import override

from sandbox.dashscope import DashScopeServer, EmulatorSettings
from sandbox.discord.server import DiscordServer
from tests.benchmarks.figures import median
from tests.benchmarks.memory import children_of
from tests.benchmarks.processes import variables_of
from tests.benchmarks.rows import Row, Unit
from tests.e2e.process import ROOT, BotProcess, RunningProcess

OLDER = "c23b245"
ROUNDS = 5
IDLE_SECONDS = 20.0
"""From the start to the look at the memory: what a start needs is given back by then."""
PROCESS_SECONDS = 2400

_NUMBER = re.compile(r"[\d.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A row of a benchmark of both builds, and how much of the older one's figure it may be."""

    benchmark: str
    row: str
    most: float
    of_figure: bool = False
    """Whether the judged figure is compared, and not what the row says we took."""


WANTED = (
    Wanted(benchmark="delivery", row="SUCCEEDED → delivered, 9 MiB", most=0.6),
    Wanted(benchmark="pictures", row="preparing the two cats", most=0.8, of_figure=True),
    Wanted(benchmark="pictures", row="preparing a 12 MP photograph", most=0.97, of_figure=True),
    Wanted(benchmark="memory", row="memory for 1,000 jobs in flight", most=0.75, of_figure=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A build that can be run."""

    root: Path
    python: Path

    def benchmark(self, name: str) -> dict[str, Row]:
        """Run one of the build's own benchmarks; return its rows by name."""
        ended = subprocess.run(  # noqa: S603 - this very program, or an older one
            [self.python, "-m", "tests.benchmarks", name, "--json"],
            cwd=self.root,
            stdout=subprocess.PIPE,
            timeout=PROCESS_SECONDS,
            check=True,
        )
        rows = json.loads(ended.stdout)["rows"]
        names = Row.__dataclass_fields__
        return {
            row["name"]: Row(**{name: value for name, value in row.items() if name in names})
            for row in rows
        }


class BuiltBot(BotProcess):
    """The bot of a build."""

    def __init__(self, build: Build, folder: Path, variables: dict[str, str]) -> None:
        super().__init__(folder, {**variables, "PYTHONPATH": str(build.root)})
        self._python = build.python

    @override
    async def _spawn(self) -> RunningProcess:
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                self._python, "-m", "bot", "run",
                cwd=self.folder, env=self.variables, stdout=log, stderr=log,
            )  # fmt: skip

    async def started_after_seconds(self) -> float:
        """Start the process; return how long it took until it said so."""
        known = self.log().count('"started"')
        before = time.perf_counter()
        await self.start(wait=False)
        async with asyncio.timeout(60):
            while self.log().count('"started"') == known:  # noqa: ASYNC110 - a log sets no event
                await asyncio.sleep(0.005)
        return time.perf_counter() - before

    def proportional_mib(self) -> float:
        """Return the memory of all its processes, where shared pages count in part (PSS)."""
        total = 0
        for process in (self.pid, *_descendants(self.pid)):
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text("ascii")
            found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
            total += int(found[1]) if found else 0
        return total / 1024


def _descendants(pid: int) -> set[int]:
    children = children_of(pid)
    return children.union(*(_descendants(child) for child in children))


@dataclass(slots=True, kw_only=True)
class Readings:
    """What was measured of one build."""

    start_seconds: list[float] = field(default_factory=list)
    idle_mib: list[float] = field(default_factory=list)


PROCESSES = "processes"
"""The part about start and idle memory; the others are named as their benchmarks."""
PARTS = (PROCESSES, *dict.fromkeys(wanted.benchmark for wanted in WANTED))


async def rows(parts: Collection[str] = PARTS, kept_in: Path | None = None) -> list[Row]:
    """Compare with the older build.

    Args:
        parts: what is compared.
        kept_in: where the older build is, or is made for the next time.
    """
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        try:
            older = await asyncio.to_thread(_older_build, kept_in or folder / "older")
        except (OSError, subprocess.CalledProcessError) as error:
            return [_told_only(str(error))]
        ours = Build(root=ROOT, python=Path(sys.executable))
        compared: list[Row] = []
        if PROCESSES in parts:
            found = await _readings(folder, (older, ours))
            starts, idle = [it.start_seconds for it in found], [it.idle_mib for it in found]
            compared += [
                _ratio("start to `started`, schema current", "s", 0.6, *starts),
                _ratio("idle bot, all processes (PSS)", "MiB", 0.6, *idle),
            ]
        for benchmark in PARTS[1:]:
            if benchmark not in parts:
                continue
            both = [await asyncio.to_thread(it.benchmark, benchmark) for it in (older, ours)]
            compared += [
                _compared(wanted, both[0][wanted.row], both[1][wanted.row])
                for wanted in WANTED
                if wanted.benchmark == benchmark
            ]
    return compared


def _older_build(folder: Path) -> Build:
    python = folder / ".venv" / "bin" / "python"
    if python.exists():
        return Build(root=folder, python=python)
    archive = subprocess.run(  # noqa: S603
        ["git", "archive", OLDER],  # noqa: S607 - the developer's git
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)  # noqa: S603
    subprocess.run(  # noqa: S603
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--require-hashes", "-r", folder / "requirements-dev.lock"],
        check=True,
    )  # fmt: skip
    return Build(root=folder, python=python)


async def _readings(folder: Path, builds: Sequence[Build]) -> list[Readings]:
    found = [Readings() for _ in builds]
    async with DashScopeServer(EmulatorSettings()) as dashscope, DiscordServer() as server:
        bots = []
        for number, build in enumerate(builds):
            place = folder / f"bot-{number}"
            place.mkdir()
            bots.append(BuiltBot(build, place, variables_of(server, dashscope)))
        for turn in range(ROUNDS + 1):
            for bot, readings in zip(bots, found, strict=True):
                seconds = await bot.started_after_seconds()
                if turn:  # the first start makes the database
                    readings.start_seconds.append(seconds)
                    await asyncio.sleep(IDLE_SECONDS)
                    readings.idle_mib.append(bot.proportional_mib())
                await bot.stop()
    return found


def _ratio(name: str, unit: str, most: float, older: Sequence[float], ours: Sequence[float]) -> Row:
    return Row(
        name=f"{name}, against {OLDER}",
        ours=f"{median(ours):.2f} {unit}",
        against=f"{OLDER} {median(older):.2f} {unit}",
        figure=median(ours) / median(older),
        unit=Unit.RATIO,
        wanted=most,
    )


def _compared(wanted: Wanted, older: Row, ours: Row) -> Row:
    was, took = (
        row.figure if wanted.of_figure else _first_number(row.ours) for row in (older, ours)
    )
    return Row(
        name=f"{wanted.row}, against {OLDER}",
        ours=f"{ours.ours} ({ours.figure:.2f} {Unit(ours.unit).value})",
        against=f"{OLDER} {older.ours} ({older.figure:.2f})",
        figure=took / was,
        unit=Unit.RATIO,
        wanted=wanted.most,
    )


def _first_number(text: str) -> float:
    found = _NUMBER.search(text)
    if found is None:
        raise ValueError(text)
    return float(found[0])


def _told_only(why: str) -> Row:
    return Row(
        name=f"against {OLDER}",
        ours="not measured",
        against="",
        figure=0.0,
        unit=Unit.COUNT,
        wanted=None,
        remark=f"the older build could not be made: {why}",
    )


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--older", type=click.Path(path_type=Path), help="Where the older build is kept.")
def main(*, parts: tuple[str, ...], older: Path | None) -> None:
    """Compare this build with an older one, in some parts or in all."""
    from tests.benchmarks.__main__ import table

    kept_in = None if older is None else older.absolute()
    click.echo(table(asyncio.run(rows(parts or PARTS, kept_in))))


if __name__ == "__main__":
    main()
