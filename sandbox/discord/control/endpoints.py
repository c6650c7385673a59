"""Serves ``/_sandbox``: the same powers over HTTP, so that another process can drive the server.

JSON in, JSON out. People, channels and guilds are named by id or by name. A mistake of the caller
is 400 with ``{"error": …}``; something that did not happen in time is 408.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.discord.client.command_input import ClientRefusedError, OptionValue, Upload
from sandbox.discord.client.invocation import NoAnswerError
from sandbox.discord.client.user_actions import UserActions
from sandbox.discord.client.world_builder import WorldBuilder
from sandbox.discord.control import views
from sandbox.discord.control.world_endpoints import Endpoint, WorldEndpoints
from sandbox.discord.core import Core
from sandbox.discord.rules.faults import Fault
from sandbox.discord.world.json import Json, json_response

PREFIX = "/_sandbox"


class ControlEndpoints:
    """Lets another process see, do and break everything."""

    def __init__(self, core: Core, build: WorldBuilder, actions: UserActions) -> None:
        self._core = core
        self._actions = actions
        self._world = WorldEndpoints(build, bot_id=core.state.bot.id)

    def add_routes(self, app: web.Application) -> None:
        """Put the endpoints into the application."""
        table: dict[tuple[str, str], Endpoint] = {
            ("GET", "/state"): self.state,
            ("GET", "/events"): self.events,
            ("GET", "/requests"): self.requests,
            ("GET", "/messages"): self.messages,
            ("GET", "/pings"): self.pings,
            ("GET", "/invocations/{id}"): self.invocation,
            ("POST", "/slash"): self.slash,
            ("POST", "/autocomplete"): self.autocomplete,
            ("POST", "/click"): self.click,
            ("POST", "/choose"): self.choose,
            ("POST", "/message-command"): self.message_command,
            ("POST", "/modal"): self.modal,
            ("DELETE", "/modal"): self.dismiss_modal,
            ("GET", "/panel"): self.panel,
            ("POST", "/say"): self.say,
            ("POST", "/faults"): self.add_fault,
            ("DELETE", "/faults"): self.clear_faults,
            ("POST", "/gateway"): self.gateway,
            ("POST", "/clock"): self.clock,
        }
        table |= self._world.table()
        for (method, path), endpoint in table.items():
            app.router.add_route(method, PREFIX + path, _handler(endpoint))

    # Looking.

    async def state(self, _body: Json, _given: dict[str, str]) -> object:
        """Show who and what there is."""
        return views.world(self._core)

    async def events(self, _body: Json, given: dict[str, str]) -> object:
        """Show events after a number; wait for one if there is none yet."""
        after = int(given.get("after", 0))
        wait = float(given.get("wait_seconds", 0))
        log = self._core.event_log
        if wait and not log.after(after):
            try:
                await log.wait_for(lambda: log.after(after), wait)
            except TimeoutError:
                return []
        return log.after(after)

    async def requests(self, _body: Json, given: dict[str, str]) -> object:
        """Show recorded requests after a number."""
        return [
            views.request(request) for request in self._core.requests[int(given.get("after", 0)) :]
        ]

    async def messages(self, _body: Json, given: dict[str, str]) -> object:
        """Show a channel's messages with every revision."""
        found = self._core.state.public_messages(given["channel"])
        return [views.message(self._core.cdn, message) for message in found]

    async def pings(self, _body: Json, _given: dict[str, str]) -> object:
        """Show who was notified."""
        return [views.ping(ping) for ping in self._core.state.pings]

    async def invocation(self, _body: Json, given: dict[str, str]) -> object:
        """Show an invocation with its messages; ``wait_seconds`` waits for a real answer.

        "Thinking" is none.
        """
        found = self._actions.invocation(int(given["id"]))
        wait = float(given.get("wait_seconds", 0))
        if wait:
            await found.final_reply(wait)
        messages = [views.message(self._core.cdn, message) for message in found.messages]
        return {**found.snapshot(), "messages": messages}

    # Acting as a user.

    async def slash(self, body: Json, _given: dict[str, str]) -> object:
        """Send a slash command."""
        invocation = await self._actions.slash(
            body["user"],
            body["channel"],
            body["command"],
            _options(body.get("options") or {}),
            despite_defaults=bool(body.get("despite_defaults")),
        )
        return invocation.snapshot()

    async def autocomplete(self, body: Json, _given: dict[str, str]) -> object:
        """Type into an option."""
        found = await self._actions.autocomplete(
            body["user"],
            body["channel"],
            body["command"],
            _options(body.get("options") or {}),
            body["focused"],
        )
        return {"choices": found.choices, "seconds": found.seconds}

    async def click(self, body: Json, _given: dict[str, str]) -> object:
        """Press a button."""
        invocation = await self._actions.click(body["user"], body["message"], body["button"])
        return invocation.snapshot()

    async def choose(self, body: Json, _given: dict[str, str]) -> object:
        """Pick from a select."""
        invocation = await self._actions.choose(
            body["user"], body["message"], body["custom_id"], body["values"]
        )
        return invocation.snapshot()

    async def message_command(self, body: Json, _given: dict[str, str]) -> object:
        """Use an entry of a message's menu."""
        invocation = await self._actions.message_command(
            body["user"], body["message"], body["command"]
        )
        return invocation.snapshot()

    async def modal(self, body: Json, _given: dict[str, str]) -> object:
        """Send a filled-in modal; ``invocation`` is the one that opened it."""
        opened_by = self._actions.invocation(int(body["invocation"]))
        values = {key: _field(value) for key, value in body["values"].items()}
        invocation = await self._actions.submit_modal(body["user"], opened_by, values)
        return invocation.snapshot()

    async def dismiss_modal(self, body: Json, _given: dict[str, str]) -> object:
        """Close a modal without sending it."""
        opened_by = self._actions.invocation(int(body["invocation"]))
        self._actions.dismiss_modal(body["user"], opened_by)
        return {}

    async def panel(self, _body: Json, given: dict[str, str]) -> object:
        """Show a message as ``user`` sees it."""
        return self._actions.panel(given["user"], given["message"]).snapshot()

    async def say(self, body: Json, _given: dict[str, str]) -> object:
        """Write a message with files."""
        files = [file for file in map(_option, body.get("files") or ()) if isinstance(file, Upload)]
        message = await self._actions.say(
            body["user"], body["channel"], body.get("content", ""), files=files
        )
        return {"id": str(message.id)}

    # Making trouble.

    async def add_fault(self, body: Json, _given: dict[str, str]) -> object:
        """Plan a failure: the fields of ``Fault``."""
        self._core.faults.add(Fault(**body))
        return {}

    async def clear_faults(self, _body: Json, _given: dict[str, str]) -> object:
        """Forget the planned failures."""
        self._core.faults.clear()
        return {}

    async def gateway(self, body: Json, _given: dict[str, str]) -> object:
        """``{"do": "drop" | "reconnect" | "invalidate", "refuse_resumes": n}``."""
        core = self._core
        core.faults.resume_refusals += int(body.get("refuse_resumes", 0))
        what = body.get("do")
        if what == "drop":
            core.gateway.drop(int(body.get("code", 1006)))
        elif what == "reconnect":
            core.gateway.reconnect()
        elif what == "invalidate":
            core.gateway.invalidate(resumable=bool(body.get("resumable")))
        return {}

    async def clock(self, body: Json, _given: dict[str, str]) -> object:
        """Skip time."""
        self._core.clock.advance(float(body["advance_seconds"]))
        return {"now": self._core.clock.iso()}


def _option(value: object) -> OptionValue:
    """Read an option; a file is ``{"filename", "path" | "base64", "content_type"}``."""
    if isinstance(value, dict):
        source = Path(value["path"]) if "path" in value else base64.b64decode(value["base64"])
        return Upload(value["filename"], source, value.get("content_type"))
    if isinstance(value, str | int | float):
        return value
    msg = f"cannot read the option value {value!r}"
    raise ClientRefusedError(msg)


def _field(value: object) -> object:
    """Read what goes into one field of a modal: files like options, all else as it is."""
    if isinstance(value, list):
        return [_field(item) for item in value]
    return _option(value) if isinstance(value, dict) else value


def _options(given: Json) -> dict[str, OptionValue]:
    return {name: _option(value) for name, value in given.items()}


def _handler(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        body: Json = await request.json() if request.can_read_body else {}
        try:
            result = await endpoint(body, {**request.query, **request.match_info})
        except (ClientRefusedError, KeyError, ValueError, TypeError) as error:
            return json_response(400, {"error": f"{type(error).__name__}: {error}"})
        except (NoAnswerError, TimeoutError) as error:
            return json_response(408, {"error": f"{type(error).__name__}: {error}"})
        return json_response(200, result)

    return handle
