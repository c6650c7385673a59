"""Reads request bodies: JSON, or ``payload_json`` with ``files[n]`` streamed to disk.

https://discord.com/developers/docs/reference#uploading-files
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from sandbox.discord.rules.errors import broken_json, too_large
from sandbox.discord.world.files import FileStore, Spool
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import StoredFile

CHUNK_BYTES = 1 << 18
REQUEST_LIMIT_BYTES = 500 * 1024 * 1024
"""Cloudflare refuses larger requests before Discord sees them."""
FILE_FIELD = re.compile(r"^files?\[(\d+)\]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """One ``files[n]`` part."""

    field_name: str
    filename: str
    content_type: str | None
    file: StoredFile


@dataclass(slots=True)
class Body:
    """What a request carried."""

    json: Json | list[Json] | None = None
    multipart: bool = False
    files: dict[int, UploadedFile] = field(default_factory=dict)
    """By the n of ``files[n]``."""


async def read_body(request: web.Request, store: FileStore) -> Body:
    """Read whatever the request carries.

    Raises:
        ApiError: not JSON (50109) or beyond what any channel takes (40005).
    """
    if not request.can_read_body:
        return Body()
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, store)
    raw = await request.content.read()
    return Body(json=_parse(raw)) if raw else Body()


def _parse(raw: bytes) -> Json | list[Json]:
    try:
        value = json.loads(raw)
    except ValueError:
        raise broken_json() from None
    if not isinstance(value, dict | list):
        raise broken_json()
    return value


async def _read_multipart(request: web.Request, store: FileStore) -> Body:
    body = Body(multipart=True)
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        name = part.name or ""
        match = FILE_FIELD.match(name)
        if match is None:
            raw = b"".join([chunk async for chunk in _chunks(part)])
            if name == "payload_json":
                body.json = _parse(raw)
            continue
        body.files[int(match[1])] = UploadedFile(
            field_name=name,
            filename=part.filename or "unknown.bin",
            content_type=part.headers.get("Content-Type"),
            file=await _spool(part, store.open()),
        )
    return body


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK_BYTES):
        yield chunk


async def _spool(part: BodyPartReader, spool: Spool) -> StoredFile:
    try:
        async for chunk in _chunks(part):
            spool.write(chunk)
            _require_room(spool)
    except BaseException:
        # Also where the bot goes away in the middle of an upload.
        spool.discard()
        raise
    return spool.finish()


def _require_room(spool: Spool) -> None:
    if spool.size > REQUEST_LIMIT_BYTES:
        raise too_large()
