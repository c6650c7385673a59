"""Children by themselves: when they start and end, and what becomes of work that goes wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.media import answers, limits, worker, worker_pool
from bot.media.worker import Reach, WorkerDiedError
from bot.media.worker_pool import WorkerPool
from tests.media import hooks
from tests.media.hooks import MIB

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]

CHILD = ("confinement", "landlock", "limits", "system_calls", "wire")
"""Our modules that every child loads."""

Make = Callable[..., WorkerPool]


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    """The folders of all tests, and what they have children do."""
    return Reach(scratch=tmp_path_factory.getbasetemp(), readable=(ROOT / "tests",))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(reach: Reach) -> AsyncIterator[WorkerPool]:
    """A child for all tests that do not mind who had it before."""
    pool = WorkerPool(workers=1, reach=reach)
    yield pool
    await pool.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def make(reach: Reach) -> AsyncIterator[Make]:
    """Make pools of the test's own."""
    made: list[WorkerPool] = []

    def make(*, workers: int = 1, niceness: int = 0, idle_seconds: float = 60.0) -> WorkerPool:
        pool = WorkerPool(
            workers=workers, reach=reach, niceness=niceness, idle_seconds=idle_seconds
        )
        made.append(pool)
        return pool

    yield make
    for pool in made:
        await pool.aclose()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


async def process_of(mark: Path) -> int:
    """Return the process that has left its mark, once it has."""
    await until(lambda: mark.exists() and mark.stat().st_size, seconds=30)
    return int(await asyncio.to_thread(mark.read_text))


# --- the life of a child ---------------------------------------------------------------------


async def test_there_is_no_child_before_there_is_work_and_one_afterwards(make: Make) -> None:
    pool = make(workers=3)
    assert pool.children == 0
    first = await pool.run(10, hooks.who)
    assert first != os.getpid()
    assert [await pool.run(10, hooks.who) for _ in range(3)] == [first] * 3
    assert pool.children == 1


async def test_children_work_at_the_same_time(make: Make, tmp_path: Path) -> None:
    pool, marks = make(workers=2), [tmp_path / "one", tmp_path / "two"]
    pids = await asyncio.gather(
        pool.run(30, hooks.mark_and_wait_for, *marks),
        pool.run(30, hooks.mark_and_wait_for, *reversed(marks)),
    )
    assert pids[0] != pids[1]


async def test_a_child_ends_when_it_was_idle_for_a_while(make: Make) -> None:
    pool = make(idle_seconds=0.2)
    first = await pool.run(10, hooks.who)
    await until(lambda: pool.children == 0)
    assert not is_alive(first)
    assert await pool.run(10, hooks.who) != first


