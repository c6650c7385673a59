"""The gateway drops, resumes, forgets, comes late, or stays away."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.invocation import Invocation
from tests.e2e.invariants import hold, settled
from tests.e2e.short_patience import PATIENCE_SECONDS, ShortPatienceBot
from tests.e2e.world import World, story, title_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4))
FOR_EVER = 1_000_000


async def ask(world: World) -> Invocation:
    """Let tom ask for a video of words alone."""
    request = {"prompt": "a cat", "model": "wanx2.1-t2v-turbo", "size": "832*480"}
    return await world.discord.actions.slash(
        world.discord.users[1], world.discord.channel, "video text", dict(request)
    )


async def is_served(asked: Invocation) -> bool:
    """Tell whether a request was queued."""
    return (await asked.final_reply(20)).text.startswith("Queued as Job")


async def test_commands_come_through_every_trouble_of_the_gateway_once(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK, MAX_QUEUED_PER_MEMBER="20") as world:
        server = world.discord
        gateway = server.gateway

        gateway.drop()
        assert await is_served(await ask(world)), "replayed when the session was resumed"
        gateway.reconnect()
        assert await is_served(await ask(world)), "op 7"
        gateway.invalidate(resumable=True)
        await server.wait_for(lambda: gateway.sessions[-1].resumes == 3, 30)
        assert await is_served(await ask(world)), "op 9, resumable"
        assert len(gateway.sessions) == 1

        server.faults.interaction_duplicates.append(0.1)
        assert await is_served(await ask(world)), "sent twice"

        gateway.invalidate()
        await server.wait_for(lambda: len(gateway.sessions) == 2 and gateway.connected, 30)
        assert await is_served(await ask(world)), "op 9, a new session"

        # discord.py asks a dead resume address once, then identifies anew.
        server.faults.resume_refusals = FOR_EVER
        gateway.drop()
        await server.wait_for(lambda: len(gateway.sessions) == 3 and gateway.connected, 30)
        assert await is_served(await ask(world)), "a dead resume address"

        jobs = await settled(world, 6)
        await hold(world)
        assert len(jobs) == 6
        assert gateway.identifies == 3


async def test_what_comes_too_late_is_not_done(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        server = world.discord
        server.faults.interaction_delays.append(3.2)
        late = await world.ask(server.users[1])
        await world.bot.wait_for_log(lambda bot: len(bot.events("interaction_closed")) == 1)
        assert late.failed

        # The gap of a dropped connection, longer than Discord waits for an acknowledgement.
        os.kill(world.bot.pid, signal.SIGSTOP)
        try:
            server.gateway.drop()
            replayed = await world.ask(server.users[1])
            await server.wait_for(lambda: replayed.failed, 10)
        finally:
            os.kill(world.bot.pid, signal.SIGCONT)
        await world.bot.wait_for_log(lambda bot: len(bot.events("interaction_closed")) == 2)

        assert server.gateway.sessions[-1].resumes == 1
        assert await world.jobs() == []
        assert world.status_messages() == []
        folder = world.bot.folder / "data" / "jobs"
        assert not folder.exists() or list(folder.iterdir()) == []
        assert server.cdn.downloads == [], "no picture was read"


@pytest.mark.parametrize(
    ("status", "code"),
    [pytest.param(401, 50_027, id="too old"), pytest.param(404, 10_015, id="unknown")],
)
async def test_a_job_goes_on_though_its_private_answer_cannot_be_given(
    tmp_path: Path, status: int, code: int
) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        body = {"message": "Invalid Webhook Token", "code": code}
        world.discord.faults.respond("PATCH", "/webhooks/*", status, count=FOR_EVER, body=body)
        asked = await ask(world)
        (message,) = await world.all_over(1)
        assert title_of(message) == "✅ Done"
        assert asked.replies == []
        (line,) = world.bot.events("answer_unsent")
        assert (line["code"], line["closed"]) == (code, True)
        await settled(world, 1)
        await hold(world)


async def test_a_gateway_that_stays_away_ends_the_process_and_the_next_goes_on(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=QUICK, process=ShortPatienceBot) as world:
        server = world.discord
        world.dashscope.clock.speed = 0.001
        assert await is_served(await ask(world))
        server.faults.resume_refusals = server.faults.gateway_refusals = FOR_EVER
        server.gateway.drop()
        assert await world.bot.ended(PATIENCE_SECONDS + 150) == 1
        assert "no gateway for" in world.bot.log()

        server.faults.resume_refusals = server.faults.gateway_refusals = 0
        await world.bot.start()
        world.dashscope.clock.speed = 1.0
        await settled(world, 1)
        await hold(world)
