"""A network that swallows everything costs a pause: locks go, pools recover, nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from bot.domain.errors import DatabaseUnavailableError
from bot.domain.ids import GuildId
from bot.storage import guilds
from bot.storage.engine import Database
from bot.storage.postgresql import POOL_SIZE
from bot.storage.timeouts import Timeouts
from tests.storage.swallowing_proxy import SwallowingProxy

SHORT = Timeouts(
    command_seconds=0.2,
    connect_seconds=0.5,
    idle_in_transaction_seconds=0.3,
    lock_seconds=5,
    line_seconds=5,
)
DEADLINE_SECONDS = 30
"""Far more than what is waited for; without timeouts of ours it would be for ever."""
GUILD = GuildId(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One database, and the way to it through a network that may swallow everything."""

    network: SwallowingProxy
    ours: Database
    """Behind the network."""
    other: Database
    """Beside it, with the product's own timeouts."""


@pytest.fixture(params=["postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Nothing lies between a process and its file."""
    name: str = request.param
    return name


@pytest.fixture
async def world(database_url: str, database: Database) -> AsyncIterator[World]:
    async with SwallowingProxy(database_url).running() as network:
        ours = Database(network.url, SHORT)
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield World(network=network, ours=ours, other=database)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await ours.aclose()


async def test_locks_of_whoever_is_not_heard_any_more_are_free_within_seconds(
    world: World,
) -> None:
    async def write() -> None:
        async with world.ours.write() as connection:
            await guilds.lock(connection, GUILD)
            world.network.swallow()
            async with world.other.write() as outside:
                assert (await guilds.lock(outside, GUILD)).guild_id == GUILD
            await guilds.change(connection, GUILD, preview=False)

    with pytest.raises(DatabaseUnavailableError):
        await write()
    async with world.other.read() as connection:
        assert (await guilds.get(connection, GUILD)).preview, "what was not committed is undone"


@pytest.mark.parametrize("idle", [1, POOL_SIZE])
async def test_pool_goes_on_by_itself_when_the_network_is_back(world: World, idle: int) -> None:
    together = asyncio.Barrier(idle)

    async def use() -> None:
        async with world.ours.read() as connection:
            await connection.execute(text("SELECT 1"))
            await together.wait()

    await asyncio.gather(*(use() for _ in range(idle)))
    world.network.swallow()
    for _ in range(2):
        with pytest.raises(DatabaseUnavailableError):
            await world.ours.ping()
    world.network.forward()
    for _ in range(POOL_SIZE + 1):
        await world.ours.ping()


async def test_idle_connections_that_a_hole_has_cut_are_not_noticed_by_anybody(
    world: World,
) -> None:
    await world.ours.ping()
    world.network.swallow()
    world.network.forward()
    async with world.ours.write() as connection:
        await guilds.lock(connection, GUILD)
    async with world.other.read() as connection:
        assert (await guilds.get(connection, GUILD)).guild_id == GUILD


async def test_block_that_fails_for_another_reason_does_not_hang_on_its_rollback(
    world: World,
) -> None:
    async def write() -> None:
        async with world.ours.write() as connection:
            await guilds.lock(connection, GUILD)
            world.network.swallow()
            raise LookupError

    with pytest.raises((LookupError, DatabaseUnavailableError)):
        await write()
    world.network.forward()
    await world.ours.ping()


async def test_task_that_is_cancelled_in_the_hole_ends(world: World) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with world.ours.write() as connection:
            await guilds.lock(connection, GUILD)
            world.network.swallow()
            begun.set()
            await guilds.change(connection, GUILD, preview=False)

    task = asyncio.create_task(write())  # noqa: TID251 - it is cancelled alone
    await begun.wait()
    task.cancel()
    with pytest.raises((asyncio.CancelledError, DatabaseUnavailableError)):
        await task
    world.network.forward()
    await world.ours.ping()


async def test_process_ends_while_nobody_answers(world: World) -> None:
    await world.ours.ping()
    world.network.swallow()
    await world.ours.aclose()


async def test_server_keeps_to_the_timeouts_and_changes_of_the_schema_have_none(
    database: Database,
) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")

    async def kept_to(asked: Database) -> list[str]:
        async with asked.read() as connection:
            return [(await connection.execute(text(f"SHOW {name}"))).scalar_one() for name in names]

    assert await kept_to(database) == ["30s", "20s", "15s"]
    async with database.unhurried() as patient:
        assert await kept_to(patient) == ["0", "0", "0"]


async def test_connection_that_answers_is_used_again(database: Database) -> None:
    async def server_process() -> int:
        async with database.read() as connection:
            query = text("SELECT pg_backend_pid()")
            return int((await connection.execute(query)).scalar_one())

    assert len({await server_process() for _ in range(3)}) == 1
