"""Decides who is connected, who gets which event, and what is refused.

https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable

import aiohttp
from aiohttp import web

from sandbox.discord.gateway.session import CloseCode, Connection, Op, Session
from sandbox.discord.rules.faults import Faults
from sandbox.discord.wire.payloads import Payloads
from sandbox.discord.world.event_log import EventLog
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Guild
from sandbox.discord.world.state import State

PATH = "/gateway"
RESUME_PATH = "/gateway-resume"
INTENT_GUILDS = 1 << 0
INTENT_GUILD_MESSAGES = 1 << 9
INTENT_DIRECT_MESSAGES = 1 << 12
INTENT_MESSAGE_CONTENT = 1 << 15
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | INTENT_MESSAGE_CONTENT
SENDS_PER_MINUTE = 120
IDENTIFIES_PER_DAY = 1000
CLEAN_CLOSE = {1000, 1001}


class Gateway:
    """Accepts the bot's websockets and sends it events."""

    def __init__(
        self, state: State, payloads: Payloads, faults: Faults, event_log: EventLog
    ) -> None:
        self._state = state
        self._payloads = payloads
        self._faults = faults
        self._event_log = event_log
        self.base_url = ""
        """``ws://host:port``; set when the server listens."""
        self.sessions: list[Session] = []
        """Every session ever opened, newest last."""
        self.identifies = 0
        self._identified_at = 0.0

    @property
    def live(self) -> list[Session]:
        """The sessions that can still get events, one per shard at most."""
        return [session for session in self.sessions if not session.ended]

    @property
    def connected(self) -> bool:
        """Tell whether any shard has a socket up."""
        return any(session.connected for session in self.live)

    # What the rest of the server calls.

    def dispatch(
        self,
        event: str,
        data: Json,
        *,
        guild_id: int | None,
        intent: int = INTENT_GUILDS,
        without_content: Json | None = None,
    ) -> None:
        """Send an event to the shard of a guild (direct messages: shard 0) if it wants it.

        Args:
            event: Its name.
            data: What it brings.
            guild_id: Where it happened; None in a direct message.
            intent: Who wants it; 0 for everybody.
            without_content: What it brings to a session that did not ask for message contents.
        """
        for session in self.live:
            shard = 0 if guild_id is None else (guild_id >> 22) % session.shard_count
            if session.shard_id == shard and (not intent or session.intents & intent):
                reads = without_content is None or session.intents & INTENT_MESSAGE_CONTENT
                session.dispatch(event, data if reads else without_content or {})

    def dispatch_interaction(self, data: Json, *, guild_id: int | None) -> None:
        """Send INTERACTION_CREATE, which needs no intent, late or twice if so planned."""
        loop = asyncio.get_running_loop()

        def send() -> None:
            self.dispatch("INTERACTION_CREATE", data, guild_id=guild_id, intent=0)

        if self._faults.interaction_duplicates:
            loop.call_later(self._faults.interaction_duplicates.pop(0), send)
        if self._faults.interaction_delays:
            loop.call_later(self._faults.interaction_delays.pop(0), send)
        else:
            send()

    def drop(self, code: int = 1006) -> None:
        """Cut the sockets; 1006 cuts without a close frame. Sessions stay resumable."""
        self._each_connection(lambda connection: connection.hang_up(code, abrupt=code == 1006))  # noqa: PLR2004  # RFC 6455: no close frame

    def reconnect(self) -> None:
        """Ask the clients to reconnect and resume (op 7), as Discord does before a restart."""
        self._each_connection(
            lambda connection: connection.send({"op": int(Op.RECONNECT), "d": None})
        )

    def invalidate(self, *, resumable: bool = False) -> None:
        """Tell the clients that their session is invalid (op 9)."""
        for session in self.live:
            session.ended = not resumable
        for session in self.sessions:
            if session.connection is not None:
                session.connection.send({"op": int(Op.INVALID_SESSION), "d": resumable})

    def _each_connection(self, do: Callable[[Connection], None]) -> None:
        for session in self.sessions:
            if session.connection is not None:
                do(session.connection)

    # The websocket side.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Accept a websocket and speak until it closes."""
        if self._refuses(request):
            self._event_log.publish("gateway", f"The gateway refused {request.path} with 503")
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoping=True, compress=False, max_msg_size=1 << 14)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self._event_log.publish("gateway", f"A websocket opened at {request.path}")
        interval_ms = int(self._state.settings.heartbeat_interval_seconds * 1000)
        connection.send({"op": int(Op.HELLO), "d": {"heartbeat_interval": interval_ms}})
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(connection.write())
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._receive(connection, str(message.data))
            writer.cancel()
        self._closed(connection, socket.close_code)
        return socket

    def _refuses(self, request: web.Request) -> bool:
        if request.path == RESUME_PATH and self._faults.resume_refusals:
            self._faults.resume_refusals -= 1
            return True
        if request.path == PATH and self._faults.gateway_refusals:
            self._faults.gateway_refusals -= 1
            return True
        return False

    def _closed(self, connection: Connection, code: int | None) -> None:
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            # A client that closes with 1000 or 1001 gives its session up.
            session.ended = session.ended or code in CLEAN_CLOSE
        self._event_log.publish("gateway", f"A websocket closed with {code}", code=code)

    def _receive(self, connection: Connection, text: str) -> None:
        if self._too_many(connection):
            connection.hang_up(CloseCode.RATE_LIMITED)
            return
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d") or {}
        except (ValueError, KeyError, TypeError):
            connection.hang_up(CloseCode.DECODE_ERROR)
            return
        if op == Op.HEARTBEAT:
            if connection.session is not None:
                connection.session.heartbeats += 1
                self._event_log.wake()
            connection.send({"op": int(Op.HEARTBEAT_ACK)})
        elif op == Op.IDENTIFY:
            self._identify(connection, data)
        elif op == Op.RESUME:
            self._resume(connection, data)
        elif connection.session is None:
            connection.hang_up(CloseCode.NOT_AUTHENTICATED)
        elif op not in {Op.PRESENCE_UPDATE, Op.VOICE_STATE_UPDATE, Op.REQUEST_GUILD_MEMBERS}:
            connection.hang_up(CloseCode.UNKNOWN_OPCODE)

    def _too_many(self, connection: Connection) -> bool:
        now = asyncio.get_running_loop().time()
        connection.sends.append(now)
        while connection.sends[0] < now - 60:
            connection.sends.popleft()
        return len(connection.sends) > SENDS_PER_MINUTE

    def _identify(self, connection: Connection, data: Json) -> None:
        problem = self._identify_problem(connection, data)
        if problem is not None:
            self._event_log.publish("gateway", f"IDENTIFY was refused with {int(problem)}")
            connection.hang_up(problem)
            return
        now = self._state.clock.timestamp()
        too_soon = now < self._identified_at + self._state.settings.identify_every_seconds
        if too_soon:
            connection.send({"op": int(Op.INVALID_SESSION), "d": False})
            return
        self._identified_at = now
        self.identifies += 1
        shard_id, shard_count = data.get("shard", (0, 1))
        for old in self.live:
            if old.shard_id == shard_id:
                old.ended = True
        session = Session(secrets.token_hex(16), shard_id, shard_count, int(data["intents"]))
        session.connection, connection.session = connection, session
        self.sessions.append(session)
        self._greet(session)
        self._event_log.publish(
            "gateway", f"The bot is connected (shard {shard_id})", shard=shard_id
        )

    def _identify_problem(self, connection: Connection, data: Json) -> CloseCode | None:
        if connection.session is not None:
            return CloseCode.ALREADY_AUTHENTICATED
        if str(data.get("token", "")).removeprefix("Bot ") != self._state.token:
            return CloseCode.AUTHENTICATION_FAILED
        shard_id, shard_count = data.get("shard", (0, 1))
        if not 0 <= shard_id < shard_count:
            return CloseCode.INVALID_SHARD
        intents = data.get("intents")
        if not isinstance(intents, int):
            return CloseCode.INVALID_INTENTS
        if intents & PRIVILEGED_INTENTS and not self._state.settings.privileged_intents:
            return CloseCode.DISALLOWED_INTENTS
        return None

    def _greet(self, session: Session) -> None:
        guilds = [guild for guild in self._visible() if self._on_shard(guild, session)]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": self._payloads.own_user(),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": f"{self.base_url}{RESUME_PATH}",
                "shard": [session.shard_id, session.shard_count],
                "application": {"id": str(self._state.application_id), "flags": 0},
                "private_channels": [],
                "presences": [],
                "relationships": [],
                "geo_ordered_rtc_regions": [],
                "user_settings": {},
                "_trace": ["sandbox"],
            },
        )
        if session.intents & INTENT_GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", self._payloads.guild_create(guild))

    def _visible(self) -> list[Guild]:
        guilds = self._state.guilds.values()
        return [guild for guild in guilds if not guild.deleted and not guild.bot_removed]

    @staticmethod
    def _on_shard(guild: Guild, session: Session) -> bool:
        return (guild.id >> 22) % session.shard_count == session.shard_id

    def _resume(self, connection: Connection, data: Json) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._state.token:
            connection.hang_up(CloseCode.AUTHENTICATION_FAILED)
            return
        found = [session for session in self.live if session.id == data.get("session_id")]
        if not found:
            self._event_log.publish("gateway", "RESUME was refused: the session is gone")
            connection.send({"op": int(Op.INVALID_SESSION), "d": False})
            return
        session = found[0]
        session.connection, connection.session = connection, session
        if not session.replay(int(data.get("seq") or 0)):
            session.ended, session.connection = True, None
            connection.send({"op": int(Op.INVALID_SESSION), "d": False})
            return
        session.resumes += 1
        # discord.py writes into ``d``, so it must be an object.
        session.dispatch("RESUMED", {"_trace": ["sandbox"]})
        self._event_log.publish("gateway", f"The bot resumed (shard {session.shard_id})")
