"""Two operating-system processes on one database spend what one may."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from bot.storage.engine import Database
from bot.storage.tables import jobs, ledger_entries

DEADLINE_SECONDS = 60
EACH = 10
ROOT = Path(__file__).parents[2]


async def _start(database_url: str, folder: Path) -> Process:
    command = ["-m", "tests.storage.spender", database_url, str(folder), str(EACH)]
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def _line(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line:
        _, errors = await process.communicate()
        raise AssertionError(errors.decode())
    return line


def _counts(line: str) -> Counter[str]:
    return Counter(
        {name: int(count) for name, _, count in (p.partition("=") for p in line.split())}
    )


async def test_twenty_commands_in_two_processes_against_a_limit_of_five_make_five_jobs(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    processes = [await _start(database_url, tmp_path / f"process-{at}") for at in (1, 2)]
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert [await _line(process) for process in processes] == ["ready", "ready"]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write(b"go\n")
                await process.stdin.drain()
            said = [_counts(await _line(process)) for process in processes]
            assert [await process.wait() for process in processes] == [0, 0]
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert said[0] + said[1] == Counter(Job=5, QuotaExceededError=15)
    async with database.read() as connection:
        count = select(func.count()).select_from(jobs)
        assert (await connection.execute(count)).scalar_one() == 5
        spent = (await connection.execute(select(func.sum(ledger_entries.c.videos)))).scalar_one()
        assert spent == 5
