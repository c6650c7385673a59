"""Posting, editing and reading with the bot token, and everything Discord refuses there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.discord import ChannelKind, DiscordServer, Permission
from sandbox.discord.world.records import PingReason
from tests.sandbox.discord.conftest import RestClient

MIB = 1024 * 1024
HOUR = 3600.0


def messages_of(server: DiscordServer) -> str:
    return f"/channels/{server.channel.id}/messages"


def closed_dm(server: DiscordServer) -> str:
    server.build.close_direct_messages("tom")
    return f"/channels/{server.build.direct_channel('tom').id}/messages"


def stranger_dm(server: DiscordServer) -> str:
    return f"/channels/{server.build.direct_channel(server.build.add_user('stranger')).id}/messages"


def denied(name: str) -> Callable[[DiscordServer], str]:
    def prepare(server: DiscordServer) -> str:
        server.build.deny_bot("videos", name)
        return messages_of(server)

    return prepare


def deleted(server: DiscordServer) -> str:
    server.build.remove_channel("videos")
    return messages_of(server)


def kicked(server: DiscordServer) -> str:
    server.build.remove_guild(server.guild, kick_only=True)
    return messages_of(server)


def forum(server: DiscordServer) -> str:
    channel = server.build.add_channel(server.guild, "forum", ChannelKind.FORUM)
    return f"/channels/{channel.id}/messages"


def locked(server: DiscordServer) -> str:
    thread = server.build.add_thread("videos", "talk")
    server.build.update_channel(thread, locked=True)
    return f"/channels/{thread.id}/messages"


def archived_and_locked(server: DiscordServer) -> str:
    thread = server.build.add_thread("videos", "talk")
    server.build.update_channel(thread, locked=True, archived=True)
    return f"/channels/{thread.id}/messages"


def thread_without_permission(server: DiscordServer) -> str:
    server.build.deny_bot("videos", "SEND_MESSAGES_IN_THREADS")
    return f"/channels/{server.build.add_thread('videos', 'talk').id}/messages"


def moderated(server: DiscordServer) -> str:
    server.build.update_guild(server.guild, automod_words={"HELLO"})
    return messages_of(server)


@pytest.mark.parametrize(
    ("prepare", "status", "code"),
    [
        pytest.param(denied("VIEW_CHANNEL"), 403, 50001, id="cannot see"),
        pytest.param(denied("SEND_MESSAGES"), 403, 50013, id="cannot send"),
        pytest.param(thread_without_permission, 403, 50013, id="cannot send in threads"),
        pytest.param(deleted, 404, 10003, id="channel deleted"),
        pytest.param(kicked, 403, 50001, id="bot removed"),
        pytest.param(forum, 400, 50008, id="forum root"),
        pytest.param(locked, 403, 160005, id="locked"),
        pytest.param(archived_and_locked, 400, 50083, id="archived and locked"),
        pytest.param(closed_dm, 403, 50007, id="dm closed"),
        pytest.param(stranger_dm, 403, 50278, id="no mutual guild"),
        pytest.param(moderated, 400, 200000, id="automod"),
    ],
)
async def test_posting_is_refused(
    server: DiscordServer,
    rest: RestClient,
    prepare: Callable[[DiscordServer], str],
    status: int,
    code: int,
) -> None:
    answer = await rest("POST", prepare(server), {"content": "hello"})
    assert (answer[0], answer[1]["code"]) == (status, code)


async def test_files_need_a_permission_and_fit_the_tier(
    server: DiscordServer, rest: RestClient
) -> None:
    path = messages_of(server)
    big = ("film.mp4", b"\0" * (10 * MIB + 1))
    status, answer = await rest.upload("POST", path, {}, big)
    assert (status, answer["code"]) == (413, 40005)
    server.build.update_guild(server.guild, premium_tier=2)
    status, answer = await rest.upload("POST", path, {}, big)
    assert status == 200
    assert answer["attachments"][0]["size"] == 10 * MIB + 1
    server.build.deny_bot("videos", "ATTACH_FILES")
    status, answer = await rest.upload("POST", path, {}, ("film.mp4", b"x"))
    assert (status, answer["code"]) == (403, 50013)


async def test_embeds_vanish_without_embed_links(server: DiscordServer, rest: RestClient) -> None:
    server.build.deny_bot("videos", "EMBED_LINKS")
    embed = {"title": "hidden"}
    _, answer = await rest("POST", messages_of(server), {"content": "text", "embeds": [embed]})
    assert answer["embeds"] == []
    status, answer = await rest("POST", messages_of(server), {"embeds": [embed]})
    assert (status, answer["code"]) == (400, 50006)


async def test_replies_need_history(server: DiscordServer, rest: RestClient) -> None:
    message = await server.actions.say("tom", "videos", "look")
    body = {"content": "nice", "message_reference": {"message_id": message.id}}
    _, answer = await rest("POST", messages_of(server), body)
    assert answer["referenced_message"]["id"] == str(message.id)
    assert [ping.reason for ping in server.pings] == [PingReason.REPLY]
    server.build.deny_bot("videos", "READ_MESSAGE_HISTORY")
    status, answer = await rest("POST", messages_of(server), body)
    assert (status, answer["code"]) == (403, 160002)
    assert (await rest("GET", messages_of(server))) == (200, [])


async def test_a_reply_to_nothing(server: DiscordServer, rest: RestClient) -> None:
    reference = {"message_id": "1", "fail_if_not_exists": True}
    status, answer = await rest(
        "POST", messages_of(server), {"content": "x", "message_reference": reference}
    )
    assert status == 400
    code = answer["errors"]["message_reference"]["_errors"][0]["code"]
    assert code == "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"
    reference["fail_if_not_exists"] = False
    body = {"content": "x", "message_reference": reference}
    assert (await rest("POST", messages_of(server), body))[0] == 200


async def test_a_nonce_posts_once(server: DiscordServer, rest: RestClient) -> None:
    body = {"content": "once", "nonce": "job:s", "enforce_nonce": True}
    _, first = await rest("POST", messages_of(server), body)
    _, again = await rest("POST", messages_of(server), body)
    assert first["id"] == again["id"]
    assert len(server.messages("videos")) == 1
    server.clock.advance(600)
    _, later = await rest("POST", messages_of(server), body)
    assert later["id"] != first["id"]


async def test_slow_mode_holds_back_posts_not_edits(
    server: DiscordServer, rest: RestClient
) -> None:
    server.build.update_channel("videos", slowmode_seconds=30)
    _, first = await rest("POST", messages_of(server), {"content": "one"})
    status, answer = await rest("POST", messages_of(server), {"content": "two"})
    assert (status, answer["code"]) == (429, 20016)
    assert 25 < answer["retry_after"] <= 30
    edit = await rest("PATCH", f"{messages_of(server)}/{first['id']}", {"content": "1"})
    assert edit[0] == 200
    server.build.overwrite("videos", server.bot_user, allow=int(Permission.BYPASS_SLOWMODE))
    assert (await rest("POST", messages_of(server), {"content": "two"}))[0] == 200


async def test_posting_wakes_an_archived_thread_but_editing_does_not(
    server: DiscordServer, rest: RestClient
) -> None:
    thread = server.build.add_thread("videos", "talk")
    path = f"/channels/{thread.id}/messages"
    _, message = await rest("POST", path, {"content": "hi"})
    server.build.update_channel(thread, archived=True)
    status, answer = await rest("PATCH", f"{path}/{message['id']}", {"content": "ho"})
    assert (status, answer["code"]) == (400, 50083)
    assert (await rest("POST", path, {"content": "again"}))[0] == 200
    assert not thread.archived


async def test_what_attachments_mean_in_an_edit(server: DiscordServer, rest: RestClient) -> None:
    _, posted = await rest.upload(
        "POST", messages_of(server), {"content": "files"}, ("a.txt", b"a"), ("b.txt", b"b")
    )
    path = f"{messages_of(server)}/{posted['id']}"
    _, same = await rest("PATCH", path, {"content": "text only"})
    assert [file["filename"] for file in same["attachments"]] == ["a.txt", "b.txt"]
    keep = {"attachments": [{"id": same["attachments"][1]["id"]}, {"id": 0}]}
    _, mixed = await rest.upload("PATCH", path, keep, ("c.txt", b"c"))
    assert [file["filename"] for file in mixed["attachments"]] == ["b.txt", "c.txt"]
    status, answer = await rest("PATCH", path, {"attachments": [{"id": 3}]})
    assert (status, answer["code"]) == (400, 50035)
    _, none = await rest("PATCH", path, {"attachments": []})
    assert none["attachments"] == []
    status, answer = await rest("PATCH", path, {"content": ""})
    assert (status, answer["code"]) == (400, 50006)


async def test_files_shown_in_an_embed_are_not_listed(
    server: DiscordServer, rest: RestClient
) -> None:
    embed = {"title": "t", "image": {"url": "attachment://a.png"}}
    _, posted = await rest.upload(
        "POST", messages_of(server), {"embeds": [embed]}, ("a.png", b"not really")
    )
    assert posted["attachments"] == []
    async with rest.session.get(posted["embeds"][0]["image"]["url"]) as response:
        assert await response.read() == b"not really"
    path = f"{messages_of(server)}/{posted['id']}"
    _, edited = await rest("PATCH", path, {"embeds": [{"title": "t"}]})
    assert [file["filename"] for file in edited["attachments"]] == ["a.png"]


async def test_only_the_author_edits(server: DiscordServer, rest: RestClient) -> None:
    message = await server.actions.say("tom", "videos", "mine")
    path = f"{messages_of(server)}/{message.id}"
    status, answer = await rest("PATCH", path, {"content": "yours"})
    assert (status, answer["code"]) == (403, 50005)
    server.build.delete_message(message)
    status, answer = await rest("PATCH", path, {"content": "gone"})
    assert (status, answer["code"]) == (404, 10008)


async def test_history_pages_and_hides_what_others_wrote(
    server: DiscordServer, rest: RestClient
) -> None:
    await server.actions.say("tom", "videos", "private thoughts")
    ids = [
        int((await rest("POST", messages_of(server), {"content": str(number)}))[1]["id"])
        for number in range(5)
    ]
    _, newest = await rest("GET", f"{messages_of(server)}?limit=2")
    assert [message["content"] for message in newest] == ["4", "3"]
    _, after = await rest("GET", f"{messages_of(server)}?after={ids[0]}&limit=2")
    assert [message["content"] for message in after] == ["2", "1"]
    _, before = await rest("GET", f"{messages_of(server)}?before={ids[1]}")
    assert [message["content"] for message in before] == ["0", ""]
    assert (await rest("GET", f"{messages_of(server)}?limit=101"))[0] == 400
    assert (await rest("GET", f"{messages_of(server)}/{ids[0]}"))[1]["content"] == "0"


def names(server: DiscordServer) -> set[str]:
    return {server.state.users[ping.user_id].name for ping in server.pings}


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        pytest.param(None, {"mia", "tom", "zoe"}, id="everything by default"),
        pytest.param({"parse": []}, set(), id="nothing"),
        pytest.param({"parse": ["users"]}, {"tom"}, id="users"),
        pytest.param({"parse": ["roles"]}, {"zoe"}, id="roles"),
        pytest.param({"parse": [], "users": ["TOM"]}, {"tom"}, id="one user"),
    ],
)
async def test_who_is_notified(
    server: DiscordServer, rest: RestClient, allowed: dict[str, Any] | None, expected: set[str]
) -> None:
    tom, zoe = server.users[1], server.build.add_user("zoe")
    role = server.build.add_role(server.guild, "artists", mentionable=True)
    server.build.join(server.guild, zoe, (role,))
    if allowed and "users" in allowed:
        allowed = {**allowed, "users": [str(tom.id)]}
    body: dict[str, Any] = {"content": f"<@{tom.id}> <@&{role.id}> @everyone"}
    if allowed is not None:
        body["allowed_mentions"] = allowed
    await rest("POST", messages_of(server), body)
    assert names(server) == expected


async def test_direct_messages_notify(server: DiscordServer, rest: RestClient) -> None:
    tom = server.users[1]
    _, channel = await rest("POST", "/users/@me/channels", {"recipient_id": str(tom.id)})
    assert (await rest("POST", f"/channels/{channel['id']}/messages", {"content": "psst"}))[
        0
    ] == 200
    assert [ping.reason for ping in server.pings] == [PingReason.DIRECT_MESSAGE]
    status, answer = await rest("POST", "/users/@me/channels", {"recipient_id": "1"})
    assert (status, answer["code"]) == (400, 50033)


async def test_wrong_token_broken_json_and_unknown_route(
    server: DiscordServer, rest: RestClient
) -> None:
    assert (await rest("GET", "/users/@me", token=False))[0] == 401
    url = f"{server.api_base_url}{messages_of(server)}"
    async with rest.session.post(url, data=b"{", headers=rest.headers) as response:
        assert (await response.json())["code"] == 50109
        assert response.headers["Content-Type"] == "application/json"
    assert server.unknown_requests == []
    assert await rest("GET", "/nothing/here") == (404, {"message": "404: Not Found", "code": 0})
    assert [request.path for request in server.unknown_requests] == ["/nothing/here"]
    assert server.limits.invalid_requests == 1


@pytest.mark.parametrize(
    "body", [{"embeds": "none"}, {"components": [1]}, {"message_reference": {"message_id": "x"}}]
)
async def test_bodies_of_the_wrong_shape(
    server: DiscordServer, rest: RestClient, body: dict[str, Any]
) -> None:
    status, answer = await rest("POST", messages_of(server), {"content": "x", **body})
    assert (status, answer["code"]) == (400, 50035)


@pytest.mark.parametrize(
    ("path", "code"),
    [("/guilds/1", 10004), ("/users/1", 10013), ("/channels/1", 10003), ("/channels/x", 50035)],
)
async def test_unknown_things(rest: RestClient, path: str, code: int) -> None:
    assert (await rest("GET", path))[1]["code"] == code


async def test_known_things(server: DiscordServer, rest: RestClient) -> None:
    tom = server.users[1].id
    for path in (
        "/gateway",
        "/gateway/bot",
        "/applications/@me",
        f"/users/{tom}",
        f"/guilds/{server.guild.id}?with_counts=true",
        f"/guilds/{server.guild.id}/members/{tom}",
        f"/guilds/{server.guild.id}/roles",
        f"/guilds/{server.guild.id}/channels",
        f"/channels/{server.channel.id}",
    ):
        assert (await rest("GET", path))[0] == 200, path
    assert (await rest("POST", f"/channels/{server.channel.id}/typing"))[0] == 204
