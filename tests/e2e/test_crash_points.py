"""The process is killed at every crash point in turn, restarted, and everything still holds.

Here is the way to the video; the other endings are in ``test_crash_endings``. Each story comes past
the points it names; the last test compares them with all there are.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from sandbox.discord.client.command_input import Upload
from tests.e2e.crash_points import PART_WRITTEN, Call, points
from tests.e2e.films import in_full_colour, noise, play
from tests.e2e.invariants import Allowed
from tests.e2e.kill_harness import (
    READINGS_APART,
    STEPPED,
    UNTIL_BEGUN,
    UNTIL_DONE,
    KillHarness,
    kill_harness,
)
from tests.e2e.points import COVERED, at, call, step
from tests.e2e.world import SAMPLES
from tests.traces import MARK, holding, marked

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ASKED = (
    *call("fetch_attachment"),
    *call("prepare"),
    *call("keep"),
    *step("new>queued"),
    *call("post_status"),
    *step("status_posted"),
)
FETCHED = (
    "before download",
    PART_WRITTEN,
    "after download",
    *call("probe"),
    *step("downloading>delivering"),
)
DELIVERED = (*call("deliver_by_edit"), *step("delivering>delivered"), *call("announce"))


def interleaved(*stages: tuple[str, ...]) -> list[str]:
    """Mix the stages: a job that is killed three times in one of them is parked, rightly."""
    return [point for point in chain(*zip_longest(*stages)) if point]


@at(*ASKED)
async def test_while_a_request_is_taken(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        picture = Upload("cat.jpg", marked((SAMPLES / "cat-first.jpg").read_bytes()), "image/jpeg")
        ask = partial(stage.ask, first_frame=picture)
        with_original = [f"before {Call.PREPARE}", f"after {Call.PREPARE}"]
        for point in ASKED:
            await stage.kill_at(point, act=ask)
            found = [name.partition("/")[0] for name in holding(tmp_path / "data", MARK)]
            # The next start has removed what the one before left.
            assert len(found) <= 1
            assert found == ["scratch"] or point not in with_original
        await stage.end()
        assert holding(tmp_path, MARK) == []
    return stage


@at(*call("get_task"), *step("pending>running"), *step("running>downloading"))
async def test_while_a_task_is_followed(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at(*call("get_task"))
        stage.pass_time(UNTIL_BEGUN)
        await stage.kill_at(*step("pending>running"))
        stage.pass_time(UNTIL_DONE)
        await stage.kill_at(*step("running>downloading"))
        await stage.end()
    return stage


@at(*FETCHED, *DELIVERED, *call("find_message"))
async def test_while_a_video_is_fetched_and_delivered(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        # Side by side: a job that is killed three times in one state is parked, rightly.
        for fetched, delivered in zip_longest(FETCHED, DELIVERED):
            for point in (fetched, delivered):
                if point == PART_WRITTEN:
                    await stage.kill_in_download()
                elif point is not None:
                    await stage.kill_at(point, act=stage.ask)
            await stage.recover()
        await stage.kill_at("after post_status", act=stage.ask)
        await stage.kill_at(*call("find_message"))
        await stage.end()
    return stage


@at(*call("copy"))
async def test_while_the_pictures_of_a_retry_are_copied(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.bot.start()
        await stage.ask()
        (job,) = await stage.until(lambda found: found and found[0].is_terminal)
        await stage.kill_at(*call("copy"), act=partial(stage.retry, job.id))
        await stage.end()
    return stage


@at(*call("edit_status"))
async def test_while_a_status_message_is_edited(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at(*call("edit_status"))
        await stage.end()
    return stage


CREATE = (*step("queued>submitting"), *call("create_task"), *step("submitting>pending"))


@at(*CREATE, *call("list_tasks"), *step("submitting>unconfirmed"), *step("unconfirmed>pending"))
async def test_between_the_claim_and_the_answer_of_the_create(tmp_path: Path) -> KillHarness:
    """The task of an answer that was never stored is found in the provider's list."""
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
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
async def test_while_a_job_is_queued_again_whose_create_never_left(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED) as stage:
        # A control: the provider's list shows what we made at that time.
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        await stage.kill_at("before create_task", act=stage.ask, gap_seconds=80)
        stage.pass_time(UNTIL_BEGUN + UNTIL_DONE)
        await stage.run_until(lambda found: found[0].is_terminal)
        await stage.reading()
        between = READINGS_APART.total_seconds()
        stage.pass_time(between)
        await stage.kill_at(*step("unconfirmed>queued"), gap_seconds=between)
        await stage.end()
    return stage


