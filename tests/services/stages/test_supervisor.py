"""The loops: named trouble is tried again, the unknown ends the process, a create is awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client import CollectorRegistry

from bot.domain.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    InvalidTransitionError,
    LostLeaseError,
)
from bot.metrics import Metrics
from bot.services.stages.supervisor import Loop, Supervisor
from tests.fakes import MODEL, ManualClock, SilentWakeup, a_submission
from tests.services.core import Core


def _pipeline(clock: ManualClock, *loops: Loop) -> Supervisor:
    return Supervisor(list(loops), clock=clock, metrics=Metrics(CollectorRegistry()))


def _loop(
    run_once: Callable[[], Awaitable[float]], *, name: str = "loop", drains: bool = False
) -> Loop:
    return Loop(name=name, run_once=run_once, wakeup=SilentWakeup(), drains=drains)


async def _idle() -> float:
    await asyncio.sleep(0)
    return 5.0


async def test_named_trouble_is_tried_again_ever_slower(clock: ManualClock) -> None:
    errors = iter(
        [
            DatabaseUnavailableError("away"),
            OSError("disk"),
            ExceptionGroup("several", [DatabaseUnavailableError("away"), OSError("disk")]),
        ]
    )

    async def run_once() -> float:
        error = next(errors, None)
        if error is not None:
            raise error
        await pipeline.stop(within_seconds=0)
        return 7.0

    loop = _loop(run_once)
    pipeline = _pipeline(clock, loop)
    await pipeline.run()
    assert isinstance(loop.wakeup, SilentWakeup)
    assert loop.wakeup.waits[:3] == [0.5, 1, 2]
    assert loop.failures == 0


async def test_trouble_for_a_day_is_still_only_trouble(clock: ManualClock) -> None:
    async def run_once() -> float:
        if loop.failures >= 3_000:
            await pipeline.stop(within_seconds=0)
        raise DatabaseUnavailableError("away")

    loop = _loop(run_once)
    pipeline = _pipeline(clock, loop)
    await pipeline.run()
    assert isinstance(loop.wakeup, SilentWakeup)
    assert max(loop.wakeup.waits) == 30


@pytest.mark.parametrize(
    "error",
    [
        KeyError("a bug"),
        LostLeaseError("another process"),
        InvalidTransitionError("a bug with a name"),
        ConfigurationError("DATABASE_URL", "needs another start"),
        ExceptionGroup("several", [DatabaseUnavailableError("away"), KeyError("a bug")]),
    ],
)
async def test_what_came_from_no_job_ends_the_process(clock: ManualClock, error: Exception) -> None:
    async def run_once() -> float:
        raise error

    pipeline = _pipeline(clock, _loop(run_once), _loop(_idle, name="other"))
    with pytest.raises(ExceptionGroup) as caught:
        await pipeline.run()
    assert caught.value.exceptions == (error,)
    assert not pipeline.is_running


async def test_failing_or_stuck_loop_is_not_well(clock: ManualClock) -> None:
    held, stuck = asyncio.Event(), asyncio.Event()

    async def hold() -> float:
        stuck.set()
        await held.wait()
        return 1.0

    loop = _loop(hold)
    pipeline = _pipeline(clock, loop)
    assert not pipeline.is_well(), "it does not run yet"
    async with asyncio.TaskGroup() as group:
        group.create_task(pipeline.run())
        await stuck.wait()
        assert pipeline.is_well()
        clock.advance(seconds=loop.round_seconds + 1)
        assert not pipeline.is_well()
        held.set()
        await pipeline.stop(within_seconds=1)
    loop.failures = 3
    assert not loop.is_well(clock.monotonic())


async def test_stop_awaits_the_outstanding_create_and_begins_no_other(core: Core) -> None:
    jobs = [await core.submit(a_submission()) for _ in range(2)]
    began, answer = asyncio.Event(), asyncio.Event()

    async def outstanding() -> None:
        began.set()
        await answer.wait()

    core.provider.during_create = outstanding

    async def dispatch() -> float:
        return await core.dispatcher.run_once(MODEL)

    pipeline = _pipeline(core.clock, _loop(dispatch, drains=True), _loop(_idle, name="other"))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(pipeline.run())
        await began.wait()
        stopping = group.create_task(pipeline.stop(within_seconds=30))
        await asyncio.sleep(0)
        answer.set()
        await stopping
        await running
    states = sorted([(await core.state(job)).value for job in jobs])
    assert states == ["pending", "queued"]
    assert len(core.provider.creates) == 1


async def test_create_that_answers_too_late_is_left_as_stored(core: Core) -> None:
    job = await core.submit(a_submission())
    began = asyncio.Event()

    async def outstanding() -> None:
        began.set()
        await asyncio.Event().wait()

    core.provider.during_create = outstanding

    async def dispatch() -> float:
        return await core.dispatcher.run_once(MODEL)

    pipeline = _pipeline(core.clock, _loop(dispatch, drains=True))
    async with asyncio.TaskGroup() as group:
        group.create_task(pipeline.run())
        await began.wait()
        await pipeline.stop(within_seconds=0.01)
    assert (await core.state(job)).value == "submitting"
    # The next process does not send it again.
    await core.restarted().process_lease.acquire()
    await core.reaper.run_once()
    assert (await core.state(job)).value == "unconfirmed"


async def test_stop_before_the_first_round_begins_nothing(clock: ManualClock) -> None:
    async def run_once() -> float:
        raise AssertionError("nothing may begin")

    pipeline = _pipeline(clock, _loop(run_once))
    await pipeline.stop(within_seconds=0)
    await pipeline.run()
