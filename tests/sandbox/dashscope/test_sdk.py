"""The official ``dashscope`` SDK against the emulator, which it takes for the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import dashscope
import pytest
from dashscope import VideoSynthesis
from dashscope.aigc.video_synthesis import AioVideoSynthesis
from dashscope.api_entities.aio_session import close_shared_aio_session
from dashscope.api_entities.http_request import close_shared_sync_session

from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import FIRST, FLASH, LAST, PLUS, Account, picture

KEY = "sk-sdk"
Result = Any
"""The SDK has no types."""


@pytest.fixture(autouse=True)
async def clean_sdk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Give the SDK a key, and close the connections it would keep for the next test."""
    monkeypatch.setattr(dashscope, "api_key", KEY)
    yield
    close_shared_sync_session()
    await close_shared_aio_session()


@pytest.fixture
def sdk(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    return _pointed_at(account, monkeypatch)


def _pointed_at(account: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(dashscope, "base_http_api_url", account.server.base_url)
    return account


async def in_thread(call: Callable[..., Result], *args: object, **kwargs: object) -> Result:
    """Run a blocking call of the SDK while the server answers it."""
    return await asyncio.wait_for(asyncio.to_thread(call, *args, **kwargs), 30)


def frames(**others: object) -> dict[str, Any]:
    return {
        "model": FLASH,
        "prompt": "黑色小猫 looks up",
        "first_frame_url": FIRST,
        "last_frame_url": LAST,
    } | others


async def test_call_returns_the_finished_task(sdk: Account) -> None:
    result = await in_thread(VideoSynthesis.call, **frames(resolution="480P"))
    assert result.status_code == HTTPStatus.OK
    assert result.output.task_status == "SUCCEEDED"
    assert result.output.video_url.startswith("http://127.0.0.1")
    assert result.usage.video_count == 1
    assert result.usage.video_duration == 5
    assert result.usage["SR"] == 480
    assert [record.point for record in sdk.server.requests][:2] == ["create", "query"]


@pytest.mark.usefixtures("sdk")
async def test_async_call_and_wait(sdk: Account) -> None:
    created = await in_thread(VideoSynthesis.async_call, **frames(model=PLUS))
    assert created.status_code == HTTPStatus.OK
    assert created.output.task_status == "PENDING"
    assert created.output.task_id in sdk.server.tasks
    result = await in_thread(VideoSynthesis.wait, created)
    assert result.output.task_status == "SUCCEEDED"
    assert result.usage.video_ratio == "standard"


async def test_fetch_shows_a_running_task(
    open_account: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = _pointed_at(await open_account(task_seconds=(100, 100)), monkeypatch)
    created = await in_thread(VideoSynthesis.async_call, **frames())
    task = account.server.tasks[created.output.task_id]
    await account.server.wait_for(lambda: task.status == "RUNNING")
    result = await in_thread(VideoSynthesis.fetch, created)
    assert result.output.task_status == "RUNNING"
    assert result.output.scheduled_time


async def test_a_pending_task_is_cancelled(
    open_account: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = _pointed_at(await open_account(queue_seconds=(100, 100)), monkeypatch)
    created = await in_thread(VideoSynthesis.async_call, **frames())
    result = await in_thread(VideoSynthesis.cancel, created)
    assert result.status_code == HTTPStatus.OK
    assert account.server.tasks[created.output.task_id].status == "CANCELED"
    waited = await in_thread(VideoSynthesis.wait, created)
    assert waited.output.task_status == "CANCELED"


async def test_a_cancel_is_refused(sdk: Account) -> None:
    task_id = (await sdk.finished()).task_id
    result = await in_thread(VideoSynthesis.cancel, task_id)
    assert result.status_code == HTTPStatus.BAD_REQUEST
    assert result.code == "UnsupportedOperation"


async def test_the_list_is_read(sdk: Account) -> None:
    task_id = (await sdk.finished(model=PLUS)).task_id
    result = await in_thread(
        getattr(VideoSynthesis, "list"),  # noqa: B009 - mypy does not see this method
        model_name=PLUS,
        status="SUCCEEDED",
        page_no=1,
        page_size=20,
    )
    assert result.status_code == HTTPStatus.OK
    assert result.output["total"] == 1
    assert result.output["data"][0]["task_id"] == task_id


async def test_local_files_are_uploaded(sdk: Account, tmp_path: Path) -> None:
    first, last = tmp_path / "first frame.png", tmp_path / "last.jpg"
    first.write_bytes(picture(kind="PNG"))
    last.write_bytes(picture("navy"))
    result = await in_thread(
        VideoSynthesis.call,
        **frames(first_frame_url=first.as_uri(), last_frame_url=str(last)),
    )
    assert result.output.task_status == "SUCCEEDED"
    points = [record.point for record in sdk.server.requests]
    # Both files travel at the same time.
    assert sorted(points[:4]) == ["bucket", "bucket", "upload", "upload"]
    assert points[4] == "create"
    create = sdk.server.requests[4]
    assert create.headers["x-dashscope-ossresourceresolve"] == "enable"
    assert isinstance(create.json, dict)
    assert create.json["input"]["first_frame_url"].endswith("/first frame.png")


async def test_a_failed_task_is_an_answer_with_status_200(sdk: Account) -> None:
    result = await in_thread(VideoSynthesis.call, **frames(duration=8))
    assert result.status_code == HTTPStatus.OK
    assert result.output.task_status == "FAILED"
    assert result.output.code == "InvalidParameter"
    assert result.output.message == "duration customization is not supported"
    assert len(sdk.server.tasks) == 1


async def test_a_creation_beyond_the_rate_is_refused(
    open_account: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pointed_at(await open_account(create_rps=1, rate_window_seconds=60), monkeypatch)
    await in_thread(VideoSynthesis.async_call, **frames())
    result = await in_thread(VideoSynthesis.async_call, **frames())
    assert result.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert result.code == "Throttling.RateQuota"


@pytest.mark.usefixtures("sdk")
async def test_an_unknown_task_reads_unknown() -> None:
    result = await in_thread(VideoSynthesis.fetch, "unknown")
    assert result.status_code == HTTPStatus.OK
    assert result.output.task_status == "UNKNOWN"


async def test_a_key_that_does_not_work_is_unknown_to_the_sdk_too(sdk: Account) -> None:
    sdk.server.faults.add("account", "revoke")
    result = await in_thread(VideoSynthesis.fetch, "unknown")
    # Without a content type the SDK does not read the JSON (facts of the real gateway).
    assert result.status_code == HTTPStatus.UNAUTHORIZED
    assert result.code == "Unknown"


async def test_the_sdk_repeats_a_dropped_creation(sdk: Account) -> None:
    sdk.server.faults.add("create", "drop", accept=True)
    result = await in_thread(VideoSynthesis.async_call, **frames())
    assert result.status_code == HTTPStatus.OK
    assert len(sdk.server.tasks) == 2


async def test_the_asyncio_variant_calls_lists_and_cancels(sdk: Account) -> None:
    result = await AioVideoSynthesis.call(**frames(resolution="480P"))
    assert result.output.task_status == "SUCCEEDED"
    polls = [record.path for record in sdk.server.requests if record.point == "query"]
    assert polls[0].endswith("/?resolution=480P")
    listed = await AioVideoSynthesis.list()
    assert listed.output["total"] == 1
    cancelled = await AioVideoSynthesis.cancel(result.output.task_id)
    assert cancelled.status_code == HTTPStatus.BAD_REQUEST
    assert cancelled.code == "UnsupportedOperation"


async def test_the_asyncio_variant_cancels_a_pending_task(
    open_account: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = _pointed_at(await open_account(queue_seconds=(100, 100)), monkeypatch)
    created = await AioVideoSynthesis.async_call(**frames())
    result = await AioVideoSynthesis.cancel(created.output.task_id)
    assert result.status_code == HTTPStatus.OK
    assert account.server.tasks[created.output.task_id].status == "CANCELED"


async def test_the_new_client_lists_and_makes_a_video_from_a_prompt(sdk: Account) -> None:
    client = dashscope.Client(api_key=KEY, base_url=sdk.server.base_url)
    job = await in_thread(
        client.videos.generate, model="wan2.2-t2v-plus", prompt="fog", size="832*480"
    )
    assert job.status == "SUCCEEDED"
    assert job.video_url.startswith("http://127.0.0.1")
    page = await in_thread(client.videos.jobs.list)
    assert page is not None
    client.close()
