#!/usr/bin/env bash
# aiohttp deprecates proxy_auth for proxy_headers, which it never sends with a plain http request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check aiohttp==3.14.5
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import platform
import sys
import warnings

import aiohttp

print(f"Python {platform.python_version()}, aiohttp {aiohttp.__version__}")
print(
    "The deprecation of `proxy_auth` says to pass proxy_headers={'Proxy-Authorization': …} instead. "
    "Those headers go out with the CONNECT of an https request alone: a plain http request through "
    "the same proxy is sent without them, and an authenticating proxy answers 407."
)
CREDENTIALS = aiohttp.encode_basic_auth("user", "password")


async def main() -> bool:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        known = b"proxy-authorization:" in heads[-1].lower()
        status = b"200 OK" if known else b"407 Proxy Authentication Required"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        old = {"proxy_auth": aiohttp.BasicAuth("user", "password")}
        new = {"proxy_headers": {"Proxy-Authorization": CREDENTIALS}}
        statuses = []
        async with aiohttp.ClientSession() as session:
            for options in (old, new):
                async with session.get("http://files.example/", proxy=proxy, **options) as reply:
                    statuses.append(reply.status)
                    print(f"http:// with {next(iter(options))}: {reply.status}")
            try:
                await session.get("https://files.example/", proxy=proxy, **new)
            except aiohttp.ClientError:
                sent = b"proxy-authorization:" in heads[-1].lower()
                print(f"https:// with proxy_headers: the CONNECT has credentials: {sent}")
    server.close()
    advice = [str(line.message) for line in said if "'proxy_auth' parameter" in str(line.message)]
    print(f"the warning: {advice[0]}")
    return statuses == [200, 407] and sent and "proxy_headers" in advice[0]


sys.exit(not asyncio.run(main()))
PYTHON
