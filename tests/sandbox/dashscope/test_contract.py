"""Replays requests recorded from the official SDKs 1.25.8 and 2.0.2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sandbox.dashscope.helpers import Account

RECORDINGS: dict[str, list[dict[str, object]]] = json.loads(
    (Path(__file__).parent / "recordings" / "sdk_requests.json").read_text()
)
KF2V_TO_THE_WRONG_PATH = "2.0.2-v2client_kf2v_extra_input"
"""The new ``Client().videos`` of SDK 2.0 has no route for these models."""


@pytest.mark.parametrize("case", RECORDINGS)
async def test_a_recorded_request_is_understood(account: Account, case: str) -> None:
    for recorded in RECORDINGS[case]:
        method, path, body = recorded["method"], str(recorded["path"]), recorded["body"]
        headers = recorded["headers"]
        assert isinstance(headers, dict)
        answer = await account.send(
            str(method),
            account.server.base_url.removesuffix("/api/v1") + path,
            data=str(body).encode() if body else None,
            headers=headers,
        )
        if "/cancel" in path:
            assert (answer.status, answer.code) == (400, "UnsupportedOperation")
        elif case == KF2V_TO_THE_WRONG_PATH:
            assert (answer.status, answer.code) == (400, "InvalidParameter")
        elif path.endswith("video-synthesis"):
            assert answer.status == 200
            assert answer.output["task_status"] == "PENDING"
        elif "/tasks/" in path and not path.split("/tasks/")[1].startswith("?"):
            assert answer.output["task_status"] == "UNKNOWN"
        else:
            assert answer.status == 200
            assert answer.json["total"] == 0
