"""Power cuts and lost answers: one task, one video, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from sandbox.dashscope import EmulatorSettings
from tests.e2e.world import World, story, title_of

pytestmark = pytest.mark.e2e

SLOW = EmulatorSettings(task_seconds=(2.5, 2.5), queue_seconds=(0.8, 0.8))


def advanced_to(state: JobState) -> Callable[[World], object]:
    """Return a test of the log: has some job entered the state?"""
    return lambda world: world.bot.events("job_advanced", target=state.value)


async def test_killed_while_the_create_is_being_answered_the_task_is_found(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.faults.add("create", "hang")
        await world.ask(world.discord.users[1], prompt="a cat comes closer")
        await world.dashscope.wait_for(lambda: world.dashscope.tasks, 20)
        await world.bot.kill()
        await world.bot.start()
        await world.discord.wait_for(lambda: world.discord.pings, 60)
        (status,) = world.status_messages()
        assert title_of(status) == "✅ Done"
        assert len(world.dashscope.tasks) == 1
        (job,) = await world.jobs()
        assert job.task.adopted
        assert (await world.balances())[job.id].videos == 1


async def test_a_create_whose_answer_is_lost_is_found_in_the_list(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.faults.add("create", "drop", accept=True)
        await world.ask(world.discord.users[1], prompt="a cat comes closer")
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        assert advanced_to(JobState.UNCONFIRMED)(world)
        (job,) = await world.jobs()
        assert job.task.adopted
        assert len(world.dashscope.tasks) == 1
        assert len([call for call in world.dashscope.requests if call.point == "create"]) == 1


async def test_two_creates_lost_in_a_row_are_both_found(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.faults.add("create", "drop", accept=True, times=2)
        world.dashscope.faults.add("list", "delay", seconds=1.2, times=None)
        tom = world.discord.users[1]
        # On an account without any known task only their words prove whose they are.
        for words in ("a cat comes closer", "a cat turns away"):
            await (await world.ask(tom, prompt=words)).final_reply()
        statuses = await world.all_over(2)
        assert {title_of(status) for status in statuses} == {"✅ Done"}
        assert len(world.dashscope.tasks) == 2
        assert [job.task.adopted for job in await world.jobs()] == [True, True]


async def test_a_refused_connection_is_tried_again_and_bought_once(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.faults.add(
            "create", "error", status=429, code="Throttling.RateQuota", message="slow down"
        )
        world.dashscope.faults.add(
            "create", "error", status=503, code="ModelUnavailable", message="later", skip=1
        )
        await world.ask(world.discord.users[1])
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        assert len(world.dashscope.tasks) == 1


async def test_sigterm_waits_for_the_outstanding_create(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        world.dashscope.faults.add("create", "delay", seconds=2)
        await world.ask(world.discord.users[1])
        await world.bot.wait_for_log(lambda _: advanced_to(JobState.SUBMITTING)(world))
        assert await world.bot.stop() == 0
        (job,) = await world.jobs()
        assert job.state is JobState.PENDING
        await world.bot.start()
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        assert len(world.dashscope.tasks) == 1


async def test_sigterm_ends_in_time_when_the_create_hangs(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW, SHUTDOWN_SECONDS="1") as world:
        world.dashscope.faults.add("create", "hang")
        await world.ask(world.discord.users[1], prompt="a cat comes closer")
        await world.bot.wait_for_log(lambda _: advanced_to(JobState.SUBMITTING)(world))
        assert await world.bot.stop() == 0
        (job,) = await world.jobs()
        assert job.state is JobState.SUBMITTING
        await world.bot.start()
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        assert len(world.dashscope.tasks) == 1


async def test_a_second_process_on_the_same_database_refuses_to_start(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        second = world.bot.twin()
        await second.start(wait=False)
        assert await second.ended(40) == 78
        assert "DATABASE_URL: is in use by process" in second.log()
        status, _ = await world.bot.page("/readyz")
        assert status == 200


async def test_another_account_refuses_to_follow_foreign_jobs(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=SLOW) as world:
        await world.ask(world.discord.users[1])
        await world.bot.wait_for_log(lambda _: advanced_to(JobState.PENDING)(world))
        await world.bot.kill()
        (job,) = await world.jobs()
        other = world.bot.twin(DASHSCOPE_API_KEY="sk-somebody-elses-key")
        await other.start(wait=False)
        assert await other.ended(30) == 78
        assert job.id in other.log()
