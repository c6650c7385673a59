"""Records what was asked, by whom, when, and what was answered: the witness of every test."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

LONG_TEXT_CHARACTERS = 4096


@dataclass(slots=True, kw_only=True, eq=False)
class RequestRecord:
    """One request as it arrived."""

    number: int
    method: str
    path: str
    """Path and query, not decoded."""
    point: str
    """create, query, list, cancel, upload, bucket, result or other."""
    headers: Mapping[str, str]
    """Names in lower case."""
    monotonic: float
    """Real seconds of an arbitrary clock; for differences."""
    wall: float
    """Real Unix time."""
    remote_port: int | None
    json: object = None
    """The JSON body; long strings are shortened by `shortened`."""
    status: int | None = None
    """HTTP status of the answer; None while there is none, and when the connection was dropped."""
    answered_at: float | None = None
    """Real monotonic seconds."""
    task_id: str | None = None
    """The task it created or asked for."""
    request_id: str = ""


class Recorder:
    """Keeps every request since the start, oldest first."""

    def __init__(self) -> None:
        self.requests: list[RequestRecord] = []

    def open(self, request: web.Request, *, point: str, request_id: str) -> RequestRecord:
        """Note the arrival of a request."""
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        record = RequestRecord(
            number=len(self.requests) + 1,
            method=request.method,
            path=request.raw_path,
            point=point,
            headers={name.lower(): value for name, value in request.headers.items()},
            monotonic=time.monotonic(),
            wall=time.time(),
            remote_port=peer[1] if isinstance(peer, tuple) else None,
            request_id=request_id,
        )
        self.requests.append(record)
        return record


def shortened(value: object) -> object:
    """Copy JSON with strings beyond a few thousand characters replaced by a description."""
    if isinstance(value, str) and len(value) > LONG_TEXT_CHARACTERS:
        digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
        return f"{value[:64]}… ({len(value)} characters, sha256 {digest})"
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return value


def as_json(record: RequestRecord) -> dict[str, object]:
    """Return a record for the control endpoint, without the key."""
    headers = {name: value for name, value in record.headers.items() if name != "authorization"}
    return {
        "number": record.number,
        "method": record.method,
        "path": record.path,
        "point": record.point,
        "headers": headers,
        "monotonic": record.monotonic,
        "wall": record.wall,
        "remote_port": record.remote_port,
        "json": record.json,
        "status": record.status,
        "answered_at": record.answered_at,
        "task_id": record.task_id,
        "request_id": record.request_id,
    }
