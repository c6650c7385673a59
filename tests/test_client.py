"""The gateway client: commands that arrive in one breath do not block the event loop."""

from __future__ import annotations

import asyncio
from unittest.mock import create_autospec

import discord
import pytest

from bot.chat.text import Money
from bot.client import TweenBot

CROWD = 50


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> TweenBot:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    return TweenBot(api_base_url="http://127.0.0.1:1", money=Money(currency="CNY", per_cny=1))


async def test_commands_that_arrive_together_begin_in_rounds_of_their_own(bot: TweenBot) -> None:
    rounds = 0
    began_in: list[int] = []

    async def command() -> None:
        interaction = create_autospec(discord.Interaction, instance=True)
        assert await bot.tree.interaction_check(interaction)
        began_in.append(rounds)

    async with asyncio.TaskGroup() as group:
        for _ in range(CROWD):
            group.create_task(command())
        while len(began_in) < CROWD:
            rounds += 1
            assert rounds < 10 * CROWD
            await asyncio.sleep(0)

    assert len(set(began_in)) == CROWD
    assert began_in == sorted(began_in)


async def test_a_command_alone_begins_at_once(bot: TweenBot) -> None:
    interaction = create_autospec(discord.Interaction, instance=True)
    async with asyncio.timeout(5):
        assert await bot.tree.interaction_check(interaction)