@at(*step("submitting>queued"))
async def test_while_the_providers_plea_for_patience_is_stored(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        for point in ("committed submitting>queued", "written submitting>queued"):
            stage.world.dashscope.faults.add(
                "create", "error", status=429, code="Throttling.RateQuota", message="slow"
            )
            await stage.kill_at(point, act=stage.ask, gap_seconds=80)
        await stage.end()
    return stage


@at(*step("result_url_refreshed"))
async def test_while_a_fresh_url_is_stored(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        number = stage.world.dashscope.faults.add("result", "expired", times=None)
        await stage.kill_at("committed >downloading", act=stage.ask)
        stage.sign_again()
        await stage.kill_at(*step("result_url_refreshed"))
        stage.world.dashscope.faults.remove(number)
        await stage.end()
    return stage


@at(
    *call("deliver_in_channel"),
    *call("deliver_by_dm"),
    *call("open_dm"),
    *step("delivering>undeliverable"),
)
async def test_while_a_video_finds_another_place(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        discord = stage.world.discord
        for point in call("deliver_in_channel"):
            await stage.kill_at("committed downloading>delivering", act=stage.ask)
            # Not the newest message: a slow start may deliver the job before meanwhile.
            newest = max(await stage.world.jobs(), key=lambda job: job.times.created_at)
            (status,) = (
                message
                for message in stage.world.status_messages()
                if int(message.id) == newest.messages.status_message_id
            )
            discord.build.delete_message(status)
            await stage.kill_at(point)
        for point in call("open_dm"):
            # The channel is opened to look for what an attempt cut short has left there.
            await stage.kill_at("committed downloading>delivering", act=stage.ask_elsewhere)
            discord.build.remove_channel(stage.elsewhere)
            await stage.kill_at("before deliver_by_dm", point)
        await stage.kill_at("committed downloading>delivering", act=stage.ask_elsewhere)
        discord.build.remove_channel(stage.elsewhere)
        await stage.kill_at("after deliver_by_dm")
        await stage.kill_at("committed downloading>delivering", act=stage.ask_elsewhere)
        discord.build.remove_channel(stage.elsewhere)
        discord.build.close_direct_messages(discord.users[1])
        await stage.kill_at(*step("delivering>undeliverable"))
        # Nobody can be told in a channel that is gone, of a video behind closed doors.
        await stage.end(Allowed(all_told=False, all_shown=False))
    return stage


@at(*call("write_label"), *call("make_playable"), *call("shrink"))
async def test_while_another_video_is_made_of_one(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, UPLOAD_LIMIT_MIB="1") as stage:
        play(stage.world, others=await noise(tmp_path))
        await stage.kill_at("before write_label", act=stage.ask)
        await stage.kill_at("after write_label", *call("shrink"))
        await stage.recover()
        play(stage.world, others=await in_full_colour(tmp_path))
        await stage.kill_at("before make_playable", act=stage.ask)
        await stage.kill_at("after make_playable")
        await stage.end()
    return stage


@at(*step("task_late"))
async def test_while_somebody_is_told_that_it_is_late(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path, emulator=STEPPED, TASK_TIMEOUT_SECONDS="10") as stage:
        await stage.kill_at("committed submitting>pending", act=stage.ask)
        stage.pass_time(15)
        await stage.kill_at(*step("task_late"))
        stage.pass_time(UNTIL_BEGUN + UNTIL_DONE)
        await stage.end()
    return stage


@at(*call("tell_log_channel"))
async def test_while_a_log_channel_is_told(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.kill_at(*call("tell_log_channel"), act=stage.choose_log_channel)
        await stage.end()
    return stage


@at(*call("last_frame"))
async def test_while_a_video_is_gone_on_from(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        await stage.bot.start()
        await stage.ask()
        await stage.until(lambda found: found and found[0].is_terminal)
        await stage.kill_at(*call("last_frame"), act=stage.go_on)
        await stage.bot.start()
        await stage.go_on()
        _, following = await stage.until(lambda found: len(found) == 2)
        assert following.origin.continued_from
        await stage.end()
    return stage


@at(*call("post_report"), *call("count_reports"))
async def test_while_moderators_are_told_of_a_report(tmp_path: Path) -> KillHarness:
    async with kill_harness(tmp_path) as stage:
        discord = stage.world.discord
        log = discord.build.add_channel(discord.guild, "log")
        await stage.bot.start()
        await stage.bot.wait_until_ready()
        await stage.choose_log_channel(log)
        await (await stage.ask()).final_reply()
        await stage.recover()
        await stage.kill_at("before post_report", act=partial(stage.report, 1))
        # What was committed leads there by itself.
        await stage.kill_at("after post_report")
        await stage.kill_at("before count_reports", act=partial(stage.report, 0))
        await stage.kill_at("after count_reports")
        await stage.end()
        told = [message for message in discord.messages(log) if message.attachments]
        assert ["reported by 2 members" in message.text for message in told] == [True]
    return stage


def test_every_crash_point_is_in_a_story() -> None:
    import_module("tests.e2e.test_crash_endings")  # its stories count
    assert set(chain(*COVERED.values())) == set(points())
