"""``python -m tests.benchmarks [NAME…] [--json]``: run the benchmarks, print one table.

Each benchmark is a module of this package with ``async def rows()``. It runs in a process of its
own, one after the other, so that memory and lag are its own and none disturbs another.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import click

from bot.logs import configure_logs
from tests import benchmarks
from tests.benchmarks import lag, machine
from tests.benchmarks.lag import LagReading
from tests.benchmarks.rows import Row, Unit

PROCESS_SECONDS = 600
"""A benchmark that takes longer hangs."""
LONGER_SECONDS = {"older_build": 2400}
"""What runs other benchmarks takes as long as they do."""

PROGRAMS = {"__main__", "watched_bot", "soaked_bot", "bare_bot", "bare_transfer", "idle_loop"}
"""Modules that are started, not imported."""

Benchmark = Callable[[], Awaitable[list[Row]]]


def discovered() -> dict[str, Benchmark]:
    """Return the benchmarks by name, in alphabetical order."""
    found: dict[str, Benchmark] = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name in PROGRAMS:
            continue
        rows = getattr(importlib.import_module(f"tests.benchmarks.{module.name}"), "rows", None)
        if inspect.iscoroutinefunction(rows):
            found[module.name] = rows
    return found


def run_inside(name: str, into: Path) -> None:
    """Run one benchmark in this process and leave its result in a file."""
    # The services some benchmarks run in this process log each step; writing that is not measured.
    configure_logs(level="ERROR", style="console")
    rows = asyncio.run(_collected(discovered()[name]))
    result = {
        "rows": [asdict(row) for row in rows],
        "lags": [asdict(reading) for reading in lag.READINGS],
    }
    into.write_text(json.dumps(result), "utf-8")


async def _collected(benchmark: Benchmark) -> list[Row]:
    return await benchmark()


def run_apart(name: str, folder: Path) -> tuple[list[Row], list[LagReading], float] | None:
    """Run one benchmark in a process of its own; None where it broke.

    Returns:
        Its rows, the lags of the bot processes it started, and how many seconds it took.
    """
    into = folder / f"{name}.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--inside", name, "--into", str(into)]
    started = time.monotonic()
    try:
        ended = subprocess.run(  # noqa: S603 - this very program
            command,
            stdout=sys.stderr,
            timeout=LONGER_SECONDS.get(name, PROCESS_SECONDS),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if ended.returncode != 0:
        return None
    result = json.loads(into.read_text("utf-8"))
    rows = [Row(**{**row, "unit": Unit(row["unit"])}) for row in result["rows"]]
    lags = [LagReading(**reading) for reading in result["lags"]]
    return rows, lags, time.monotonic() - started


def verdict(row: Row) -> str:
    """Return how a row is judged."""
    if row.wanted is None:
        return "told"
    return "ok" if row.met else "missed"


def figure(value: float, unit: Unit) -> str:
    """Write a figure with its unit."""
    digits = 2 if unit in {Unit.RATIO, Unit.SECONDS} else 1
    return f"{value:.{digits}f} {unit.value}".strip()


def table(rows: list[Row]) -> str:
    """Draw the rows, with what each depends on below."""
    head = ("what", "ours", "against", "figure", "wanted", "")
    cells = [
        (
            row.name,
            row.ours,
            row.against,
            figure(row.figure, row.unit),
            "" if row.wanted is None else f"≤ {figure(row.wanted, row.unit)}",
            verdict(row) + (f" [{number}]" if row.remark else ""),
        )
        for number, row in enumerate(rows, start=1)
    ]
    widths = [max(len(line[column]) for line in (head, *cells)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (head, tuple("─" * width for width in widths), *cells)
    ]
    lines += [""] + [
        f"[{number}] {row.remark}" for number, row in enumerate(rows, start=1) if row.remark
    ]
    return "\n".join(lines)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, not a table.")
@click.option("--inside", hidden=True)
@click.option("--into", type=click.Path(path_type=Path), hidden=True)
def main(*, names: tuple[str, ...], as_json: bool, inside: str | None, into: Path | None) -> None:
    """Measure Tween; exits 1 where a benchmark broke, not where a target was missed."""
    if inside is not None and into is not None:
        run_inside(inside, into)
        return
    known = list(discovered())
    if unknown := sorted(set(names) - set(known)):
        raise click.UsageError(f"no benchmark {unknown[0]}; there are {', '.join(known)}")
    about = machine.facts()
    if not as_json:
        click.echo("\n".join(f"{name}: {fact}" for name, fact in about.items()) + "\n")
    rows: list[Row] = []
    lags: list[LagReading] = []
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as folder:
        for name in names or known:
            click.echo(f"{name} …", err=True)
            result = run_apart(name, Path(folder))
            if result is None:
                broken.append(name)
                continue
            rows += result[0]
            lags += result[1]
            click.echo(f"{name}: {result[2]:.0f} s", err=True)
    if (worst := lag.row_of(lags)) is not None:
        rows.append(worst)
    if as_json:
        judged = [{**asdict(row), "verdict": verdict(row)} for row in rows]
        click.echo(json.dumps({"machine": about, "rows": judged, "broken": broken}))
    elif rows:
        click.echo(table(rows))
    if broken:
        click.echo(f"broken: {', '.join(broken)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    with warnings.catch_warnings():
        # discord.py imports it for voice, which is not used.
        warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
        main()
