"""What a bot reads of other people's messages, and what it may delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.discord import ClientRefusedError, DiscordServer, DiscordSettings, Upload
from tests.sandbox.discord.conftest import RestClient
from tests.sandbox.discord.test_gateway import RawGateway

Json = dict[str, Any]

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES = 1 << 0, 1 << 9, 1 << 12
MESSAGE_CONTENT = 1 << 15
HIDDEN: tuple[object, ...] = ("", [], [], [])
MENU: Json = {"name": "Look", "type": 3}


def contents(message: Json) -> tuple[object, ...]:
    return tuple(message[key] for key in ("content", "embeds", "attachments", "components"))


def messages_of(server: DiscordServer) -> str:
    return f"/channels/{server.channel.id}/messages"


async def test_reading_back_shows_what_is_the_bots_business(
    server: DiscordServer, rest: RestClient, picture: Upload
) -> None:
    bot, embed = server.bot_user.id, {"title": "t"}
    hidden = await server.actions.say("tom", "videos", "mine", files=[picture], embeds=[embed])
    told = await server.actions.say("tom", "videos", f"<@{bot}> look", files=[picture])
    reply = {"content": "seen", "message_reference": {"message_id": hidden.id}}
    _, posted = await rest("POST", messages_of(server), reply)
    assert contents(posted["referenced_message"]) == HIDDEN
    _, (own, mention, other) = await rest("GET", messages_of(server))
    assert contents(other) == HIDDEN
    assert contents((await rest("GET", f"{messages_of(server)}/{hidden.id}"))[1]) == HIDDEN
    assert mention["content"] == told.content
    assert [file["filename"] for file in mention["attachments"]] == ["kitten.jpg"]
    assert own["content"] == "seen"
    assert contents(own["referenced_message"]) == HIDDEN

    direct = server.build.direct_channel("tom")
    await server.actions.say("tom", direct, "psst")
    _, (private,) = await rest("GET", f"/channels/{direct.id}/messages")
    assert private["content"] == "psst"


async def test_a_menu_brings_the_whole_message(
    server: DiscordServer, rest: RestClient, picture: Upload
) -> None:
    await rest.register(MENU, {**MENU, "name": "Manage", "default_member_permissions": "32"})
    message = await server.actions.say("mia", "videos", "look", files=[picture])
    used = await server.actions.message_command("tom", message, "Look")
    data = used.interaction.data
    assert data["target_id"] == str(message.id)
    found = data["resolved"]["messages"][data["target_id"]]
    assert (found["content"], found["author"]["username"], found["flags"]) == ("look", "mia", 0)
    assert found["attachments"][0]["content_type"] == "image/jpeg"
    assert (await rest.acknowledge(used.id, 4, {"content": "nice"}))[0] == 204
    answer = server.core.payloads.message(await used.final_reply())
    assert answer["type"] == 23
    assert answer["interaction_metadata"]["target_message_id"] == str(message.id)

    with pytest.raises(ClientRefusedError, match="hidden from tom"):
        await server.actions.message_command("tom", message, "Manage")
    await server.actions.message_command("mia", message, "Manage")
    private = await server.actions.message_command("tom", message, "Look")
    await rest.acknowledge(private.id, 4, {"content": "secret", "flags": 64})
    with pytest.raises(ClientRefusedError, match="mia does not see"):
        await server.actions.message_command("mia", await private.final_reply(), "Look")


async def test_fifteen_menus_and_no_more(server: DiscordServer, rest: RestClient) -> None:
    menus = [{"name": f"Menu {number}", "type": 3} for number in range(15)]
    await rest.register(*menus, {"name": "slash", "description": "d"})
    path = f"/applications/{server.application_id}/commands"
    status, answer = await rest("POST", path, MENU)
    assert (status, answer["code"]) == (400, 30032)
    status, answer = await rest("PUT", path, [*menus, MENU])
    assert (status, answer["code"]) == (400, 30032)
    assert (await rest("POST", path, {**menus[0], "contexts": [0]}))[0] == 200


async def heard(raw: RawGateway, event: str) -> Json:
    while (payload := await raw.receive()).get("t") != event:
        pass
    data: Json = payload["d"]
    return data


@pytest.mark.parametrize("reads", [True, False], ids=["intent", "no intent"])
async def test_events_hide_what_others_wrote(*, reads: bool) -> None:
    settings = DiscordSettings(privileged_intents=reads)
    async with (
        DiscordServer(settings) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.gateway.base_url}/gateway") as socket,
    ):
        raw, rest = RawGateway(socket), RestClient(server, session)
        wanted = MESSAGE_CONTENT if reads else 0
        intents = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES | wanted
        await raw.identify(server.token, intents=intents)
        await heard(raw, "GUILD_CREATE")
        message = await server.actions.say("tom", "videos", "hello")
        created = await heard(raw, "MESSAGE_CREATE")
        assert created["guild_id"] == str(server.guild.id)
        assert created["content"] == ("hello" if reads else "")
        _, (read,) = await rest("GET", messages_of(server))
        assert read["content"] == created["content"]
        await server.actions.say("tom", "videos", f"<@{server.bot_user.id}>")
        assert (await heard(raw, "MESSAGE_CREATE"))["content"]
        await server.actions.say("tom", server.build.direct_channel("tom"), "psst")
        assert (await heard(raw, "MESSAGE_CREATE"))["content"] == "psst"
        server.build.delete_message(message)
        assert await heard(raw, "MESSAGE_DELETE") == {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "guild_id": str(server.guild.id),
        }


async def test_nobody_tells_of_deletions_who_did_not_ask(
    server: DiscordServer, rest: RestClient
) -> None:
    url = f"{server.gateway.base_url}/gateway"
    async with rest.session.ws_connect(url) as socket:
        raw = RawGateway(socket)
        await raw.identify(server.token, intents=GUILDS)
        await heard(raw, "GUILD_CREATE")
        _, posted = await rest("POST", messages_of(server), {"content": "x"})
        assert (await rest("DELETE", f"{messages_of(server)}/{posted['id']}"))[0] == 204
        server.build.add_thread("videos", "talk")
        assert (await raw.receive())["t"] == "THREAD_CREATE"


def gone(server: DiscordServer, message_id: int) -> None:
    server.build.delete_message(message_id)


def unseen(server: DiscordServer, message_id: int) -> None:
    del message_id
    server.build.deny_bot("videos", "VIEW_CHANNEL")


def mute(server: DiscordServer, message_id: int) -> None:
    del message_id
    server.build.deny_bot("videos", "SEND_MESSAGES", "MANAGE_MESSAGES")


def archived(server: DiscordServer, message_id: int) -> None:
    server.build.update_channel(server.state.messages[message_id].channel_id, archived=True)


@pytest.mark.parametrize(
    ("where", "before", "status", "code"),
    [
        pytest.param("videos", None, 204, None, id="own"),
        pytest.param("videos", mute, 204, None, id="own where it may not write"),
        pytest.param("talk", None, 204, None, id="own in a thread"),
        pytest.param("videos", gone, 404, 10008, id="gone"),
        pytest.param("videos", unseen, 403, 50001, id="cannot see"),
        pytest.param("talk", archived, 400, 50083, id="archived"),
    ],
)
async def test_deleting_its_own_messages(
    server: DiscordServer,
    rest: RestClient,
    where: str,
    before: Callable[[DiscordServer, int], None] | None,
    status: int,
    code: int | None,
) -> None:
    server.build.add_thread("videos", "talk")
    path = f"/channels/{server.state.channel(where).id}/messages"
    _, posted = await rest("POST", path, {"content": "x"})
    if before is not None:
        before(server, int(posted["id"]))
    answer = await rest("DELETE", f"{path}/{posted['id']}")
    assert answer[0] == status
    assert (answer[1] or {}).get("code") == code
    assert server.state.message(posted["id"]).deleted == (before in {None, mute, gone})


async def test_deleting_what_others_wrote(server: DiscordServer, rest: RestClient) -> None:
    message = await server.actions.say("tom", "videos", "mine")
    path = f"{messages_of(server)}/{message.id}"
    status, answer = await rest("DELETE", path)
    assert (status, answer["code"]) == (403, 50013)
    server.build.overwrite("videos", server.bot_user, allow="MANAGE_MESSAGES")
    assert (await rest("DELETE", path))[0] == 204
    direct = server.build.direct_channel("tom")
    message = await server.actions.say("tom", direct, "mine too")
    status, answer = await rest("DELETE", f"/channels/{direct.id}/messages/{message.id}")
    assert (status, answer["code"]) == (403, 50003)
    _, own = await rest("POST", f"/channels/{direct.id}/messages", {"content": "x"})
    assert (await rest("DELETE", f"/channels/{direct.id}/messages/{own['id']}"))[0] == 204
