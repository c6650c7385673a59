"""What is refused at once, in which order, and what fails only in the task."""

from __future__ import annotations

import asyncio
import base64

import aiohttp
import pytest
from aiohttp import web

from tests.sandbox.dashscope.conftest import Open
from tests.sandbox.dashscope.helpers import (
    FIRST,
    FLASH,
    FRAMES_PATH,
    LAST,
    PLUS,
    VIDEO_PATH,
    Account,
    data_uri,
    picture,
)

ASYNC = {"Authorization": "Bearer sk-test", "X-DashScope-Async": "enable"}


async def test_the_key_is_checked_before_everything(account: Account) -> None:
    answer = await account.send("POST", FRAMES_PATH, data=b"nonsense", headers={})
    assert (answer.status, answer.code) == (401, "InvalidApiKey")
    assert answer.json["message"] == "No API-key provided."
    assert list(answer.json) == ["code", "message", "request_id"]
    assert "content-type" not in answer.headers
    assert answer.headers["x-request-id"] == answer.json["request_id"]


async def test_a_key_that_is_not_configured_is_refused(open_account: Open) -> None:
    account = await open_account(api_keys=("sk-mine",))
    answer = await account.create(key="sk-other")
    assert (answer.status, answer.json["message"]) == (401, "Invalid API-key provided.")
    assert (await account.create(key="sk-mine")).status == 200


async def test_the_async_header_is_checked_before_the_body(account: Account) -> None:
    answer = await account.send("POST", FRAMES_PATH, data=b"nonsense")
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param("nonsense", 400, "InvalidParameter", id="no-object"),
        pytest.param({"input": {}}, 400, "BadRequest.EmptyModel", id="no-model"),
        pytest.param({"model": FLASH}, 400, "BadRequest.EmptyInput", id="no-input"),
        pytest.param({"model": FLASH, "input": "x"}, 400, "BadRequest.IllegalInput", id="input"),
        pytest.param(
            {"model": "wan2.2-i2v-flash", "input": {}}, 400, "InvalidParameter", id="path"
        ),
        pytest.param({"model": "wan9", "input": {}}, 404, "ModelNotFound", id="unknown-model"),
        pytest.param(
            {"model": "wan2.1-kf2v-plus", "input": {}}, 404, "ModelNotFound", id="other-region"
        ),
    ],
)
async def test_the_body_is_checked_at_creation(
    account: Account, body: object, status: int, code: str
) -> None:
    answer = await account.send("POST", FRAMES_PATH, body=body, headers=ASYNC)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/json"
    assert not account.server.tasks


async def test_a_model_on_the_other_path_gets_the_url_error(account: Account) -> None:
    answer = await account.create(path=VIDEO_PATH)
    assert answer.status == 400
    assert answer.json["message"] == "url error, please check url\uff01"


INSPECTION = "InvalidParameter.DataInspection"


