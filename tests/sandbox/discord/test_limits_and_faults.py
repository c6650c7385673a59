"""Rate limits, lost replies, dropped connections, and large files, with the bot process."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import aiohttp
import pytest

from sandbox.discord import DiscordServer
from sandbox.discord.rules.faults import Fault
from tests.sandbox.discord.conftest import BotProcess, RestClient

MESSAGES = "/channels/*/messages"


@pytest.fixture
async def strict(live: DiscordServer) -> AsyncIterator[RestClient]:
    async with aiohttp.ClientSession() as session:
        yield RestClient(live, session)


async def test_a_503_is_not_retried_by_the_library(live: DiscordServer, bot: BotProcess) -> None:
    live.faults.respond("POST", MESSAGES, 503)
    await live.actions.slash("tom", "videos", "probe send")
    assert (await bot.said("sent"))["status"] == 503
    assert live.messages("videos") == []


async def test_a_lost_reply_makes_one_message(live: DiscordServer, bot: BotProcess) -> None:
    live.faults.respond("POST", MESSAGES, 502, after=True)
    await live.actions.slash("tom", "videos", "probe send", {"nonce": "ABC:s"})
    said = await bot.said("sent")
    assert said["status"] == 200
    assert [str(message.id) for message in live.messages("videos")] == [said["id"]]
    tries = live.requests_to("POST", "/channels/{channel_id}/messages")
    assert [(request.status, request.done) for request in tries] == [(502, True), (200, True)]


async def test_a_429_with_via_is_waited_for_and_without_is_a_ban(
    live: DiscordServer, bot: BotProcess
) -> None:
    live.faults.rate_limit("POST", MESSAGES, 0.2)
    await live.actions.slash("tom", "videos", "probe send")
    assert (await bot.said("sent"))["status"] == 200
    live.faults.rate_limit("POST", MESSAGES, 0.2, via=False)
    await live.actions.slash("tom", "videos", "probe send")
    assert (await bot.said("sent"))["status"] == 429
    assert live.limits.invalid_requests == 2


async def test_the_library_waits_in_the_bucket(live: DiscordServer, bot: BotProcess) -> None:
    live.limits.sizes["PATCH", "/channels/{channel_id}/messages/{message_id}"] = (2, 0.5)
    await live.actions.slash("tom", "videos", "probe send")
    message_id = (await bot.said("sent"))["id"]
    for number in range(5):
        options = {"message_id": message_id, "content": str(number)}
        await live.actions.slash("tom", "videos", "probe edit", options)
    for _ in range(5):
        assert (await bot.said("edited"))["status"] == 200
    edits = live.requests_to("PATCH", "/channels/{channel_id}/messages/{message_id}")
    assert {edit.status for edit in edits} == {200}
    assert edits[-1].started_at - edits[0].started_at > 0.9


async def test_exhausted_buckets_answer_429(live: DiscordServer, strict: RestClient) -> None:
    path = f"/channels/{live.channel.id}/messages"
    answers = [await strict("POST", path, {"content": str(number)}) for number in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert answers[-1][1]["global"] is False
    headers = live.requests[-1].answer_headers
    assert headers["Via"]
    assert headers["X-RateLimit-Remaining"] == "0"
    live.clock.advance(answers[-1][1]["retry_after"])
    assert (await strict("POST", path, {"content": "again"}))[0] == 200


async def test_the_global_limit(live: DiscordServer, strict: RestClient) -> None:
    live.limits.sizes["GET", "/users/@me"] = (1000, 1.0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(strict("GET", "/users/@me")) for _ in range(60)]
    refused = [task.result() for task in tasks if task.result()[0] == 429]
    assert refused
    assert all(answer["global"] for _, answer in refused)


async def test_old_messages_take_three_edits_per_six_seconds(
    live: DiscordServer, strict: RestClient
) -> None:
    path = f"/channels/{live.channel.id}/messages"
    _, message = await strict("POST", path, {"content": "old"})
    live.clock.advance(3601)
    edits = [
        await strict("PATCH", f"{path}/{message['id']}", {"content": str(number)})
        for number in range(4)
    ]
    assert [status for status, _ in edits] == [200, 200, 200, 429]
    assert edits[-1][1]["code"] == 30046
    live.clock.advance(7)
    assert (await strict("PATCH", f"{path}/{message['id']}", {"content": "x"}))[0] == 200


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_connection(live: DiscordServer, strict: RestClient, *, after: bool) -> None:
    live.faults.drop("POST", MESSAGES, after=after)
    with pytest.raises(aiohttp.ClientError):
        await strict("POST", f"/channels/{live.channel.id}/messages", {"content": "hi"})
    assert len(live.messages("videos")) == int(after)


async def test_each_route_runs_its_own_course_of_faults(
    live: DiscordServer, strict: RestClient
) -> None:
    course = [Fault(method="*", path="*", status=status) for status in (503, 500)]
    live.faults.add_sequence(course, routes="GET /users/*", every=2)
    live.faults.add_sequence(course)

    async def statuses(path: str) -> list[int]:
        return [(await strict("GET", path))[0] for _ in range(5)]

    assert await statuses("/users/@me") == [503, 200, 500, 200, 200]
    assert await statuses(f"/guilds/{live.guild.id}") == [503, 500, 200, 200, 200]
    assert await statuses("/gateway/bot") == [503, 500, 200, 200, 200]
    live.faults.add_sequence(course, routes="GET /gateway")
    live.faults.clear()
    assert await statuses("/gateway") == [200] * 5


async def test_delays_and_cdn_faults(live: DiscordServer, strict: RestClient) -> None:
    live.faults.delay("GET", "/users/@me", 0.2)
    await strict("GET", "/users/@me")
    assert (live.requests[-1].seconds or 0) >= 0.2
    path = f"/channels/{live.channel.id}/messages"
    _, message = await strict.upload("POST", path, {}, ("a.txt", b"abc"))
    url = message["attachments"][0]["url"]
    live.faults.respond("GET", "/cdn/*", 403)
    statuses = []
    for address in (url, url, url.replace("hm=", "hm=0"), url.partition("?")[0]):
        async with strict.session.get(address) as response:
            statuses.append(response.status)
    assert statuses == [403, 200, 404, 404]


async def test_uploads_up_to_the_limit(live: DiscordServer, bot: BotProcess) -> None:
    await live.actions.slash("tom", "videos", "probe send", {"size": 9_000_000})
    assert (await bot.said("sent"))["status"] == 200
    attachment = live.messages("videos")[0].attachments[0]
    assert attachment.size == attachment.path.stat().st_size == 9_000_000
    await live.actions.slash("tom", "videos", "probe send", {"size": 10 * 1024 * 1024 + 1})
    said = await bot.said("sent")
    assert (said["status"], said["code"]) == (413, 40005)


async def test_direct_messages_threads_and_history(live: DiscordServer, bot: BotProcess) -> None:
    await live.actions.slash("tom", "videos", "probe dm")
    assert (await bot.said("dm"))["status"] == 200
    live.build.close_direct_messages("tom")
    await live.actions.slash("tom", "videos", "probe dm")
    assert (await bot.said("dm"))["code"] == 50007

    thread = live.build.add_thread("videos", "talk")
    await live.actions.say("tom", thread, "unreadable")
    answer = await live.actions.slash("tom", thread, "probe send", {"content": "in a thread"})
    await answer.final_reply()
    await live.actions.slash("tom", thread, "probe history")
    assert (await bot.said("history"))["texts"] == ["Tween: in a thread", "tom: "]

    live.build.deny_bot("videos", "SEND_MESSAGES")
    await live.actions.slash("tom", "videos", "probe send")
    assert (await bot.said("sent"))["status"] == 200  # the post in the thread
    assert (await bot.said("sent"))["code"] == 50013


async def test_a_large_upload_costs_no_memory(
    live: DiscordServer, strict: RestClient, tmp_path: Path
) -> None:
    live.build.update_guild(live.guild, premium_tier=3)
    source = sparse_file(tmp_path / "film.mp4", 95 * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.closing(open_file(source)) as stream:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", "{}")
        form.add_field("files[0]", stream, filename="film.mp4")
        url = f"{live.api_base_url}/channels/{live.channel.id}/messages"
        async with strict.session.post(url, data=form, headers=strict.headers) as response:
            assert response.status == 200
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 48 * 1024
    assert live.messages("videos")[0].attachments[0].size == 95 * 1024 * 1024


def sparse_file(path: Path, size: int) -> Path:
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


def open_file(path: Path) -> IO[bytes]:
    return path.open("rb")