async def test_a_child_is_replaced_after_so_many_requests(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await pool.run(10, hooks.who)
    monkeypatch.setattr(worker_pool, "REQUESTS_PER_CHILD", 1)
    await pool.run(10, hooks.who)
    assert await pool.run(10, hooks.who) != first
    assert not is_alive(first)


async def test_a_child_is_there_before_its_work_where_that_was_expected(make: Make) -> None:
    pool = make(workers=2)
    for _ in range(3):
        await pool.expect(("wave", "colorsys"))
    assert pool.children == 1, "it waits for the work, and so does nobody beside it"
    assert {"wave", "colorsys"} <= await pool.run(10, hooks.modules)
    assert pool.children == 1


async def test_no_child_is_started_for_what_is_expected_while_all_are_at_work(
    make: Make, tmp_path: Path
) -> None:
    pool = make()
    running = asyncio.ensure_future(pool.run(60, hooks.mark_and_hang, tmp_path / "mark"))
    await process_of(tmp_path / "mark")
    async with asyncio.timeout(2):
        await pool.expect(())
    assert pool.children == 1
    running.cancel()


async def test_what_cannot_be_imported_is_told_by_the_work(make: Make) -> None:
    pool = make()
    await pool.expect(("no_such_module",))
    assert await pool.run(10, hooks.who), "by another child"


# --- what surrounds a child ------------------------------------------------------------------


async def test_a_child_is_deaf_to_the_signals_of_the_group(pool: WorkerPool) -> None:
    assert await pool.run(10, hooks.is_deaf_to, signal.SIGINT, signal.SIGTERM) == [True, True]


async def test_a_child_loads_little(make: Make) -> None:
    loaded = await make().run(10, hooks.modules)
    ours = {name for name in loaded if name.startswith("bot")}
    assert ours == {"bot", "bot.media", *(f"bot.media.{m}" for m in CHILD)}
    assert loaded.isdisjoint({"asyncio", "multiprocessing", "logging", "PIL", "av", "matplotlib"})


async def test_a_child_knows_no_secret(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:secret@host/tween")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    variables = await make().run(10, hooks.environment)
    assert variables["LC_ALL"] == "C.UTF-8"
    assert "secret" not in str(variables)


async def test_a_child_has_none_of_its_parents_files(make: Make, tmp_path: Path) -> None:
    with (tmp_path / "a.db").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        assert str(tmp_path / "a.db") not in await make().run(10, hooks.open_files)


async def test_a_child_cannot_lift_its_limits(pool: WorkerPool) -> None:
    bounds = {
        resource.RLIMIT_AS: limits.MAX_CHILD_MEMORY_BYTES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.MAX_CHILD_FILE_BYTES,
        resource.RLIMIT_NOFILE: limits.MAX_CHILD_DESCRIPTORS,
        resource.RLIMIT_NPROC: limits.MAX_USER_THREADS,
    }
    found = await pool.run(10, hooks.limits_of, *bounds)
    assert found == [(most, most) for most in bounds.values()]


async def test_every_piece_of_work_has_its_processor_time(make: Make) -> None:
    whole, part, wider, after = await make().run(60, hooks.cpu_limits)
    cores = os.cpu_count() or 1
    assert 60 * cores <= whole <= 60 * cores + 5, "all cores for as long as it is waited for"
    assert part < whole
    assert wider == after == whole, "a part of it lifts nothing"


async def test_a_nice_child_gives_way(make: Make) -> None:
    assert await make(niceness=3).run(10, hooks.niceness) == min(19, os.nice(0) + 3)


async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = textwrap.dedent(f"""
        import asyncio, pathlib
        from bot.media.worker import Reach
        from bot.media.worker_pool import WorkerPool
        from tests.media.hooks import mark_and_hang
        scratch, tests = map(pathlib.Path, ({str(tmp_path)!r}, {str(ROOT / "tests")!r}))
        pool = WorkerPool(workers=1, reach=Reach(scratch=scratch, readable=(tests,)))
        asyncio.run(pool.run(60, mark_and_hang, scratch / "mark"))
    """)
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT)
    try:
        pid = await process_of(mark)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not is_alive(pid), seconds=5)


# --- children that go wrong ------------------------------------------------------------------


async def test_a_child_that_is_late_is_killed_and_replaced(pool: WorkerPool) -> None:
    first = await pool.run(10, hooks.who)
    with pytest.raises(WorkerDiedError):
        await pool.run(0.2, hooks.hang)
    assert not is_alive(first)
    assert await pool.run(10, hooks.who) != first


@pytest.mark.parametrize("broken", [hooks.die, hooks.crash, hooks.eat_memory])
async def test_a_child_that_breaks_costs_its_work_alone(
    pool: WorkerPool, broken: Callable[[], object]
) -> None:
    with pytest.raises(WorkerDiedError):
        await pool.run(10, broken)
    assert await pool.run(10, hooks.length_of, b"four") == 4


async def test_a_child_killed_while_idle_is_replaced(pool: WorkerPool) -> None:
    first = await pool.run(10, hooks.who)
    os.kill(first, signal.SIGKILL)
    assert await pool.run(10, hooks.who) != first


