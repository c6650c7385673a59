"""Places for pictures: one in hand a person, guilds in turn, and none is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from bot.domain.ids import GuildId, UserId
from bot.services.fair_places import FairPlaces

BUSY, OTHER = GuildId(1), GuildId(2)


class Works:
    """Work that lasts until it is told to end, and tells in which order it began."""

    def __init__(self, places: FairPlaces) -> None:
        self._places = places
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, guild_id: GuildId, user_id: int) -> None:
        """Ask for a place, and let everything that can happen happen."""
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.ensure_future(self._work(name, guild_id, UserId(user_id)))
        await self.settle()

    async def _work(self, name: str, guild_id: GuildId, user_id: UserId) -> None:
        async with self._places.place(guild_id, user_id):
            self.begun.append(name)
            await self._ends[name].wait()

    async def end(self, name: str) -> None:
        """Let work that has a place end."""
        self._ends[name].set()
        await self.settle()

    async def break_off(self, name: str) -> None:
        """Cancel work, whether it has a place or waits."""
        self.tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[name]
        await self.settle()

    async def settle(self) -> None:
        """Let all tasks run until each waits."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End what is left."""
        for name in list(self.tasks):
            await self.break_off(name)


@pytest.fixture
async def works() -> Works:
    return Works(FairPlaces(2))


async def test_a_person_has_one_in_hand_and_keeps_nobody_waiting(works: Works) -> None:
    for number in range(60):
        await works.ask(f"busy {number}", BUSY, 1)
    await works.ask("another", BUSY, 2)
    assert works.begun == ["busy 0", "another"]
    await works.end("busy 0")
    assert works.begun == ["busy 0", "another", "busy 1"]
    await works.close()


async def test_guilds_take_turns(works: Works) -> None:
    for user in range(6):
        await works.ask(f"busy {user}", BUSY, user)
    await works.ask("other 0", OTHER, 10)
    await works.ask("other 1", OTHER, 11)
    for number in range(3):
        await works.end(f"busy {number}")
    assert works.begun == ["busy 0", "busy 1", "busy 2", "other 0", "busy 3"]
    await works.close()


async def test_a_place_comes_back_however_its_work_ends(works: Works) -> None:
    await works.ask("one", BUSY, 1)
    await works.ask("two", BUSY, 2)
    await works.ask("gone", BUSY, 3)
    await works.ask("waits", OTHER, 4)
    await works.break_off("gone")
    await works.break_off("one")
    await works.break_off("two")
    assert works.begun == ["one", "two", "waits"]
    await works.ask("last", BUSY, 5)
    assert works.begun[-1] == "last"
    await works.close()


async def test_a_place_given_in_the_moment_its_caller_left_is_given_on(works: Works) -> None:
    await works.ask("one", BUSY, 1)
    await works.ask("two", BUSY, 2)
    await works.ask("left", BUSY, 3)
    await works.ask("next", BUSY, 4)
    works._ends["one"].set()
    await asyncio.sleep(0)  # it has ended, and its place is given, but nobody has run since
    await works.break_off("left")
    assert "next" in works.begun
    await works.close()
    places = works._places
    assert (places._free, places._waiting, places._served) == (2, {}, set())
