"""Guilds that make requests all at once while everything misbehaves: the short form of the soak.

``python -m tests.benchmarks soak`` is the long one: 500 jobs, the creates that made no task, and
the figures of memory, lag and fairness.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.e2e import busy_members, invariants
from tests.e2e.busy_members import PROVIDER_FAULTS, BusyMembers, Plan
from tests.e2e.invariants import Allowed
from tests.e2e.process import BotProcess
from tests.e2e.world import story

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOON = tuple(fault for fault in PROVIDER_FAULTS if fault[0] != "list")
"""A list that cannot be read is read again after a minute: that is for the long form."""


async def test_forty_jobs_of_eight_guilds_survive_five_percent_faults_of_every_kind(
    tmp_path: Path,
) -> None:
    seed = secrets.randbelow(10_000)
    print(f"seed {seed}")  # noqa: T201 - shown where the test fails: it repeats the run
    async with story(
        tmp_path,
        emulator=busy_members.emulator(seed),
        discord=busy_members.discord(seed),
        process=BotProcess,
        start=False,
    ) as world:
        world.bot.variables.update(busy_members.SETTINGS)
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)
        many = BusyMembers(
            world,
            Plan(seed=seed, guilds=8, requests=40, share=0.05, gateway_seconds=8.0, faults=SOON),
        )
        await many.warm_up()
        await invariants.settled(world)
        many.break_things()
        async with many.troubled_gateway():
            await many.ask()
            jobs = await invariants.settled(world, 40)
        await invariants.hold(world, Allowed(free_failures=many.free_failures()))
        assert many.unexplained(jobs) == []
        assert len(jobs) >= 40
        assert busy_members.spoilt(world) >= 10