async def test_children_that_die_at_their_start_are_given_up(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("/nowhere/python", "/bin/false"):
        monkeypatch.setattr(sys, "executable", program)
        pool = make()
        await pool.expect(())
        with pytest.raises(WorkerDiedError):
            await pool.run(10, hooks.who)
        await until(lambda pool=pool: pool.children == 0)  # type: ignore[misc] # bound default


async def test_a_child_that_works_too_long_is_ended_by_the_system(pool: WorkerPool) -> None:
    assert await pool.run(60, hooks.work_a_little)
    with pytest.raises(WorkerDiedError):
        await pool.run(60, hooks.work_for_ever)
    assert await pool.run(60, hooks.work_a_little)


async def test_errors_come_back_with_what_led_to_them(pool: WorkerPool) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        await pool.run(10, os.stat, "/nowhere")
    assert "in the media child" in missing.value.__notes__[0]
    with pytest.raises(RuntimeError, match="WorkerDiedError: not built in"):
        await pool.run(10, hooks.fail_with, WorkerDiedError("not built in"))


async def test_an_answer_names_no_function_to_be_called(pool: WorkerPool) -> None:
    with pytest.raises(WorkerDiedError, match="getpid is no part of an answer"):
        await pool.run(10, hooks.name_a_function)


async def test_an_answer_without_bounds_is_not_read(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST_ANSWER_BYTES", 1000)
    with pytest.raises(WorkerDiedError, match="an answer of"):
        await pool.run(10, bytes, 1001)
    assert answers.MOST_ANSWER_BYTES > 10 * 2 * MIB, "more pictures than a request has"


# --- callers that go away --------------------------------------------------------------------


async def test_cancelled_caller_leaves_no_child_at_work(pool: WorkerPool, tmp_path: Path) -> None:
    running = asyncio.ensure_future(pool.run(60, hooks.mark_and_hang, tmp_path / "mark"))
    pid = await process_of(tmp_path / "mark")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_alive(pid)
    assert await pool.run(10, hooks.who) != pid


async def test_cancelled_while_waiting_for_a_child_never_runs(
    pool: WorkerPool, tmp_path: Path
) -> None:
    never = tmp_path / "never"
    running = asyncio.ensure_future(pool.run(60, hooks.mark_and_hang, tmp_path / "mark"))
    await process_of(tmp_path / "mark")
    waiting = asyncio.ensure_future(pool.run(60, hooks.mark_and_hang, never))
    await asyncio.sleep(0)
    waiting.cancel()
    running.cancel()
    await asyncio.gather(waiting, running, return_exceptions=True)
    await pool.run(10, hooks.who)
    assert not never.exists()


async def test_cancelled_while_its_bytes_are_on_the_way_harms_nobody(pool: WorkerPool) -> None:
    first = await pool.run(10, hooks.who)
    sending = asyncio.ensure_future(pool.run(10, hooks.length_of, bytes(50 * MIB)))
    for _ in range(3):
        await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await pool.run(10, hooks.who) != first


async def test_closing_ends_children_in_the_middle_of_their_work(
    make: Make, tmp_path: Path
) -> None:
    pool = make()
    running = asyncio.ensure_future(pool.run(60, hooks.mark_and_hang, tmp_path / "mark"))
    pid = await process_of(tmp_path / "mark")
    waiting = asyncio.ensure_future(pool.run(60, hooks.who))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await pool.aclose()
    assert not is_alive(pid)
    assert pool.children == 0
    for given_up in (running, waiting, pool.run(10, hooks.who)):
        with pytest.raises(WorkerDiedError):
            await given_up
    await pool.aclose()


async def test_closing_waits_for_no_child_that_is_just_starting(make: Make) -> None:
    pool = make()
    running = asyncio.ensure_future(pool.run(60, hooks.who))
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await pool.aclose()
        with pytest.raises(WorkerDiedError):
            await running
    assert pool.children == 0
