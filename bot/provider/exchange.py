"""One HTTP exchange with the API: no cookies, no redirects, no repetition, a total deadline.

It works on httpx's transports and not on its client, because the client would keep cookies, look
for proxies and passwords in the environment, and log URLs.
"""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
from typing_extensions import override

from bot.domain.errors import MalformedResponseError, ProviderUnavailableError
from bot.domain.network import ForwardProxy
from bot.domain.ports import Clock

LONGEST_ANSWER_BYTES = 1024 * 1024
"""A page of 50 tasks has about 30 kB."""
LONGEST_RETRY_AFTER_SECONDS = 60.0
"""A server's wait beyond this is not obeyed."""
PIECE_BYTES = 64 * 1024
"""What is handed to the transport at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long things may take, in seconds."""

    create: float = 60.0
    """A whole create call; the dispatcher's lease is twice this."""
    query: float = 30.0
    """A whole query, list or cancel call, from its turn on."""
    download: float = 15 * 60.0
    """A whole download."""
    connect: float = 10.0
    """Name look-up, TCP and TLS together."""
    download_read: float = 60.0
    """Silence in the middle of a download, or of an upload."""
    upload: float = 5 * 60.0
    """A whole upload: as long as the policy that allows it is valid. 100 MB at 2.7 Mbit/s."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    body: bytes
    headers: httpx.Headers
    request_was_sent: bool
    """False where the answer came before the body was handed over."""

    @property
    def request_id(self) -> str | None:
        """The request id of the headers; a recorded 401 has it only there."""
        value: str | None = self.headers.get("X-Request-ID")
        return value

    def retry_after_seconds(self, clock: Clock) -> float | None:
        """Read ``Retry-After``: seconds or an HTTP date, obeyed up to a minute."""
        value: str = self.headers.get("Retry-After", "")
        try:
            seconds = float(value)
        except ValueError:
            try:
                moment = parsedate_to_datetime(value)
            except ValueError:
                return None
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            seconds = (moment - clock.now()).total_seconds()
        if not math.isfinite(seconds):
            return None
        return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


class Body(httpx.AsyncByteStream):
    """A request body that knows whether it may have arrived whole, and is never sent twice.

    The transport asks for the last piece only after it has written those before. Until then the
    server certainly lacks some of the bytes ``Content-Length`` promised. From then on nothing is
    certain: a write that fails or is cancelled leaves its bytes in a buffer that may still drain,
    so httpcore's own event of a completed body would be too optimistic.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._started = False
        self.was_handed_over = False
        """True from the moment the last piece is out of our hands."""

    def __len__(self) -> int:
        return len(self._content)

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._started:
            raise httpx.StreamConsumed
        self._started = True
        for start in range(0, len(self._content), PIECE_BYTES):
            end = start + PIECE_BYTES
            if end >= len(self._content):
                self.was_handed_over = True
            yield self._content[start:end]
        self.was_handed_over = True


def new_transport(
    context: ssl.SSLContext, *, keeps_connections: bool, proxy: ForwardProxy | None = None
) -> httpx.AsyncHTTPTransport:
    """Build a transport without retries, with or without kept connections.

    Args:
        context: what servers' certificates are checked by.
        keeps_connections: whether a connection serves more than one request.
        proxy: what all requests go through; nothing in the environment names another.
    """
    return httpx.AsyncHTTPTransport(
        verify=context,
        trust_env=False,
        retries=0,
        limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=20 if keeps_connections else 0
        ),
        proxy=None if proxy is None else _httpx_proxy(proxy),
    )


class Certificates:
    """What servers' certificates are checked by, read when the first connection is made.

    A start has no use for the authorities of the world, and whoever reads them waits for the disk
    and for OpenSSL.
    """

    def __init__(self, own: ssl.SSLContext | None = None) -> None:
        """Read nothing yet.

        Args:
            own: who is believed instead of the usual authorities.
        """
        self._context = own
        self._reading = asyncio.Lock()

    async def read(self) -> ssl.SSLContext:
        """Return the authorities."""
        async with self._reading:
            if self._context is None:
                self._context = await asyncio.to_thread(httpx.create_ssl_context, trust_env=False)
            return self._context


class TransportOnDemand(httpx.AsyncBaseTransport):
    """A transport that is built when the first request comes."""

    def __init__(
        self,
        certificates: Certificates,
        *,
        keeps_connections: bool,
        proxy: ForwardProxy | None = None,
    ) -> None:
        """Remember what it is built of; see ``new_transport``."""
        self._certificates = certificates
        self._keeps_connections = keeps_connections
        self._proxy = proxy
        self._built: httpx.AsyncHTTPTransport | None = None

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._transport(await self._certificates.read())
        return await transport.handle_async_request(request)

    def _transport(self, context: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
        if self._built is None:
            self._built = new_transport(
                context, keeps_connections=self._keeps_connections, proxy=self._proxy
            )
        return self._built

    @override
    async def aclose(self) -> None:
        if self._built is not None:
            await self._built.aclose()


def _httpx_proxy(proxy: ForwardProxy) -> httpx.Proxy:
    auth = None if proxy.user is None else (proxy.user, proxy.password or "")
    return httpx.Proxy(proxy.address, auth=auth)


def trouble_of(error: Exception) -> str:
    """Return what may be said of an error of the transport: its name, and a proxy's status."""
    name = type(error).__name__
    status = str(error)[:3] if isinstance(error, httpx.ProxyError) else ""
    return f"{name} {status}" if status.isdecimal() else name


async def exchange(
    transport: httpx.AsyncBaseTransport,
    *,
    call: str,
    method: str,
    url: httpx.URL,
    headers: httpx.Headers,
    body: Body,
    deadline_seconds: float,
    connect_seconds: float,
) -> Reply:
    """Send one request once and read its answer whole.

    Raises:
        ProviderUnavailableError: no whole answer within the deadline.
        MalformedResponseError: an answer far longer than any of this API, or broken compression.
    """
    headers = headers.copy()
    headers["Host"] = url.netloc.decode("ascii")
    if method == "POST":
        headers["Content-Length"] = str(len(body))
    timeout = httpx.Timeout(deadline_seconds, connect=connect_seconds)
    request = httpx.Request(
        method, url, headers=headers, stream=body, extensions={"timeout": timeout.as_dict()}
    )
    try:
        async with asyncio.timeout(deadline_seconds):
            response = await transport.handle_async_request(request)
            try:
                content = await _read(response, call=call)
            finally:
                await response.aclose()
    except TimeoutError as error:
        raise ProviderUnavailableError(
            f"{call}: no answer within {deadline_seconds:g} s",
            request_was_sent=body.was_handed_over,
        ) from error
    except httpx.DecodingError as error:
        raise MalformedResponseError(f"{call}: an answer of broken compression") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise ProviderUnavailableError(
            f"{call}: {trouble_of(error)} at {url.host}",
            request_was_sent=body.was_handed_over,
        ) from error
    return Reply(response.status_code, content, response.headers, body.was_handed_over)


async def _read(response: httpx.Response, *, call: str) -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > LONGEST_ANSWER_BYTES:
            raise MalformedResponseError(
                f"{call}: HTTP {response.status_code} with an endless answer",
                status=response.status_code,
            )
    return bytes(content)
