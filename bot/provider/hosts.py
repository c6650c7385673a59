"""Where the provider's files may lie: names before connecting, addresses after.

The provider names no fixed list of hosts (page ``legacy-image-to-video-api-reference``, FAQ, under
https://help.aliyun.com/zh/model-studio/), so a glob it is. A URL is taken apart by one strict
pattern here, and the parts are what httpx connects to: there is no second reading of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address

from bot.domain.errors import ResultHostError
from bot.domain.network import IPNetwork, is_loopback_name, may_be_reached

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[\x21\x22\x24-\x7e]*)?"
    r"(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
_HIGHEST_PORT = 65_535
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPlace:
    """The URL of a result, or of where a file is sent to, in the parts that are connected to."""

    call: str
    """What is done there, for messages."""
    scheme: str
    host: str
    """In lower case; IPv6 in brackets."""
    port: int | None
    target: bytes
    """Path and query, byte for byte as given."""
    is_loopback: bool
    """A loopback host the settings name: only there the address need not be global."""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.scheme}://{self.host}" + ("" if self.port is None else f":{self.port}")

    @property
    def shown(self) -> str:
        """Host and path, for logs: never the signed query."""
        return self.host + self.target.decode("ascii").partition("?")[0]

    @property
    def address(self) -> str | None:
        """The host where it is an address and no name."""
        host = self.host.strip("[]")
        try:
            ip_address(host)
        except ValueError:
            return None
        return host


class ResultHosts:
    """The hosts named in ``RESULT_HOSTS``, and where they may lead (``RESULT_NETWORKS``)."""

    def __init__(self, names: Sequence[str], networks: Sequence[IPNetwork] = ()) -> None:
        self._names = tuple(name.strip().lower() for name in names if name.strip())
        self._networks = tuple(networks)

    def place_of(self, url: str, *, call: str = "download") -> ResultPlace:
        """Take a URL apart, if its host may be reached.

        Args:
            url: as an answer has it.
            call: what is to be done there, for messages.

        Raises:
            ResultHostError: the host is not named, or the URL has a form no result has, such as
                a user name.
        """
        found = _URL.fullmatch(url)
        if found is None:
            raise ResultHostError(f"{call}: a URL of a form no result has")
        scheme, host = found["scheme"].lower(), found["host"].lower()
        port = None if found["port"] is None else int(found["port"])
        if port is not None and not 0 < port <= _HIGHEST_PORT:
            raise ResultHostError(f"{call}: {host} with port {port}")
        is_loopback = host in self._names and is_loopback_name(host)
        if not is_loopback:
            if not self.allows(host):
                raise ResultHostError(f"{call}: {host} is not among the result hosts")
            if scheme == "http":
                scheme = "https"
                port = None if port == _HTTP_PORT else port
        target = (found["target"] or "/").encode("ascii")
        return ResultPlace(
            call=call,
            scheme=scheme,
            host=host,
            port=port,
            target=target,
            is_loopback=is_loopback,
        )

    def allows(self, host: str) -> bool:
        """Tell whether a host is named, by itself or by a pattern."""
        return any(host == name or fnmatchcase(host, name) for name in self._names)

    def exact_names(self) -> tuple[str, ...]:
        """Return the hosts that are named without a pattern, loopback aside."""
        return tuple(
            name
            for name in self._names
            if not any(letter in name for letter in "*?") and not is_loopback_name(name)
        )

    def check_peer(self, place: ResultPlace, peer: str) -> None:
        """Refuse a connection whose other end is not where results lie.

        Names can be made to point anywhere, so this looks at the address that was really reached,
        before a byte is sent.

        Raises:
            ResultHostError: the address is neither public nor in a network that is allowed, or
                not loopback where loopback is named.
        """
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            raise ResultHostError(f"{place.call}: {place.host} has no address") from None
        if place.is_loopback:
            allowed = address.is_loopback
        else:
            allowed = may_be_reached(address, self._networks)
        if not allowed:
            raise ResultHostError(f"{place.call}: {place.host} led to {address}")
