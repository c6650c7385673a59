"""Where results will come from is looked up, and judged as a download judges it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from bot.domain.catalogue import Region
from bot.domain.network import IPNetwork, ResultLookup
from bot.provider import ResultLookups, default_base_url, resolve

BEIJING = "dashscope-result-bj.oss-cn-beijing.aliyuncs.com"
SINGAPORE = "dashscope-result-sgp.oss-ap-southeast-1.aliyuncs.com"
FAKE = ip_network("198.18.0.0/15")


class Names:
    """A name service that knows what it is told."""

    def __init__(self, **addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host.partition(".")[0].replace("-", "_") not in self._addresses:
            raise socket.gaierror(-2, "Name or service not known")
        return self._addresses[host.partition(".")[0].replace("-", "_")]


def lookups(
    names: Names | None = None,
    *,
    region: Region = Region.BEIJING,
    base_url: str | None = None,
    result_hosts: Sequence[str] = ("*.aliyuncs.com",),
    result_networks: Sequence[IPNetwork] = (),
    is_proxied: bool = False,
) -> ResultLookups:
    return ResultLookups(
        region=region,
        base_url=base_url or default_base_url(region),
        result_hosts=result_hosts,
        result_networks=result_networks,
        is_proxied=is_proxied,
        resolver=names or Names(),
    )


def test_a_host_of_the_region_is_looked_up() -> None:
    assert lookups().hosts == (BEIJING,)
    assert lookups(region=Region.SINGAPORE).hosts == (SINGAPORE,)


def test_hosts_named_one_by_one_are_looked_up_instead_of_those_that_are_not() -> None:
    named = ("results.example", "127.0.0.1", "localhost", "*.example")
    assert lookups(result_hosts=named).hosts == ("results.example",)
    assert lookups(result_hosts=("*.aliyuncs.com", *named)).hosts == (BEIJING, "results.example")
    assert lookups(result_hosts=(BEIJING,)).hosts == (BEIJING,)


@pytest.mark.parametrize(
    "where",
    [
        {"base_url": "http://127.0.0.1:8101/api/v1"},
        {"base_url": "http://localhost:8101/api/v1"},
        {"result_hosts": ("127.0.0.1", "[::1]")},
        {"result_hosts": ("*.example",)},
        {"is_proxied": True},
    ],
)
async def test_nothing_is_looked_up_where_it_would_say_nothing(where: dict[str, object]) -> None:
    names = Names()
    looked = lookups(names, **where)  # type: ignore[arg-type]  # each row has its own
    assert looked.hosts == ()
    assert await looked.look() == []
    assert names.asked == []


@pytest.mark.parametrize(
    ("addresses", "networks", "refused"),
    [
        (("47.100.1.1", "2400:3200::1"), (), None),
        (("198.18.0.7",), (), "198.18.0.7"),
        (("198.18.0.7",), (FAKE,), None),
        (("47.100.1.1", "fd00::7"), (FAKE,), "fd00::7"),
        (("fe80::1%eth0",), (), "fe80::1"),
        (("127.0.0.1",), (ip_network("0.0.0.0/0"),), "127.0.0.1"),
        (("100.100.100.200",), (ip_network("100.64.0.0/10"),), "100.100.100.200"),
    ],
)
async def test_each_address_is_judged(
    addresses: Sequence[str], networks: Sequence[IPNetwork], refused: str | None
) -> None:
    names = Names(dashscope_result_bj=addresses)
    (found,) = await lookups(names, result_networks=networks).look()
    shown = tuple(address.partition("%")[0] for address in addresses)
    assert found == ResultLookup(host=BEIJING, addresses=shown, refused=refused)


async def test_a_host_without_addresses_is_not_refused() -> None:
    (found,) = await lookups().look()
    assert found == ResultLookup(host=BEIJING, addresses=(), refused=None)


async def test_this_machines_name_service_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" in await resolve("127.0.0.1")

    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(OSError, match="not known"):
        await resolve(BEIJING)
