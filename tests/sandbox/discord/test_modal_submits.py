"""What a member fills into a modal reaches the bot as Discord sends it, once."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import ClientRefusedError, DiscordServer, Invocation, Upload
from tests.sandbox.discord.conftest import RestClient
from tests.sandbox.discord.test_modal_rules import (
    PING,
    boxes,
    label,
    modal,
    options,
    radio,
    select,
    text,
    upload,
)

Json = dict[str, Any]

PICTURE = Upload("a.PNG", b"png")
BUTTON: Json = {"type": 2, "style": 1, "label": "Edit", "custom_id": "edit"}


async def opened(
    server: DiscordServer, rest: RestClient, *items: Json, user: str = "tom"
) -> Invocation:
    await rest.register(PING)
    invocation = await server.actions.slash(user, "videos", "ping")
    status, answer = await rest.acknowledge(invocation.id, 9, modal(*items))
    assert status == 204, answer
    return invocation


async def test_every_field_is_sent_in_the_documented_form(
    server: DiscordServer, rest: RestClient
) -> None:
    invocation = await opened(
        server,
        rest,
        {"type": 10, "content": "Read this"},
        label(text(custom_id="words"), label="Words"),
        label(select(custom_id="size", max_values=2), label="Size"),
        label(upload(custom_id="files", max_values=2), label="Files"),
        label(radio(custom_id="one"), id=40),
    )
    values = {"Words": "hello", "size": ["v0", "l2"], "Files": [PICTURE, PICTURE], "one": "v1"}
    sent = await server.actions.submit_modal("tom", invocation, values)
    data = sent.interaction.data
    files = data["components"][3]["component"]["values"]
    assert data == {
        "custom_id": "m",
        "components": [
            {"type": 10, "id": 1},
            {
                "type": 18,
                "id": 2,
                "component": {"type": 4, "id": 3, "custom_id": "words", "value": "hello"},
            },
            {
                "type": 18,
                "id": 4,
                "component": {"type": 3, "id": 5, "custom_id": "size", "values": ["v0", "v2"]},
            },
            {
                "type": 18,
                "id": 6,
                "component": {"type": 19, "id": 7, "custom_id": "files", "values": files},
            },
            {
                "type": 18,
                "id": 40,
                "component": {"type": 21, "id": 8, "custom_id": "one", "value": "v1"},
            },
        ],
        "resolved": {"attachments": data["resolved"]["attachments"]},
    }
    first, second = (data["resolved"]["attachments"][file] for file in files)
    assert first["id"] != second["id"]
    assert first["ephemeral"]
    payload = server.core.payloads.interaction(sent.interaction)
    assert payload["type"] == 5
    assert "message" not in payload


async def test_what_is_left_alone_keeps_what_the_bot_put_there(
    server: DiscordServer, rest: RestClient
) -> None:
    invocation = await opened(
        server,
        rest,
        label(text(custom_id="words", value="before")),
        label(select(custom_id="size", options=[*options(1), *chosen("x")])),
        label(radio(custom_id="one", options=[*options(1), *chosen("y")])),
        label(boxes(custom_id="some", options=[*chosen("p"), *chosen("q"), *options(1)])),
        label({"type": 23, "custom_id": "tick", "default": True}),
    )
    sent = await server.actions.submit_modal("tom", invocation, {})
    fields = [item["component"] for item in sent.interaction.data["components"]]
    assert [field.get("value", field.get("values")) for field in fields] == [
        "before",
        ["x"],
        "y",
        ["p", "q"],
        True,
    ]


def chosen(value: str) -> list[Json]:
    return [{"label": value, "value": value, "default": True}]


async def test_what_is_not_required_may_stay_empty(server: DiscordServer, rest: RestClient) -> None:
    invocation = await opened(
        server,
        rest,
        label(text(custom_id="words", required=False, min_length=3)),
        label(select(custom_id="size", required=False, min_values=2, max_values=3)),
        label(radio(custom_id="one", required=False)),
        label(boxes(custom_id="some", required=False)),
        label(upload(custom_id="files", required=False)),
    )
    sent = await server.actions.submit_modal("tom", invocation, {})
    fields = [item["component"] for item in sent.interaction.data["components"]]
    assert [field.get("value", field.get("values")) for field in fields] == ["", [], None, [], []]
    assert "resolved" not in sent.interaction.data


async def test_members_roles_and_channels_are_resolved(
    server: DiscordServer, rest: RestClient
) -> None:
    role = server.build.add_role(server.guild, "artists")
    invocation = await opened(
        server,
        rest,
        label({"type": 5, "custom_id": "who"}),
        label({"type": 6, "custom_id": "role"}),
        label({"type": 8, "custom_id": "where", "channel_types": [0]}),
    )
    values = {"who": "mia", "role": role, "where": "videos"}
    sent = await server.actions.submit_modal("tom", invocation, values)
    resolved = sent.interaction.data["resolved"]
    assert set(resolved["members"]) == set(resolved["users"]) == {str(server.users[0].id)}
    assert set(resolved["roles"]) == {str(role.id)}
    assert set(resolved["channels"]) == {str(server.channel.id)}


REFUSED = [
    pytest.param(text(), {}, "0 characters", id="nothing written"),
    pytest.param(text(max_length=3), {"f": "long"}, "4 characters", id="too much written"),
    pytest.param(text(), {"f": "x", "g": "y"}, "no field g", id="unknown field"),
    pytest.param(select(), {}, "0 values", id="nothing chosen"),
    pytest.param(select(), {"f": ["v0", "v1"]}, "2 values", id="too many chosen"),
    pytest.param(select(), {"f": "v9"}, "does not offer", id="not offered"),
    pytest.param(radio(), {}, "has to be chosen", id="no radio"),
    pytest.param(radio(), {"f": "v9"}, "does not offer", id="no such radio"),
    pytest.param(boxes(), {}, "0 values", id="no box"),
    pytest.param({"type": 23}, {"f": "yes"}, "yes or no", id="no bool"),
    pytest.param({"type": 5}, {"f": "videos"}, "does not offer videos", id="nobody"),
    pytest.param(upload(), {}, "0 values", id="no file"),
    pytest.param(upload(), {"f": [PICTURE, PICTURE]}, "2 values", id="two files"),
    pytest.param(upload(min_values=2, max_values=3), {"f": PICTURE}, "not 2..3", id="one file"),
    pytest.param(upload(), {"f": "a.png"}, "takes a file", id="text for a file"),
    pytest.param(
        upload(file_types=["image"]), {"f": Upload("a.heic", b"x")}, "none of image", id="type"
    ),
    pytest.param(
        upload(), {"f": Upload("a.png", b"x" * (10 * 1024 * 1024 + 1))}, "limit", id="size"
    ),
]


@pytest.mark.parametrize(("field", "values", "reason"), REFUSED)
async def test_the_client_does_not_send_it(
    server: DiscordServer, rest: RestClient, field: Json, values: Json, reason: str
) -> None:
    invocation = await opened(server, rest, label(field))
    with pytest.raises(ClientRefusedError, match=reason):
        await server.actions.submit_modal("tom", invocation, values)
    assert list(server.state.interactions) == [invocation.id]


async def test_types_are_told_by_the_end_of_the_name_and_nitro_lifts_the_limit(
    server: DiscordServer, rest: RestClient
) -> None:
    server.users[1].nitro = True
    field = label(upload(max_values=3, file_types=["image", ".heic"]))
    invocation = await opened(server, rest, field)
    large = Upload("b.jpeg", b"x" * (10 * 1024 * 1024 + 1))
    files = [PICTURE, Upload("c.HEIC", b"x"), large]
    sent = await server.actions.submit_modal("tom", invocation, {"f": files})
    attachments = sent.interaction.data["resolved"]["attachments"].values()
    assert [file["filename"] for file in attachments] == ["a.PNG", "c.HEIC", "b.jpeg"]


async def test_uploads_expire(server: DiscordServer, rest: RestClient) -> None:
    invocation = await opened(server, rest, label(upload()))
    sent = await server.actions.submit_modal("tom", invocation, {"f": PICTURE})
    (file,) = sent.interaction.data["resolved"]["attachments"].values()
    async with rest.session.get(file["url"]) as response:
        assert await response.read() == b"png"
    server.clock.advance(25 * 3600)
    async with rest.session.get(file["url"]) as response:
        assert response.status == 404


async def test_a_modal_is_sent_once_however_late(server: DiscordServer, rest: RestClient) -> None:
    invocation = await opened(server, rest, label(text()))
    server.clock.advance(30 * 24 * 3600)
    sent = await server.actions.submit_modal("tom", invocation, {"f": "x"})
    with pytest.raises(ClientRefusedError, match="closed"):
        await server.actions.submit_modal("tom", invocation, {"f": "y"})
    assert (await rest.acknowledge(sent.id, 4, {"content": "thanks"}))[0] == 204
    answer = server.core.payloads.message(await sent.final_reply())
    metadata = answer["interaction_metadata"]
    assert metadata["type"] == 5
    assert metadata["triggering_interaction_metadata"]["id"] == str(invocation.id)


async def test_a_modal_the_bot_did_not_take_can_be_sent_again(
    server: DiscordServer, rest: RestClient
) -> None:
    invocation = await opened(server, rest, label(text()))
    sent = await server.actions.submit_modal("tom", invocation, {"f": "x"})
    await server.wait_for(lambda: sent.failed, 5)
    again = await server.actions.submit_modal("tom", invocation, {"f": "x"})
    assert again.id != sent.id


async def test_a_dismissed_modal_sends_nothing(server: DiscordServer, rest: RestClient) -> None:
    invocation = await opened(server, rest, label(text()))
    with pytest.raises(ClientRefusedError, match="no modal is open"):
        server.actions.dismiss_modal("mia", invocation)
    server.actions.dismiss_modal("tom", invocation)
    with pytest.raises(ClientRefusedError, match="closed"):
        await server.actions.submit_modal("tom", invocation, {"f": "x"})
    assert list(server.state.interactions) == [invocation.id]


async def test_one_custom_id_opened_by_two_members_stays_two_modals(
    server: DiscordServer, rest: RestClient
) -> None:
    first = await opened(server, rest, label(text(custom_id="a")))
    second = await opened(server, rest, label(text(custom_id="b")), user="mia")
    with pytest.raises(ClientRefusedError, match="no modal is open"):
        await server.actions.submit_modal("mia", first, {"a": "x"})
    sent = await server.actions.submit_modal("mia", second, {"b": "x"})
    assert sent.interaction.user_id == server.users[0].id
    assert (await server.actions.submit_modal("tom", first, {"a": "y"})).id != sent.id


async def test_a_modal_from_a_button_knows_and_updates_its_message(
    server: DiscordServer, rest: RestClient
) -> None:
    row = {"type": 1, "components": [BUTTON]}
    path = f"/channels/{server.channel.id}/messages"
    await rest("POST", path, {"content": "status", "components": [row]})
    status_message = server.messages("videos")[0]
    pressed = await server.actions.click("tom", status_message, "Edit")
    assert (await rest.acknowledge(pressed.id, 9, modal(label(text()))))[0] == 204
    sent = await server.actions.submit_modal("tom", pressed, {"f": "x"})
    payload = server.core.payloads.interaction(sent.interaction)
    assert payload["message"]["id"] == str(status_message.id)
    assert (await rest.acknowledge(sent.id, 7, {"content": "changed"}))[0] == 204
    assert status_message.content == "changed"

    late = await server.actions.click("tom", status_message, "Edit")
    await rest.acknowledge(late.id, 9, modal(label(text())))
    server.build.delete_message(status_message)
    orphan = await server.actions.submit_modal("tom", late, {"f": "x"})
    status, answer = await rest.acknowledge(orphan.id, 7, {"content": "where?"})
    assert (status, answer["code"]) == (404, 10008)


async def test_what_an_interaction_says_about_its_surroundings(
    server: DiscordServer, rest: RestClient
) -> None:
    tom = server.users[1]
    tom.locale = "de"
    server.build.update_guild(server.guild, locale="ja")
    invocation = await opened(server, rest, label(text()))
    sent = await server.actions.submit_modal("tom", invocation, {"f": "x"})
    payload = server.core.payloads.interaction(sent.interaction)
    assert (payload["locale"], payload["guild_locale"]) == ("de", "en-US")
    assert payload["attachment_size_limit"] == 10 * 1024 * 1024
    assert int(payload["app_permissions"]) & 1 << 11
    server.build.update_guild(server.guild, community=True, premium_tier=2)
    payload = server.core.payloads.interaction(sent.interaction)
    assert payload["guild_locale"] == "ja"
    assert payload["guild"]["features"] == ["COMMUNITY"]
    assert payload["attachment_size_limit"] == 50 * 1024 * 1024
