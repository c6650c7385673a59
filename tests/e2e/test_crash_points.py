"""The process is killed at every crash point in turn, restarted, and everything still holds.

Each story comes past the points it names; the last test compares them with all there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from bot.crashpoints import points
from bot.domain.job import Job, JobState
from tests.e2e.invariants import Allowed
from tests.e2e.killing import (
    READINGS_APART,
    STEPPED,
    UNTIL_BEGUN,
    UNTIL_DONE,
    Killing,
    killing,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Story = Callable[[Path], Awaitable[Killing]]

COVERED: dict[str, tuple[str, ...]] = {}
"""The points each story says it comes past."""


def at(*names: str) -> Callable[[Story], Callable[[Path], Awaitable[None]]]:
    """Name the points of a story, and assert that the process died at all of them."""

    def mark(story: Story) -> Callable[[Path], Awaitable[None]]:
        COVERED[story.__name__] = names

        @wraps(story)
        async def run(tmp_path: Path) -> None:
            killed_at = (await story(tmp_path)).killed_at
            assert set(names) <= set(killed_at)

        return run

    return mark


def step(name: str) -> tuple[str, str]:
    """Return the two points of a change of state."""
    return (f"written {name}", f"committed {name}")


def call(name: str) -> tuple[str, str]:
    """Return the two points of an outside call."""
    return (f"before {name}", f"after {name}")


def in_state(state: JobState) -> Callable[[list[Job]], bool]:
    """Return a test: is some job there?"""
    return lambda found: any(job.state is state for job in found)


ASKED = (
    *call("prepare"),
    *call("store_pictures"),
    *step("new>queued"),
    *call("post_status"),
    *step("status_posted"),
)
FETCHED = (
    "before download",
    "download part_written",
    "after download",
    *call("probe"),
    *step("downloading>delivering"),
)
DELIVERED = (*call("deliver_by_edit"), *step("delivering>delivered"), *call("announce"))


def interleaved(*stages: tuple[str, ...]) -> list[str]:
    """Mix the stages: a job that is killed three times in one of them is parked, rightly."""
    return [point for point in chain(*zip_longest(*stages)) if point]


@at(*ASKED)
async def test_while_a_wish_is_taken(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        await stage.kill_at(*ASKED, act=stage.ask)
        await stage.end()
    return stage


@at(*call("get_task"), *step("pending>running"), *step("running>downloading"))
async def test_while_a_task_is_followed(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at(*call("get_task"))
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at(*step("pending>running"))
        stage.pass_time(UNTIL_DONE)
        await stage.kill_at(*step("running>downloading"))
        await stage.end()
    return stage


@at(*FETCHED, *DELIVERED, *call("find_message"))
async def test_while_a_video_is_fetched_and_delivered(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        # Side by side: a job that is killed three times in one state is parked, rightly.
        for fetched, delivered in zip_longest(FETCHED, DELIVERED):
            for point in (fetched, delivered):
                if point is not None:
                    await stage.kill_at(point, act=stage.ask)
            await stage.recover()
        await stage.kill_at("after post_status", act=stage.ask)
        await stage.kill_at(*call("find_message"))
        await stage.end()
    return stage


@at(*call("edit_status"))
async def test_while_a_status_message_is_edited(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at(*call("edit_status"), act=stage.ask)
        await stage.end()
    return stage


CREATE = (*step("queued>submitting"), *call("create_task"), *step("submitting>pending"))


@at(*CREATE, *call("list_tasks"), *step("submitting>unconfirmed"), *step("unconfirmed>pending"))
async def test_between_the_claim_and_the_answer_of_the_create(tmp_path: Path) -> Killing:
    """The task of an answer that was never stored is found in the provider's list."""
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at("written queued>submitting", act=stage.ask)
        await stage.kill_at("after create_task", gap_seconds=80)
        await stage.kill_at(*step("submitting>unconfirmed"), *call("list_tasks"))
        await stage.kill_at(*step("unconfirmed>pending"))
        await stage.recover()
        await stage.kill_at("written submitting>pending", act=stage.ask, gap_seconds=80)
        await stage.kill_at("committed queued>submitting", act=stage.ask, gap_seconds=80)
        await stage.kill_at("before create_task", act=stage.ask, gap_seconds=80)
        await stage.end()
    return stage


