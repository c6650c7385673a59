"""The keys that EventBridge signs with, from the certificates a call names.

A call comes from anybody, so the address in it is believed no more than the call is: exact host
names alone, https, the address checked on connecting, few bytes, few seconds, few fetches a
minute. Trust comes from the host and its TLS; the dates within a certificate are not judged, for
whoever holds the host could write others, and nothing documents them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict, deque
from collections.abc import Sequence

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bot.domain.errors import MalformedResponseError, ProviderUnavailableError, ResultHostError
from bot.domain.network import ForwardProxy, IPNetwork
from bot.domain.ports import Clock
from bot.provider.exchange import new_transport, trouble_of
from bot.provider.hosts import ResultHosts, ResultPlace
from bot.provider.result_transport import ResultTransport

LONGEST_CERTIFICATE_BYTES = 64 * 1024
"""A chain of three in PEM has about 6 kB."""
FETCH_SECONDS = 5.0
"""A whole fetch: the caller waits for its answer meanwhile."""
MOST_KEPT = 8
KEPT_SECONDS = 3600.0
"""A key that was changed under the same address is noticed after this."""
MOST_FETCHES = 6
FETCHES_SPAN_SECONDS = 60.0
"""So many fetches in such a span, whatever becomes of them; a genuine caller needs one an hour."""
KEY_BITS = range(2048, 8192 + 1)
"""Shorter keys prove nothing, longer ones take long to compute with."""
_OK = 200


class CertificateKeys:
    """Fetches and keeps public keys."""

    def __init__(
        self,
        *,
        hosts: Sequence[str],
        clock: Clock,
        user_agent: str,
        networks: Sequence[IPNetwork] = (),
        proxy: ForwardProxy | None = None,
        fetch_seconds: float = FETCH_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare; nothing is fetched.

        Args:
            hosts: exact names of hosts a certificate may lie on; loopback ones over http too.
            clock: tells how old a key is.
            user_agent: what we call ourselves.
            networks: those beyond the public ones the hosts may lead to.
            proxy: what fetches go through from all but loopback hosts.
            fetch_seconds: how long a whole fetch may take.
            transport: answers instead of the network, for tests.
            certificates: who is believed instead of the usual authorities, for tests.
        """
        self._names = frozenset(host.lower() for host in hosts)
        self._clock = clock
        self._user_agent = user_agent
        self._fetch_seconds = fetch_seconds
        self._tunnel: httpx.AsyncBaseTransport | None = None
        if transport is not None:
            self._direct = transport
        else:
            context = certificates or httpx.create_ssl_context(trust_env=False)
            self._direct = new_transport(context, keeps_connections=False)
            if proxy is not None:
                self._tunnel = new_transport(context, keeps_connections=False, proxy=proxy)
        self._places = ResultTransport(
            direct=self._direct,
            tunnel=self._tunnel,
            hosts=ResultHosts(hosts, networks),
            connects=transport is None,
        )
        self._kept: OrderedDict[str, tuple[RSAPublicKey, float]] = OrderedDict()
        """By address: the key, and until when it is kept; the one used last at the end."""
        self._fetched_at: deque[float] = deque(maxlen=MOST_FETCHES)
        self._turn = asyncio.Lock()

    async def aclose(self) -> None:
        """Close what is open."""
        for transport in (self._direct, self._tunnel):
            if transport is not None:
                await transport.aclose()

    async def key_of(self, url: str) -> RSAPublicKey:
        """Return the key of the certificate at an address.

        Raises:
            ResultHostError: the host is not named, or led to an address that is not allowed.
            ProviderUnavailableError: it could not be fetched, or too much was fetched already.
            MalformedResponseError: what lies there is no certificate of an RSA key.
        """
        place = self._place_of(url)
        async with self._turn:
            if (key := self._key_kept(url)) is not None:
                return key
            now = self._clock.monotonic()
            is_full = len(self._fetched_at) == MOST_FETCHES
            if is_full and now - self._fetched_at[0] < FETCHES_SPAN_SECONDS:
                raise _unavailable(place, "too many fetches in a minute")
            self._fetched_at.append(now)
            key = _key_in(await self._fetch(place), place)
            self._kept[url] = key, now + KEPT_SECONDS
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return key

    def _key_kept(self, url: str) -> RSAPublicKey | None:
        key, until = self._kept.get(url, (None, 0.0))
        if key is None or until <= self._clock.monotonic():
            return None
        self._kept.move_to_end(url)
        return key

    def _place_of(self, url: str) -> ResultPlace:
        try:
            place = self._places.place_of(url, call="certificate")
        except ResultHostError as error:
            raise _foreign(url) from error
        if place.host not in self._names:
            raise _foreign(url)
        if place.scheme == "https" and not url.lower().startswith("https:"):
            raise ResultHostError(f"certificate: {place.host} over http")
        return place

    async def _fetch(self, place: ResultPlace) -> bytes:
        try:
            async with asyncio.timeout(self._fetch_seconds):
                return await self._exchange(place)
        except TimeoutError as error:
            raise _unavailable(place, "took too long") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _unavailable(place, trouble_of(error)) from error

    async def _exchange(self, place: ResultPlace) -> bytes:
        response = await self._places.send(
            place,
            method="GET",
            headers={
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            patience=httpx.Timeout(self._fetch_seconds),
        )
        try:
            if response.status_code != _OK:
                raise _unavailable(place, f"HTTP {response.status_code}")
            content = bytearray()
            async for piece in response.aiter_raw():
                content += piece
                if len(content) > LONGEST_CERTIFICATE_BYTES:
                    raise _malformed(place, "too long")
            return bytes(content)
        finally:
            await response.aclose()


def _key_in(content: bytes, place: ResultPlace) -> RSAPublicKey:
    try:
        key = x509.load_pem_x509_certificate(content).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _malformed(place, "not in PEM") from error
    if not isinstance(key, RSAPublicKey) or key.key_size not in KEY_BITS:
        raise _malformed(place, "of no RSA key of a usual size")
    return key


def _foreign(url: str) -> ResultHostError:
    host = url.partition("://")[2].partition("/")[0]
    return ResultHostError(f"certificate: {host[:100]!r} is not among CALLBACK_CERTIFICATE_HOSTS")


def _malformed(place: ResultPlace, why: str) -> MalformedResponseError:
    return MalformedResponseError(f"certificate: {place.shown} is none: {why}", status=_OK)


def _unavailable(place: ResultPlace, why: str) -> ProviderUnavailableError:
    return ProviderUnavailableError(f"certificate: {place.shown}: {why}", request_was_sent=True)
