#!/usr/bin/env bash
# httpx's "target" extension also replaces the host:port of a proxy's CONNECT, so an https request fails and its query is read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import platform
import sys

import httpcore
import httpx

print(f"Python {platform.python_version()}, httpx {httpx.__version__}, httpcore {httpcore.__version__}")
print(
    "The `target` request extension sets an exact path and query. Behind an HTTP proxy the tunnel is "
    "opened with a request that is given the same extensions, so an https request asks the proxy for "
    "CONNECT /path?query instead of CONNECT host:443: the proxy reads the query, and no tunnel opens."
)
ORIGIN = "https://files.example"
TARGET = b"/a%2Fb.mp4?Signature=8xfX%3D"


async def main() -> bool:
    lines: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines.append(head.split(b"\r\n")[0].decode())
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(proxy=proxy, trust_env=False) as client:
        for extensions in ({}, {"target": TARGET}):
            try:
                await client.get(ORIGIN, extensions=extensions)
            except httpx.ProxyError:
                print(f"extensions {extensions}: the proxy was asked for {lines[-1]}")
    server.close()
    return lines == [
        "CONNECT files.example:443 HTTP/1.1",
        f"CONNECT {TARGET.decode()} HTTP/1.1",
    ]


sys.exit(not asyncio.run(main()))
PYTHON
