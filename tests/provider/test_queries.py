"""Reading, listing and cancelling tasks, and the pace of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from typing_extensions import override

from bot.domain.catalogue import BilledLength, Region
from bot.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    MalformedResponseError,
    ProviderError,
    ProviderUnavailableError,
    RateLimitedError,
    TaskNotCancellableError,
)
from bot.domain.failure import FailureReason
from bot.domain.ids import TaskId
from bot.domain.ports import VideoProvider
from bot.domain.requests.task import TaskState
from bot.provider import PAGE_SIZE, DashScopeProvider, Deadlines, default_base_url
from tests.provider.doubles import BASE_URL, KEY, ManualClock, answering, provider_on
from tests.provider.servers import OK_TASK, Peer, serving

TASK = TaskId("f511e2ff-0150-4f58-b551-c765ea4fcc38")
URL = (
    "https://dashscope-result-sh.oss-cn-shanghai.aliyuncs.com/1d/xx/x.mp4"
    "?Expires=1759943296&OSSAccessKeyId=a&Signature=8x%3D"
)


def _task(usage: object = None, **output: object) -> dict[str, Any]:
    return {
        "request_id": "r",
        "output": {"task_id": TASK, "task_status": "SUCCEEDED"} | output,
        "usage": usage,
    }


async def _read(answer: object, *, status: int = 200) -> Any:  # noqa: ANN401  # Task, or it raises
    async with provider_on(handler=answering(status, answer)) as provider:
        return await provider.get_task(TASK)


async def test_finished_task_is_read_whole() -> None:
    task = await _read(
        _task(
            {"video_duration": 5, "video_count": 1, "SR": 480},
            submit_time="2026-01-01 00:00:00.000",
            scheduled_time="2026-01-01 00:00:01.250",
            end_time="2026-01-01 08:02:00",
            video_url=URL,
            orig_prompt="p",
            actual_prompt="p2",
            results=[{"new": "field"}],
        )
    )
    assert task.state is TaskState.SUCCEEDED
    assert task.submitted_at == datetime(2025, 12, 31, 16, 0, tzinfo=UTC)
    assert task.scheduled_at == datetime(2025, 12, 31, 16, 0, 1, 250_000, tzinfo=UTC)
    assert task.ended_at == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
    assert task.ended_at.tzinfo is UTC
    assert task.video_url == URL
    assert task.url_expires_at == datetime.fromtimestamp(1759943296, tz=UTC)
    assert (task.orig_prompt, task.actual_prompt) == ("p", "p2")
    assert task.billed == BilledLength(total=Decimal(5))
    assert task.failure is None
    assert task.request_id == "r"


async def test_expiry_falls_back_to_a_day_after_the_end() -> None:
    url = "https://x.aliyuncs.com/x.mp4?NotExpires=1"
    task = await _read(_task(video_url=url, end_time="2026-01-01 08:00:00.000"))
    assert task.url_expires_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert (await _read(_task(video_url=url))).url_expires_at is None


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ({"video_duration": 5, "video_count": 1, "video_ratio": "standard"}, 5),
        ({"duration": 5, "video_count": 1, "SR": 720}, 5),
        ({"duration": 10, "input_video_duration": 0, "SR": 1080}, 10),
        ({"video_count": 1, "video_duration": 0, "video_ratio": "", "duration": 5}, 5),
        ({"duration": 0, "video_duration": 5}, 5),
        ({"duration": 5.0}, 5),
        ({"duration": 5.04}, 5.04),
        ({"duration": "5"}, 5),
        ({"duration": 0.2}, 0.2),
        ({"duration": None}, None),
        ({"duration": "five"}, None),
        ({"duration": True}, None),
        ({"duration": -5}, None),
        ({"duration": 1e300}, None),
        ({}, None),
        (None, None),
        ([], None),
        ("5", None),
    ],
)
async def test_billed_seconds_of_every_shape(usage: object, seconds: float | None) -> None:
    billed = (await _read(_task(usage))).billed
    assert billed == (None if seconds is None else BilledLength(total=Decimal(str(seconds))))


@pytest.mark.parametrize(
    ("usage", "billed"),
    [
        (
            {"duration": 10.04, "input_video_duration": 5.02, "output_video_duration": 5.02},
            BilledLength(total=Decimal("10.04"), input=Decimal("5.02"), output=Decimal("5.02")),
        ),
        (
            {"video_count": 1, "duration": 5.0, "input_video_duration": 0.0, "SR": 720}
            | {"output_video_duration": 5.0, "fps": 30, "ratio": "16:9"},
            BilledLength(total=Decimal(5), output=Decimal(5)),
        ),
        ({"output_video_duration": 7}, BilledLength(total=Decimal(7), output=Decimal(7))),
    ],
)
async def test_what_was_brought_along_and_what_was_made_are_read_apart(
    usage: object, billed: BilledLength
) -> None:
    assert (await _read(_task(usage))).billed == billed


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", TaskState.PENDING),
        ("RUNNING", TaskState.RUNNING),
        ("CANCELED", TaskState.CANCELED),
        ("UNKNOWN", TaskState.UNKNOWN),
        ("SUSPENDED", TaskState.OTHER),
        ("RESTING", TaskState.OTHER),
    ],
)
async def test_each_status_has_its_state(status: str, state: TaskState) -> None:
    assert (await _read(_task(task_status=status))).state is state


async def test_failed_task_says_why() -> None:
    task = await _read(
        _task(
            task_status="FAILED",
            code="InvalidParameter",
            message="Failed to download https://x.com/a.jpg?Signature=secret",
        )
    )
    assert task.failure is not None
    assert task.failure.reason is FailureReason.FILE_NOT_FETCHED
    assert task.failure.transient
    assert "secret" not in task.failure.message


async def test_failed_task_without_a_code_is_the_providers_fault() -> None:
    task = await _read(_task(task_status="FAILED"))
    assert task.failure is not None
    assert task.failure.reason is FailureReason.PROVIDER_FAULT
    assert not task.failure.transient


async def test_odd_fields_do_not_lose_a_task() -> None:
    task = await _read(
        _task(submit_time=5, scheduled_time="", end_time="yesterday", video_url=None, orig_prompt=7)
    )
    assert task.state is TaskState.SUCCEEDED
    assert (task.submitted_at, task.scheduled_at, task.ended_at) == (None, None, None)
    assert task.video_url is None
    assert task.orig_prompt == "7"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, b"<html></html>"),
        (200, b""),
        (200, {}),
        (200, {"output": None}),
        (200, {"output": []}),
        (200, {"output": {"task_id": TASK}}),
        (200, {"output": {"task_id": "another", "task_status": "RUNNING"}}),
        (302, b""),
        (400, {"code": "InvalidParameter", "message": "x"}),
        (403, {"code": "Model.AccessDenied", "message": "x"}),
        (404, b"<html></html>"),
        (400, {"code": "UnsupportedOperation", "message": "x"}),
    ],
)
async def test_answer_out_of_order_tells_nothing(status: int, answer: object) -> None:
    with pytest.raises(MalformedResponseError) as caught:
        await _read(answer, status=status)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (
            401,
            {"code": "InvalidApiKey", "message": "Invalid API-key provided."},
            AuthenticationError,
        ),
        (429, {"code": "Throttling.RateQuota", "message": "x"}, RateLimitedError),
        (429, b"", RateLimitedError),
        (503, {"code": "ModelUnavailable", "message": "x"}, RateLimitedError),
        (500, {"code": "InternalError", "message": "x"}, ProviderUnavailableError),
        (502, b"<html></html>", ProviderUnavailableError),
    ],
)
async def test_query_errors(status: int, answer: object, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        await _read(answer, status=status)


def _row(**changes: object) -> dict[str, object]:
    return {
        "api_key_id": "15",
        "gmt_create": 1745568428109,
        "start_time": 1745568428138,
        "model_name": "wanx2.1-kf2v-plus",
        "region": "cn-beijing",
        "request_id": "r",
        "status": "RUNNING",
        "task_id": "t-1",
    } | changes


async def test_list_is_asked_for_without_times_and_read() -> None:
    requests: list[httpx.Request] = []
    answer = {"total": 51, "data": [_row()], "total_page": 2, "page_no": 2, "page_size": 50}

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answering(200, answer)(request)

    async with provider_on(handler=handle) as provider:
        page = await provider.list_tasks(model="wanx2.1-kf2v-plus", page=2)
    assert requests[0].method == "GET"
    assert requests[0].url.path == "/api/v1/tasks"
    assert dict(requests[0].url.params) == {
        "page_no": "2",
        "page_size": str(PAGE_SIZE),
        "model_name": "wanx2.1-kf2v-plus",
    }
    assert (page.page, page.total_pages) == (2, 2)
    listed = page.tasks[0]
    assert listed.task_id == "t-1"
    assert listed.created_at == datetime.fromtimestamp(1745568428.109, tz=UTC)
    assert listed.state is TaskState.RUNNING
    assert listed.api_key_id == "15"


async def test_empty_list_is_a_complete_reading() -> None:
    handler = answering(200, {"total": 0, "data": [], "total_page": 0, "page_no": 1})
    async with provider_on(handler=handler) as provider:
        page = await provider.list_tasks(model="m", page=1)
    assert page.tasks == ()
    assert page.total_pages == 0


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [_row()]},
        {"data": [_row()], "total_page": 3, "page_no": 2},
        {"data": [_row(task_id=None)], "total_page": 1},
        {"data": [_row(task_id="")], "total_page": 1},
        {"data": [_row(gmt_create=None)], "total_page": 1},
        {"data": [_row(gmt_create=True)], "total_page": 1},
        {"data": [_row(gmt_create=1e40)], "total_page": 1},
        {"data": [_row(status=None)], "total_page": 1},
        {"data": None, "total_page": 1},
        {"total_page": 1},
    ],
)
async def test_list_that_may_hide_a_task_is_malformed(answer: object) -> None:
    async with provider_on(handler=answering(200, answer)) as provider:
        with pytest.raises(MalformedResponseError):
            await provider.list_tasks(model="m", page=1)


async def test_cancel_posts_nothing_to_the_task() -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answering(200, {"request_id": "r"})(request)

    async with provider_on(handler=handle) as provider:
        await provider.cancel_task(TASK)
    assert requests[0].method == "POST"
    assert requests[0].url.path == f"/api/v1/tasks/{TASK}/cancel"
    assert requests[0].content == b""
    assert requests[0].headers["Content-Length"] == "0"


async def test_cancel_too_late_says_so() -> None:
    body = {
        "request_id": "r",
        "code": "UnsupportedOperation",
        "message": "Failed to cancel the task, please confirm if the task is in PENDING status.",
    }
    async with provider_on(handler=answering(400, body)) as provider:
        with pytest.raises(TaskNotCancellableError):
            await provider.cancel_task(TASK)


async def test_odd_task_id_stays_one_segment_of_the_path() -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return answering(400, {"code": "x"})(request)

    async with provider_on(handler=handle) as provider:
        with pytest.raises(MalformedResponseError):
            await provider.get_task(TaskId("a/../b?c"))
    assert requests[0].url.raw_path == b"/api/v1/tasks/a%2F..%2Fb%3Fc"


# --- pace ------------------------------------------------------------------------------------


async def test_all_queries_share_one_even_pace() -> None:
    clock = ManualClock()
    sent_at: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent_at.append(clock.monotonic())
        answers: dict[str, object] = {"page_no": 1, "data": [], "total_page": 0}
        return answering(200, _task() | answers)(request)

    async with provider_on(handler=handle, clock=clock) as provider:
        calls: list[Callable[[], Any]] = [
            lambda: provider.get_task(TASK),
            lambda: provider.list_tasks(model="m", page=1),
            lambda: provider.cancel_task(TASK),
        ]
        await provider.get_task(TASK)  # it loads what connections need, beside the clock
        sent_at.clear()
        clock.seconds = 10
        async with asyncio.TaskGroup() as group:
            for number in range(30):
                group.create_task(calls[number % 3]())
        assert sent_at == pytest.approx([10 + number / 10 for number in range(30)])
        clock.seconds = 60
        for _ in range(3):
            await provider.get_task(TASK)
    # A pause earns no burst.
    assert sent_at[30:] == pytest.approx([60, 60.1, 60.2])


async def test_cancelled_wait_does_not_hold_up_the_lane() -> None:
    is_asleep = asyncio.Event()

    class StuckClock(ManualClock):
        stuck = True

        @override
        async def sleep(self, seconds: float) -> None:
            if self.stuck:
                is_asleep.set()
                await asyncio.Event().wait()
            await super().sleep(seconds)

    clock = StuckClock()
    async with provider_on(handler=answering(200, _task()), clock=clock) as provider:
        await provider.get_task(TASK)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(provider.get_task(TASK))
            await is_asleep.wait()
            waiting.cancel()
        clock.stuck = False
        await provider.get_task(TASK)
    assert clock.slept == pytest.approx([0.1])


async def test_queries_share_a_connection_and_end_at_their_deadline() -> None:
    async def answer_twice(peer: Peer) -> None:
        for _ in range(2):
            await peer.read_head()
            await peer.answer(OK_TASK)
        await peer.reader.read()

    deadlines = Deadlines(query=0.3)
    async with (
        serving(answer_twice) as served,
        provider_on(served.base_url, deadlines=deadlines) as provider,
    ):
        for _ in range(2):
            assert (await provider.get_task(TaskId("t-1"))).state is TaskState.RUNNING
        with pytest.raises(ProviderUnavailableError, match=r"no answer within 0\.3 s"):
            await provider.get_task(TaskId("t-1"))
    assert served.connections == 1


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async def set_cookie(peer: Peer) -> None:
        for _ in range(2):
            await peer.read_head()
            await peer.answer(OK_TASK, headers="Set-Cookie: acw_tc=1; Path=/\r\n")

    async with serving(set_cookie) as served, provider_on(served.base_url) as provider:
        for _ in range(2):
            await provider.get_task(TaskId("t-1"))
    assert b"cookie" not in bytes(served.received).lower()


# --- construction ----------------------------------------------------------------------------


def test_base_url_follows_region_and_workspace() -> None:
    assert default_base_url(Region.BEIJING) == "https://dashscope.aliyuncs.com/api/v1"
    assert default_base_url(Region.SINGAPORE) == "https://dashscope-intl.aliyuncs.com/api/v1"
    assert default_base_url(Region.VIRGINIA) == "https://dashscope-us.aliyuncs.com/api/v1"
    for region, host in (
        (Region.VIRGINIA, "us-east-1"),
        (Region.FRANKFURT, "eu-central-1"),
        (Region.TOKYO, "ap-northeast-1"),
    ):
        url = f"https://ws-1.{host}.maas.aliyuncs.com/api/v1"
        assert default_base_url(region, "ws-1") == url
    for region in (Region.FRANKFURT, Region.TOKYO):
        with pytest.raises(ConfigurationError) as caught:
            default_base_url(region)
        assert caught.value.setting == "DASHSCOPE_WORKSPACE_ID"
    assert (
        default_base_url(Region.BEIJING, "ws-1")
        == "https://ws-1.cn-beijing.maas.aliyuncs.com/api/v1"
    )
    assert (
        default_base_url(Region.SINGAPORE, "ws-1")
        == "https://ws-1.ap-southeast-1.maas.aliyuncs.com/api/v1"
    )


async def test_account_names_region_host_and_a_hash_of_the_key() -> None:
    async with provider_on() as provider:
        port: VideoProvider = provider
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        assert port.account == f"beijing:dashscope.aliyuncs.com:{digest[:12]}"
        assert KEY not in repr(provider)
        assert KEY not in repr(vars(provider)["_headers"])


@pytest.mark.parametrize(
    "base_url", ["", "dashscope", "ftp://x/", "https://u:p@x/", "https://x/?a=b"]
)
def test_unusable_base_url_is_a_configuration_error(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="DASHSCOPE_HTTP_BASE_URL"):
        provider_on(base_url)


@pytest.mark.parametrize("key", ["", "sk 1", "sk-\n", "sk-é"])
def test_unusable_key_is_a_configuration_error_that_does_not_repeat_it(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DashScopeProvider(
            base_url=BASE_URL,
            api_key=key,
            region=Region.BEIJING,
            result_hosts=(),
            clock=ManualClock(),
        )
    assert not key or key not in str(caught.value)
