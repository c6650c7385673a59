"""Three seconds, fifteen minutes, one first answer, and what follow-ups do."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import DiscordServer, NoAnswerError, Upload
from tests.sandbox.discord.conftest import BotProcess, RestClient

PING: dict[str, Any] = {"name": "ping", "description": "Answers"}
EPHEMERAL = {"flags": 64}


async def test_a_late_acknowledgement_is_unknown(live: DiscordServer, bot: BotProcess) -> None:
    invocation = await live.actions.slash("tom", "videos", "probe late", {"seconds": 3.2})
    outcome = await bot.said("late")
    assert (outcome["status"], outcome["code"]) == (404, 10062)
    with pytest.raises(NoAnswerError):
        await invocation.final_reply()
    assert invocation.failed


async def test_token_and_file_die_with_time(
    live: DiscordServer, bot: BotProcess, picture: Upload
) -> None:
    await live.actions.slash("tom", "videos", "probe hold", {"file": picture})
    await bot.said("held")
    live.clock.advance(16 * 60)
    await live.actions.slash("tom", "videos", "probe use-held")
    assert (await bot.said("old token"))["code"] == 50027
    live.clock.advance(24 * 3600)
    await live.actions.slash("tom", "videos", "probe use-held")
    assert (await bot.said("old file"))["status"] == 404


async def test_only_one_first_answer(server: DiscordServer, rest: RestClient) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    assert (await rest.acknowledge(invocation.id, 5, EPHEMERAL))[0] == 204
    status, answer = await rest.acknowledge(invocation.id, 4, {"content": "again"})
    assert (status, answer["code"]) == (400, 40060)


async def test_with_response_describes_what_was_made(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    token = invocation.interaction.token
    path = f"/interactions/{invocation.id}/{token}/callback?with_response=true"
    status, answer = await rest("POST", path, {"type": 4, "data": {"content": "pong"}})
    assert status == 200
    assert answer["resource"]["message"]["content"] == "pong"
    assert answer["resource"]["message"]["interaction_metadata"]["type"] == 2
    assert answer["interaction"]["response_message_ephemeral"] is False
    assert [message.content for message in server.messages("videos")] == ["pong"]


async def test_an_answer_must_fit_the_kind_of_interaction(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    status, answer = await rest.acknowledge(invocation.id, 7, {"content": "no message to update"})
    assert (status, answer["code"]) == (400, 50035)
    assert answer["errors"]["type"]["_errors"][0]["code"] == "BASE_TYPE_CHOICES"


async def test_the_first_follow_up_fills_the_thinking_message(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    webhook = f"/webhooks/{server.application_id}/{invocation.interaction.token}"
    status, answer = await rest("POST", webhook, {"content": "too early"}, token=False)
    assert (status, answer["code"]) == (404, 10015)
    await rest.acknowledge(invocation.id, 5, EPHEMERAL)
    assert invocation.replies == []
    _, first = await rest("POST", webhook, {"content": "first"}, token=False)
    _, second = await rest("POST", webhook, {"content": "second"}, token=False)
    assert invocation.original is not None
    assert first["id"] == str(invocation.original.id)
    assert first["flags"] & 64
    assert second["id"] != first["id"]
    assert not second["flags"] & 64
    assert [reply.content for reply in invocation.replies] == ["first", "second"]


async def test_ephemeral_answers_do_not_exist_for_the_bot_token(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    await rest.acknowledge(invocation.id, 4, {"content": "secret", **EPHEMERAL})
    message = await invocation.final_reply()
    path = f"/channels/{server.channel.id}/messages/{message.id}"
    status, answer = await rest("PATCH", path, {"content": "public"})
    assert (status, answer["code"]) == (404, 10008)
    assert server.messages("videos") == []
    webhook = f"/webhooks/{server.application_id}/{invocation.interaction.token}"
    status, answer = await rest(
        "PATCH", f"{webhook}/messages/@original", {"content": "changed"}, token=False
    )
    assert (status, answer["content"]) == (200, "changed")
    assert (await rest("DELETE", f"{webhook}/messages/@original", token=False))[0] == 204


async def test_interactions_in_a_direct_message(server: DiscordServer, rest: RestClient) -> None:
    await rest.register({**PING, "contexts": [0, 1]})
    channel = server.build.direct_channel("tom")
    invocation = await server.actions.slash("tom", channel, "ping")
    payload = server.core.payloads.interaction(invocation.interaction)
    assert payload["context"] == 1
    assert payload["user"]["username"] == "tom"
    assert "member" not in payload
    assert not int(payload["app_permissions"]) & (1 << 10 | 1 << 11)
    assert payload["authorizing_integration_owners"] == {"0": "0"}


async def test_a_deferred_update_is_answered_by_its_follow_up(
    server: DiscordServer, rest: RestClient
) -> None:
    row = {
        "type": 1,
        "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}],
    }
    path = f"/channels/{server.channel.id}/messages"
    await rest("POST", path, {"content": "status", "components": [row]})
    status_message = server.messages("videos")[0]
    clicked = await server.actions.click("tom", status_message, "Go")
    await rest.acknowledge(clicked.id, 6)
    await rest("PATCH", f"{path}/{status_message.id}", {"content": "changed by the bot"})
    webhook = f"/webhooks/{server.application_id}/{clicked.interaction.token}"
    await rest("POST", webhook, {"content": "for you", **EPHEMERAL}, token=False)
    assert (await clicked.final_reply()).content == "for you"
