"""The real process is called by the provider, and delivers without a poll of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.callbacks import PATH
from sandbox.dashscope import CallbackTarget
from tests.e2e.world import story, title_of

pytestmark = pytest.mark.e2e

TOKEN = "a-token-of-a-test"


async def test_a_video_is_delivered_by_one_query_long_before_its_poll(tmp_path: Path) -> None:
    async with story(
        tmp_path,
        start=False,
        POLL_INTERVAL_SECONDS="600",
        CALLBACK_TOKEN=TOKEN,
        CALLBACK_CERTIFICATE_HOSTS="127.0.0.1",
    ) as world:
        url = f"http://127.0.0.1:{world.bot.port}{PATH}"
        world.bot.variables["CALLBACK_URL"] = url
        world.dashscope.callbacks.target = CallbackTarget(url=url, token=TOKEN)
        world.dashscope.faults.add("callback", "twice")
        await world.bot.start()
        await world.discord.wait_until_ready(commands=5)
        await world.ask(world.discord.users[1])
        (message,) = await world.all_over(1, within_seconds=60)
        assert title_of(message) == "✅ Done"
        (job,) = await world.jobs()
        assert [call.status for call in world.dashscope.callbacks.calls] == [200, 200]
        assert [call.point for call in world.dashscope.requests].count("query") == 1
        assert [line["job_id"] for line in world.bot.events("poll_hastened")] == [job.id]
        _, metrics = await world.bot.page("/metrics")
        assert 'bot_callbacks_total{outcome="hastened"} 1.0' in metrics
        assert TOKEN not in world.bot.log()
