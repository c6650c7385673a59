"""Where a result may be fetched from."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import httpx
import pytest

from bot.domain.errors import ResultHostError
from bot.domain.network import may_be_reached
from bot.provider.hosts import ResultHosts

NAMES = (" *.aliyuncs.com ", "", "127.0.0.1", "localhost", "[::1]", "*.test", "Exact.Example")


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://a.aliyuncs.com/x.mp4", "https://a.aliyuncs.com", "/x.mp4"),
        ("https://a.b.ALIYUNCS.com/X?Y", "https://a.b.aliyuncs.com", "/X?Y"),
        ("HTTPS://a.aliyuncs.com", "https://a.aliyuncs.com", "/"),
        ("https://a.aliyuncs.com:8443/x", "https://a.aliyuncs.com:8443", "/x"),
        ("http://a.aliyuncs.com/x", "https://a.aliyuncs.com", "/x"),
        ("http://a.aliyuncs.com:80/x", "https://a.aliyuncs.com", "/x"),
        ("http://a.aliyuncs.com:8080/x", "https://a.aliyuncs.com:8080", "/x"),
        ("https://exact.example/x", "https://exact.example", "/x"),
        ("https://a.aliyuncs.com/x?u=http://evil.com/", None, "/x?u=http://evil.com/"),
        ("https://a.aliyuncs.com/x?a=@evil.com", None, "/x?a=@evil.com"),
        ("https://a.aliyuncs.com/x?a=1#fragment", "https://a.aliyuncs.com", "/x?a=1"),
        ("https://a.aliyuncs.com/../%2e%2e/x//y/./z", None, "/../%2e%2e/x//y/./z"),
        ("http://127.0.0.1:8101/x", "http://127.0.0.1:8101", "/x"),
        ("http://localhost:1/x", "http://localhost:1", "/x"),
        ("https://localhost/x", "https://localhost", "/x"),
        ("http://[::1]:8101/x", "http://[::1]:8101", "/x"),
    ],
)
def test_allowed_urls_are_taken_apart(url: str, origin: str | None, target: str) -> None:
    place = ResultHosts(NAMES).place_of(url)
    assert place.origin == (origin or "https://a.aliyuncs.com")
    assert place.target == target.encode()
    assert httpx.URL(place.origin).host == place.host.strip("[]")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.mp4",
        "//a.aliyuncs.com/x",
        "ftp://a.aliyuncs.com/x",
        "file:///etc/passwd",
        "https:///x",
        "https://a.aliyuncs.com.evil.com/x",
        "https://evil.com/a.aliyuncs.com",
        "https://evil.com?a.aliyuncs.com",
        "https://evil.com#a.aliyuncs.com",
        "https://evilaliyuncs.com/x",
        "https://aliyuncs.com/x",
        "https://.aliyuncs.com/x",
        "https://a..aliyuncs.com/x",
        "https://a.aliyuncs.com./x",
        "https://a.aliyuncs.com@evil.com/x",
        "https://evil.com@a.aliyuncs.com/x",
        "https://me:pw@a.aliyuncs.com/x",
        "https://evil.com\\.aliyuncs.com/x",
        "https://evil.com\\@a.aliyuncs.com/x",
        "https://evil.com%2f.aliyuncs.com/x",
        "https://evil.com%00.aliyuncs.com/x",
        "https://evil.com\n.aliyuncs.com/x",
        "https://a.aliyuncs.com/x\r\nX-Injected: 1",
        "https://a.aliyuncs.com/x y",
        " https://a.aliyuncs.com/x",
        "https://a.aliyuncs.com/é",
        "https://é.aliyuncs.com/x",
        "https://a.aliyunc\u017f.com/x",
        "https://a.\u212aliyuncs.com/x",
        "https://a。aliyuncs。com/x",
        "https://a.aliyuncs.com:0/x",
        "https://a.aliyuncs.com:65536/x",
        "https://a.aliyuncs.com:/x",
        "https://a.aliyuncs.com:abc/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[a.aliyuncs.com]/x",
        "http://127.0.0.2/x",
        "http://127.1/x",
        "http://2130706433/x",
        "https://10.0.0.1/x",
        "https://8.8.8.8/x",
        "https://[::2]/x",
        "https://notexact.example/x",
    ],
)
def test_every_other_url_is_refused(url: str) -> None:
    with pytest.raises(ResultHostError):
        ResultHosts(NAMES).place_of(url)


def test_nothing_is_allowed_where_nothing_is_named() -> None:
    with pytest.raises(ResultHostError):
        ResultHosts(()).place_of("https://a.aliyuncs.com/x")


def test_loopback_under_a_glob_is_no_named_loopback() -> None:
    place = ResultHosts(("*",)).place_of("http://127.0.0.1:80/x")
    assert place.origin == "https://127.0.0.1"
    with pytest.raises(ResultHostError):
        ResultHosts(NAMES).check_peer(place, "127.0.0.1")


def test_refusal_does_not_repeat_the_query() -> None:
    with pytest.raises(ResultHostError) as caught:
        ResultHosts(NAMES).place_of("https://evil.com/x?Signature=secret")
    assert "secret" not in str(caught.value)
    place = ResultHosts(NAMES).place_of("https://a.aliyuncs.com/x.mp4?Signature=secret")
    assert place.shown == "a.aliyuncs.com/x.mp4"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("47.100.1.1", True),
        ("2400:3200::1", True),
        ("64:ff9b::808:808", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  # an address to refuse, not to bind
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("100.100.100.200", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("ff0e::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
        # Taken for global by Python 3.11's ipaddress, one of each block:
        ("fec0::1", False),
        ("::7f00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("::ffff:0:a00:1", False),
        ("3fff::1", False),
        ("5f00::1", False),
        ("192.88.99.1", False),
        ("4000::1", False),
    ],
)
def test_only_single_hosts_of_the_internet_are_public(address: str, expected: bool) -> None:  # noqa: FBT001  # a column
    assert may_be_reached(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("url", "peer", "allowed"),
    [
        ("https://a.aliyuncs.com/x", "47.100.1.1", True),
        ("https://a.aliyuncs.com/x", "2400:3200::1%eth0", True),
        ("https://a.aliyuncs.com/x", "127.0.0.1", False),
        ("https://a.aliyuncs.com/x", "fe80::1%eth0", False),
        ("https://a.aliyuncs.com/x", "", False),
        ("http://localhost:1/x", "127.0.0.1", True),
        ("http://localhost:1/x", "::1", True),
        ("http://localhost:1/x", "10.0.0.1", False),
        ("http://localhost:1/x", "47.100.1.1", False),
        ("http://127.0.0.1:1/x", "127.0.0.1", True),
    ],
)
def test_reached_address_is_what_counts(url: str, peer: str, allowed: bool) -> None:  # noqa: FBT001  # a column
    place = ResultHosts(NAMES).place_of(url)
    if allowed:
        ResultHosts(NAMES).check_peer(place, peer)
    else:
        with pytest.raises(ResultHostError):
            ResultHosts(NAMES).check_peer(place, peer)


def test_a_network_of_the_hosts_own_may_be_led_to_by_named_hosts_alone() -> None:
    hosts = ResultHosts(NAMES, (ip_network("198.18.0.0/15"),))
    place = hosts.place_of("https://a.aliyuncs.com/x")
    hosts.check_peer(place, "198.18.0.7")
    hosts.check_peer(place, "47.100.1.1")
    for refused in ("10.0.0.1", "127.0.0.1", "169.254.169.254"):
        with pytest.raises(ResultHostError, match=f"led to {refused}"):
            hosts.check_peer(place, refused)
    with pytest.raises(ResultHostError):
        hosts.place_of("https://evil.com/x")
    with pytest.raises(ResultHostError):
        hosts.check_peer(hosts.place_of("http://localhost:1/x"), "198.18.0.7")
