"""One request, from two pictures in a slash command to an MP4 in the channel."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from sandbox.dashscope import EmulatorSettings
from tests.e2e.process import BotProcess
from tests.e2e.world import KEY, SAMPLES, footer_of, story, title_of

pytestmark = pytest.mark.e2e

PROMPT = "Die Katze kommt näher 猫, soft light"


def difference(jpeg: bytes, original: Path) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    sent = Image.open(io.BytesIO(jpeg)).convert("RGB")
    with Image.open(original) as source:
        wanted = source.convert("RGB").resize(sent.size)
    return max(ImageStat.Stat(ImageChops.difference(sent, wanted)).mean)


async def test_two_pictures_become_a_video_in_the_channel(tmp_path: Path) -> None:
    async with story(tmp_path, process=BotProcess) as world:
        tom = world.discord.users[1]
        asked = await world.ask(tom, prompt=PROMPT, model="wanx2.1-kf2v-plus", seed=7)
        reply = await asked.final_reply()
        (status,) = await world.all_over(1)
        await world.discord.wait_for(lambda: world.discord.pings)
        (job,) = await world.jobs()

        assert asked.ephemeral
        assert asked.acknowledged_after_seconds is not None
        assert asked.acknowledged_after_seconds < 1
        assert f"Queued as Job `{job.id}`" in reply.text
        assert str(status.id) in reply.text

        for path in (tmp_path / "data", *(tmp_path / "data").rglob("*")):
            assert not path.stat().st_mode & 0o077, f"{path} is not its owner's alone"

        # The provider saw the right request, once.
        (create,) = [call for call in world.dashscope.requests if call.point == "create"]
        assert create.path == "/api/v1/services/aigc/image2video/video-synthesis"
        assert create.headers["x-dashscope-async"] == "enable"
        assert create.headers["authorization"] == f"Bearer {KEY}"
        assert create.headers["content-type"] == "application/json"
        assert isinstance(create.json, dict)
        assert create.json["model"] == "wanx2.1-kf2v-plus"
        assert create.json["parameters"] == {
            "resolution": "720P",
            "seed": 7,
            "prompt_extend": True,
            "watermark": False,
        }
        assert create.json["input"]["prompt"] == PROMPT
        first, last = world.pictures_sent()
        assert difference(first, SAMPLES / "cat-first.jpg") < 3
        assert difference(last, SAMPLES / "cat-last.jpg") < 3

        # Discord has the provider's bytes, under the message that followed the job.
        (attached,) = status.current.attachments
        assert world.kept_sha256(job) == attached.sha256
        assert hashlib.sha256(attached.path.read_bytes()).hexdigest() == attached.sha256
        assert attached.filename == f"tween-{job.id}.mp4"
        assert "image" not in status.current.embeds[0]
        assert [file.filename for file in status.revisions[0].attachments] == ["preview.jpg"]
        assert title_of(status) == "✅ Done"
        assert footer_of(status) == f"Job {job.id}"
        # The post, at least two edits under way, and the delivery.
        assert len(status.revisions) >= 4

        (ping,) = world.discord.pings
        assert ping.user_id == tom.id
        announcement = world.discord.messages(world.discord.channel)[-1]
        assert announcement.text.endswith(f"-# Job {job.id}")
        assert (await world.balances())[job.id].videos == 1
        assert (await world.balances())[job.id].micros == 3_500_000

        assert await world.bot.stop() == 0
        log = world.bot.log()
        secrets = (KEY, world.discord.token, PROMPT, "Signature=", asked.interaction.token)
        assert not [secret for secret in secrets if secret in log]
        assert "Traceback" not in log


async def test_a_loop_sends_the_same_picture_twice(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        mia = world.discord.users[0]
        asked = await world.ask(mia, last_frame=None, loop=True, spoiler=True, resolution="480P")
        await asked.final_reply()
        (status,) = await world.all_over(1)
        first, last = world.pictures_sent()
        assert first == last
        assert status.revisions[0].attachments == ()
        assert status.current.attachments[0].filename.startswith("SPOILER_")


async def test_a_request_without_an_end_is_refused(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        mia = world.discord.users[0]
        asked = await world.ask(mia, last_frame=None)
        reply = await asked.final_reply()
        assert "loop" in reply.text
        assert world.status_messages() == []
        assert await world.jobs() == []


async def test_the_spine_runs_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with story(tmp_path, DATABASE_URL=postgres_url) as world:
        await world.ask(world.discord.users[1])
        (status,) = await world.all_over(1)
        assert title_of(status) == "✅ Done"
        (job,) = await world.jobs()
        assert (await world.balances())[job.id].videos == 1


async def test_a_waiting_job_is_cancelled_by_its_button(tmp_path: Path) -> None:
    slow = EmulatorSettings(task_seconds=(30.0, 30.0))
    async with story(tmp_path, emulator=slow) as world:
        mia, tom = world.discord.users[:2]
        for _ in range(3):
            await (await world.ask(tom)).final_reply()
        await world.discord.wait_for(lambda: len(world.dashscope.tasks) == 2)
        third = world.status_messages()[2]
        await world.discord.wait_for(lambda: "Place **1**" in third.text)
        stranger = world.discord.build.add_user("eve")
        world.discord.build.join(world.discord.guild, stranger)
        refused = await world.discord.actions.click(stranger, third, "Cancel")
        assert "Only the requester" in (await refused.final_reply()).text

        pressed = await world.discord.actions.click(tom, third, "Cancel")
        assert "is cancelled" in (await pressed.final_reply()).text
        (status,) = await world.all_over(1)
        assert status.id == third.id
        assert "Nothing was charged" in status.text
        offered = world.discord.actions.panel(tom, status).labels
        assert list(offered) == ["Try again", "Edit"]
        assert len(world.dashscope.tasks) == 2

        listed = await world.discord.actions.slash(tom, world.discord.channel, "jobs list")
        assert "Cancelled" in (await listed.final_reply()).text
        queue = await world.discord.actions.slash(mia, world.discord.channel, "queue show")
        assert "At the provider (2)" in (await queue.final_reply()).text
        quota = await world.discord.actions.slash(tom, world.discord.channel, "quota show")
        assert "2 of 10 videos used" in (await quota.final_reply()).text


async def test_a_failed_job_says_why_and_can_be_made_again(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        tom = world.discord.users[1]
        world.dashscope.faults.add(
            "task",
            "fail",
            code="DataInspectionFailed",
            message="Input data may contain inappropriate content.",
        )
        await (await world.ask(tom)).final_reply()
        (status,) = await world.all_over(1)
        assert title_of(status) == "❌ Failed"
        assert "content check" in status.text
        assert "Nothing was charged" in status.text
        (failed,) = await world.jobs()
        assert (await world.balances())[failed.id].videos == 0

        again = await world.discord.actions.slash(
            tom, world.discord.channel, "jobs retry", {"job": failed.id.lower()}
        )
        assert "Queued as Job" in (await again.final_reply()).text
        await world.all_over(2)
        _, made = await world.jobs()
        assert made.origin.retry_of == failed.id
        assert made.options.seed != failed.options.seed
        assert title_of(world.status_messages()[1]) == "✅ Done"


async def test_help_works_in_the_direct_messages(tmp_path: Path) -> None:
    async with story(tmp_path) as world:
        tom = world.discord.users[1]
        place = world.discord.build.direct_channel(tom)
        helped = await world.discord.actions.slash(tom, place, "help")
        assert "Beijing" in (await helped.final_reply()).text
        listed = await world.discord.actions.slash(tom, place, "jobs list")
        assert "No jobs yet" in (await listed.final_reply()).text
