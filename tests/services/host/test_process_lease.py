"""One living process per database: the second refuses, the next one takes over from the dead."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from bot.domain.errors import ConfigurationError, LostLeaseError
from bot.domain.ids import WorkerId
from bot.domain.jobs.states import JobState
from bot.services.host.process_lease import PROCESS_LEASE, ProcessLease
from bot.storage import process_lease
from bot.storage.process_lease import ProcessRow
from tests.fakes import NOW
from tests.services.core import Core


async def _put(core: Core, *, pid: int, host: str = "elsewhere boot") -> None:
    row = ProcessRow(worker_id=WorkerId("other"), host=host, pid=pid, renewed_at=core.clock.now())
    async with core.database.write() as connection:
        await process_lease.register(connection, row)


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


async def _holder(core: Core) -> str:
    async with core.database.read() as connection:
        holder = await process_lease.current(connection)
    assert holder is not None
    return holder.worker_id


async def test_second_process_refuses_while_the_first_lives(core: Core) -> None:
    first, second = core.process_lease, ProcessLease(core.database, core.clock)
    await first.acquire()
    sleep = core.clock.sleep

    async def renewing(seconds: float) -> None:
        await sleep(seconds)
        await first.run_once()

    core.clock.sleep = renewing  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError) as caught:
        await second.acquire()
    assert caught.value.setting == "DATABASE_URL"
    assert str(os.getpid()) in caught.value.problem
    assert await _holder(core) == first.worker_id


async def test_dead_process_of_this_host_is_replaced_at_once(core: Core) -> None:
    await _put(core, pid=_dead_pid(), host=core.process_lease._host)
    await core.process_lease.acquire()
    assert core.clock.slept == []
    assert await _holder(core) == core.process_lease.worker_id


async def test_silent_process_of_another_host_is_replaced_once_its_lease_lapsed(
    core: Core,
) -> None:
    await _put(core, pid=_dead_pid())
    await core.process_lease.acquire()
    assert PROCESS_LEASE <= core.clock.now() - NOW < PROCESS_LEASE + timedelta(seconds=10)


@pytest.mark.parametrize("ahead", [timedelta(seconds=30), timedelta(hours=-1)])
async def test_clock_of_another_host_decides_nothing(core: Core, ahead: timedelta) -> None:
    row = ProcessRow(
        worker_id=WorkerId("other"),
        host="elsewhere boot",
        pid=1,
        renewed_at=core.clock.now() - ahead,
    )
    async with core.database.write() as connection:
        await process_lease.register(connection, row)
    sleep = core.clock.sleep

    async def renewing(seconds: float) -> None:
        await sleep(seconds)
        async with core.database.write() as connection:
            now = core.clock.now() - ahead
            assert await process_lease.renew(connection, row.worker_id, now=now)

    core.clock.sleep = renewing  # type: ignore[method-assign]
    with pytest.raises(ConfigurationError):
        await core.process_lease.acquire()
    core.clock.sleep = sleep  # type: ignore[method-assign]
    waited_from = core.clock.now()
    await core.process_lease.acquire()
    assert PROCESS_LEASE <= core.clock.now() - waited_from < PROCESS_LEASE + timedelta(seconds=10)
    assert await _holder(core) == core.process_lease.worker_id


async def test_replaced_process_learns_it_at_its_next_sign_of_life(core: Core) -> None:
    await core.process_lease.acquire()
    await _put(core, pid=1)
    with pytest.raises(LostLeaseError):
        await core.process_lease.run_once()


async def test_released_database_is_free_at_once(core: Core) -> None:
    await core.process_lease.acquire()
    await core.process_lease.release()
    await ProcessLease(core.database, core.clock).acquire()
    assert core.clock.slept == []


async def test_process_that_was_replaced_does_not_release_its_successor(core: Core) -> None:
    await core.process_lease.acquire()
    await _put(core, pid=1)
    await core.process_lease.release()
    assert await _holder(core) == "other"


async def test_leases_of_the_dead_are_dropped_and_their_claims_kept(core: Core) -> None:
    job = await core.put(
        JobState.DOWNLOADING,
        claims=2,
        lease_owner="dead",
        lease_until=NOW + timedelta(minutes=20),
    )
    await core.process_lease.acquire()
    stored = await core.job(job)
    assert (stored.lease.owner, stored.lease.until, stored.lease.claims) == (None, None, 2)


async def test_two_starts_at_the_same_moment_leave_one_process(core: Core) -> None:
    one, two = core.process_lease, ProcessLease(core.database, core.clock)
    winners = await asyncio.gather(one.acquire(), two.acquire(), return_exceptions=True)
    # The loser waited for a lease that nobody renewed: that is the only way to win second.
    assert winners.count(None) >= 1
    assert core.clock.now() - NOW >= PROCESS_LEASE or ConfigurationError in map(type, winners)
