"""Every switch that makes the emulator misbehave."""

from __future__ import annotations

import asyncio
import io
import time

import aiohttp
import av
import pytest

from sandbox.dashscope.faults import ACTIONS, PlannedFaults
from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import FLASH, PLUS, Account

DROPPED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
PATIENCE_SECONDS = 0.2


@pytest.mark.parametrize("accept", [True, False])
async def test_a_creation_is_dropped_with_or_without_a_task(
    account: Account, *, accept: bool
) -> None:
    account.server.faults.add("create", "drop", accept=accept)
    with pytest.raises(DROPPED):
        await account.create()
    assert len(account.server.tasks) == int(accept)
    assert account.server.requests[-1].status is None
    assert (await account.create()).status == 200


async def test_a_creation_hangs_and_leaves_a_task(account: Account) -> None:
    account.server.faults.add("create", "hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(account.create(), PATIENCE_SECONDS)
    assert len(account.server.tasks) == 1


async def test_an_answer_is_late(account: Account) -> None:
    account.server.faults.add("create", "delay", seconds=0.3)
    started = time.monotonic()
    assert (await account.create()).status == 200
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "DataInspectionFailed"),
        (403, "AccessDenied.Unpurchased"),
        (429, "Throttling.RateQuota"),
        (500, "InternalError"),
        (503, "ModelUnavailable"),
    ],
)
async def test_a_creation_gets_any_error(account: Account, status: int, code: str) -> None:
    account.server.faults.add("create", "error", status=status, code=code, message="no")
    answer = await account.create()
    assert (answer.status, answer.code, answer.json["message"]) == (status, code, "no")
    assert list(answer.json) == ["code", "message", "request_id"]
    assert not account.server.tasks


async def test_an_error_can_leave_a_task_all_the_same(account: Account) -> None:
    account.server.faults.add("create", "error", status=500, accept=True)
    assert (await account.create()).status == 500
    assert len(account.server.tasks) == 1


async def test_a_creation_is_answered_with_a_page(account: Account) -> None:
    account.server.faults.add("create", "html")
    answer = await account.create()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert not account.server.tasks


async def test_a_creation_is_answered_without_a_task_id(account: Account) -> None:
    account.server.faults.add("create", "no_task_id")
    answer = await account.create()
    assert (answer.status, answer.output) == (200, {})
    assert len(account.server.tasks) == 1


POINTS = {
    "query": ("GET", "/tasks/x"),
    "list": ("GET", "/tasks"),
    "cancel": ("POST", "/tasks/x/cancel"),
}
POINTS["upload"] = ("GET", f"/uploads?action=getPolicy&model={FLASH}")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_other_requests_get_any_error(account: Account, point: str, status: int) -> None:
    account.server.faults.add(point, "error", status=status, code="Broken", times=2)
    answers = [await account.send(*POINTS[point]) for _ in range(3)]
    assert [(answer.status, answer.code) for answer in answers[:2]] == [(status, "Broken")] * 2
    assert answers[2].code != "Broken"


