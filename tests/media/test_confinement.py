"""What a child cannot reach, whatever a hostile file makes it do."""

from __future__ import annotations

import asyncio
import platform
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.media import landlock, system_calls
from bot.media.worker import Reach
from bot.media.worker_pool import WorkerPool
from tests.media import hooks

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have nothing of it"),
]

TESTS = Path(hooks.__file__).parents[1]

NEEDS_LANDLOCK = pytest.mark.skipif(landlock.version() < 3, reason="the kernel has no Landlock")
NEEDS_FILTER = pytest.mark.skipif(
    platform.machine() not in system_calls._MACHINES
    or not Path("/proc/sys/kernel/seccomp/actions_avail").exists(),
    reason="no table of this machine's system calls, or a kernel without filters",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bot's folder: ``.env`` and the database, and what children may use."""
    folder = tmp_path_factory.mktemp("tween").resolve()
    (folder / ".env").write_text("DISCORD_TOKEN=secret")
    (folder / "data").mkdir()
    (folder / "data" / "tween.db").write_text("prompts")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(folder: Path) -> AsyncIterator[WorkerPool]:
    """A child as the product starts it."""
    reach = Reach(scratch=folder / "data" / "scratch", readable=(folder / "data" / "jobs", TESTS))
    pool = WorkerPool(workers=1, reach=reach)
    yield pool
    await pool.aclose()


@NEEDS_LANDLOCK
@pytest.mark.parametrize("secret", [".env", "data/tween.db"])
async def test_a_child_has_no_file_outside_its_folders(
    pool: WorkerPool, folder: Path, secret: str
) -> None:
    file, scratch = folder / secret, folder / "data" / "scratch"
    before = file.read_text()
    found = await pool.run(10, hooks.reach_for_files, file, file.parent, scratch)
    allowed = {what: result for what, result in found.items() if result not in REFUSED}
    assert allowed == {}
    assert file.read_text() == before
    assert {entry.name for entry in file.parent.iterdir()} <= {".env", "data", "tween.db", *MADE}


REFUSED = {"EACCES", "EPERM", "EXDEV"}
MADE = {"scratch", "jobs"}


@NEEDS_LANDLOCK
async def test_a_child_reads_kept_files_and_writes_none(pool: WorkerPool, folder: Path) -> None:
    await pool.run(10, hooks.who)
    kept = folder / "data" / "jobs" / "ABCDEF" / "result.mp4"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"paid for")
    assert await pool.run(10, Path.read_bytes, kept) == b"paid for"
    with pytest.raises(PermissionError):
        await pool.run(10, Path.write_bytes, kept, b"")
    with pytest.raises(PermissionError):
        await pool.run(10, Path.unlink, kept)
    assert kept.read_bytes() == b"paid for"


@NEEDS_FILTER
async def test_a_child_has_no_network_and_no_other_process(pool: WorkerPool) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        found = await pool.run(10, hooks.reach_for_others, port)
    assert set(found.values()) == {"EPERM"}, found


@NEEDS_FILTER
async def test_a_child_keeps_its_threads(pool: WorkerPool) -> None:
    assert await pool.run(10, hooks.work_with_threads) == 8


@pytest.mark.parametrize("name", [resource.RLIMIT_AS, resource.RLIMIT_FSIZE])
async def test_a_child_cannot_have_its_limits_back(pool: WorkerPool, name: int) -> None:
    with pytest.raises(RuntimeError, match="not allowed to raise maximum limit"):
        await pool.run(10, hooks.lift_limit, name, resource.RLIM_INFINITY)


async def test_a_child_can_gain_no_privilege(pool: WorkerPool) -> None:
    status = await pool.run(10, hooks.privileges)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) & ~0b110 == 0


async def test_a_child_works_in_its_scratch_folder(pool: WorkerPool, folder: Path) -> None:
    scratch = str(folder / "data" / "scratch")
    assert await pool.run(10, hooks.where) == (scratch, scratch)


@NEEDS_LANDLOCK
@NEEDS_FILTER
async def test_nothing_is_missing_here(pool: WorkerPool) -> None:
    assert await pool.run(10, hooks.missing) == ()