@pytest.mark.parametrize(
    ("changes", "parameters", "code", "message"),
    [
        pytest.param(
            {"first_frame_url": None},
            {},
            "InvalidParameter",
            "Field required: input.first_frame_url",
            id="first",
        ),
        pytest.param(
            {"last_frame_url": None},
            {},
            "InvalidParameter",
            "Field required: input.last_frame_url",
            id="last",
        ),
        pytest.param(
            {},
            {"duration": 8},
            "InvalidParameter",
            "duration customization is not supported",
            id="duration",
        ),
        pytest.param(
            {},
            {"resolution": "2K"},
            "InvalidParameter",
            "Input should be '1080P', '720P' or '480P'",
            id="resolution",
        ),
        pytest.param(
            {},
            {"seed": 2147483648},
            "InvalidParameter",
            "Input should be less than or equal to 2147483647: parameters.seed",
            id="seed",
        ),
        pytest.param(
            {},
            {"watermark": "yes"},
            "InvalidParameter",
            "Input should be a valid boolean: parameters.watermark",
            id="watermark",
        ),
        pytest.param(
            {"first_frame_url": data_uri(b"no picture")},
            {},
            INSPECTION,
            "The media format is not supported or incorrect for the data inspection.",
            id="no-picture",
        ),
        pytest.param(
            {"first_frame_url": data_uri(picture()[:2000])},
            {},
            INSPECTION,
            "Failed to decode the image during the data inspection.",
            id="cut-off",
        ),
        pytest.param(
            {"last_frame_url": data_uri(picture(size=(239, 300)))},
            {},
            INSPECTION,
            "The image size is not supported for the data inspection.",
            id="too-small",
        ),
        pytest.param(
            {"first_frame_url": data_uri(picture(size=(300, 8001), kind="PNG"), "image/png")},
            {},
            INSPECTION,
            "The image size is not supported for the data inspection.",
            id="too-tall",
        ),
        pytest.param(
            {"first_frame_url": data_uri(picture() + bytes(10 * 1024 * 1024))},
            {},
            INSPECTION,
            "The image size is not supported for the data inspection.",
            id="too-heavy",
        ),
        pytest.param(
            {"first_frame_url": data_uri(picture(kind="GIF"), "image/gif")},
            {},
            INSPECTION,
            "The media format is not supported or incorrect for the data inspection.",
            id="gif",
        ),
        pytest.param(
            {"first_frame_url": data_uri(picture(kind="PNG", mode="RGBA"), "image/png")},
            {},
            INSPECTION,
            "The media format is not supported or incorrect for the data inspection.",
            id="alpha",
        ),
        pytest.param(
            {"first_frame_url": "https://example.com/a.png"},
            {},
            "InvalidParameter",
            "Failed to download https://example.com/a.png",
            id="not-loopback",
        ),
    ],
)
async def test_other_mistakes_are_accepted_and_fail_in_the_task(
    account: Account, changes: dict[str, object], parameters: object, code: str, message: str
) -> None:
    task_input = {"first_frame_url": FIRST, "last_frame_url": LAST} | changes
    answer = await account.finished(task_input=task_input, parameters=parameters)
    assert answer.status == 200
    assert list(answer.output) == ["task_id", "task_status", "code", "message"]
    assert answer.output["task_status"] == "FAILED"
    assert (answer.output["code"], answer.output["message"]) == (code, message)
    assert "usage" not in answer.json


async def test_a_bad_task_is_pending_before_it_fails(open_account: Open) -> None:
    account = await open_account(failure_seconds=(0.5, 0.5))
    task_id = (await account.create(task_input={})).task_id
    assert (await account.query(task_id)).output["task_status"] == "PENDING"
    account.server.clock.advance(0.5)
    assert (await account.query(task_id)).output["task_status"] == "FAILED"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
async def test_every_documented_format_is_accepted(account: Account, kind: str) -> None:
    address = data_uri(picture(kind=kind), f"image/{kind.lower()}")
    task_input = {"first_frame_url": address, "last_frame_url": address}
    answer = await account.finished(task_input=task_input)
    assert answer.output["task_status"] == "SUCCEEDED"


async def test_a_text_to_video_size_outside_the_list_gets_the_live_message(
    account: Account,
) -> None:
    answer = await account.finished(
        model="wan2.2-t2v-plus",
        path=VIDEO_PATH,
        task_input={"prompt": "fog"},
        parameters={"size": "1280*720"},
    )
    assert answer.output["message"] == (
        "size must be in 1080*1920,1920*1080,1440*1440,1632*1248,1248*1632,480*832,832*480,624*624"
    )


async def test_an_effect_needs_the_first_frame_only(account: Account) -> None:
    alone = {"first_frame_url": FIRST, "template": "hanfu-1", "prompt": None}
    assert (await account.finished(model=PLUS, task_input=alone)).output[
        "task_status"
    ] == "SUCCEEDED"
    last_only = {"last_frame_url": LAST, "template": "hanfu-1"}
    failed = await account.finished(model=PLUS, task_input=last_only)
    assert failed.output["task_status"] == "FAILED"
    elsewhere = await account.finished(model=FLASH, task_input=alone)
    assert elsewhere.output["task_status"] == "FAILED"


async def test_pictures_are_fetched_from_this_machine(account: Account) -> None:
    async def serve(request: web.BaseRequest) -> web.Response:
        if request.path == "/a.jpg":
            return web.Response(body=picture(), content_type="image/jpeg")
        raise web.HTTPNotFound

    runner = web.ServerRunner(web.Server(serve))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host = f"http://127.0.0.1:{runner.addresses[0][1]}"
        good = {"first_frame_url": f"{host}/a.jpg", "last_frame_url": f"{host}/a.jpg"}
        assert (await account.finished(task_input=good)).output["task_status"] == "SUCCEEDED"
        missing = good | {"last_frame_url": f"{host}/b.jpg"}
        answer = await account.finished(task_input=missing)
        assert answer.output["message"] == f"Failed to download {host}/b.jpg"
    finally:
        await runner.cleanup()