@pytest.mark.parametrize("point", POINTS)
async def test_other_requests_are_dropped_hang_and_become_pages(
    account: Account, point: str
) -> None:
    faults = account.server.faults
    faults.add(point, "drop")
    # GET is repeated by aiohttp once, so two connections are dropped.
    faults.add(point, "drop")
    with pytest.raises(DROPPED):
        await account.send(
            *POINTS[point], headers={"Authorization": "Bearer sk-a", "Connection": "close"}
        )
    faults.clear()
    faults.add(point, "hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(account.send(*POINTS[point]), PATIENCE_SECONDS)
    faults.add(point, "html", status=502)
    answer = await account.send(*POINTS[point])
    assert (answer.status, answer.headers["content-type"][:9]) == (502, "text/html")


async def test_a_living_task_reads_unknown_once(account: Account) -> None:
    task_id = (await account.finished()).task_id
    account.server.faults.add("query", "unknown", task_id=task_id)
    assert (await account.query(task_id)).output["task_status"] == "UNKNOWN"
    assert (await account.query(task_id)).output["task_status"] == "SUCCEEDED"


async def test_a_task_fails_with_any_code_at_its_end(account: Account) -> None:
    account.server.faults.add("task", "fail", code="InternalError.Algo", message="inference")
    answer = await account.finished()
    assert answer.output["task_status"] == "FAILED"
    assert (answer.output["code"], answer.output["message"]) == ("InternalError.Algo", "inference")


async def test_a_task_fails_without_ever_running(open_account: Open) -> None:
    account = await open_account(task_seconds=(100, 100))
    account.server.faults.add("task", "fail", code="DataInspectionFailed", seconds=0.5)
    task_id = (await account.create()).task_id
    account.server.clock.advance(1)
    task = account.server.tasks[task_id]
    assert (task.status, task.scheduled_at) == ("FAILED", None)


@pytest.mark.parametrize(
    ("action", "status"), [("hang_pending", "PENDING"), ("hang_running", "RUNNING")]
)
async def test_a_task_hangs_until_the_service_gives_up(
    account: Account, action: str, status: str
) -> None:
    account.server.faults.add("task", action)
    task_id = (await account.create()).task_id
    account.server.clock.advance(3 * 3600 - 60)
    assert (await account.query(task_id)).output["task_status"] == status
    account.server.clock.advance(60)
    output = (await account.query(task_id)).output
    assert (output["task_status"], output["code"]) == ("FAILED", "InternalError.Timeout")


async def test_a_task_shows_a_status_nobody_knows(open_account: Open) -> None:
    account = await open_account(task_seconds=(60, 60))
    account.server.faults.add("task", "status", text="REVIEWING")
    task_id = (await account.create()).task_id
    account.server.clock.advance(1)
    assert (await account.query(task_id)).output["task_status"] == "REVIEWING"
    account.server.clock.advance(60)
    assert (await account.query(task_id)).output["task_status"] == "SUCCEEDED"


async def test_a_task_succeeds_without_a_video(account: Account) -> None:
    account.server.faults.add("task", "no_video_url")
    answer = await account.finished()
    assert answer.output["task_status"] == "SUCCEEDED"
    assert "video_url" not in answer.output


async def test_a_video_is_on_another_host(account: Account) -> None:
    account.server.faults.add("task", "foreign_host", location="https://evil.example")
    answer = await account.finished()
    assert str(answer.output["video_url"]).startswith("https://evil.example/results/")


async def _result(account: Account) -> str:
    return str((await account.finished(parameters={"resolution": "480P"})).output["video_url"])


async def test_a_result_is_big_and_still_plays(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "big", bytes=20_000_000)
    async with account.http.get(url) as response:
        data = await response.read()
    assert len(data) == 20_000_000
    with av.open(io.BytesIO(data), "r") as container:
        assert len(list(container.decode(video=0))) == 150


async def test_a_result_ends_before_its_length(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "truncate", bytes=1000)
    with pytest.raises(aiohttp.ClientPayloadError):
        await account.send("GET", url)
    assert (await account.send("GET", url)).status == 200


async def test_a_result_is_a_shorter_file(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "short_file", bytes=1000)
    async with account.http.get(url) as response:
        assert len(await response.read()) == 1000


async def test_a_result_is_a_page(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "html")
    answer = await account.send("GET", url)
    assert (answer.status, answer.headers["content-type"][:9]) == (200, "text/html")


@pytest.mark.parametrize("status", [500, 503])
async def test_a_result_gets_an_error(account: Account, status: int) -> None:
    url = await _result(account)
    account.server.faults.add("result", "error", status=status)
    answer = await account.send("GET", url)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/xml")


async def test_a_result_has_expired(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "expired")
    answer = await account.send("GET", url)
    assert answer.status == 403
    assert "Request has expired." in answer.text


async def test_a_result_is_elsewhere(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "redirect", location="http://169.254.169.254/latest")
    answer = await account.send("GET", url)
    assert (answer.status, answer.headers["location"]) == (302, "http://169.254.169.254/latest")


async def test_an_answer_has_a_body_of_its_own(account: Account) -> None:
    account.server.faults.add("query", "raw", text="[]", content_type="text/plain")
    answer = await account.query("x")
    assert (answer.status, answer.text) == (200, "[]")
    assert answer.headers["content-type"] == "text/plain"


async def test_an_answer_drips(account: Account) -> None:
    account.server.faults.add("query", "drip", text='{"output":{}}', bytes_per_second=200)
    started = time.monotonic()
    assert (await account.query("x")).text == '{"output":{}}'
    # The pause after the last byte keeps nobody waiting.
    assert time.monotonic() - started >= (len('{"output":{}}') - 1) / 200


@pytest.mark.parametrize("action", ["reset", "cut"])
async def test_a_connection_is_reset_before_or_within_an_answer(
    account: Account, action: str
) -> None:
    number = account.server.faults.add("query", action, text='{"output":{}}', times=None)
    # For ever, because the client repeats what it may.
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ClientPayloadError)):
        await account.query("x")
    account.server.faults.remove(number)
    assert (await account.query("x")).status == 200


