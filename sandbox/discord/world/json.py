"""Reads and writes JSON. Payloads are plain dictionaries here and nowhere interpreted."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from aiohttp import web

Json: TypeAlias = dict[str, Any]
"""One JSON object of Discord's wire format."""


def dump(value: object) -> str:
    """Write JSON the way Discord does: compact, text as UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def json_response(
    status: int, body: object, headers: dict[str, str] | None = None
) -> web.StreamResponse:
    """Answer with JSON, or with nothing when ``body`` is None.

    discord.py parses a body only if the type is exactly ``application/json`` (``http.py``,
    ``json_or_text``), so the charset aiohttp would add must not be there.
    """
    if body is None:
        return web.Response(status=status, headers=headers)
    payload = dump(body).encode()
    return web.Response(
        status=status,
        body=payload,
        headers={"Content-Type": "application/json", **(headers or {})},
    )
