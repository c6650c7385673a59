"""Modals that Discord refuses are refused, and those at the limits open."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord import DiscordServer
from tests.sandbox.discord.conftest import RestClient

Json = dict[str, Any]

PING: Json = {"name": "ping", "description": "Answers"}


def label(component: Json, **changes: object) -> Json:
    return {"type": 18, "label": "Field", "component": {"custom_id": "f", **component}, **changes}


def text(**changes: object) -> Json:
    return {"type": 4, "style": 1, **changes}


def options(count: int, **changes: object) -> list[Json]:
    return [{"label": f"l{number}", "value": f"v{number}", **changes} for number in range(count)]


def select(count: int = 3, **changes: object) -> Json:
    return {"type": 3, "options": options(count), **changes}


def upload(**changes: object) -> Json:
    return {"type": 19, **changes}


def radio(count: int = 2, **changes: object) -> Json:
    return {"type": 21, "options": options(count), **changes}


def boxes(count: int = 3, **changes: object) -> Json:
    return {"type": 22, "options": options(count), **changes}


def modal(*items: Json, **changes: object) -> Json:
    return {"title": "Fine", "custom_id": "m", "components": list(items), **changes}


FIELD = "components/0/component"
SAME = [*options(1), *options(1)]
SMALL: Json = {"type": 1, "components": [text(custom_id="f", label="l")]}

REFUSED = [
    pytest.param(modal(label(text()), title="x" * 46), "title", id="title"),
    pytest.param(modal(label(text()), title=""), "title", id="no title"),
    pytest.param(modal(label(text()), custom_id="x" * 101), "custom_id", id="custom id"),
    pytest.param(modal(), "components", id="nothing"),
    pytest.param(modal(*[label(text(custom_id=str(n))) for n in range(6)]), "components", id="six"),
    pytest.param(modal(label(text()), label(text())), "components", id="one id twice"),
    pytest.param(modal(label(text(), id=7), label(text(custom_id="g"), id=7)), "components"),
    pytest.param(modal(text(custom_id="f", label="l")), "components/0/type", id="no label around"),
    pytest.param(modal(label({"type": 2, "style": 1})), f"{FIELD}/type", id="button"),
    pytest.param(modal(label(text(), label="x" * 46)), "components/0/label", id="label"),
    pytest.param(modal(label(text(), label="")), "components/0/label", id="empty label"),
    pytest.param(
        modal(label(text(), description="x" * 101)), "components/0/description", id="description"
    ),
    pytest.param(modal(label(text(max_length=4001))), f"{FIELD}/max_length", id="4001"),
    pytest.param(
        modal(label(text(min_length=5, max_length=4))), f"{FIELD}/max_length", id="5 to 4"
    ),
    pytest.param(modal(label(text(value="abc", max_length=2))), f"{FIELD}/value", id="value"),
    pytest.param(modal(label(text(value="", min_length=2))), f"{FIELD}/value", id="empty value"),
    pytest.param(
        modal({"type": 1, "components": [text(custom_id="f")]}),
        "components/0/components/0/label",
        id="row without label",
    ),
    pytest.param(
        modal(
            {"type": 1, "components": [{**SMALL["components"][0], "custom_id": c} for c in "ab"]}
        ),
        "components/0/components",
        id="two in a row",
    ),
    pytest.param(modal(label(select(26))), f"{FIELD}/options", id="26 options"),
    pytest.param(modal(label(select(0))), f"{FIELD}/options", id="no options"),
    pytest.param(modal(label(select(max_values=4))), f"{FIELD}/max_values", id="4 of 3"),
    pytest.param(
        modal(label(select(min_values=3, max_values=2))), f"{FIELD}/max_values", id="3 to 2"
    ),
    pytest.param(modal(label(select(min_values=2))), f"{FIELD}/max_values", id="2 to 1"),
    pytest.param(modal(label(select(min_values=0))), f"{FIELD}/min_values", id="required, none"),
    pytest.param(modal(label(select(min_values=None))), f"{FIELD}/min_values", id="null"),
    pytest.param(modal(label(select(max_values=None))), f"{FIELD}/max_values", id="null too"),
    pytest.param(modal(label(select(disabled=True))), f"{FIELD}/disabled", id="disabled"),
    pytest.param(
        modal(label(select(options=options(2, default=True)))), f"{FIELD}/options", id="defaults"
    ),
    pytest.param(modal(label(select(options=SAME))), f"{FIELD}/options/1/value", id="same value"),
    pytest.param(
        modal(label({"type": 5, "default_values": [{"type": "user", "id": str(n)} for n in "12"]})),
        f"{FIELD}/default_values",
        id="two people by default",
    ),
    pytest.param(modal(label(upload(min_values=None))), f"{FIELD}/min_values", id="upload null"),
    pytest.param(modal(label(upload(max_values=11))), f"{FIELD}/max_values", id="11 files"),
    pytest.param(
        modal(label(upload(min_values=0, max_values=2))), f"{FIELD}/min_values", id="upload none"
    ),
    pytest.param(
        modal(label(upload(min_values=3, max_values=2))), f"{FIELD}/max_values", id="upload 3 to 2"
    ),
    pytest.param(
        modal(label(upload(file_types=["pictures"]))), f"{FIELD}/file_types/0", id="no such group"
    ),
    pytest.param(
        modal(label(upload(file_types=[f".{n}" for n in range(11)]))), f"{FIELD}/file_types"
    ),
    pytest.param(modal(label(radio(1))), f"{FIELD}/options", id="one radio"),
    pytest.param(modal(label(radio(11))), f"{FIELD}/options", id="11 radios"),
    pytest.param(
        modal(label(radio(options=options(2, default=True)))), f"{FIELD}/options", id="two on"
    ),
    pytest.param(modal(label(boxes(11))), f"{FIELD}/options", id="11 boxes"),
    pytest.param(modal(label(boxes(max_values=4))), f"{FIELD}/max_values", id="4 of 3 boxes"),
    pytest.param(modal(label(boxes(min_values=0))), f"{FIELD}/min_values", id="boxes, none"),
    pytest.param(modal({"type": 10, "content": ""}), "components/0/content", id="no text"),
]


@pytest.mark.parametrize(("body", "path"), REFUSED)
async def test_a_modal_is_refused(
    server: DiscordServer, rest: RestClient, body: Json, path: str
) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    status, answer = await rest.acknowledge(invocation.id, 9, body)
    assert (status, answer["code"]) == (400, 50035)
    node = answer["errors"]["data"]
    for step in path.split("/"):
        node = node[step]
    assert node["_errors"][0]["message"]
    assert invocation.modal is None


TAKEN = [
    pytest.param(
        modal(
            label(text(custom_id="a" * 100), label="x" * 45, description="x" * 100),
            label(select(25, custom_id="b", min_values=25, max_values=25)),
            label(
                upload(custom_id="c", min_values=1, max_values=10, file_types=["image", ".heic"])
            ),
            label(boxes(10, custom_id="d", options=options(10, default=True))),
            {"type": 10, "content": "x" * 4000},
            title="x" * 45,
            custom_id="m" * 100,
        ),
        id="at the limits",
    ),
    pytest.param(
        modal(
            label(radio(10)),
            label(boxes(1, custom_id="a", required=False, min_values=0)),
            label({"type": 23, "custom_id": "b", "default": True}),
            label(select(custom_id="c", required=False, min_values=0, max_values=3)),
            label(upload(custom_id="d", required=False, min_values=0, max_values=1)),
        ),
        id="nothing required",
    ),
    pytest.param(
        modal(*[label({"type": 5 + n, "custom_id": str(n)}) for n in range(4)], SMALL),
        id="people, roles, channels, and the old row",
    ),
]


@pytest.mark.parametrize("body", TAKEN)
async def test_a_modal_opens(server: DiscordServer, rest: RestClient, body: Json) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    assert (await rest.acknowledge(invocation.id, 9, body))[0] == 204
    assert invocation.modal is not None
    assert invocation.modal["title"] == body["title"]


async def test_a_modal_is_the_first_answer_or_none(server: DiscordServer, rest: RestClient) -> None:
    await rest.register(PING)
    invocation = await server.actions.slash("tom", "videos", "ping")
    await rest.acknowledge(invocation.id, 5, {"flags": 64})
    status, answer = await rest.acknowledge(invocation.id, 9, modal(label(text())))
    assert (status, answer["code"]) == (400, 40060)


async def test_a_modal_does_not_answer_a_modal_or_a_suggestion(
    server: DiscordServer, rest: RestClient
) -> None:
    await rest.register(PING)
    opened = await server.actions.slash("tom", "videos", "ping")
    await rest.acknowledge(opened.id, 9, modal(label(text())))
    sent = await server.actions.submit_modal("tom", opened, {"f": "x"})
    status, answer = await rest.acknowledge(sent.id, 9, modal(label(text())))
    assert (status, answer["code"]) == (400, 50035)
    status, answer = await rest.acknowledge(sent.id, 6)
    assert (status, answer["code"]) == (400, 50035)  # no message that a command's modal updates
    assert (await rest.acknowledge(sent.id, 4, {"content": "thanks"}))[0] == 204
