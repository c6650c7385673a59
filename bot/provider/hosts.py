"""Where a result may be fetched from: names before connecting, addresses after.

The provider names no fixed list of hosts (page ``legacy-image-to-video-api-reference``, FAQ, under
https://help.aliyun.com/zh/model-studio/), so a glob it is. A URL is taken apart by one strict
pattern here, and the parts are what httpx connects to: there is no second reading of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from bot.domain.errors import ResultHostError

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>/[\x21\x22\x24-\x7e]*)?"
    r"(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
_NAT64 = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
"""All that is assigned to hosts of the internet:
https://www.iana.org/assignments/ipv6-address-space/."""
_SPECIAL = (ip_network("3fff::/20"), ip_network("192.88.99.0/24"))
"""Documentation, and a relay that is no more; Python 3.11 takes them for global."""
_HIGHEST_PORT = 65_535
_HTTP_PORT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPlace:
    """A result's URL in the parts it is fetched by."""

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


class ResultHosts:
    """The hosts named in ``RESULT_HOSTS``."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(name.strip().lower() for name in names if name.strip())

    def place_of(self, url: str) -> ResultPlace:
        """Take a URL apart, if it may be fetched from.

        Raises:
            ResultHostError: the host is not named, or the URL has a form no result has, such as
                a user name.
        """
        found = _URL.fullmatch(url)
        if found is None:
            raise ResultHostError("download: a URL of a form no result has")
        scheme, host = found["scheme"].lower(), found["host"].lower()
        port = None if found["port"] is None else int(found["port"])
        if port is not None and not 0 < port <= _HIGHEST_PORT:
            raise ResultHostError(f"download: {host} with port {port}")
        is_loopback = host in self._names and _is_loopback_name(host)
        if not is_loopback:
            if not any(host == name or fnmatchcase(host, name) for name in self._names):
                raise ResultHostError(f"download: {host} is not among the result hosts")
            if scheme == "http":
                scheme = "https"
                port = None if port == _HTTP_PORT else port
        target = (found["target"] or "/").encode("ascii")
        return ResultPlace(
            scheme=scheme, host=host, port=port, target=target, is_loopback=is_loopback
        )


def check_peer(place: ResultPlace, peer: str) -> None:
    """Refuse a connection whose other end is not where results lie.

    Names can be made to point anywhere, so this looks at the address that was really reached,
    before a byte is sent.

    Raises:
        ResultHostError: the address is not global, or not loopback where loopback is named.
    """
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        raise ResultHostError(f"download: {place.host} has no address") from None
    allowed = address.is_loopback if place.is_loopback else is_public(address)
    if not allowed:
        raise ResultHostError(f"download: {place.host} led to {address}")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address belongs to a single host of the public internet.

    IPv6 addresses that only wrap an IPv4 address are judged by what they wrap.
    """
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            wrapped = address.teredo[1]
        if address in _NAT64:
            wrapped = IPv4Address(int(address) & 0xFFFF_FFFF)
        if wrapped is not None:
            return is_public(wrapped)
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
