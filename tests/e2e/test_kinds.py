"""A picture, words and an effect: each becomes a video in the channel, and costs what it says."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from bot.domain.catalogue import Kind
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.media.video import probe
from sandbox.dashscope import EmulatorSettings
from sandbox.discord.client.command_input import OptionValue
from sandbox.discord.world.records import Message, User
from tests.e2e.test_story import difference
from tests.e2e.world import SAMPLES, World, cat, footer_of, story, title_of

pytestmark = pytest.mark.e2e

QUICK = EmulatorSettings(task_seconds=(0.2, 0.4))

REQUESTS: dict[str, dict[str, OptionValue]] = {
    "video image": {
        "image": cat("first"),
        "prompt": "it begins to rain",
        "model": "wanx2.1-i2v-turbo",
        "resolution": "480P",
        "duration": 3,
        "seed": 7,
    },
    "video text": {
        "prompt": "Nebel über einem See 雾, <@{tom}> <:duck:7> <@&404>",
        "size": "480x832",
        "seed": 8,
    },
    "video effect": {"image": cat("last"), "effect": "squish", "seed": 9},
}


def _requests(member: User) -> dict[str, dict[str, OptionValue]]:
    """Return the requests; one of them mentions somebody."""
    text = REQUESTS["video text"]
    prompt = str(text["prompt"]).format(tom=member.id)
    return REQUESTS | {"video text": text | {"prompt": prompt}}


async def delivered(world: World, count: int) -> dict[Kind, tuple[Job, Message]]:
    """Wait until so many videos were announced; return the last job of each kind."""
    messages = {footer_of(message): message for message in await world.all_over(count)}
    await world.discord.wait_for(lambda: len(world.discord.pings) >= count)
    return {job.spec.kind: (job, messages[f"Job {job.id}"]) for job in await world.jobs()}


def check_what_was_bought(world: World) -> None:
    """Assert what was sent to the provider: each once, with nothing left to its defaults."""
    sent = [call for call in world.dashscope.requests if call.point == "create"]
    assert len(sent) == len(REQUESTS)
    bodies: dict[str, dict[str, Any]] = {}
    for call in sent:
        assert call.path == "/api/v1/services/aigc/video-generation/video-synthesis"
        assert isinstance(call.json, dict)
        bodies[call.json["input"].get("template") or call.json["model"]] = call.json
    switches = {"prompt_extend": True, "watermark": False}
    image, text = bodies["wanx2.1-i2v-turbo"], bodies["wan2.2-t2v-plus"]
    assert set(image["input"]) == {"prompt", "img_url"}
    assert image["parameters"] == {"resolution": "480P", "duration": 3, "seed": 7} | switches
    assert text["input"] == {"prompt": "Nebel über einem See 雾, Tom duck some members"}
    assert text["parameters"] == {"size": "480*832", "seed": 8} | switches
    effect = bodies["squish"]
    assert effect["model"] == "wanx2.1-i2v-turbo"
    assert set(effect["input"]) == {"template", "img_url"}
    assert effect["parameters"] == {"resolution": "720P", "seed": 9} | switches
    pictures = {
        task.plan.effect: task.plan.pictures
        for task in world.dashscope.tasks.values()
        if task.plan is not None and task.plan.pictures
    }
    assert difference(pictures[None][0], SAMPLES / "cat-first.jpg") < 3
    assert difference(pictures["squish"][0], SAMPLES / "cat-last.jpg") < 3


async def test_a_picture_words_and_an_effect_become_videos(tmp_path: Path) -> None:
    async with story(tmp_path, emulator=QUICK) as world:
        discord, tom = world.discord, world.discord.users[1]
        # The effect is found as a member finds it.
        suggested = await discord.actions.autocomplete(
            tom, discord.channel, "video effect", {"effect": "soft toy"}, "effect"
        )
        assert [choice["value"] for choice in suggested.choices] == ["squish"]
        asked = [
            await discord.actions.slash(tom, discord.channel, command, options)
            for command, options in _requests(tom).items()
        ]
        for invocation in asked:
            assert "Queued as Job" in (await invocation.final_reply()).text
        made = await delivered(world, len(REQUESTS))
        assert set(made) == {Kind.IMAGE, Kind.TEXT, Kind.EFFECT}

        balances = await world.balances()
        expected = {
            # 3 s of 0.24 CNY, 5 s of 0.14, 5 s of 0.24.
            Kind.IMAGE: ("One picture · **wanx2.1-i2v-turbo** · 480P · 3 s", 3, 720_000),
            Kind.TEXT: ("Words alone · **wan2.2-t2v-plus** · 480*832 · 5 s", 5, 700_000),
            Kind.EFFECT: ("Effect **Squish** · **wanx2.1-i2v-turbo** · 720P · 5 s", 5, 1_200_000),
        }
        for kind, (headline, seconds, micros) in expected.items():
            job, status = made[kind]
            (attached,) = status.current.attachments
            assert job.state is JobState.DELIVERED
            assert title_of(status) == "✅ Done"
            assert headline in status.text
            assert attached.filename == f"tween-{job.id}.mp4"
            assert hashlib.sha256(attached.path.read_bytes()).hexdigest() == world.kept_sha256(job)
            film = await asyncio.to_thread(probe, attached.path)
            assert round(film.duration_seconds) == seconds
            assert (balances[job.id].seconds, balances[job.id].micros) == (seconds, micros)

        # Only what starts from a picture has a preview of it.
        previews = {
            kind: len(status.revisions[0].attachments) for kind, (_, status) in made.items()
        }
        assert previews == {Kind.IMAGE: 1, Kind.TEXT: 0, Kind.EFFECT: 1}
        tall, _ = made[Kind.TEXT]
        assert (tall.video.width, tall.video.height) == (480, 832)

        check_what_was_bought(world)

        # Words have no picture to keep, and are made again all the same.
        words, _ = made[Kind.TEXT]
        again = await discord.actions.slash(tom, discord.channel, "jobs retry", {"job": words.id})
        assert "Queued as Job" in (await again.final_reply()).text
        repeated, _ = (await delivered(world, len(REQUESTS) + 1))[Kind.TEXT]
        assert (repeated.origin.retry_of, repeated.state) == (words.id, JobState.DELIVERED)
        assert (repeated.spec.size, repeated.price.reserved.micros) == ("480*832", 700_000)
        assert repeated.options.seed != words.options.seed
        assert await world.bot.stop() == 0
        assert "Traceback" not in world.bot.log()
