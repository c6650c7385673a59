"""``python -m tests.benchmarks.bare_transfer``: the least it takes to move a result to Discord.

One request per line on standard input, one answer per line on standard output: a GET of the result
streamed to disk, then a PATCH of a message with the file as multipart. Nothing is checked.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

CHUNK_BYTES = 64 * 1024


async def transfer(session: aiohttp.ClientSession, order: dict[str, Any]) -> dict[str, float]:
    """Move one file; return when it began and what the download took."""
    began_at, began = time.time(), time.monotonic()
    path = Path(order["path"])
    async with session.get(URL(order["result"], encoded=True)) as answer:
        answer.raise_for_status()
        with path.open("wb") as file:  # noqa: ASYNC230 - the floor does nothing beside
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                file.write(chunk)
    downloaded = time.monotonic()
    form = aiohttp.FormData()
    attachments = {"attachments": [{"id": 0, "filename": "bare.mp4"}]}
    form.add_field("payload_json", json.dumps(attachments), content_type="application/json")
    with path.open("rb") as file:  # noqa: ASYNC230
        form.add_field("files[0]", file, filename="bare.mp4", content_type="video/mp4")
        headers = {"Authorization": f"Bot {order['token']}"}
        async with session.patch(order["message"], data=form, headers=headers) as answer:
            answer.raise_for_status()
            await answer.read()
    return {"began_at": began_at, "download_seconds": downloaded - began}


async def main() -> None:
    """Serve until the input ends."""
    async with aiohttp.ClientSession() as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(await transfer(session, json.loads(line))) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