async def test_a_refused_key_has_no_content_type_whoever_asked_for_it(account: Account) -> None:
    account.server.faults.add("query", "error", status=401, code="InvalidApiKey")
    answer = await account.query("x")
    assert (answer.status, answer.code) == (401, "InvalidApiKey")
    assert "content-type" not in answer.headers


async def test_a_result_drips(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "drip", bytes_per_second=100)
    async with account.http.get(url) as response:
        assert await response.content.readexactly(10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readexactly(1000), PATIENCE_SECONDS)


async def test_a_result_is_dropped(account: Account) -> None:
    url = await _result(account)
    account.server.faults.add("result", "drop", times=2)
    with pytest.raises(DROPPED):
        await account.send("GET", url)


async def test_a_key_is_revoked_and_another_goes_on(account: Account) -> None:
    task_id = (await account.create(key="sk-one")).task_id
    number = account.server.faults.add("account", "revoke", key="sk-one")
    assert (await account.query(task_id, key="sk-one")).status == 401
    assert (await account.query(task_id, key="sk-two")).status == 200
    account.server.faults.remove(number)
    assert (await account.query(task_id, key="sk-one")).status == 200


async def test_an_account_in_arrears_creates_nothing(account: Account) -> None:
    account.server.faults.add("account", "arrears")
    answer = await account.create()
    assert (answer.status, answer.code) == (400, "Arrearage")
    assert (await account.send("GET", "/tasks")).status == 200


async def test_a_fault_waits_for_its_model_and_its_turn(account: Account) -> None:
    account.server.faults.add("create", "error", status=500, model=PLUS, skip=1)
    statuses = [
        (await account.create(model=name)).status for name in (FLASH, PLUS, FLASH, PLUS, PLUS)
    ]
    assert statuses == [200, 200, 200, 500, 200]


async def test_faults_for_ever_stay_until_they_are_removed(account: Account) -> None:
    number = account.server.faults.add("query", "error", times=None)
    assert [(await account.query("x")).status for _ in range(5)] == [500] * 5
    account.server.faults.remove(number)
    assert (await account.query("x")).status == 200


@pytest.mark.parametrize(
    ("point", "action", "details"),
    [
        ("create", "explode", {}),
        ("nowhere", "drop", {}),
        ("create", "drop", {"colour": "red"}),
        ("create", "drop", {"times": 0}),
    ],
)
def test_a_fault_that_would_do_nothing_is_refused(
    point: str, action: str, details: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="fault"):
        PlannedFaults().add(point, action, **details)


def test_every_point_of_the_table_is_known() -> None:
    planned = PlannedFaults()
    for point, actions in ACTIONS.items():
        for action in actions:
            planned.add(point, action)
    assert len(planned.active()) == sum(len(actions) for actions in ACTIONS.values())


async def test_a_hanging_answer_does_not_keep_the_server_alive(open_account: Open) -> None:
    account = await open_account()
    account.server.faults.add("query", "hang")
    waiting = asyncio.ensure_future(account.query("x"))
    await account.server.wait_for(lambda: account.server.requests)
    started = time.monotonic()
    await account.server.__aexit__(None, None, None)
    assert time.monotonic() - started < 2
    with pytest.raises(DROPPED):
        await waiting
