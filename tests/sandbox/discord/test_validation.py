"""Bodies that break a documented limit are refused, and those at the limit are not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import DiscordServer
from tests.sandbox.discord.conftest import RestClient

Json = dict[str, Any]


def command(**changes: object) -> Json:
    return {"name": "draw", "description": "Draws", **changes}


def option(**changes: object) -> Json:
    return {"name": "size", "description": "How large", "type": 3, **changes}


def choices(count: int) -> list[Json]:
    return [{"name": f"c{number}", "value": str(number)} for number in range(count)]


def nested(depth: int) -> Json:
    leaf = option(type=1, name="leaf")
    for level in range(depth):
        leaf = option(type=2, name=f"group{level}", options=[leaf])
    return command(options=[leaf])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param(command(name="Draw"), "0/name", id="capital"),
        pytest.param(command(name="dr aw"), "0/name", id="space"),
        pytest.param(command(name="x" * 33), "0/name", id="33 characters"),
        pytest.param(command(description="x" * 101), "0/description", id="description"),
        pytest.param(command(description=""), "0/description", id="no description"),
        pytest.param(command(options=[option(choices=choices(26))]), "0/options/0/choices"),
        pytest.param(command(options=[option(type=12)]), "0/options/0/type", id="type"),
        pytest.param(
            command(options=[option(name=f"o{number}") for number in range(26)]),
            "0/options",
            id="26",
        ),
        pytest.param(
            command(options=[option(), option(name="b", required=True)]),
            "0/options/1",
            id="required after optional",
        ),
        pytest.param(command(options=[option(), option()]), "0/options/0", id="same name"),
        pytest.param(
            command(options=[option(), option(type=1, name="b")]), "0/options", id="mixed"
        ),
        pytest.param(nested(2), "0/options/0/options/0/type", id="too deep"),
        pytest.param(
            command(options=[option(autocomplete=True, choices=choices(1))]),
            "0/options/0/autocomplete",
            id="autocomplete and choices",
        ),
        pytest.param(
            command(
                options=[
                    option(
                        name=f"o{o}",
                        choices=[{"name": "n" * 100, "value": f"{c:0100}"} for c in range(25)],
                    )
                    for o in range(2)
                ]
            ),
            "0",
            id="8000 characters",
        ),
        pytest.param(
            command(name_localizations={"xx": "zeichne"}), "0/name_localizations/xx", id="locale"
        ),
        pytest.param({"name": "Menu", "type": 3, "description": "x"}, "0/description", id="menu"),
    ],
)
async def test_a_command_is_refused(
    server: DiscordServer, rest: RestClient, body: Json, path: str
) -> None:
    address = f"/applications/{server.application_id}/commands"
    status, answer = await rest("PUT", address, [body])
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for step in path.split("/"):
        node = node[step]
    assert node["_errors"][0]["message"]


async def test_commands_at_the_limits(server: DiscordServer, rest: RestClient) -> None:
    wanted = [
        command(options=[option(choices=choices(25))], description="x" * 100),
        command(name="zeichne-süß_1"),
        command(name="วาดรูป"),
        nested(1) | {"name": "deep"},
        {"name": "Animate image", "type": 3},
    ]
    await rest.register(*wanted)
    before = {registered.name: registered.id for registered in server.state.commands.values()}
    await rest.register(*wanted[:2])
    assert {registered.name: registered.id for registered in server.state.commands.values()} == {
        name: before[name] for name in ("draw", "zeichne-süß_1")
    }
    path = f"/applications/{server.application_id}/commands"
    status, answer = await rest("PUT", path, [command(), command()])
    assert answer["errors"]["0"]["_errors"][0]["code"] == "APPLICATION_COMMANDS_DUPLICATE_NAME"
    status, answer = await rest("PUT", path, [command(name=f"c{number}") for number in range(101)])
    assert (status, answer["code"]) == (400, 30032)
    _, kept = await rest("GET", path)
    assert len(kept) == 2
    status, made = await rest("POST", path, command(name="extra"))
    assert status == 201
    assert (await rest("DELETE", f"{path}/{made['id']}"))[0] == 204
    guild_path = f"/applications/{server.application_id}/guilds/{server.guild.id}/commands"
    assert (await rest("PUT", guild_path, [command()]))[1][0]["guild_id"] == str(server.guild.id)


def button(**changes: object) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}


def row(*buttons: Json) -> Json:
    return {"type": 1, "components": list(buttons)}


def numbered_buttons(count: int) -> list[Json]:
    return [button(custom_id=f"b{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param({"content": "x" * 2001}, "content", id="content"),
        pytest.param({"content": "x", "nonce": "n" * 26}, "nonce", id="nonce"),
        pytest.param({"embeds": [{"title": "x"}] * 11}, "embeds", id="11 embeds"),
        pytest.param({"embeds": [{"title": "x" * 257}]}, "embeds/0/title", id="title"),
        pytest.param({"embeds": [{"description": "x" * 4097}]}, "embeds/0/description"),
        pytest.param({"embeds": [{}]}, "embeds/0/description", id="empty embed"),
        pytest.param(
            {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]},
            "embeds/0/fields",
            id="26 fields",
        ),
        pytest.param(
            {"embeds": [{"fields": [{"name": "n", "value": ""}]}]},
            "embeds/0/fields/0/value",
            id="empty value",
        ),
        pytest.param(
            {"embeds": [{"title": "t", "footer": {"text": "x" * 2049}}]},
            "embeds/0/footer/text",
            id="footer",
        ),
        pytest.param(
            {"embeds": [{"description": "x" * 3001}, {"description": "x" * 3000}]},
            "embeds",
            id="6001 characters over all",
        ),
        pytest.param(
            {"embeds": [{"title": "t", "image": {"url": "file:///x"}}]},
            "embeds/0/image/url",
            id="scheme",
        ),
        pytest.param({"content": "x", "components": [row(button())] * 6}, "components", id="rows"),
        pytest.param(
            {"content": "x", "components": [row(*numbered_buttons(6))]},
            "components/0/components",
            id="6 buttons",
        ),
        pytest.param(
            {"content": "x", "components": [row(button(custom_id="c" * 101))]},
            "components/0/components/0/custom_id",
            id="custom_id",
        ),
        pytest.param(
            {"content": "x", "components": [row(button(), button())]}, "components", id="twice"
        ),
        pytest.param(
            {"content": "x", "components": [row(button(label="x" * 81))]},
            "components/0/components/0/label",
            id="label",
        ),
        pytest.param(
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions",
            id="mentions",
        ),
        pytest.param(
            {"content": "x", "attachments": [{"id": number} for number in range(11)]},
            "attachments",
            id="11 attachments",
        ),
    ],
)
async def test_a_message_is_refused(
    server: DiscordServer, rest: RestClient, body: Json, path: str
) -> None:
    status, answer = await rest("POST", f"/channels/{server.channel.id}/messages", body)
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]
    for step in path.split("/"):
        node = node[step]
    assert node["_errors"][0]["message"]


async def test_a_message_at_the_limits(server: DiscordServer, rest: RestClient) -> None:
    body = {
        "content": "x" * 2000,
        "embeds": [{"description": "x" * 4096}, {"description": "x" * 1904}],
        "components": [
            row(*[button(custom_id=f"{number:0100}") for number in range(line * 5, line * 5 + 5)])
            for line in range(5)
        ],
    }
    assert (await rest("POST", f"/channels/{server.channel.id}/messages", body))[0] == 200


@pytest.mark.parametrize(
    ("modal", "path"),
    [
        pytest.param({"title": "x" * 46}, "title", id="title"),
        pytest.param({"components": []}, "components", id="empty"),
        pytest.param({"custom_id": "x" * 101}, "custom_id", id="custom_id"),
    ],
)
async def test_a_modal_is_refused(
    server: DiscordServer, rest: RestClient, modal: Json, path: str
) -> None:
    await rest.register(command())
    invocation = await server.actions.slash("tom", "videos", "draw")
    text = {"type": 4, "custom_id": "t", "style": 1}
    item = {"type": 18, "label": "Text", "component": text}
    body = {"title": "Fine", "custom_id": "m", "components": [item], **modal}
    status, answer = await rest.acknowledge(invocation.id, 9, body)
    assert (status, answer["code"]) == (400, 50035)
    assert path in answer["errors"]["data"]


async def test_autocomplete_takes_25_choices(server: DiscordServer, rest: RestClient) -> None:
    await rest.register(command(options=[option(autocomplete=True)]))
    data = {"name": "draw", "options": [{"name": "size", "type": 3, "focused": True}]}
    invocation = await server.actions.slash("tom", "videos", "draw", {"size": "x"})
    invocation.interaction.kind = type(invocation.interaction.kind).AUTOCOMPLETE
    invocation.interaction.data = data
    status, answer = await rest.acknowledge(invocation.id, 8, {"choices": choices(26)})
    assert (status, answer["code"]) == (400, 50035)
    assert (await rest.acknowledge(invocation.id, 8, {"choices": choices(25)}))[0] == 204
