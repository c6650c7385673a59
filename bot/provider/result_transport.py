"""Connections to where the provider's files lie: allowed hosts alone, addresses judged first.

Results are fetched over them, and what the provider is to fetch is sent over them. A host comes out
of an answer, so it is believed no more than the answer is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol, runtime_checkable

import httpx
from typing_extensions import override

from bot.domain.errors import ResultHostError
from bot.provider.hosts import ResultHosts, ResultPlace


@runtime_checkable
class _Stream(Protocol):
    """What httpcore hands to the trace of a connection."""

    def get_extra_info(self, info: str) -> tuple[str, int] | None: ...

    async def aclose(self) -> None: ...


class ExactURL(httpx.URL):
    """An address whose path and query go out byte for byte as given.

    httpx would normalise a signed query. Its ``target`` extension leaves one alone, but httpcore
    gives a proxy's CONNECT the same target: the signed query instead of ``host:port``, in clear
    (httpcore 1.0.9, ``_async/http_proxy.py``). The transport reads ``raw_path``, and only for the
    request itself.
    """

    def __init__(self, origin: str, target: bytes) -> None:
        super().__init__(origin)
        self._target = target

    @property
    @override
    def raw_path(self) -> bytes:
        """Path and query."""
        return self._target


class PeerGuard:
    """Ends a connection to the wrong address before a byte leaves, TLS greeting included.

    It listens to httpcore's ``trace`` extension
    (https://www.encode.io/httpcore/extensions/#trace), the only place between connecting and
    sending.
    """

    def __init__(self, hosts: ResultHosts, place: ResultPlace) -> None:
        self._hosts = hosts
        self._place = place
        self.has_checked = False

    async def __call__(self, event: str, facts: Mapping[str, object]) -> None:
        """Check the peer once it is known."""
        if event != "connection.connect_tcp.complete":
            return
        stream = facts["return_value"]
        if not isinstance(stream, _Stream):
            return  # and with has_checked unset nothing is sent, and no answer believed
        peer = stream.get_extra_info("server_addr")
        try:
            self._hosts.check_peer(self._place, "" if peer is None else peer[0])
        except ResultHostError:
            await stream.aclose()
            raise
        self.has_checked = True

    def demand(self) -> None:
        """Refuse to go on over a connection nobody has looked at.

        Raises:
            ResultHostError: its address was not checked.
        """
        if not self.has_checked:
            place = self._place
            raise ResultHostError(f"{place.call}: the address of {place.host} was not checked")


class _GuardedBody(httpx.AsyncByteStream):
    """A request's body, which stays here unless the peer was checked."""

    def __init__(self, body: httpx.AsyncByteStream, guard: PeerGuard) -> None:
        self._body = body
        self._guard = guard

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._guard.demand()
        async for piece in self._body:
            yield piece


class ResultTransport:
    """Reaches the hosts named in ``RESULT_HOSTS``."""

    def __init__(
        self,
        *,
        direct: httpx.AsyncBaseTransport,
        hosts: ResultHosts,
        connects: bool,
        tunnel: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            direct: reaches places itself.
            hosts: where files lie.
            connects: False only for a transport of a test, which reaches no address to check.
            tunnel: reaches places through a proxy, and is used for all but loopback.
        """
        self._direct = direct
        self._tunnel = tunnel
        self._hosts = hosts
        self._connects = connects

    def place_of(self, url: str, *, call: str) -> ResultPlace:
        """Take a URL apart, if its host is allowed; see ``ResultHosts.place_of``."""
        return self._hosts.place_of(url, call=call)

    async def send(
        self,
        place: ResultPlace,
        *,
        method: str,
        headers: dict[str, str],
        patience: httpx.Timeout,
        body: httpx.AsyncByteStream | None = None,
    ) -> httpx.Response:
        """Send one request; the answer is open, and the caller's to close.

        Raises:
            ResultHostError: the address is not allowed; nothing of the body was sent.
            httpx.HTTPError: the transport broke.
        """
        guard, transport = PeerGuard(self._hosts, place), self._direct
        extensions: dict[str, object] = {"timeout": patience.as_dict()}
        if self._tunnel is not None and not place.is_loopback:
            # The proxy looks the name up, so the peer is the proxy, wherever that is. What the
            # URL itself says is judged all the same.
            transport = self._tunnel
            if place.address is not None:
                self._hosts.check_peer(place, place.address)
            guard.has_checked = True
        else:
            guard.has_checked = not self._connects
            extensions["trace"] = guard
        url = ExactURL(place.origin, place.target)
        request = httpx.Request(
            method,
            place.origin,
            headers={"Host": url.netloc.decode("ascii"), **headers},
            stream=None if body is None else _GuardedBody(body, guard),
            extensions=extensions,
        )
        request.url = url
        response = await transport.handle_async_request(request)
        try:
            guard.demand()
        except ResultHostError:
            await response.aclose()
            raise
        return response
