"""Lost answers on an account that others use too: found, or decided by the operator."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import update

from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.storage.engine import Database
from bot.storage.tables import jobs as job_rows
from sandbox.dashscope import EmulatorSettings
from tests.e2e.process import ROOT
from tests.e2e.world import KEY, World, story, title_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SLOW = EmulatorSettings(task_seconds=(2.0, 2.0), queue_seconds=(0.3, 0.3), create_rps=100)


async def another_bot(world: World, *, model: str, key: str) -> str:
    """Let another program of the account have a task made; return its id."""
    body = {"model": model, "input": {"prompt": "another bot's words"}, "parameters": {}}
    url = f"{world.dashscope.base_url}/services/aigc/image2video/video-synthesis"
    headers = {"Authorization": f"Bearer {key}", "X-DashScope-Async": "enable"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["output"]["task_id"])


async def shell(world: World, *words: str) -> tuple[int | None, str]:
    """Decide in the host's shell, beside the running bot; return exit code and words."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "jobs", "reconcile", *words),
        cwd=world.bot.folder,
        env={**world.bot.variables, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        out, _ = await child.communicate()
    return child.returncode, out.decode()


async def make_older(world: World, job: Job, *task_ids: str, by: timedelta) -> None:
    """Let a lost create have happened earlier, at our end and at the provider's."""
    database = Database(f"sqlite:///{world.bot.folder}/data/tween.db")
    assert job.task.sent_at is not None
    assert job.task.create_abandoned_at is not None
    try:
        async with database.write() as connection:
            await connection.execute(
                update(job_rows)
                .where(job_rows.c.id == job.id)
                .values(
                    sent_at=job.task.sent_at - by,
                    create_abandoned_at=job.task.create_abandoned_at - by,
                )
            )
    finally:
        await database.aclose()
    for task_id in task_ids:
        world.dashscope.tasks[task_id].submitted_at = (job.task.sent_at - by).timestamp() + 0.1


async def ordinary_video(world: World) -> Job:
    """Let a video be made on a good day, by which our key is known."""
    await world.ask(world.discord.users[1], prompt="a cat comes closer")
    await world.all_over(1)
    (job,) = await world.jobs()
    return job


async def test_killed_bot_finds_its_task_among_strangers_by_a_clock_that_is_wrong(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.clock.advance(300)
        first = await ordinary_video(world)
        world.dashscope.faults.add("create", "hang")
        await world.ask(world.discord.users[1])
        await world.dashscope.wait_for(lambda: len(world.dashscope.tasks) == 2, 20)
        ours = list(world.dashscope.tasks)[1]
        for _ in range(55):  # more than a page
            await another_bot(world, model=first.spec.model, key="sk-another-bots-key")
        await world.bot.kill()
        await world.bot.start()
        await world.discord.wait_for(lambda: len(world.discord.pings) == 2, 60)
        (_, found) = await world.jobs()
        assert (found.state, found.task.id, found.task.adopted) == (JobState.DELIVERED, ours, True)
        assert {title_of(status) for status in world.status_messages()} == {"✅ Done"}
        assert [balance.videos for balance in (await world.balances()).values()] == [1, 1]
        assert len([call for call in world.dashscope.requests if call.point == "create"]) == 57


async def test_ambiguity_goes_to_the_operator_whose_decision_is_checked_and_carried_out(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=SLOW, start=False) as world:
        tom = world.discord.users[1]
        world.bot.variables |= {"OPERATOR_IDS": str(tom.id)}
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)
        first = await ordinary_video(world)
        unreadable = world.dashscope.faults.add("list", "error", times=None)
        world.dashscope.faults.add("create", "drop", accept=True)
        await world.ask(tom)
        await world.bot.wait_for_log(lambda bot: bot.events("job_advanced", target="unconfirmed"))
        ours = list(world.dashscope.tasks)[1]
        theirs = await another_bot(world, model=first.spec.model, key=KEY)
        (_, lost) = await world.jobs()
        await world.bot.kill()
        await make_older(world, lost, ours, theirs, by=timedelta(minutes=15))
        world.dashscope.faults.remove(unreadable)
        await world.bot.start()

        def told() -> list[str]:
            messages = world.discord.messages(world.discord.build.direct_channel(tom))
            return [message.text for message in messages if "Nobody saw" in message.text]

        await world.discord.wait_for(told, 60)
        (words,) = told()
        facts = (lost.id, lost.spec.model, f"{ours} (", f"{theirs} (", "--task ID", "--again")
        assert all(fact in words for fact in facts), words
        assert (await world.jobs())[1].state is JobState.UNCONFIRMED

        code, said = await shell(world, lost.id, "--task", str(first.task.id))
        assert code == 1
        assert said.endswith(f"decision_refused: task {first.task.id} is job {first.id}'s\n"), said
        assert (await world.jobs())[1].state is JobState.UNCONFIRMED
        code, said = await shell(world, lost.id, "--task", ours)
        assert code == 0, said
        await world.bot.wait_for_log(
            lambda bot: bot.events("job_advanced", job_id=lost.id, target="delivered"), 60
        )
        (_, decided) = await world.jobs()
        assert (decided.state, decided.task.id) == (JobState.DELIVERED, ours)
        assert (await world.balances())[lost.id].videos == 1
        assert len(told()) == 1
