"""How a proxy is named to aiohttp, which discord.py speaks through."""

from __future__ import annotations

import aiohttp

from bot.domain.network import ForwardProxy


def credentials(proxy: ForwardProxy | None) -> aiohttp.BasicAuth | None:
    """Return a proxy's user and password; None where it has none.

    Apart from the address, because aiohttp repeats a proxy's whole address in its errors.
    discord.py knows no other way to hand them over, so they are made in the one way that is not
    deprecated.
    """
    if proxy is None or proxy.user is None:
        return None
    header = aiohttp.encode_basic_auth(proxy.user, proxy.password or "")
    return aiohttp.BasicAuth.decode(header, encoding="utf-8")
