"""Sessions: resume, op 7, op 9, a resume URL that answers 503, events, refusals."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.discord import DiscordServer, DiscordSettings
from sandbox.discord.gateway.session import SYNC_FLUSH_MARK, CloseCode
from tests.sandbox.discord.conftest import BotProcess, running_bot


async def test_a_command_sent_while_the_socket_is_down_arrives_by_resume(
    live: DiscordServer, bot: BotProcess
) -> None:
    live.gateway.drop()
    await live.wait_for(lambda: not live.gateway.connected)
    invocation = await live.actions.slash(
        "tom", "videos", "probe send", {"content": "late but here"}
    )
    await bot.said("resumed")
    await bot.said("sent")
    assert live.gateway_sessions[0].resumes == 1
    assert len(live.gateway_sessions) == 1
    assert (await invocation.final_reply()).content == "ok"
    assert [message.content for message in live.messages("videos")] == ["late but here"]


async def test_after_a_refused_resume_a_sharded_bot_identifies_anew(
    live: DiscordServer, bot: BotProcess
) -> None:
    # discord.py 2.7.1, shard.py: Shard.reconnect passes neither session nor resume URL.
    live.faults.resume_refusals = 1
    live.gateway.drop()
    await live.wait_for(lambda: len(live.gateway_sessions) == 2)
    await bot.said("ready")
    refused = [
        event for event in live.core.event_log.events if "refused /gateway-resume" in event["text"]
    ]
    assert len(refused) == 1


async def test_op_7_makes_the_bot_resume(live: DiscordServer, bot: BotProcess) -> None:
    live.gateway.reconnect()
    await bot.said("resumed")
    assert live.gateway_sessions[0].resumes == 1


async def test_op_9_makes_the_bot_identify_anew(live: DiscordServer, bot: BotProcess) -> None:
    live.gateway.invalidate()
    await live.wait_for(lambda: len(live.gateway_sessions) == 2 and live.gateway.connected)
    await bot.said("ready")
    invocation = await live.actions.slash("tom", "videos", "probe send", {"content": "hi"})
    assert (await invocation.final_reply()).content == "ok"
    assert live.gateway_sessions[0].ended


async def test_the_bot_hears_of_changes(live: DiscordServer, bot: BotProcess) -> None:
    thread = live.build.add_thread("videos", "talk")
    live.build.update_channel(thread, archived=True)
    assert (await bot.said("thread updated"))["archived"] == [False, True]
    live.build.update_guild(live.guild, premium_tier=2)
    assert (await bot.said("guild updated"))["tiers"] == [0, 2]
    live.build.remove_channel(live.channel)
    assert (await bot.said("channel deleted"))["name"] == "videos"


async def test_a_repeated_interaction_reaches_the_bot_twice(
    live: DiscordServer, bot: BotProcess
) -> None:
    live.faults.interaction_duplicates.append(0.0)
    await live.actions.slash("tom", "videos", "probe late")
    outcomes = [await bot.said("late"), await bot.said("late")]
    assert sorted(outcome.get("code", 0) for outcome in outcomes) == [0, 40060]


async def test_shards_and_heartbeats(tmp_path: Path) -> None:
    settings = DiscordSettings(shards=2, heartbeat_interval_seconds=0.2)
    async with DiscordServer(settings) as server:
        others = [server.build.add_guild(f"Guild {number}") for number in range(3)]
        async with running_bot(server, tmp_path / "bot.log"):
            first, second = server.gateway_sessions
            assert (first.shard_id, second.shard_id) == (0, 1)
            await server.wait_for(lambda: first.heartbeats > 1 and second.heartbeats > 1)
            for guild in others:
                channel = server.build.add_channel(guild, "films")
                owner = server.state.users[guild.owner_id]
                await (await server.actions.slash(owner, channel, "probe send")).final_reply()


class RawGateway:
    """A websocket that only knows frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.inflater = zlib.decompressobj()

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=5)
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data.endswith(SYNC_FLUSH_MARK)
            text = self.inflater.decompress(message.data).decode()
        else:
            assert message.type is aiohttp.WSMsgType.TEXT, message
            text = message.data
        payload: dict[str, Any] = aiohttp.typedefs.DEFAULT_JSON_DECODER(text)
        return payload

    async def identify(self, token: str, **changes: object) -> None:
        data = {"token": token, "intents": 1, "properties": {}, "shard": [0, 1], **changes}
        await self.socket.send_json({"op": 2, "d": data})


@pytest.mark.parametrize("query", ["", "?v=10&encoding=json&compress=zlib-stream"])
async def test_ready_and_guild_create_with_and_without_compression(
    server: DiscordServer, query: str
) -> None:
    url = f"{server.gateway.base_url}/gateway{query}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        raw = RawGateway(socket)
        assert (await raw.receive())["op"] == 10
        await socket.send_json({"op": 1, "d": None})
        assert (await raw.receive())["op"] == 11
        await raw.identify(server.token)
        ready = await raw.receive()
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert ready["d"]["guilds"] == [{"id": str(server.guild.id), "unavailable": True}]
        created = await raw.receive()
        assert created["t"] == "GUILD_CREATE"
        assert [place["name"] for place in created["d"]["channels"]] == ["videos"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"token": "wrong"}, CloseCode.AUTHENTICATION_FAILED, id="token"),
        pytest.param({"intents": None}, CloseCode.INVALID_INTENTS, id="no intents"),
        pytest.param({"intents": 1 << 15}, CloseCode.DISALLOWED_INTENTS, id="privileged"),
        pytest.param({"shard": [2, 1]}, CloseCode.INVALID_SHARD, id="shard"),
    ],
)
async def test_identify_is_refused(
    server: DiscordServer, changes: dict[str, object], code: CloseCode
) -> None:
    url = f"{server.gateway.base_url}/gateway"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        raw = RawGateway(socket)
        await raw.receive()
        await raw.identify(**{"token": server.token, **changes})  # type: ignore[arg-type]  # test data
        message = await socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == code
