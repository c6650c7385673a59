"""The control endpoints, the record of requests, and the emulator as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys

import aiohttp
import pytest

from sandbox.dashscope import DashScopeServer, EmulatorClock, EmulatorSettings
from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import Account


async def test_the_state_is_shown(account: Account) -> None:
    task_id = (await account.finished()).task_id
    state = (await account.send("GET", f"{account.server.control_url}/state")).json
    assert state["requests"] == 2
    tasks = state["tasks"]
    assert isinstance(tasks, list)
    assert (tasks[0]["task_id"], tasks[0]["status"]) == (task_id, "SUCCEEDED")
    assert tasks[0]["billed_seconds"] == 5
    assert state["peaks"] == {"wan2.2-kf2v-flash": {"accepted": 1, "running": 1}}


async def test_requests_are_shown_without_the_key(account: Account) -> None:
    await account.finished()
    answer = await account.send("GET", f"{account.server.control_url}/requests?point=create")
    requests = answer.json["requests"]
    assert isinstance(requests, list)
    (create,) = requests
    assert create["json"]["model"] == "wan2.2-kf2v-flash"
    assert create["status"] == 200
    assert "sk-test" not in answer.text


async def test_a_request_is_recorded_as_it_arrived(account: Account) -> None:
    created = await account.create(parameters={"resolution": "480P"})
    record = account.server.requests[0]
    assert (record.method, record.point, record.status) == ("POST", "create", 200)
    assert record.path == "/api/v1/services/aigc/image2video/video-synthesis"
    assert record.headers["x-dashscope-async"] == "enable"
    assert isinstance(record.json, dict)
    assert record.json["parameters"] == {"resolution": "480P"}
    assert record.task_id == created.task_id
    assert record.request_id == created.json["request_id"]
    assert record.answered_at is not None
    assert record.answered_at >= record.monotonic
    assert isinstance(record.remote_port, int)


async def test_long_pictures_are_recorded_as_a_description(account: Account) -> None:
    task_input = {"first_frame_url": "data:image/jpeg;base64," + "A" * 100_000}
    await account.create(task_input=task_input)
    body = account.server.requests[0].json
    assert isinstance(body, dict)
    assert "100023 characters, sha256" in body["input"]["first_frame_url"]


async def test_faults_are_set_and_cleared_from_outside(account: Account) -> None:
    faults = f"{account.server.control_url}/faults"
    unavailable = {"point": "query", "action": "error", "status": 503, "times": None}
    created = await account.send("POST", faults, body=unavailable)
    assert created.status == 201
    assert (await account.query("x")).status == 503
    shown = (await account.send("GET", faults)).json["faults"]
    assert isinstance(shown, list)
    assert [fault["id"] for fault in shown] == [created.json["id"]]
    assert (await account.send("DELETE", f"{faults}/{created.json['id']}")).status == 204
    assert (await account.query("x")).status == 200
    await account.send("POST", faults, body=unavailable)
    assert (await account.send("DELETE", faults)).status == 204
    assert (await account.query("x")).status == 200
    wrong = await account.send("POST", faults, body={"point": "query", "action": "explode"})
    assert wrong.status == 400


async def test_the_clock_is_moved_from_outside(open_account: Open) -> None:
    account = await open_account(task_seconds=(500, 500))
    task_id = (await account.create()).task_id
    clock = f"{account.server.control_url}/clock"
    await account.send("POST", clock, body={"advance_seconds": 600, "speed": 5})
    assert account.server.clock.speed == 5
    assert account.server.tasks[task_id].status == "SUCCEEDED"
    assert (await account.send("POST", clock, body={"advance_seconds": -1})).status == 400
    assert (await account.send("POST", clock, body={"speed": 0})).status == 400


def test_the_clock_neither_stops_nor_turns_back() -> None:
    clock = EmulatorClock()
    before = clock.epoch()
    clock.advance(100)
    assert clock.epoch() - before >= 100
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.speed = 0


async def test_waiting_has_an_end(account: Account) -> None:
    with pytest.raises(TimeoutError):
        await account.server.wait_for(lambda: False, 0.05)


async def test_the_same_seed_draws_the_same_durations() -> None:
    async def durations() -> list[float]:
        settings = EmulatorSettings(seed=7, create_rps=100)
        async with DashScopeServer(settings) as server, aiohttp.ClientSession() as http:
            account = Account(server, http)
            for _ in range(3):
                await account.create()
            return [task.run_seconds for task in server.tasks.values()]

    drawn = await durations()
    assert drawn == await durations()
    assert all(60 <= seconds <= 120 for seconds in drawn)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_announces_itself_and_ends_on_a_signal(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.dashscope", "--port", "0", "--task-seconds", "6-9"),
        *("--region", "singapore", "--speed", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        addresses = json.loads(line)
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{addresses['control_url']}/state") as response:
                assert response.status == 200
            async with http.get(f"{addresses['base_url']}/tasks") as response:
                assert response.status == 401
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert await process.stdout.read() == b""
        assert await process.stderr.read() == b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
