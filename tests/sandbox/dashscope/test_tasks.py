"""The life of a task over HTTP: shapes, times, queue, list, cancel, memory."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sandbox.dashscope.models import Region
from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import FIRST, FLASH, PLUS, VIDEO_PATH, Account

UTC8 = timezone(timedelta(hours=8))


async def test_a_creation_is_answered_in_the_documented_order(account: Account) -> None:
    answer = await account.create()
    assert list(answer.json) == ["output", "request_id"]
    assert list(answer.output) == ["task_status", "task_id"]
    assert answer.output["task_status"] == "PENDING"
    assert answer.headers["server"] == "istio-envoy"
    assert answer.headers["x-dashscope-call-gateway"] == "true"


async def test_a_finished_flash_task_has_its_fields_in_order(account: Account) -> None:
    answer = await account.finished(parameters={"resolution": "480P"})
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert list(answer.json) == ["request_id", "output", "usage"]
    assert list(answer.output) == [
        "task_id",
        "task_status",
        "submit_time",
        "scheduled_time",
        "end_time",
        "video_url",
        "orig_prompt",
        "actual_prompt",
    ]
    assert answer.json["usage"] == {"video_duration": 5, "video_count": 1, "SR": 480}
    assert answer.output["orig_prompt"] == "a cat"


@pytest.mark.parametrize(
    ("model", "path", "task_input", "parameters", "usage"),
    [
        pytest.param(
            PLUS,
            None,
            None,
            {},
            {"video_duration": 5, "video_count": 1, "video_ratio": "standard"},
            id="kf2v-2.1",
        ),
        pytest.param(
            "wan2.2-i2v-plus",
            VIDEO_PATH,
            {"img_url": FIRST},
            {"resolution": "1080P"},
            {"duration": 5, "video_count": 1, "SR": 1080},
            id="i2v-2.2",
        ),
        pytest.param(
            "wanx2.1-i2v-turbo",
            VIDEO_PATH,
            {"img_url": FIRST},
            {"duration": 3},
            {"video_duration": 3, "video_count": 1, "video_ratio": "standard"},
            id="i2v-2.1",
        ),
        pytest.param(
            "wan2.2-t2v-plus",
            VIDEO_PATH,
            {"prompt": "fog"},
            {"size": "832*480"},
            {"video_duration": 5, "video_count": 1, "video_ratio": "832*480"},
            id="t2v",
        ),
    ],
)
async def test_usage_has_the_shape_of_its_model(
    account: Account,
    model: str,
    path: str | None,
    task_input: object,
    parameters: object,
    usage: object,
) -> None:
    paths = {} if path is None else {"path": path}
    answer = await account.finished(
        model=model, task_input=task_input, parameters=parameters, **paths
    )
    assert answer.output["task_status"] == "SUCCEEDED"
    assert answer.json["usage"] == usage


async def test_without_prompt_extend_there_is_no_actual_prompt(account: Account) -> None:
    answer = await account.finished(parameters={"prompt_extend": False})
    assert "actual_prompt" not in answer.output


async def test_a_long_prompt_is_cut_off_without_a_word(account: Account) -> None:
    task_input = {"first_frame_url": FIRST, "last_frame_url": FIRST, "prompt": "猫" * 900}
    answer = await account.finished(task_input=task_input)
    assert answer.output["orig_prompt"] == "猫" * 800


async def test_times_are_utc8_with_milliseconds(account: Account) -> None:
    answer = await account.finished()
    text = str(answer.output["submit_time"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", text)
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC8)
    assert abs(moment.timestamp() - time.time()) < 30


async def test_a_running_task_shows_when_it_was_scheduled(open_account: Open) -> None:
    account = await open_account(task_seconds=(100, 100))
    task_id = (await account.create()).task_id
    await account.server.wait_for(lambda: account.server.tasks[task_id].status == "RUNNING")
    answer = await account.query(task_id)
    assert list(answer.output) == ["task_id", "task_status", "submit_time", "scheduled_time"]
    assert "usage" not in answer.json


async def test_two_run_and_the_others_stay_pending(open_account: Open) -> None:
    account = await open_account(task_seconds=(100, 100), concurrency=None)
    ids = [(await account.create()).task_id for _ in range(5)]
    server = account.server
    await server.wait_for(lambda: server.peak_in_flight(FLASH).running == 2)
    assert [server.tasks[i].status for i in ids] == ["RUNNING"] * 2 + ["PENDING"] * 3
    server.clock.advance(101)
    assert [server.tasks[i].status for i in ids] == ["SUCCEEDED"] * 2 + ["RUNNING"] * 2 + [
        "PENDING"
    ]
    server.clock.advance(200)
    assert all(server.tasks[i].status == "SUCCEEDED" for i in ids)
    assert server.peak_in_flight(FLASH) == (5, 2)
    first, third = server.tasks[ids[0]], server.tasks[ids[2]]
    assert third.scheduled_at == first.ended_at


async def test_a_jump_of_the_clock_yields_the_times_of_a_watched_task(open_account: Open) -> None:
    account = await open_account(task_seconds=(60, 60), queue_seconds=(7, 7))
    task_id = (await account.create()).task_id
    account.server.clock.advance(3600)
    task = account.server.tasks[task_id]
    assert task.scheduled_at == pytest.approx(task.submitted_at + 7)
    assert task.ended_at == pytest.approx(task.submitted_at + 67)


async def test_a_fast_clock_finishes_a_long_task_soon(open_account: Open) -> None:
    account = await open_account(task_seconds=(200, 200), speed=2000)
    answer = await account.finished()
    assert answer.output["task_status"] == "SUCCEEDED"


async def test_a_pending_task_can_be_cancelled(open_account: Open) -> None:
    account = await open_account(queue_seconds=(1000, 1000))
    task_id = (await account.create()).task_id
    answer = await account.cancel(task_id)
    assert (answer.status, list(answer.json)) == (200, ["request_id"])
    assert (await account.query(task_id)).output["task_status"] == "CANCELED"
    assert (await account.cancel(task_id)).status == 400


async def test_a_running_task_cannot_be_cancelled(open_account: Open) -> None:
    account = await open_account(task_seconds=(100, 100))
    task_id = (await account.create()).task_id
    await account.server.wait_for(lambda: account.server.tasks[task_id].status == "RUNNING")
    answer = await account.cancel(task_id)
    assert answer.status == 400
    assert list(answer.json) == ["request_id", "code", "message"]
    assert answer.code == "UnsupportedOperation"
    assert answer.json["message"] == (
        "Failed to cancel the task, please confirm if the task is in PENDING status."
    )


async def test_an_unknown_task_is_an_answer_not_an_error(account: Account) -> None:
    answer = await account.query("11111111-2222-3333-4444-555555555555")
    assert answer.status == 200
    assert answer.output == {
        "task_id": "11111111-2222-3333-4444-555555555555",
        "task_status": "UNKNOWN",
    }


async def test_a_task_is_forgotten_after_a_day(account: Account) -> None:
    task_id = (await account.finished()).task_id
    account.server.clock.advance(24 * 3600 - 60)
    assert (await account.query(task_id)).output["task_status"] == "SUCCEEDED"
    account.server.clock.advance(60)
    assert (await account.query(task_id)).output["task_status"] == "UNKNOWN"
    assert (await account.send("GET", "/tasks")).json["total"] == 0


async def test_the_list_has_the_documented_shape(account: Account) -> None:
    created = await account.create(model=PLUS)
    task = account.server.tasks[created.task_id]
    await account.server.wait_for(lambda: task.finished)
    answer = await account.send("GET", "/tasks")
    assert list(answer.json) == [
        "total",
        "data",
        "total_page",
        "page_no",
        "request_id",
        "page_size",
    ]
    rows = answer.json["data"]
    assert isinstance(rows, list)
    assert list(rows[0]) == [
        "api_key_id",
        "caller_parent_id",
        "caller_uid",
        "gmt_create",
        "start_time",
        "end_time",
        "model_name",
        "region",
        "request_id",
        "status",
        "task_id",
        "user_api_unique_key",
    ]
    assert rows[0]["request_id"] == created.json["request_id"]
    assert rows[0]["gmt_create"] == round(task.submitted_at * 1000)
    assert rows[0]["region"] == "cn-beijing"
    assert rows[0]["user_api_unique_key"] == f"apikey:v1:aigc:image2video:video-synthesis:{PLUS}"


async def _listed(account: Account, query: str) -> list[str]:
    answer = await account.send("GET", f"/tasks?{query}")
    rows = answer.json["data"]
    assert isinstance(rows, list)
    return [row["task_id"] for row in rows]


async def test_the_list_is_filtered_and_paged(open_account: Open) -> None:
    account = await open_account(task_seconds=(50, 50), concurrency=1)
    old = (await account.create(model=PLUS)).task_id
    account.server.clock.advance(3600)
    between = account.server.clock.now().astimezone(UTC8)
    account.server.clock.advance(3600)
    new = [(await account.create()).task_id for _ in range(3)]
    await account.server.wait_for(lambda: account.server.peak_in_flight(FLASH).running == 1)
    assert await _listed(account, "") == [*reversed(new), old]
    assert await _listed(account, f"model_name={PLUS}") == [old]
    assert await _listed(account, "status=RUNNING") == [new[0]]
    assert await _listed(account, "status=SUCCEEDED") == [old]
    assert await _listed(account, f"task_id={new[1]}") == [new[1]]
    assert await _listed(account, "page_no=2&page_size=3") == [old]
    assert await _listed(account, f"start_time={between:%Y%m%d%H%M%S}") == [*reversed(new)]
    assert await _listed(account, f"end_time={between:%Y%m%d%H%M%S}") == [old]
    answer = await account.send("GET", "/tasks/?page_no=1&page_size=3")
    assert (answer.json["total"], answer.json["total_page"]) == (4, 2)


async def test_a_list_over_more_than_a_day_is_refused(account: Account) -> None:
    answer = await account.send("GET", "/tasks?start_time=20260101000000&end_time=20260103000000")
    assert (answer.status, answer.code) == (400, "InvalidParameter")


async def test_each_key_of_the_account_has_its_own_stable_number(account: Account) -> None:
    for key in ("sk-one", "sk-two", "sk-one"):
        await account.create(key=key)
    rows = (await account.send("GET", "/tasks")).json["data"]
    assert isinstance(rows, list)
    one, two, again = (row["api_key_id"] for row in rows)
    assert one == again != two
    assert await _listed(account, f"api_key_id={two}") == [rows[1]["task_id"]]


async def test_any_key_of_the_account_sees_the_task_of_another(account: Account) -> None:
    task_id = (await account.create(key="sk-one")).task_id
    assert (await account.query(task_id, key="sk-two")).output["task_status"] != "UNKNOWN"


async def test_singapore_knows_its_own_names(open_account: Open) -> None:
    account = await open_account(region=Region.SINGAPORE)
    assert (await account.create(model="wan2.1-kf2v-plus")).status == 200
    assert (await account.create(model=FLASH)).status == 200
    assert (await account.create(model=PLUS)).status == 404


async def test_answers_are_compressed_for_those_who_accept_it(account: Account) -> None:
    headers = {"Authorization": "Bearer sk-test", "Accept-Encoding": "gzip, deflate"}
    answer = await account.send("GET", "/tasks", headers=headers)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json["total"] == 0


def test_the_emulated_clock_starts_now(account: Account) -> None:
    assert abs(account.server.clock.now() - datetime.fromtimestamp(time.time(), UTC)) < timedelta(
        seconds=5
    )
