"""Which addresses results may be fetched from once a host allows more than the public ones."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from bot.domain.network import is_loopback_name, may_be_reached

EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize(
    ("network", "address", "expected"),
    [
        ("198.18.0.0/15", "198.18.0.7", True),
        ("198.18.0.0/15", "198.19.255.255", True),
        ("198.18.0.0/15", "198.20.0.1", True),  # public anyhow
        ("198.18.0.0/15", "10.0.0.1", False),
        ("10.0.0.0/8", "10.200.3.4", True),
        ("10.0.0.0/8", "198.18.0.7", False),
        ("100.64.0.0/10", "100.118.28.1", True),
        ("100.64.0.0/10", "100.100.100.200", False),
        ("fd00::/8", "fd12:3456::1", True),
        ("fd00::/8", "fc00::1", False),
        ("fd00::/8", "fd00:ec2::254", False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("10.0.0.0/8", "64:ff9b::a00:1", True),
        ("198.18.0.0/15", "2002:c612:7::1", True),
        ("fd00::/8", "10.0.0.1", False),
    ],
)
def test_a_named_network_is_allowed_and_no_other(
    network: str, address: str, *, expected: bool
) -> None:
    assert may_be_reached(ip_address(address), (ip_network(network),)) is expected


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",  # noqa: S104  # an address to refuse, not to bind
        "0.1.2.3",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::6464:64c8",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)
def test_loopback_and_metadata_are_never_reached(address: str) -> None:
    assert not may_be_reached(ip_address(address))
    assert not may_be_reached(ip_address(address), EVERYTHING)


@pytest.mark.parametrize("address", ["192.168.1.1", "198.18.0.1", "240.0.0.1", "fec0::1"])
def test_everything_is_everything_else(address: str) -> None:
    assert not may_be_reached(ip_address(address))
    assert may_be_reached(ip_address(address), EVERYTHING)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("::1", True),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_known_by_its_name(host: str, *, expected: bool) -> None:
    assert is_loopback_name(host) is expected