@at(*step("unconfirmed>queued"))
async def test_while_a_job_is_queued_again_whose_create_never_left(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        # A control: the provider's list shows what we made at that time.
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at("before create_task", act=stage.ask, gap_seconds=80)
        await stage.reading()
        between = READINGS_APART.total_seconds()
        stage.pass_time(between)
        await stage.kill_at(*step("unconfirmed>queued"), gap_seconds=between)
        await stage.end()
    return stage


@at(*step("submitting>queued"))
async def test_while_the_providers_wish_for_patience_is_stored(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        for point in ("committed submitting>queued", "written submitting>queued"):
            stage.world.dashscope.faults.add(
                "create", "error", status=429, code="Throttling.RateQuota", message="slow"
            )
            await stage.kill_at(point, act=stage.ask, gap_seconds=80)
        await stage.end()
    return stage


@at(*step("submitting>failed"))
async def test_while_a_refusal_of_the_create_is_stored(tmp_path: Path) -> Killing:
    """What was refused for sure, but not stored, is settled like any answer nobody saw."""
    async with killing(tmp_path) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        for point in ("committed submitting>failed", "written submitting>failed"):
            stage.world.dashscope.faults.add(
                "create", "error", status=400, code="DataInspectionFailed", message="no"
            )
            await stage.kill_at(point, act=stage.ask, gap_seconds=80)
        await stage.end()
    return stage


@at(*step("queued>failed"))
async def test_while_a_lane_is_switched_off(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
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
async def test_while_a_task_is_cancelled(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at("written cancel_requested", act=stage.cancel)
        await stage.kill_at("committed cancel_requested", act=stage.cancel)
        await stage.kill_at(*call("cancel_task"), *step("pending>cancelled"))
        (job,) = await stage.end()
        assert job.state is JobState.CANCELLED
    return stage


@at(*step("running>cancelled"))
async def test_while_a_task_is_found_cancelled_by_somebody_else(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        stage.end_task("CANCELED")
        await stage.kill_at(*step("running>cancelled"))
        await stage.end()
    return stage


@at(*step("queued>cancelled"), *step("queued>expired"))
async def test_while_a_waiting_job_ends(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
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
async def test_while_the_end_of_a_task_nobody_saw_running_is_stored(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
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
async def test_while_the_failure_of_a_running_task_is_stored(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
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
async def test_while_a_waiting_task_the_provider_forgot_is_given_up(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(25 * 3600)
        await stage.kill_at(*step("pending>expired"))
        (job,) = await stage.end(Allowed(lost_tasks=1))
        assert job.possibly_billed
    return stage


@at(*step("running>expired"))
async def test_while_a_running_task_the_provider_forgot_is_given_up(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        stage.pass_time(25 * 3600)
        await stage.kill_at(*step("running>expired"))
        (job,) = await stage.end(Allowed(lost_tasks=1))
        assert job.possibly_billed
    return stage


@at(*step("result_url_refreshed"))
async def test_while_a_fresh_url_is_stored(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        number = stage.world.dashscope.faults.add("result", "expired", times=None)
        await stage.kill_at("committed running>downloading", act=stage.ask)
        stage.sign_again()
        await stage.kill_at(*step("result_url_refreshed"))
        stage.world.dashscope.faults.remove(number)
        await stage.end()
    return stage


@at(*step("downloading>expired"), *step("downloading>failed"), *call("tell_operators"))
async def test_while_a_result_is_lost(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        stage.bot.variables["OPERATOR_IDS"] = str(stage.world.discord.users[0].id)
        for host, names in (
            ("127.0.0.1", step("downloading>expired")),
            ("*.aliyuncs.com", step("downloading>failed")),
            ("127.0.0.1", call("tell_operators")[:1]),
            ("127.0.0.1", call("tell_operators")[1:]),
        ):
            number = stage.world.dashscope.faults.add("result", "drop", times=None)
            await stage.kill_at("committed running>downloading", act=stage.ask)
            stage.world.dashscope.faults.remove(number)
            stage.pass_time(25 * 3600)
            stage.bot.variables["RESULT_HOSTS"] = host
            await stage.kill_at(*names)
            stage.bot.variables["RESULT_HOSTS"] = "127.0.0.1"
        await stage.end(Allowed(lost_videos=4, all_told=False))
    return stage


@at(
    *call("deliver_in_channel"),
    *call("deliver_by_dm"),
    *call("open_dm"),
    *step("delivering>undeliverable"),
)
async def test_while_a_video_finds_another_place(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        discord = stage.world.discord
        for point in call("deliver_in_channel"):
            await stage.kill_at("committed downloading>delivering", act=stage.ask)
            discord.delete_message(stage.world.status_messages()[-1])
            await stage.kill_at(point)
        for point in (*call("open_dm"), *call("deliver_by_dm")):
            await stage.kill_at("committed downloading>delivering", act=stage.ask_elsewhere)
            discord.remove_channel(stage.elsewhere)
            await stage.kill_at(point)
        await stage.kill_at("committed downloading>delivering", act=stage.ask_elsewhere)
        discord.remove_channel(stage.elsewhere)
        discord.close_direct_messages(discord.users[1])
        await stage.kill_at(*step("delivering>undeliverable"))
        # Nobody can be told in a channel that is gone, of a video behind closed doors.
        await stage.end(Allowed(all_told=False, all_shown=False))
    return stage


@at(*call("shrink"))
async def test_while_a_video_is_made_smaller(tmp_path: Path) -> Killing:
    async with killing(tmp_path, UPLOAD_LIMIT_MIB="1") as stage:
        stage.world.dashscope.faults.add("result", "big", bytes=2 << 20, times=None)
        await stage.kill_at(*call("shrink"), act=stage.ask)
        await stage.end()
    return stage


@at(*step("task_late"))
async def test_while_somebody_is_told_that_it_is_late(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED, TASK_TIMEOUT_SECONDS="10") as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(15)
        await stage.kill_at(*step("task_late"))
        stage.pass_time(UNTIL_BEGUN + UNTIL_DONE)
        await stage.end()
    return stage


@at(*step("job_forgotten"), *call("erase"))
async def test_while_a_job_is_forgotten(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        await stage.bot.start()
        for _ in range(2):
            await (await stage.ask()).final_reply()
        found = await stage.recover()
        first, second = (job.id for job in found)
        forgetting = (*call("erase"), *step("job_forgotten"))
        for job_id, point in zip((first, second, first, second), forgetting, strict=True):
            await stage.kill_at(point, act=partial(stage.forget, job_id))
        await stage.bot.start()
        for job_id in (first, second):
            await stage.forget(job_id)
        found = await stage.until(lambda found: all(job.forgotten_at for job in found))
        await stage.end()
    return stage


@at(*step("downloading>parked"), *step("parked>downloading"))
async def test_a_result_that_kills_the_process_three_times_is_parked(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        await stage.kill_at("before probe", act=stage.ask)
        await stage.kill_at("before probe", "before probe", *step("downloading>parked"))
        await _others_go_on(stage)
        await stage.decide_at(*step("parked>downloading"), choice="--again")
        await stage.end()
    return stage


@at(*step("delivering>parked"), *step("parked>delivering"), *step("parked>failed"))
async def test_a_delivery_that_kills_the_process_three_times_is_parked(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        for choice in ("--again", "--failed"):
            await stage.kill_at("before deliver_by_edit", act=stage.ask)
            await stage.kill_at("before deliver_by_edit", "before deliver_by_edit")
            await stage.kill_at(*step("delivering>parked"))
            target = {"--again": "delivering", "--failed": "failed"}[choice]
            await stage.decide_at(*step(f"parked>{target}"), choice=choice)
            await _others_go_on(stage)
        await stage.end(Allowed(lost_videos=1))
    return stage


async def _others_go_on(stage: Killing) -> None:
    """Make another wish while one job is broken, and see it delivered."""
    await stage.bot.start()
    before = {job.id for job in await stage.world.jobs()}
    await stage.ask()
    await stage.until(
        lambda found: any(job.id not in before and job.state is JobState.DELIVERED for job in found)
    )
    await stage.bot.kill()


@at(*step("submitting>parked"), *step("parked>queued"))
async def test_a_wish_without_its_pictures_is_parked(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
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
async def test_while_an_unconfirmed_job_is_given_up(tmp_path: Path) -> Killing:
    """There is no other task that could prove what the provider has."""
    async with killing(tmp_path) as stage:
        await stage.kill_at("before create_task", act=stage.ask, gap_seconds=80)
        await stage.run_until(lambda found: found[0].state is JobState.UNCONFIRMED)
        await stage.decide_at(*step("unconfirmed>failed"), choice="--failed")
        await stage.kill_at("before create_task", act=stage.ask)
        stage.pass_time(28 * 3600)
        await stage.kill_at(*step("unconfirmed>expired"))
        found = await stage.end(Allowed(all_told=False))
        assert [job.state for job in found] == [JobState.FAILED, JobState.EXPIRED]
        assert all(job.possibly_billed for job in found)
    return stage


@at(*step("pending>parked"), *step("parked>pending"))
async def test_a_waiting_task_that_breaks_its_poll_is_parked(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.park("pending")
        await stage.decide_at(*step("parked>pending"), choice="--again")
        await stage.end()
    return stage


@at(*step("running>parked"), *step("parked>running"))
async def test_a_running_task_that_breaks_its_poll_is_parked(tmp_path: Path) -> Killing:
    async with killing(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at("committed pending>running")
        await stage.park("running")
        await stage.decide_at(*step("parked>running"), choice="--again")
        await stage.end()
    return stage


@at(*call("tell_log_channel"))
async def test_while_a_log_channel_is_told(tmp_path: Path) -> Killing:
    async with killing(tmp_path) as stage:
        await stage.kill_at(*call("tell_log_channel"), act=stage.choose_log_channel)
        await stage.end()
    return stage


def test_every_crash_point_is_in_a_story() -> None:
    assert set(chain(*COVERED.values())) == set(points())
