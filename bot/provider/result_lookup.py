"""Looks up where results of a region will come from, before one has been paid for.

A download is refused where a name leads to an address that is not public. Behind a fake-IP DNS, a
VPN or in a VPC every name does, and each paid video would be lost; so the same judgement is made
of a host that results are known to come from, while it costs nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from bot.domain.catalogue import Region
from bot.domain.network import IPNetwork, ResultLookup, is_loopback_name, may_be_reached
from bot.provider.hosts import ResultHosts

SAMPLE_HOSTS: Final = {
    Region.BEIJING: "dashscope-result-bj.oss-cn-beijing.aliyuncs.com",
    Region.SINGAPORE: "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com",
}
"""A host of each region that results were seen on; the provider names no fixed list."""

LOOKUP_SECONDS = 5.0
_HTTPS_PORT = 443

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Returns a name's addresses; raises OSError where it has none."""


async def resolve(host: str) -> list[str]:
    """Return the addresses this machine's name service gives a host.

    Raises:
        OSError: it gives none, or does not answer.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(LOOKUP_SECONDS):
        found = await loop.getaddrinfo(host, _HTTPS_PORT, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


class ResultLookups:
    """Looks up the hosts that results are expected from."""

    def __init__(
        self,
        *,
        region: Region,
        base_url: str,
        result_hosts: Sequence[str],
        result_networks: Sequence[IPNetwork],
        is_proxied: bool,
        resolver: Resolver = resolve,
    ) -> None:
        """Choose the hosts; nothing is looked up.

        Args:
            region: where the account lives.
            base_url: a provider on loopback has its results there.
            result_hosts: names and globs a result may be fetched from.
            result_networks: networks beyond the public ones they may lead to.
            is_proxied: whether a proxy looks names up.
            resolver: asks the name service.
        """
        self._networks = tuple(result_networks)
        self._resolver = resolver
        self.hosts: tuple[str, ...] = ()
        """What is looked up; nothing behind a proxy, or where all lies on this machine."""
        if not is_proxied and not is_loopback_name(urlsplit(base_url).hostname or ""):
            named = ResultHosts(result_hosts)
            sample = SAMPLE_HOSTS[region]
            samples = (sample,) if named.allows(sample) else ()
            self.hosts = tuple(dict.fromkeys((*samples, *named.exact_names())))

    async def look(self) -> list[ResultLookup]:
        """Look all hosts up and judge their addresses."""
        return [await look_up(host, self._resolver, self._networks) for host in self.hosts]


async def look_up(host: str, resolver: Resolver, networks: Sequence[IPNetwork]) -> ResultLookup:
    """Look a host up and judge its addresses as a fetch would."""
    try:
        addresses = dict.fromkeys(address.partition("%")[0] for address in await resolver(host))
    except (OSError, UnicodeError):
        addresses = {}
    refused = (
        address for address in addresses if not may_be_reached(ip_address(address), networks)
    )
    return ResultLookup(host=host, addresses=tuple(addresses), refused=next(refused, None))
