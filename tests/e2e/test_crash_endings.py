"""The process is killed at every crash point of the other endings; see ``test_crash_points``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.domain.jobs.states import JobState
from tests.e2e.invariants import Allowed
from tests.e2e.kill_harness import (
    STEPPED,
    UNTIL_BEGUN,
    UNTIL_DONE,
    KillHarness,
    kill_harness,
)
from tests.e2e.points import at, call, step

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@at(*step("submitting>failed"))
async def test_while_a_refusal_of_the_create_is_stored(tmp_path: Path) -> KillHarness:
    """What was refused for sure, but not stored, is settled like any answer nobody saw."""
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        for point in ("committed submitting>failed", "written submitting>failed"):
            stage.world.dashscope.faults.add(
                "create", "error", status=400, code="DataInspectionFailed", message="no"
            )
            await stage.kill_at(point, act=stage.ask, gap_seconds=80)
        await stage.end()
    return stage


@at(*step("queued>failed"))
async def test_while_a_lane_is_switched_off(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.bot.start()
        await stage.bot.shell("operator", "pause")
        for _ in range(3):
            await (await stage.ask()).final_reply()
        await stage.bot.kill()
        stage.world.dashscope.faults.add(
            "create", "error", status=403, code="Model.AccessDenied", message="no", times=None
        )
        await stage.bot.shell("operator", "resume")
        await stage.kill_at(*step("queued>failed"))
        found = await stage.end()
        assert {job.state for job in found} == {JobState.FAILED}
    return stage


@at(*step("cancel_requested"), *call("cancel_task"), *step("pending>cancelled"))
async def test_while_a_task_is_cancelled(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at("written cancel_requested", act=stage.cancel)
        await stage.kill_at("committed cancel_requested", act=stage.cancel)
        await stage.kill_at(*call("cancel_task"), *step("pending>cancelled"))
        (job,) = await stage.end()
        assert job.state is JobState.CANCELLED
    return stage


@at(*step("running>cancelled"))
async def test_while_a_task_is_found_cancelled_by_somebody_else(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        stage.end_task("CANCELED")
        await stage.kill_at(*step("running>cancelled"))
        await stage.end()
    return stage


@at(*step("queued>cancelled"), *step("queued>expired"))
async def test_while_a_waiting_job_ends(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.bot.start()
        await stage.bot.shell("operator", "pause")
        for _ in range(2):
            await (await stage.ask()).final_reply()
        await stage.bot.kill()
        await stage.kill_at(*step("queued>cancelled"), act=stage.cancel)
        stage.pass_time(25 * 3600)
        await stage.kill_at(*step("queued>expired"))
        found = await stage.end()
        assert [job.state for job in found].count(JobState.EXPIRED) == 1
    return stage


@at(*step("pending>downloading"), *step("pending>queued"), *step("pending>failed"))
async def test_while_the_end_of_a_task_nobody_saw_running_is_stored(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        for target, act in (
            ("downloading", stage.ask),
            ("queued", stage.ask_for_failure),
            ("failed", stage.ask_for_refusal),
        ):
            await stage.kill_at("committed submitting>pending", act=act)
            stage.pass_time(UNTIL_BEGUN + UNTIL_DONE)
            await stage.kill_at(*step(f"pending>{target}"))
            await stage.recover()
        await stage.end(Allowed(free_failures=1))
    return stage


@at(*step("running>queued"), *step("running>failed"))
async def test_while_the_failure_of_a_running_task_is_stored(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        for target, act in (("queued", stage.ask_for_failure), ("failed", stage.ask_for_refusal)):
            await stage.kill_at("committed submitting>pending", act=act)
            stage.pass_time(UNTIL_BEGUN)
            await stage.kill_at("committed pending>running")
            stage.pass_time(UNTIL_DONE)
            await stage.kill_at(*step(f"running>{target}"))
            await stage.recover()
        await stage.end(Allowed(free_failures=1))
    return stage


@at(*step("pending>expired"))
async def test_while_a_waiting_task_the_provider_forgot_is_given_up(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(25 * 3600)
        await stage.kill_at(*step("pending>expired"))
        (job,) = await stage.end(Allowed(lost_tasks=1))
        assert job.failure.possibly_billed
    return stage


@at(*step("running>expired"))
async def test_while_a_running_task_the_provider_forgot_is_given_up(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        stage.pass_time(25 * 3600)
        await stage.kill_at(*step("running>expired"))
        (job,) = await stage.end(Allowed(lost_tasks=1))
        assert job.failure.possibly_billed
    return stage


@at(*step("downloading>expired"), *step("downloading>failed"), *call("tell_operators"))
async def test_while_a_result_is_lost(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        stage.bot.variables["OPERATOR_IDS"] = str(stage.world.discord.users[0].id)
        for host, names in (
            ("127.0.0.1", step("downloading>expired")),
            ("*.aliyuncs.com", step("downloading>failed")),
            ("127.0.0.1", call("tell_operators")[:1]),
            ("127.0.0.1", call("tell_operators")[1:]),
        ):
            number = stage.world.dashscope.faults.add("result", "drop", times=None)
            await stage.kill_at("committed >downloading", act=stage.ask)
            stage.world.dashscope.faults.remove(number)
            stage.pass_time(25 * 3600)
            stage.bot.variables["RESULT_HOSTS"] = host
            await stage.kill_at(*names)
            stage.bot.variables["RESULT_HOSTS"] = "127.0.0.1"
        await stage.end(Allowed(lost_videos=4, all_told=False))
    return stage


@at(*step("job_forgotten"), *call("erase"), *call("delete_message"))
async def test_while_a_job_is_forgotten(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.bot.start()
        for _ in range(2):
            await (await stage.ask()).final_reply()
        found = await stage.recover()
        first, second = (job.id for job in found)
        forgetting = (*call("erase"), *step("job_forgotten"))
        for job_id, point in zip((first, second, first, second), forgetting, strict=True):
            await stage.kill_at(point, act=partial(stage.forget, job_id))
        await stage.kill_at(*call("delete_message"))
        await stage.bot.start()
        for job_id in (first, second):
            await stage.forget(job_id)
        found = await stage.until(lambda found: all(job.times.forgotten_at for job in found))
        await stage.end()
    return stage


@at(*step("downloading>parked"), *step("parked>downloading"))
async def test_a_result_that_kills_the_process_three_times_is_parked(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at("before probe", act=stage.ask)
        await stage.kill_at("before probe", "before probe", *step("downloading>parked"))
        await _others_go_on(stage)
        await stage.decide_at(*step("parked>downloading"), choice="--again")
        await stage.end()
    return stage


@at(*step("delivering>parked"), *step("parked>delivering"), *step("parked>failed"))
async def test_a_delivery_that_kills_the_process_three_times_is_parked(
    tmp_path: Path,
) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        for choice in ("--again", "--failed"):
            await stage.kill_at("before deliver_by_edit", act=stage.ask)
            await stage.kill_at("before deliver_by_edit", "before deliver_by_edit")
            await stage.kill_at(*step("delivering>parked"))
            target = {"--again": "delivering", "--failed": "failed"}[choice]
            await stage.decide_at(*step(f"parked>{target}"), choice=choice)
            await _others_go_on(stage)
        await stage.end(Allowed(lost_videos=1))
    return stage


async def _others_go_on(stage: KillHarness) -> None:
    """Make another request while one job is broken, and see it delivered."""
    await stage.bot.start()
    before = {job.id for job in await stage.world.jobs()}
    await stage.ask()
    await stage.until(
        lambda found: any(job.id not in before and job.state is JobState.DELIVERED for job in found)
    )
    await stage.bot.kill()


@at(*step("submitting>parked"), *step("parked>queued"))
async def test_a_request_without_its_pictures_is_parked(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at("committed status_posted", act=stage.ask)
        job = await stage.only()
        picture = stage.bot.folder / "data" / "jobs" / job.id / job.pictures[0].file_name
        hidden = picture.rename(picture.with_suffix(".hidden"))
        await stage.kill_at(*["committed submitting>queued"] * 2, gap_seconds=80)
        await stage.kill_at("committed submitting>parked")
        await stage.decide_at(*step("parked>queued"), choice="--again")
        await stage.kill_at(*["committed submitting>queued"] * 2, gap_seconds=80)
        # Killed before that is stored, nobody can say any more that no create left.
        await stage.kill_at("written submitting>parked", gap_seconds=80)
        hidden.rename(picture)
        await stage.run_until(lambda found: found[0].state is JobState.UNCONFIRMED)
        assert await stage.bot.shell("jobs", "reconcile", job.id, "--again") == 0
        await stage.end()
    return stage


@at(*step("unconfirmed>failed"), *step("unconfirmed>expired"))
async def test_while_an_unconfirmed_job_is_given_up(tmp_path: Path) -> KillHarness:
    """There is no other task that could prove what the provider has."""
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at("before create_task", act=stage.ask, gap_seconds=80)
        await stage.run_until(lambda found: found[0].state is JobState.UNCONFIRMED)
        await stage.decide_at(*step("unconfirmed>failed"), choice="--failed")
        await stage.kill_at("before create_task", act=stage.ask)
        stage.pass_time(28 * 3600)
        await stage.kill_at(*step("unconfirmed>expired"))
        found = await stage.end(Allowed(all_told=False))
        assert [job.state for job in found] == [JobState.FAILED, JobState.EXPIRED]
        assert all(job.failure.possibly_billed for job in found)
    return stage


@at(*step("pending>parked"), *step("parked>pending"))
async def test_a_waiting_task_that_breaks_its_poll_is_parked(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.park("pending")
        await stage.decide_at(*step("parked>pending"), choice="--again")
        await stage.end()
    return stage


@at(*step("running>parked"), *step("parked>running"))
async def test_a_running_task_that_breaks_its_poll_is_parked(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        await stage.park("running")
        await stage.decide_at(*step("parked>running"), choice="--again")
        await stage.end()
    return stage
