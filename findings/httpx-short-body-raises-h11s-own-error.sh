#!/usr/bin/env bash
# httpx maps the errors of its transport, but not the one about a body shorter than it was announced.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    httpx==0.28.1 httpcore==1.0.9 h11==0.16.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import platform
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import h11
import httpcore
import httpx

versions = f"httpx {httpx.__version__}, httpcore {httpcore.__version__}, h11 {h11.__version__}"
print(f"Python {platform.python_version()}, {versions}")
print(
    "A file that is streamed with its size as Content-Length, and that has become shorter when it "
    "is read, ends in an h11.LocalProtocolError: neither an httpx.HTTPError nor the "
    "httpx.LocalProtocolError that carries the same name, so `except httpx.HTTPError` lets it "
    "through. A longer one is no httpx error either, though httpx maps what else goes wrong below it."
)


async def attempt(path: Path, announced: int) -> Exception | None:
    async def pieces() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(4):
                yield piece

    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        over.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(
                url, content=pieces(), headers={"Content-Length": str(announced)}, timeout=5
            )
    except Exception as error:
        return error
    finally:
        await asyncio.wait_for(over.wait(), 5)
        server.close()
    return None


path = Path("upload.bin")
path.write_bytes(b"0123456789")
surprises = []
for announced in (12, 8):
    error = asyncio.run(attempt(path, announced))
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    is_httpx = isinstance(error, httpx.HTTPError)
    print(f"10 bytes announced as {announced}: {kind}: {error}; an httpx.HTTPError: {is_httpx}")
    surprises.append(isinstance(error, h11.LocalProtocolError) and not is_httpx)
sys.exit(not all(surprises))
PYTHON
