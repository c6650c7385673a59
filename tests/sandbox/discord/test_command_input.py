"""Input Discord's client would not let through never reaches the bot."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import ClientRefusedError, DiscordServer, Upload
from sandbox.discord.client.command_input import OptionValue
from tests.sandbox.discord.conftest import RestClient

DRAW: dict[str, Any] = {
    "name": "draw",
    "description": "Draws",
    "options": [
        {
            "name": "cat",
            "description": "A cat",
            "type": 1,
            "options": [
                {"name": "file", "description": "d", "type": 11, "required": True},
                {"name": "text", "description": "d", "type": 3, "max_length": 5},
                {
                    "name": "size",
                    "description": "d",
                    "type": 4,
                    "min_value": 1,
                    "max_value": 10,
                },
                {
                    "name": "style",
                    "description": "d",
                    "type": 3,
                    "choices": [{"name": "Pencil", "value": "pencil"}],
                },
                {"name": "who", "description": "d", "type": 9},
                {"name": "where", "description": "d", "type": 7, "channel_types": [0]},
                {"name": "loud", "description": "d", "type": 5},
            ],
        }
    ],
}
FILE = Upload("a.png", b"png")


@pytest.mark.parametrize(
    ("command", "options", "reason"),
    [
        pytest.param("paint", {}, "no command 'paint'", id="unknown command"),
        pytest.param("draw", {}, "is a group", id="group"),
        pytest.param("draw dog", {}, "no 'dog'", id="unknown sub-command"),
        pytest.param("draw cat", {}, "needs file", id="required"),
        pytest.param("draw cat", {"file": FILE, "colour": "red"}, "no option", id="unknown"),
        pytest.param("draw cat", {"file": "a.png"}, "takes a file", id="no file"),
        pytest.param("draw cat", {"file": FILE, "text": "too long"}, "8 characters", id="text"),
        pytest.param("draw cat", {"file": FILE, "text": 5}, "takes a string", id="not text"),
        pytest.param("draw cat", {"file": FILE, "size": 11}, "not in 1..10", id="range"),
        pytest.param("draw cat", {"file": FILE, "size": 1.5}, "takes a integer", id="float"),
        pytest.param("draw cat", {"file": FILE, "size": True}, "takes a integer", id="bool"),
        pytest.param("draw cat", {"file": FILE, "style": "oil"}, "choices", id="choice"),
        pytest.param("draw cat", {"file": FILE, "where": "talk"}, "not offered", id="channel"),
        pytest.param(
            "draw cat", {"file": Upload("a.png", b"x" * (10 * 1024 * 1024 + 1))}, "limit", id="size"
        ),
    ],
)
async def test_the_client_refuses(
    server: DiscordServer,
    rest: RestClient,
    command: str,
    options: dict[str, OptionValue],
    reason: str,
) -> None:
    await rest.register(DRAW)
    server.build.add_thread("videos", "talk")
    with pytest.raises(ClientRefusedError, match=reason):
        await server.actions.slash("tom", "videos", command, options)
    assert server.state.interactions == {}


async def test_values_are_resolved(server: DiscordServer, rest: RestClient) -> None:
    await rest.register(DRAW)
    role = server.build.add_role(server.guild, "artists")
    options: dict[str, OptionValue] = {
        "file": FILE,
        "style": "Pencil",
        "size": 3,
        "who": role,
        "where": "videos",
        "loud": True,
    }
    invocation = await server.actions.slash("tom", "videos", "draw cat", options)
    data = invocation.interaction.data
    values = {option["name"]: option["value"] for option in data["options"][0]["options"]}
    assert values["style"] == "pencil"
    assert values["who"] == str(role.id)
    attachment = data["resolved"]["attachments"][values["file"]]
    assert attachment["content_type"] == "image/png"
    assert attachment["ephemeral"]
    assert "/ephemeral-attachments/" in attachment["url"]
    async with rest.session.get(attachment["url"]) as response:
        assert await response.read() == b"png"
        assert response.content_type == "image/png"
    member = await server.actions.slash("tom", "videos", "draw cat", {"file": FILE, "who": "mia"})
    resolved = member.interaction.data["resolved"]
    assert set(resolved["users"]) == set(resolved["members"]) == {str(server.users[0].id)}


async def test_what_a_text_mentions_comes_along(server: DiscordServer, rest: RestClient) -> None:
    text = {"name": "text", "description": "d", "type": 3}
    await rest.register({"name": "say", "description": "d", "options": [text]})
    role = server.build.add_role(server.guild, "artists")
    mia, channel = server.users[0], server.channel
    typed = f"<@{mia.id}> <@!{mia.id}> <@&{role.id}> <#{channel.id}> <@404> <#404> <:cat:404>"
    invocation = await server.actions.slash("tom", "videos", "say", {"text": typed})
    data = invocation.interaction.data
    assert data["options"][0]["value"] == typed
    ids = {kind: set(objects) for kind, objects in data["resolved"].items()}
    assert ids == {
        "users": {str(mia.id)},
        "members": {str(mia.id)},
        "roles": {str(role.id)},
        "channels": {str(channel.id)},
    }


async def test_who_sees_a_command(server: DiscordServer, rest: RestClient) -> None:
    manage = {"name": "manage", "description": "d", "default_member_permissions": str(1 << 5)}
    guild_only = {"name": "here", "description": "d", "contexts": [0]}
    adult = {"name": "adult", "description": "d", "nsfw": True}
    await rest.register(manage, guild_only, adult)
    with pytest.raises(ClientRefusedError, match="hidden from tom"):
        await server.actions.slash("tom", "videos", "manage")
    await server.actions.slash("mia", "videos", "manage")
    await server.actions.slash("tom", "videos", "manage", despite_defaults=True)
    with pytest.raises(ClientRefusedError, match="direct messages"):
        await server.actions.slash("tom", server.build.direct_channel("tom"), "here")
    with pytest.raises(ClientRefusedError, match="age-restricted"):
        await server.actions.slash("tom", "videos", "adult")
    with pytest.raises(ClientRefusedError, match="not both in"):
        await server.actions.slash(server.build.add_user("stranger"), "videos", "here")
    server.build.overwrite("videos", server.users[1], deny="USE_APPLICATION_COMMANDS")
    with pytest.raises(ClientRefusedError, match="may not use commands"):
        await server.actions.slash("tom", "videos", "here")
