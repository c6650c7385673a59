"""The validator itself: it must find what it claims to find."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord.rules.openapi import Validator
from sandbox.discord.world.recorded_request import RecordedRequest


def request(method: str, path: str, body: object, **changes: Any) -> RecordedRequest:  # noqa: ANN401  # fields of the record
    return RecordedRequest(
        number=1,
        method=method,
        path=path,
        query={},
        headers={},
        started_at=0.0,
        json=body,  # type: ignore[arg-type]  # deliberately wrong bodies
        **changes,
    )


COMMANDS = "/applications/1/commands"
MESSAGES = "/channels/1/messages"
OPTION = {"type": 3, "name": "o", "description": "d"}


def command(**changes: object) -> dict[str, object]:
    return {"name": "draw", "description": "d", **changes}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(request("GET", "/nowhere", None), id="path"),
        pytest.param(request("TRACE", MESSAGES, None), id="method"),
        pytest.param(request("PUT", COMMANDS, [command(name="x" * 33)]), id="name"),
        pytest.param(request("PUT", COMMANDS, [command(description="x" * 101)]), id="description"),
        pytest.param(request("PUT", COMMANDS, [command(options=[{**OPTION, "type": 99}])]), id="t"),
        pytest.param(
            request(
                "PUT",
                COMMANDS,
                [command(options=[{**OPTION, "choices": [{"name": "c", "value": "c"}] * 26}])],
            ),
            id="26 choices",
        ),
        pytest.param(request("POST", MESSAGES, {"content": "x" * 4001}), id="content"),
        pytest.param(request("POST", MESSAGES, {"embeds": [{"title": "t"}] * 11}), id="embeds"),
        pytest.param(request("POST", MESSAGES, {"embeds": [{"title": "t" * 257}]}), id="title"),
        pytest.param(request("POST", MESSAGES, {"contents": "typo"}), id="typo"),
        pytest.param(request("POST", MESSAGES, None, status=200), id="no body"),
        pytest.param(request("GET", MESSAGES, {"x": 1}), id="body of a GET"),
    ],
)
def test_wrong_requests_are_found(validator: Validator, wrong: RecordedRequest) -> None:
    assert validator.problems(wrong)


@pytest.mark.parametrize(
    "right",
    [
        request("PUT", COMMANDS, [command(nsfw=False, options=[OPTION])]),
        request("POST", MESSAGES, {"content": "x", "message_reference": {"message_id": 1}}),
        request("PATCH", f"{MESSAGES}/2", {"content": "x", "tts": False}),
        request("POST", MESSAGES, {"attachments": [{"id": 0}]}, multipart=True),
        request("GET", "/gateway/bot", None),
    ],
)
def test_right_requests_pass(validator: Validator, right: RecordedRequest) -> None:
    assert validator.problems(right) == []


def test_wrong_answers_are_found(validator: Validator) -> None:
    good = {"url": "wss://x", "shards": 1}
    broken = request("GET", "/gateway/bot", None, status=200, answer=good)
    assert validator.answer_problems(broken)
    injected = request("GET", "/gateway/bot", None, status=200, answer=good, fault="made up")
    assert validator.answer_problems(injected) == []
