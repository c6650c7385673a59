"""Starts the emulated server, and shows what the bot did to it."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.discord.client.invocation import Invocation
from sandbox.discord.client.user_actions import UserActions
from sandbox.discord.client.world_builder import WorldBuilder, default_world
from sandbox.discord.control.endpoints import ControlEndpoints
from sandbox.discord.core import Core
from sandbox.discord.gateway import gateway
from sandbox.discord.gateway.session import Session
from sandbox.discord.rest.front import PREFIX, RestApi, cut_connection
from sandbox.discord.wire import cdn
from sandbox.discord.world.recorded_request import RecordedRequest
from sandbox.discord.world.records import Channel, Guild, Message, Ping, User
from sandbox.discord.world.settings import DiscordSettings
from sandbox.discord.world.state import ChannelRef

UNBOUNDED = 1 << 40
"""aiohttp's own body cap must not answer before Discord's rules do."""


class DiscordServer:
    """A Discord on loopback for one unmodified bot process.

    ``build`` changes the world, ``actions`` are what users do; the rest here looks at what came
    of it.
    """

    def __init__(self, settings: DiscordSettings | None = None) -> None:
        self.settings = settings or DiscordSettings()
        self.core = Core(self.settings)
        self.state = self.core.state
        self.clock = self.core.clock
        self.faults = self.core.faults
        self.gateway = self.core.gateway
        self.cdn = self.core.cdn
        self.limits = self.core.limits
        self._runner: web.AppRunner | None = None
        self.base_url = ""
        """``http://127.0.0.1:PORT`` once it listens."""
        self.build = WorldBuilder(self.core)
        self.actions = UserActions(self.core)
        self.wait_for = self.core.event_log.wait_for
        if self.settings.default_world:
            guild, channel, users = default_world(self.build)
            self.guild: Guild = guild
            """"Kitten Club" of the default world."""
            self.channel: Channel = channel
            """#videos of the default world."""
            self.users: list[User] = users
            """mia (owner) and tom (member) of the default world."""

    @property
    def token(self) -> str:
        """Bot token."""
        return self.state.token

    @property
    def application_id(self) -> int:
        """Application id, which is the bot user's too."""
        return self.state.application_id

    @property
    def bot_user(self) -> User:
        """The bot's account."""
        return self.state.bot

    @property
    def api_base_url(self) -> str:
        """What the bot gets as ``DISCORD_API_BASE_URL``."""
        return f"{self.base_url}{PREFIX}"

    @property
    def control_url(self) -> str:
        """Where another process drives the server."""
        return f"{self.base_url}/_sandbox"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=UNBOUNDED)
        app.router.add_route("*", PREFIX + "/{tail:.*}", RestApi(self.core).handle)
        app.router.add_get(gateway.PATH, self.gateway.serve)
        app.router.add_get(gateway.RESUME_PATH, self.gateway.serve)
        app.router.add_get(
            cdn.PREFIX + r"/{folder}/{owner}/{attachment:\d+}/{name}", self._serve_file
        )
        ControlEndpoints(self.core, self.build, self.actions).add_routes(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = self.cdn.base_url = f"http://{host}:{port}"
        self.gateway.base_url = f"ws://{host}:{port}"

    async def close(self) -> None:
        """Hang up and remove what was stored."""
        self.actions.close()
        self.gateway.drop(code=1001)
        if self._runner is not None:
            await self._runner.cleanup()
        self.core.store.close()

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take("GET", request.path, cdn.PREFIX)
        if fault is not None and fault.drop:
            return cut_connection(request)
        if fault is not None and fault.status is not None:
            return web.Response(status=fault.status)
        return await self.cdn.serve(request)

    # Looking at what happened.

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every REST request, in order of arrival."""
        return self.core.requests

    def requests_to(self, method: str, route: str) -> list[RecordedRequest]:
        """Filter the requests by method and route template."""
        return [
            request
            for request in self.requests
            if (request.method, request.route) == (method, route)
        ]

    @property
    def unknown_requests(self) -> list[RecordedRequest]:
        """Requests no route matched: the server lacks something, or the bot has a bug."""
        return [request for request in self.requests if request.route is None]

    def messages(self, channel: ChannelRef) -> list[Message]:
        """Public messages of a channel, oldest first, each with its revisions."""
        return self.state.public_messages(channel)

    @property
    def open_invocations(self) -> list[Invocation]:
        """What users still wait for: unacknowledged, or left "thinking". Empty is polite."""
        every = [
            self.actions.invocation(interaction_id) for interaction_id in self.state.interactions
        ]
        return [invocation for invocation in every if invocation.waiting]

    @property
    def pings(self) -> list[Ping]:
        """Who was really notified, by which message."""
        return self.state.pings

    @property
    def gateway_sessions(self) -> list[Session]:
        """Every gateway session, oldest first."""
        return self.gateway.sessions

    async def wait_until_ready(self, commands: int = 1, timeout_seconds: float = 20.0) -> None:
        """Wait until the bot is connected and has registered that many commands."""
        await self.wait_for(
            lambda: self.gateway.connected and len(self.state.commands) >= commands,
            timeout_seconds,
        )
