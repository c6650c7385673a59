"""Menus, modals and panels with a real discord.py process."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.discord import ClientRefusedError, DiscordServer, NoAnswerError, Upload
from tests.sandbox.discord.conftest import BotProcess, running_bot


async def test_a_menu_opens_a_modal_with_every_kind_of_field(
    live: DiscordServer, bot: BotProcess, picture: Upload
) -> None:
    message = await live.actions.say("mia", "videos", "look at this")
    menu = await live.actions.message_command("tom", message, "Remake")
    await menu.modal_shown()
    target = await bot.said("target")
    assert (target["content"], target["author"]) == ("look at this", "mia")
    values = {"Pictures": [picture, picture], "Size": "720p", "sound": "off", "more": ["loop"]}
    with pytest.raises(ClientRefusedError, match="has to be chosen"):
        await live.actions.submit_modal("tom", menu, {**values, "sound": None})
    sent = await live.actions.submit_modal("tom", menu, values)
    heard = await bot.said("remade")
    assert isinstance(picture.data, bytes)
    assert heard["files"] == [len(picture.data)] * 2
    assert (heard["words"], heard["size"], heard["sound"]) == ("as before", ["720p"], "off")
    assert (heard["more"], heard["message"]) == (["loop"], None)
    assert (await sent.final_reply()).content == "remade"


@pytest.mark.parametrize(
    ("what", "field"), [("upload", "min_values"), ("boxes", "min_values"), ("many", "max_values")]
)
async def test_what_discord_py_lets_through_is_refused(
    live: DiscordServer, bot: BotProcess, what: str, field: str
) -> None:
    opened = await live.actions.slash("tom", "videos", "panel careless", {"what": what})
    heard = await bot.said("careless")
    assert (heard["status"], heard["code"]) == (400, 50035)
    assert field in heard["text"]
    with pytest.raises(NoAnswerError):
        await opened.modal_shown()


async def test_a_modal_outlives_the_process_that_opened_it(
    live: DiscordServer, bot: BotProcess, tmp_path: Path
) -> None:
    opened = await live.actions.slash("tom", "videos", "panel lasting")
    other = await live.actions.slash("mia", "videos", "panel lasting")
    await opened.modal_shown()
    await other.modal_shown()
    assert await bot.stop() == 0
    live.clock.advance(3600)
    async with running_bot(live, tmp_path / "second.log") as second:
        live.actions.dismiss_modal("mia", other)
        sent = await live.actions.submit_modal("tom", opened, {"Sure": True})
        assert (await sent.final_reply()).content == "still here"
        (field,) = (await second.said("lasting"))["fields"]
        assert field["component"]["value"] is True
        with pytest.raises(ClientRefusedError, match="closed"):
            await live.actions.submit_modal("tom", opened, {"Sure": True})


async def test_a_private_panel_is_pressed_chosen_from_and_filled_in(
    live: DiscordServer, bot: BotProcess
) -> None:
    asked = await live.actions.slash("tom", "videos", "panel more")
    message = await asked.final_reply()
    panel = live.actions.panel("tom", message)
    assert panel.text.split("\n") == ["More of this video", "Join · free"]
    assert panel.files == ("film.mp4",)
    assert panel.labels == ("Join", "Edit")
    assert [option.label for option in panel.select("takes").options][-1] == "3 takes"

    pressed = await live.actions.click("tom", message, "Join")
    await pressed.final_reply()
    assert live.actions.panel("tom", message).button("Join").disabled
    with pytest.raises(ClientRefusedError, match="disabled"):
        await live.actions.click("tom", message, "Join")

    edit = await live.actions.click("tom", message, "Edit")
    await edit.modal_shown()
    values = {"Size": "480p", "Sound": "on", "More": ["draft", "loop"]}
    sent = await live.actions.submit_modal("tom", edit, values)
    await sent.final_reply()
    heard = await bot.said("remade")
    assert (heard["message"], heard["files"]) == (str(message.id), [])

    chosen = await live.actions.choose("tom", message, "takes", "2 takes")
    await chosen.final_reply()
    assert live.actions.panel("tom", message).text == "chosen: 2 takes"
    assert live.open_invocations == []


async def test_a_message_becomes_a_layout_and_goes(live: DiscordServer, bot: BotProcess) -> None:
    asked = await live.actions.slash("tom", "videos", "panel switch")
    await bot.said("tidied")
    assert (await bot.said("flag alone"))["code"] == 50035  # discord.py sends the flag alone
    assert (await bot.said("all"))["status"] == 200
    assert (await bot.said("back"))["code"] == 50035
    assert (await bot.said("deleted"))["status"] == 200
    assert (await bot.said("deleted again"))["code"] == 10008
    assert live.messages("videos") == []
    assert asked.original is not None
    assert asked.original.deleted