async def test_creations_are_limited_per_model_and_second(open_account: Open) -> None:
    account = await open_account(create_rps=None)
    answers = [await account.create() for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].code == "Throttling.RateQuota"
    assert (await account.create(model=PLUS)).status == 200
    assert len(account.server.tasks) == 3


async def test_the_limit_of_creations_is_over_after_a_second(open_account: Open) -> None:
    account = await open_account(create_rps=1, rate_window_seconds=0.2)
    assert (await account.create()).status == 200
    assert (await account.create()).status == 429
    first = account.server.requests[0]
    loop = asyncio.get_running_loop()
    elapsed = asyncio.Event()
    loop.call_at(first.monotonic + 0.3, elapsed.set)
    await asyncio.wait_for(elapsed.wait(), 5)
    assert (await account.create()).status == 200


async def test_queries_lists_and_cancels_share_one_limit_over_all_keys(open_account: Open) -> None:
    account = await open_account(query_qps=4, rate_window_seconds=30)
    task_id = (await account.create()).task_id
    statuses = [
        (await account.query(task_id, key="sk-one")).status,
        (await account.query(task_id, key="sk-two")).status,
        (await account.send("GET", "/tasks")).status,
        (await account.cancel("nothing")).status,
        (await account.query(task_id)).status,
    ]
    assert statuses == [200, 200, 200, 400, 429]


async def test_a_body_beyond_all_limits_is_too_large(open_account: Open) -> None:
    account = await open_account(max_body_bytes=1024)
    answer = await account.create()
    assert (answer.status, answer.code) == (400, "BadRequest.TooLarge")


async def test_an_address_nobody_serves_is_not_found(account: Account) -> None:
    answer = await account.send("GET", "/nothing")
    assert (answer.status, answer.code) == (404, "NotFound")


async def test_get_on_the_creation_path_is_not_supported(account: Account) -> None:
    answer = await account.send("GET", FRAMES_PATH)
    assert (answer.status, answer.code) == (405, "InvalidParameter")


async def _upload(account: Account, policy: dict[str, str], name: str) -> aiohttp.ClientResponse:
    form = aiohttp.FormData()
    form.add_field("OSSAccessKeyId", policy["oss_access_key_id"])
    form.add_field("Signature", policy["signature"])
    form.add_field("policy", policy["policy"])
    form.add_field("key", f"{policy['upload_dir']}/{name}")
    form.add_field("success_action_status", "200")
    form.add_field("file", picture(), filename=name, content_type="image/jpeg")
    response = await account.http.post(policy["upload_host"], data=form)
    await response.read()
    return response


async def _policy(account: Account, model: str = FLASH) -> dict[str, str]:
    answer = await account.send("GET", f"/uploads?action=getPolicy&model={model}")
    data = answer.json["data"]
    assert isinstance(data, dict)
    assert base64.b64decode(data["policy"])
    return data


async def test_an_uploaded_file_needs_the_header_and_its_own_model(account: Account) -> None:
    policy = await _policy(account)
    assert (await _upload(account, policy, "a cat.jpg")).status == 200
    address = f"oss://{policy['upload_dir']}/a cat.jpg"
    task_input = {"first_frame_url": address, "last_frame_url": address}
    good = await account.finished(task_input=task_input, oss=True)
    assert good.output["task_status"] == "SUCCEEDED"
    bare = await account.finished(task_input=task_input)
    assert bare.output["code"] == INSPECTION
    other = await account.finished(model=PLUS, task_input=task_input, oss=True)
    assert other.output["task_status"] == "FAILED"
    account.server.clock.advance(48 * 3600)
    late = await account.finished(task_input=task_input, oss=True)
    assert late.output["task_status"] == "FAILED"


async def test_a_policy_ends_after_five_minutes(account: Account) -> None:
    policy = await _policy(account)
    account.server.clock.advance(300)
    response = await _upload(account, policy, "a.jpg")
    assert response.status == 403
    assert "Invalid according to Policy: Policy expired." in await response.text()


async def test_a_file_is_not_overwritten(account: Account) -> None:
    policy = await _policy(account)
    assert (await _upload(account, policy, "a.jpg")).status == 200
    assert (await _upload(account, policy, "a.jpg")).status == 409


async def test_an_upload_with_a_wrong_signature_is_refused(account: Account) -> None:
    policy = await _policy(account) | {"signature": "AAAA"}
    assert (await _upload(account, policy, "a.jpg")).status == 403
