"""Raw servers on loopback that misbehave exactly as told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

OK_CREATE = b'{"output":{"task_status":"PENDING","task_id":"t-1"},"request_id":"r-1"}'
OK_TASK = b'{"output":{"task_status":"RUNNING","task_id":"t-1"},"request_id":"r-2"}'


@dataclass
class Peer:
    """One accepted connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    served: Served

    async def read_head(self) -> bytes:
        """Read up to the blank line."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.served.received += head
        return head

    async def read_request(self) -> bytes:
        """Read a request to the last byte of its body."""
        head = await self.read_head()
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        body = await self.reader.readexactly(length)
        self.served.received += body
        self.served.whole_requests += 1
        self.served.has_request.set()
        return head + body

    async def answer(self, body: bytes, *, status: int = 200, headers: str = "") -> None:
        """Send a whole answer with its length."""
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Served:
    """What a server saw."""

    port: int = 0
    connections: int = 0
    whole_requests: int = 0
    received: bytearray = field(default_factory=bytearray)
    has_request: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"


@contextlib.asynccontextmanager
async def serving(
    behave: Callable[[Peer], Awaitable[None]],
    *,
    receive_buffer_bytes: int | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Served]:
    """Run a server whose every connection is treated by ``behave``."""
    served = Served()
    loops: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        task = asyncio.current_task()
        assert task is not None
        loops.add(task)
        try:
            await behave(Peer(reader, writer, served))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            loops.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    listening = socket.socket()
    if receive_buffer_bytes is not None:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.start_server(accept, sock=listening, ssl=tls)
    served.port = listening.getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in list(loops):
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await server.wait_closed()


def closed_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port
