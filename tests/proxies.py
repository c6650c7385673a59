"""A forward proxy that writes down what it could read, and certificates for what lies behind it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class ProxySeen:
    """What passed a proxy."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    """The head of each connection's first request, credentials included."""
    passed: bytearray = field(default_factory=bytearray)
    """Whatever came after it from the bot, as the proxy can read it."""

    @property
    def request_lines(self) -> list[str]:
        """The first lines of the heads."""
        return [head.split(b"\r\n")[0].decode() for head in self.heads]

    def address(self, user: str = "") -> str:
        """Return the proxy's URL."""
        return f"http://{user}{'@' if user else ''}127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def proxying(
    *, routes: Mapping[str, int] | None = None, credentials: str | None = None
) -> AsyncIterator[ProxySeen]:
    """Run a forward proxy on loopback.

    Args:
        routes: for ``host:port``, the port on loopback that stands in for it; what is not in it is
            connected to as it is named.
        credentials: ``user:password``; whoever has none gets 407.
    """
    seen = ProxySeen()
    running: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _serve(seen, reader, writer, routes or {}, credentials)
        writer.close()
        running.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()


async def _serve(
    seen: ProxySeen,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    routes: Mapping[str, int],
    credentials: str | None,
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    seen.heads.append(head)
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    if credentials is not None:
        wanted = b"basic " + base64.b64encode(credentials.encode()).lower()
        if b"proxy-authorization: " + wanted not in head.lower():
            writer.write(b"HTTP/1.1 407 Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
    place = target if method == "CONNECT" else urlsplit(target).netloc
    host, _, port = place.rpartition(":")
    if place in routes:
        host, port = "127.0.0.1", str(routes[place])
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        far_writer.write(head)

    async def onward() -> None:
        while piece := await reader.read(65_536):
            seen.passed += piece
            far_writer.write(piece)
            await far_writer.drain()
        far_writer.write_eof()

    async def back() -> None:
        while piece := await far_reader.read(65_536):
            writer.write(piece)
            await writer.drain()

    try:
        async with asyncio.TaskGroup() as group:
            forth = group.create_task(onward())
            await back()
            forth.cancel()
    except* (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        far_writer.close()


@dataclass(frozen=True)
class Certificates:
    """Both ends of a TLS connection that trusts a made-up authority."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def certificates_for(host: str, folder: Path) -> Certificates:
    """Make an authority, and a certificate of it for a host name."""
    now = datetime.now(UTC)  # noqa: TID251  # OpenSSL judges by the real time
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = folder / "chain.pem"
    chain.write_bytes(private + public)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(chain)
    chain.unlink()
    client = ssl.create_default_context(cadata=public.decode())
    return Certificates(server=server, client=client)
