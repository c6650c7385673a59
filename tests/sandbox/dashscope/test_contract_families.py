"""Replays requests for the models from 2.5 to 3.0, recorded from the official SDKs.

The recorded addresses lead to a server of this machine, and the files the SDK had uploaded are
there; the uploads themselves are not replayed, for a policy belongs to one server.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from sandbox.dashscope.tasks import TaskRecord
from sandbox.dashscope.uploads import StoredFile
from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import DEADLINE_SECONDS, Account, Answer, picture
from tests.sandbox.dashscope.media import clip, sound

RECORDINGS: dict[str, list[dict[str, object]]] = json.loads(
    (Path(__file__).parent / "recordings" / "sdk_requests_2_5_to_3_0.json").read_text()
)
MEDIA_REQUIRED = "Field required: input.media"
FAIL = {
    # The SDK puts these where 2.7 and 3.0 do not look, and takes the answer for a success.
    "2.0.2_i2v_27_img_url": MEDIA_REQUIRED,
    "2.0.2_i2v_27_frames_urls": MEDIA_REQUIRED,
    "2.0.2-v2client_wan30_image_url": MEDIA_REQUIRED,
    # Eight bytes are no picture.
    "2.0.2_wan30_base64": (
        "The media format is not supported or incorrect for the data inspection."
    ),
}
DROPPED_LINK = "2.0.2_wan30_link_only"
MISPLACED_PICTURE = "2.0.2-v2client_wan30_image_url"


@pytest.fixture
async def outside() -> AsyncIterator[str]:
    """Serve what the recorded addresses name; return where."""
    files = {"a.png": picture(), "b.png": picture("maroon"), "c.mp4": clip(3), "a.mp3": sound(4)}

    async def serve(request: web.BaseRequest) -> web.Response:
        return web.Response(body=files[request.path.rpartition("/")[2]])

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def replayed(account: Account, case: str, outside: str) -> list[Answer]:
    answers = []
    for recorded in RECORDINGS[case]:
        body, headers = recorded["body"], recorded["headers"]
        assert isinstance(headers, dict)
        text = re.sub(r"https://(example\.com|e)/", outside, str(body or ""))
        uploads = account.server._uploads
        for key in re.findall(r'oss://([^"]+)', text):
            expires_at = account.server.clock.epoch() + 3600
            uploads.files[key] = StoredFile("wan3.0-video", picture(), expires_at)
        address = account.server.base_url.removesuffix("/api/v1") + str(recorded["path"])
        answers.append(
            await account.send(
                str(recorded["method"]),
                address,
                data=text.encode() or None,
                headers=headers,
            )
        )
    return answers


async def made(account: Account, case: str, outside: str) -> TaskRecord:
    """Replay a case, and return its task once that is finished."""
    for answer in await replayed(account, case, outside):
        assert answer.status == 200, (case, answer.text)
    task = next(reversed(account.server.tasks.values()))
    await account.server.wait_for(lambda: task.finished, DEADLINE_SECONDS)
    return task


async def test_each_recorded_request_ends_as_at_the_service(account: Account, outside: str) -> None:
    ended = {}
    for case in RECORDINGS:
        task = await made(account, case, outside)
        ended[case] = None if task.problem is None else task.problem.message
    assert ended == dict.fromkeys(RECORDINGS) | FAIL
    assert len(ended) == 54


async def test_a_link_the_sdk_dropped_is_a_paid_video_of_words(
    account: Account, outside: str
) -> None:
    task = await made(account, DROPPED_LINK, outside)
    assert "media" not in task.input
    assert (task.status, task.billed_seconds) == ("SUCCEEDED", 5)


async def test_a_misplaced_picture_may_be_a_paid_video_of_words_at_3_0(
    open_account: Open, outside: str
) -> None:
    account = await open_account(ignores_picture_fields=True)
    task = await made(account, MISPLACED_PICTURE, outside)
    assert (task.status, task.billed_seconds) == ("SUCCEEDED", 5)
    assert task.plan is not None
    assert task.plan.pictures == ()


async def test_polls_of_the_asyncio_sdk_carry_the_options_of_the_video(
    account: Account, outside: str
) -> None:
    case = "2.0.2_aio_i2v_26_flash_silent_call"
    _, poll = await replayed(account, case, outside)
    assert str(RECORDINGS[case][1]["path"]).endswith("/?audio=false&duration=5&resolution=720P")
    # It asks for the task of another server.
    assert poll.output["task_status"] == "UNKNOWN"
