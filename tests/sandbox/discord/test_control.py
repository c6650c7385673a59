"""Another process fills in modals and reads panels as members do."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.discord import DiscordServer
from tests.sandbox.discord.conftest import RestClient
from tests.sandbox.discord.test_layouts import button, layout, row, section, select, shown
from tests.sandbox.discord.test_modal_rules import PING, label, modal, text, upload

Json = dict[str, Any]


class Control:
    def __init__(self, rest: RestClient) -> None:
        self.rest = rest

    async def __call__(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, Any]]:
        url = f"{self.rest.server.control_url}{path}"
        async with self.rest.session.request(method, url, json=body) as response:
            return response.status, await response.json()


async def test_a_modal_is_filled_in_or_dismissed(server: DiscordServer, rest: RestClient) -> None:
    control = Control(rest)
    await rest.register(PING)
    asked = {"user": "tom", "channel": "videos", "command": "ping"}
    first, second = [await control("POST", "/slash", asked) for _ in range(2)]
    for _, invocation in (first, second):
        fields = modal(label(text()), label(upload(custom_id="files")))
        assert (await rest.acknowledge(int(invocation["id"]), 9, fields))[0] == 204
    _, opened = await control("GET", f"/invocations/{first[1]['id']}")
    assert opened["modal"]["components"][0]["component"]["id"] == 2

    file = {"filename": "a.txt", "base64": base64.b64encode(b"words").decode()}
    filled = {
        "user": "tom",
        "invocation": first[1]["id"],
        "values": {"f": "hello", "files": [file]},
    }
    status, sent = await control("POST", "/modal", filled)
    assert status == 200, sent
    data = server.state.interactions[int(sent["id"])].data
    assert data["components"][0]["component"]["value"] == "hello"
    (uploaded,) = data["resolved"]["attachments"].values()
    assert (uploaded["filename"], uploaded["size"]) == ("a.txt", 5)
    assert (await control("POST", "/modal", filled))[0] == 400

    closed = {"user": "tom", "invocation": second[1]["id"]}
    assert (await control("DELETE", "/modal", closed))[0] == 200
    assert (await control("DELETE", "/modal", closed))[0] == 400


async def test_a_panel_is_read_and_used(server: DiscordServer, rest: RestClient) -> None:
    control = Control(rest)
    await rest.register(PING)
    _, asked = await control(
        "POST", "/slash", {"user": "tom", "channel": "videos", "command": "ping"}
    )
    body = layout(section(shown("More"), accessory=button(disabled=True)), row(select()))
    await rest.acknowledge(int(asked["id"]), 4, {**body, "flags": body["flags"] | 1 << 6})
    _, invocation = await control("GET", f"/invocations/{asked['id']}?wait_seconds=5")
    message = invocation["messages"][0]["id"]
    status, panel = await control("GET", f"/panel?user=tom&message={message}")
    assert status == 200
    assert panel["text"] == "More"
    assert panel["buttons"] == [{"label": "Go", "custom_id": "go", "url": None, "disabled": True}]
    assert [option["value"] for option in panel["selects"][0]["options"]] == ["0", "1"]
    assert (await control("GET", f"/panel?user=mia&message={message}"))[0] == 400
    picked = {"user": "tom", "message": message, "custom_id": "takes", "values": ["Take 0"]}
    status, chosen = await control("POST", "/choose", picked)
    assert status == 200
    assert server.state.interactions[int(chosen["id"])].data["values"] == ["0"]


async def test_languages_of_people_and_guilds(server: DiscordServer, rest: RestClient) -> None:
    control = Control(rest)
    _, made = await control("POST", "/users", {"name": "zoe", "locale": "fr"})
    assert server.state.user(made["id"]).locale == "fr"
    changes = {"locale": "ja", "community": True}
    assert (await control("PATCH", f"/guilds/{server.guild.id}", changes))[0] == 200
    _, guild = await rest("GET", f"/guilds/{server.guild.id}")
    assert (guild["preferred_locale"], guild["features"]) == ("ja", ["COMMUNITY"])
