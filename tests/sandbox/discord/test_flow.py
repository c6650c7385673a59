"""The whole life of a request with a real discord.py process."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sandbox.discord import ClientRefusedError, DiscordServer, Upload
from sandbox.discord.client.command_input import OptionValue
from sandbox.discord.world.records import PingReason
from tests.sandbox.discord.conftest import BotProcess, running_bot
from tests.sandbox.discord.finished_video import FINISHED_VIDEO


async def test_a_command_becomes_a_status_message_a_film_and_a_ping(
    live: DiscordServer, bot: BotProcess, picture: Upload
) -> None:
    tom = live.users[1]
    options: dict[str, OptionValue] = {
        "first_frame": picture,
        "prompt": "a nap",
        "seed": 7,
        "model": "kf2v-plus",
    }
    invocation = await live.actions.slash(tom, "videos", "video frames", options)
    answer = await invocation.final_reply()
    await bot.said("flow done")

    assert invocation.deferred
    assert invocation.ephemeral
    assert (invocation.acknowledged_after_seconds or 9) < 3
    assert answer.ephemeral_for == tom.id
    assert answer.content.endswith("640x480")

    status, ping = live.messages("videos")
    first, last = status.revisions[0], status.revisions[-1]
    assert [revision.embeds[0]["title"] for revision in status.revisions] == [
        "Queued",
        "running",
        "downloading",
        "done",
    ]
    assert first.attachments[0].width == 640
    assert first.components[0]["components"][0]["label"] == "Cancel"
    assert first.embeds[0]["footer"]["text"] == "Job ABC123"
    assert status.revisions[2].attachments == first.attachments  # edits left the file alone
    assert [file.filename for file in last.attachments] == ["ABC123.mp4"]
    assert last.attachments[0].content_type == "video/mp4"
    assert last.attachments[0].sha256 == hashlib.sha256(FINISHED_VIDEO).hexdigest()
    assert last.attachments[0].path.read_bytes() == FINISHED_VIDEO
    assert last.components == ()
    assert last.embeds[0]["description"] == "7 kf2v-plus"

    assert ping.reference_id == status.id
    assert [(ping.user_id, ping.message_id, ping.reason) for ping in live.pings] == [
        (tom.id, ping.id, PingReason.MENTION)
    ]
    kinds = [event["kind"] for event in live.core.event_log.events]
    assert kinds.index("acknowledged") < kinds.index("message_posted") < kinds.index("ping")


async def test_autocomplete_menu_and_modal(
    live: DiscordServer, bot: BotProcess, picture: Upload
) -> None:
    found = await live.actions.autocomplete(
        "mia", "videos", "video frames", {"model": "plus"}, "model"
    )
    assert found.values == ["kf2v-plus"]
    assert found.seconds < 1

    drawing = await live.actions.say("tom", "videos", "look", files=[picture])
    menu = await live.actions.message_command("tom", drawing, "Animate image")
    assert (await menu.modal_shown())["title"] == "Animate"
    assert (await bot.said("animate"))["attachments"] == ["kitten.jpg"]
    with pytest.raises(ClientRefusedError, match="101 characters"):
        await live.actions.submit_modal("tom", menu, {"prompt": "x" * 101})
    sent = await live.actions.submit_modal("tom", menu, {"Prompt": "dance"})
    assert (await sent.final_reply()).content == "animating: dance"
    assert live.open_invocations == []


async def test_a_button_works_after_a_restart_without_any_view(
    live: DiscordServer, bot: BotProcess, picture: Upload, tmp_path: Path
) -> None:
    live.faults.respond("PATCH", "/channels/*/messages/*", 400)  # the flow stops at "Queued"
    await live.actions.slash("mia", "videos", "video frames", {"first_frame": picture})
    await live.wait_for(lambda: any(request.fault for request in live.requests))
    status = live.messages("videos")[0]
    with pytest.raises(ClientRefusedError, match="no 'Again'"):
        await live.actions.click("tom", status, "Again")
    assert await bot.stop() == 0
    async with running_bot(live, tmp_path / "second.log"):
        clicked = await live.actions.click("tom", status, "Cancel")
        answer = await clicked.final_reply()
        assert answer.content == "cancelled ABC123"
        assert answer.ephemeral_for == live.users[1].id
