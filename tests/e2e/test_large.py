"""Videos too large for the channel, and videos that kill whoever decodes them."""

from __future__ import annotations

import asyncio
import io
import textwrap
from pathlib import Path

import av
import pytest

from bot.domain.jobs.files import PREPARED, RESULT
from bot.domain.jobs.states import JobState
from bot.media.video import probe
from sandbox.dashscope import results
from sandbox.discord.world.records import Message
from sandbox.discord.world.settings import DiscordSettings
from tests.e2e.films import noise, play
from tests.e2e.world import World, story, title_of
from tests.media.films import film

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MIB = 1024 * 1024
ONE_MIB = DiscordSettings(upload_limits_bytes=(MIB, MIB, MIB, MIB))

DEADLY = b"kills its decoder"
KILLER = f"""
    import sys

    # The bot's own process is left alone: children alone decode.
    if "bot.media.worker_main" in sys.orig_argv:
        import os, signal
        from bot.media import video

        look = video.layout_of

        def look_or_die(path):
            if {DEADLY!r} in path.read_bytes():
                os.kill(os.getpid(), signal.SIGSEGV)
            return look(path)

        video.layout_of = look_or_die
"""


async def attachment_of(message: Message) -> bytes:
    (attachment,) = message.current.attachments
    return await asyncio.to_thread(attachment.path.read_bytes)


def fields_of(message: Message) -> dict[str, str]:
    return {one["name"]: one["value"] for one in message.current.embeds[0]["fields"]}


def left_behind(world: World) -> list[str]:
    """Return the names of what nobody has removed from the bot's scratch folder."""
    scratch = world.bot.folder / "data" / "scratch"
    return [path.name for path in scratch.rglob("*") if path.is_file()]


async def assert_shrunk(world: World, status: Message, original: bytes) -> None:
    """Check what was posted against what was bought."""
    sent = await attachment_of(status)
    assert 0.6 * MIB < len(sent) <= MIB
    assert sent.index(b"moov") < sent.index(b"mdat")
    with av.open(io.BytesIO(sent), "r") as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (480, 270)
        assert len(list(container.decode(video))) == 30
        assert container.streams.audio
    words = f"{len(original) / MIB:.1f} → {len(sent) / MIB:.1f} MiB to fit Discord's limit"
    assert fields_of(status)["Re-encoded"] == words
    (job,) = await world.jobs()
    labelled = (world.bot.folder / "data" / "jobs" / job.id / PREPARED).read_bytes()
    assert (job.video.size_bytes, job.messages.delivered_bytes) == (len(labelled), len(sent))
    assert len(original) < len(labelled) < len(original) + 1000
    assert all(b"AIGC" in content for content in (labelled, sent))
    kept = world.bot.folder / "data" / "jobs" / job.id / RESULT
    assert kept.read_bytes() == original, "the original stays"
    path = world.bot.folder / "sent.mp4"
    path.write_bytes(sent)
    assert probe(path).duration_seconds == pytest.approx(job.video.duration_seconds or 0, abs=0.01)
    assert left_behind(world) == []


async def test_a_large_video_is_made_smaller_even_when_the_bot_is_killed_meanwhile(
    tmp_path: Path,
) -> None:
    async with story(tmp_path, discord=ONE_MIB, UPLOAD_LIMIT_MIB="1") as world:
        original = await noise(tmp_path)
        assert len(original) > 1.5 * MIB
        play(world, noise=original)
        await world.ask(world.discord.users[1], prompt="noise")
        scratch = tmp_path / "data" / "scratch"
        await world.bot.wait_for_log(lambda _: list(scratch.rglob("*.statistics*")), 60)
        await world.bot.kill()
        assert left_behind(world), "the test killed nothing"
        await world.bot.start()
        (status,) = await world.all_over(1, within_seconds=90)
        assert title_of(status) == "✅ Done"
        await assert_shrunk(world, status, original)
        assert len(world.dashscope.tasks) == 1


async def test_discord_takes_less_than_the_bot_was_told(
    tmp_path: Path,
) -> None:
    small = DiscordSettings(upload_limits_bytes=(400_000, 400_000, 400_000, 400_000))
    async with story(tmp_path, discord=small, UPLOAD_LIMIT_MIB="1") as world:
        play(world, noise=await noise(tmp_path))
        await world.ask(world.discord.users[1], prompt="noise")
        (status,) = await world.all_over(1, within_seconds=90)
        assert title_of(status) == "✅ Done"
        assert len(await attachment_of(status)) <= 400_000
        assert "to fit Discord's limit" in fields_of(status)["Re-encoded"]


async def test_a_video_that_kills_its_decoder_is_given_back_and_the_others_are_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In its last minute a file that was no video is not fetched again.
    monkeypatch.setattr(results, "URL_SECONDS", 70)
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent(KILLER))
    async with story(tmp_path, start=False) as world:
        world.bot.variables["PYTHONPATH"] += f":{tmp_path}"
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)
        good = (await asyncio.to_thread(film, tmp_path / "good.mp4")).read_bytes()
        free = (len(DEADLY) + 8).to_bytes(4, "big") + b"free" + DEADLY
        films = play(world, deadly=good + free, good=good)
        for prompt in ("deadly", "good", "good"):
            await world.ask(world.discord.users[1], prompt=prompt)
        statuses = await world.all_over(3, within_seconds=90)
        assert sorted(title_of(status) for status in statuses) == [
            "✅ Done",
            "✅ Done",
            "❌ Failed",
        ]
        (failed,) = [status for status in statuses if title_of(status) == "❌ Failed"]
        assert "not a playable video" in str(failed.current.embeds[0])
        assert films.played.count("deadly") >= 2, "it was tried again"
        jobs = {job.options.prompt: job for job in await world.jobs()}
        assert jobs["deadly"].state is JobState.FAILED
        assert jobs["deadly"].failure.operator_loss
        balances = await world.balances()
        assert (balances[jobs["deadly"].id].videos, balances[jobs["good"].id].videos) == (0, 1)
        assert "job_broke_worker" not in world.bot.log()
        assert left_behind(world) == []
