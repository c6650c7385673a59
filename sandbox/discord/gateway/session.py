"""Keeps one gateway session and its websockets, which it outlives: RESUME is about that.

https://discord.com/developers/docs/events/gateway#resuming
"""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from aiohttp import web

from sandbox.discord.world.json import Json, dump

BUFFERED_EVENTS = 2000
SYNC_FLUSH_MARK = b"\x00\x00\xff\xff"


class Op(IntEnum):
    """Gateway opcodes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class CloseCode(IntEnum):
    """Why the gateway hangs up."""

    UNKNOWN_ERROR = 4000
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQUENCE = 4007
    RATE_LIMITED = 4008
    INVALID_SHARD = 4010
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


@dataclass(frozen=True, slots=True)
class Hangup:
    """A close waiting in the outbox behind what was sent before."""

    code: int
    abrupt: bool = False
    """True cuts the TCP connection without a close frame."""


class Connection:
    """One websocket with its outbox and, if asked for, its compression context."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        # One context per connection, each message flushed with Z_SYNC_FLUSH:
        # https://discord.com/developers/docs/events/gateway#transport-compression
        # Whoever asks for zstd-stream gets plain text, which discord.py takes as well.
        self._compressor = (
            zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        )
        self._outbox: asyncio.Queue[str | Hangup] = asyncio.Queue()
        self.session: Session | None = None
        self.sends: deque[float] = deque()
        """When the client sent something lately: 120 in 60 s are allowed."""

    def send(self, payload: Json) -> None:
        """Queue a payload."""
        self._outbox.put_nowait(dump(payload))

    def send_text(self, text: str) -> None:
        """Queue a payload that is JSON already."""
        self._outbox.put_nowait(text)

    def hang_up(self, code: int, *, abrupt: bool = False) -> None:
        """Queue a close."""
        self._outbox.put_nowait(Hangup(code, abrupt))

    async def write(self) -> None:
        """Send the outbox until a close or the end of the socket."""
        while True:
            item = await self._outbox.get()
            if isinstance(item, Hangup):
                await self._close(item)
                return
            try:
                await self._send(item)
            except (ConnectionError, RuntimeError):
                return

    async def _send(self, text: str) -> None:
        if self._compressor is None:
            await self._socket.send_str(text)
            return
        data = self._compressor.compress(text.encode())
        data += self._compressor.flush(zlib.Z_SYNC_FLUSH)
        await self._socket.send_bytes(data)

    async def _close(self, hangup: Hangup) -> None:
        transport = self._request.transport
        if hangup.abrupt and transport is not None:
            transport.abort()
            return
        await self._socket.close(code=hangup.code)


@dataclass(slots=True)
class Session:
    """Remembers what READY opened: shard, intents, numbered events, and its socket, if any."""

    id: str
    shard_id: int
    shard_count: int
    intents: int
    sequence: int = 0
    """Number of the last event."""
    buffer: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=BUFFERED_EVENTS))
    """(number, text) of the events a RESUME can still replay."""
    connection: Connection | None = None
    """None while the socket is down: events pile up in the buffer."""
    resumes: int = 0
    """How often it was resumed."""
    heartbeats: int = 0
    ended: bool = False
    """True once it cannot be resumed any more."""

    @property
    def connected(self) -> bool:
        """Tell whether a socket is up."""
        return self.connection is not None

    def dispatch(self, event: str, data: Json) -> None:
        """Number, buffer and, when connected, send an event."""
        self.sequence += 1
        text = dump({"op": int(Op.DISPATCH), "t": event, "s": self.sequence, "d": data})
        self.buffer.append((self.sequence, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def replay(self, after: int) -> bool:
        """Send everything after a number again; False when some of it is gone."""
        if after > self.sequence or (self.buffer and after < self.buffer[0][0] - 1):
            return False
        if self.connection is not None:
            for number, text in self.buffer:
                if number > after:
                    self.connection.send_text(text)
        return True
