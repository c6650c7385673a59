"""Which addresses results may be fetched from, and the proxies a host names.

Pure: who resolves a name or connects is elsewhere (``bot.provider``, ``bot.client``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, unquote, urlsplit

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_MAPPED = IPv6Network("::ffff:0:0/96")
_GLOBAL_UNICAST = ip_network("2000::/3")
"""All that is assigned to hosts of the internet:
https://www.iana.org/assignments/ipv6-address-space/."""
_SPECIAL = (ip_network("3fff::/20"), ip_network("192.88.99.0/24"))
"""Documentation, and a relay that is no more; Python 3.11 takes them for global."""

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_NEVER = (
    *_LOOPBACK,
    # This host under another name: Linux connects 0.0.0.0 and :: to loopback.
    ip_network("0.0.0.0/8"),
    ip_network("::/96"),
    # Link-local, where clouds keep the keys of their machines (169.254.169.254, 169.254.170.2).
    ip_network("169.254.0.0/16"),
    ip_network("fe80::/10"),
    # Several hosts at once.
    ip_network("224.0.0.0/4"),
    ip_network("255.255.255.255/32"),
    ip_network("ff00::/8"),
    # IPv4 in a form that only translators understand: RFC 2765.
    ip_network("::ffff:0:0:0/96"),
    # The metadata services that are not link-local, each in its maker's own documentation:
    # Alibaba Cloud, Oracle Cloud, Azure, AWS (two) and Google Cloud.
    ip_network("100.100.100.200/32"),
    ip_network("192.0.0.192/32"),
    ip_network("168.63.129.16/32"),
    ip_network("fd00:ec2::254/128"),
    ip_network("fd00:ec2::23/128"),
    ip_network("fd20:ce::254/128"),
)
"""Where no result ever lies, whatever the settings say."""


def may_be_reached(address: IPAddress, networks: Iterable[IPNetwork] = ()) -> bool:
    """Tell whether a result may be fetched from an address.

    IPv6 addresses that only wrap an IPv4 address are judged by what they wrap.

    Args:
        address: where a host's name leads.
        networks: those the host of the bot allows beyond the public ones.
    """
    address = _unwrapped(address)
    if any(address in network for network in _NEVER):
        return False
    return _is_public(address) or any(address in network for network in networks)


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: IPAddress) -> IPAddress:
    if isinstance(address, IPv4Address):
        return address
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def parse_network(text: str) -> IPNetwork:
    """Read a network results may lead to, as ``10.0.0.0/8``; a lone address is one too.

    Raises:
        ValueError: it is none, or names only what is never reached; the message says which.
    """
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a network such as 198.18.0.0/15") from None
    if str(network.network_address) != str(ip_address(text.partition("/")[0])):
        raise ValueError(f"{text!r} is not a network: write {network}")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = IPv4Address(int(network.network_address) & 0xFFFF_FFFF)
        network = IPv4Network((mapped, network.prefixlen - _MAPPED.prefixlen))
    if any(_is_within(network, loopback) for loopback in _LOOPBACK):
        raise ValueError(f"{text!r} names loopback, where no result may ever lead")
    if any(_is_within(network, never) for never in _NEVER):
        raise ValueError(
            f"{text!r} names link-local, metadata or multicast addresses, where no result may "
            "ever lead"
        )
    return network


def _is_within(network: IPNetwork, outer: IPNetwork) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(outer, IPv4Network) and network.subnet_of(outer)
    return isinstance(outer, IPv6Network) and network.subnet_of(outer)


def is_loopback_name(host: str) -> bool:
    """Tell whether a host as it stands in a URL is this machine, without asking anybody."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLookup:
    """Where a host that results are expected from leads to, seen from this machine."""

    host: str
    addresses: tuple[str, ...]
    """Empty where the name service gives none."""
    refused: str | None
    """The first address no result would be fetched from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardProxy:
    """A proxy that one side of the bot goes through."""

    address: str
    """``http://host:port``, and nothing secret."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    """Empty where a user has none; None without a user."""


_HTTP_PORT = 80


def parse_proxy(text: str) -> ForwardProxy:
    """Read ``http://[user[:password]@]host[:port]``.

    Raises:
        ValueError: it is none; the message repeats nothing of it.
    """
    if not text.lower().startswith("http://"):
        raise ValueError("must begin with http://: other kinds of proxies are not spoken to")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _no_proxy() from None
    host = parts.hostname or ""
    odd = any(not "!" <= letter <= "~" for letter in text)
    if odd or not host or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise _no_proxy()
    user, password = _credentials(parts)
    shown = f"[{host}]" if ":" in host else host
    return ForwardProxy(
        address=f"http://{shown}:{_HTTP_PORT if port is None else port}",
        user=user,
        password=password,
    )


def _no_proxy() -> ValueError:
    return ValueError(
        "must be http://host:port or http://user:password@host:port; write :, /, @, # and ? in a "
        "password as %3A, %2F, %40, %23 and %3F"
    )


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user = unquote(parts.username or "")
    if not user or ":" in user:
        raise _no_proxy()
    return user, unquote(parts.password or "")
