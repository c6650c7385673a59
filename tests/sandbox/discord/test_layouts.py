"""Messages made of components alone: what they hold, what is refused, what members do there."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import ClientRefusedError, DiscordServer
from tests.sandbox.discord.conftest import RestClient

Json = dict[str, Any]

V2 = 1 << 15
EPHEMERAL = 1 << 6
PING: Json = {"name": "ping", "description": "Answers"}
FILE = ("film.mp4", b"film")


def shown(content: str = "words", **changes: object) -> Json:
    return {"type": 10, "content": content, **changes}


def button(**changes: object) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}


def select(**changes: object) -> Json:
    options = [{"label": f"Take {n}", "value": str(n)} for n in range(2)]
    return {"type": 3, "custom_id": "takes", "options": options, **changes}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


def section(*texts: Json, accessory: Json | None = None) -> Json:
    return {"type": 9, "components": list(texts), "accessory": accessory or button()}


def gallery(*urls: str) -> Json:
    return {"type": 12, "items": [{"media": {"url": url}} for url in urls]}


def container(*parts: Json, **changes: object) -> Json:
    return {"type": 17, "components": list(parts), **changes}


def layout(*parts: Json, **changes: object) -> Json:
    return {"flags": V2, "components": list(parts), **changes}


def messages_of(server: DiscordServer) -> str:
    return f"/channels/{server.channel.id}/messages"


REFUSED = [
    pytest.param(layout(shown(), content="x"), "content", id="content"),
    pytest.param(layout(shown(), embeds=[{"title": "x"}]), "embeds", id="embeds"),
    pytest.param(layout(shown(), sticker_ids=["1"]), "sticker_ids", id="stickers"),
    pytest.param(
        layout(
            shown(),
            poll={
                "question": {"text": "?"},
                "answers": [{"poll_media": {"text": "yes"}}],
                "duration": 1,
            },
        ),
        "poll",
        id="poll",
    ),
    pytest.param(layout(*[shown() for _ in range(41)]), "components", id="41"),
    pytest.param(
        layout(*[container(*[shown()] * 9) for _ in range(4)], shown()), "components", id="nested"
    ),
    pytest.param(layout(shown("x" * 4001)), "components/0/content", id="4001"),
    pytest.param(
        layout(shown("x" * 2000), container(shown("x" * 2001))), "components", id="4001 in all"
    ),
    pytest.param(layout(shown("")), "components/0/content", id="no text"),
    pytest.param(layout(section()), "components/0/components", id="section without text"),
    pytest.param(layout(section(*[shown()] * 4)), "components/0/components", id="four texts"),
    pytest.param(
        layout({"type": 9, "components": [shown()]}), "components/0/accessory", id="no accessory"
    ),
    pytest.param(
        layout(section(shown(), accessory=select())), "components/0/accessory/type", id="accessory"
    ),
    pytest.param(layout(container()), "components/0/components", id="empty container"),
    pytest.param(
        layout(container(container(shown()))), "components/0/components/0/type", id="in itself"
    ),
    pytest.param(layout(button()), "components/0/type", id="bare button"),
    pytest.param(layout(gallery()), "components/0/items", id="empty gallery"),
    pytest.param(layout(gallery(*["https://x.org/a"] * 11)), "components/0/items", id="11 items"),
    pytest.param(
        layout(gallery("attachment://film.mp4")), "components/0/items/0/media/url", id="no such"
    ),
    pytest.param(
        layout(gallery("ftp://x.org/a")), "components/0/items/0/media/url", id="not fetchable"
    ),
    pytest.param(
        layout({"type": 13, "file": {"url": "https://x.org/a"}}),
        "components/0/file/url",
        id="file that was not uploaded",
    ),
    pytest.param(
        layout(section(shown()), row(button())), "components", id="one custom id in two places"
    ),
    pytest.param(layout(shown(id=3), shown(id=3)), "components", id="one id twice"),
    pytest.param(layout(row(select(), button())), "components/0/components", id="wide"),
    pytest.param(
        layout(row(select(max_values=3))), "components/0/components/0/max_values", id="3 of 2"
    ),
    pytest.param({"content": "x", "components": [shown()]}, "components/0/type", id="no flag"),
]


@pytest.mark.parametrize(("body", "path"), REFUSED)
async def test_a_layout_is_refused(
    server: DiscordServer, rest: RestClient, body: Json, path: str
) -> None:
    status, answer = await rest("POST", messages_of(server), body)
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for step in path.split("/"):
        node = node[step]
    assert node["_errors"][0]["message"]


async def test_everything_a_layout_holds(server: DiscordServer, rest: RestClient) -> None:
    thumbnail = {"type": 11, "media": {"url": "https://x.org/a.png"}}
    body = layout(
        container(
            shown("x" * 3990),
            section(*[shown("y")] * 3, accessory=thumbnail),
            {"type": 14},
            gallery("attachment://film.mp4"),
            {"type": 13, "file": {"url": "attachment://notes.txt"}},
            row(button()),
            row(select()),
        ),
        *[shown("z") for _ in range(7)],
        *[{"type": 14, "spacing": 2} for _ in range(19)],
    )
    files = (FILE, ("notes.txt", b"notes"), ("hidden.txt", b"nobody sees this"))
    status, answer = await rest.upload("POST", messages_of(server), body, *files)
    assert status == 200, answer
    assert answer["flags"] == V2
    assert [file["filename"] for file in answer["attachments"]] == ["hidden.txt"]
    parts = answer["components"][0]["components"]
    film = parts[3]["items"][0]["media"]
    async with rest.session.get(film["url"]) as response:
        assert await response.read() == b"film"
    assert film["attachment_id"]
    assert (parts[4]["name"], parts[4]["size"]) == ("notes.txt", 5)
    assert parts[1]["accessory"]["media"]["url"] == "https://x.org/a.png"
    panel = server.actions.panel("tom", int(answer["id"]))
    assert panel.text.split("\n")[1:4] == ["y", "y", "y"]
    assert panel.files == ("https://x.org/a.png", "film.mp4", "notes.txt")
    assert panel.labels == ("Go",)
    assert [option.label for option in panel.select("takes").options] == ["Take 0", "Take 1"]


async def test_a_layout_shows_something(server: DiscordServer, rest: RestClient) -> None:
    status, answer = await rest.upload("POST", messages_of(server), {"flags": V2}, FILE)
    assert (status, answer["code"]) == (400, 50006)


async def test_a_message_turns_into_a_layout_once_and_for_ever(
    server: DiscordServer, rest: RestClient
) -> None:
    old = {"content": "old", "embeds": [{"title": "old"}]}
    _, posted = await rest("POST", messages_of(server), old)
    path = f"{messages_of(server)}/{posted['id']}"
    for left, field in (
        ({}, "content"),
        ({"content": None}, "embeds"),
        ({"content": None, "embeds": None}, "embeds"),
    ):
        status, answer = await rest("PATCH", path, layout(shown("new"), **left))
        assert (status, answer["code"]) == (400, 50035)
        code = answer["errors"][field]["_errors"][0]["code"]
        assert code == "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    assert server.messages("videos")[0].content == "old"
    status, answer = await rest("PATCH", path, layout(shown("new"), content=None, embeds=[]))
    assert (status, answer["content"], answer["flags"]) == (200, "", V2)

    status, answer = await rest("PATCH", path, {"components": [shown("newer")]})
    assert (status, answer["flags"]) == (200, V2)
    status, answer = await rest("PATCH", path, {"content": "back"})
    assert "content" in answer["errors"]
    status, answer = await rest("PATCH", path, {"content": "back", "flags": 0, "components": []})
    assert (
        answer["errors"]["flags"]["_errors"][0]["code"]
        == "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG"
    )
    assert server.messages("videos")[0].text == "newer"


async def test_files_of_an_edited_layout(server: DiscordServer, rest: RestClient) -> None:
    _, posted = await rest("POST", messages_of(server), layout(shown()))
    path = f"{messages_of(server)}/{posted['id']}"
    body = layout(gallery("attachment://film.mp4"), attachments=[{"id": 0}])
    status, answer = await rest.upload("PATCH", path, body, FILE)
    assert status == 200, answer
    again = layout(shown("above"), gallery("attachment://film.mp4"))
    assert (await rest("PATCH", path, again))[0] == 200
    status, answer = await rest("PATCH", path, {**again, "attachments": []})
    assert (status, answer["code"]) == (400, 50035)


async def test_a_deferral_takes_no_flag_but_its_edit_does(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    status, answer = await rest.acknowledge(invocation.id, 5, {"flags": V2 | EPHEMERAL})
    assert (status, answer["code"]) == (400, 50035)
    await rest.acknowledge(invocation.id, 5, {"flags": EPHEMERAL})
    original = f"{webhook_of(server, invocation.interaction.token)}/messages/@original"
    status, answer = await rest("PATCH", original, layout(shown("private")), token=False)
    assert (status, answer["flags"]) == (200, V2 | EPHEMERAL)
    assert (await invocation.final_reply()).text == "private"


def webhook_of(server: DiscordServer, token: str) -> str:
    return f"/webhooks/{server.application_id}/{token}"


async def test_a_private_panel_lives_on_presses(server: DiscordServer, rest: RestClient) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    body = layout(
        container(section(shown("More"), accessory=button()), row(select())),
        row(button(label="Later", custom_id="later", disabled=True)),
        flags=V2 | EPHEMERAL,
    )
    assert (await rest.acknowledge(invocation.id, 4, body))[0] == 204
    panel = await invocation.final_reply()
    with pytest.raises(ClientRefusedError, match="mia does not see"):
        server.actions.panel("mia", panel)
    with pytest.raises(ClientRefusedError, match="mia does not see"):
        await server.actions.click("mia", panel, "Go")
    with pytest.raises(ClientRefusedError, match="is disabled"):
        await server.actions.click("tom", panel, "Later")
    assert server.actions.panel("tom", panel).button("Later").disabled

    server.clock.advance(20 * 60)
    original = f"{webhook_of(server, invocation.interaction.token)}/messages/@original"
    status, answer = await rest("PATCH", original, layout(shown("dead")), token=False)
    assert (status, answer["code"]) == (401, 50027)

    pressed = await server.actions.click("tom", panel, "Go")
    payload = server.core.payloads.interaction(pressed.interaction)
    assert payload["message"]["id"] == str(panel.id)
    assert payload["message"]["flags"] == V2 | EPHEMERAL
    assert (await rest.acknowledge(pressed.id, 7, {"components": [row(select())]}))[0] == 204
    assert server.actions.panel("tom", panel).labels == ()

    chosen = await server.actions.choose("tom", panel, "takes", ["Take 1"])
    assert chosen.interaction.data["values"] == ["1"]
    assert (await rest.acknowledge(chosen.id, 6))[0] == 204
    original = f"{webhook_of(server, chosen.interaction.token)}/messages/@original"
    await rest("PATCH", original, {"components": [shown("thanks")]}, token=False)
    assert (await chosen.final_reply()).text == "thanks"
    assert (await rest("DELETE", original, token=False))[0] == 204
    with pytest.raises(ClientRefusedError, match="does not see"):
        server.actions.panel("tom", panel)


async def test_picking_people_from_a_message(server: DiscordServer, rest: RestClient) -> None:
    people = {"type": 5, "custom_id": "who", "max_values": 2}
    await rest("POST", messages_of(server), layout(row(people), row(select())))
    message = server.messages("videos")[0]
    chosen = await server.actions.choose("tom", message, "who", ["mia", "tom"])
    data = chosen.interaction.data
    assert data["values"] == [str(user.id) for user in server.users]
    assert set(data["resolved"]["users"]) == set(data["values"])
    for values, reason in ((["0", "1"], "2 values"), (["9"], "does not offer"), ([], "0 values")):
        with pytest.raises(ClientRefusedError, match=reason):
            await server.actions.choose("tom", message, "takes", values)
