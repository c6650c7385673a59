"""Serves finished files behind signed URLs, as an OSS bucket does.

The signature is the old OSS one: verb, expiry and path. A query string that was encoded twice no
longer matches, a HEAD of an address signed for GET neither, and after ``Expires`` the answer is
XML. PlannedFaults of the point ``result`` inject the file itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

from aiohttp import web

from sandbox.dashscope.answers import html, inject, send_text, xml_error
from sandbox.dashscope.clock import SERVICE_ZONE, EmulatorClock
from sandbox.dashscope.faults import Fault, PlannedFaults
from sandbox.dashscope.plans import VideoPlan
from sandbox.dashscope.tasks import TaskRecord

URL_SECONDS = 24 * 3600
ACCESS_KEY_ID = "LTAI5tSandboxEmulator000"
CHUNK_BYTES = 256 * 1024
BOX_HEADER_BYTES = 8
_OTHER_FILES = frozenset({"big", "short_file"})
"""PlannedFaults after which the file is whole and not the task's own."""
FOREIGN_HOST = "http://dashscope-result.invalid"


class VideoSource(Protocol):
    """Where the MP4 of a plan comes from."""

    def start(self, plan: VideoPlan) -> object:
        """Begin to make the MP4, where that takes time; called at will, also more than once."""
        ...

    async def video(self, plan: VideoPlan) -> bytes:
        """Return the MP4."""
        ...

    def close(self) -> None:
        """Let go of what is being made: the server ends."""
        ...


@dataclass(frozen=True, slots=True)
class _Result:
    task: TaskRecord
    plan: VideoPlan
    expires: int


class ResultStore:
    """Signs, and serves what it signed."""

    def __init__(
        self, *, clock: EmulatorClock, faults: PlannedFaults, videos: VideoSource, secret: bytes
    ) -> None:
        self.origin = ""
        """Scheme, host and port of the server, known once it listens."""
        self._clock = clock
        self._faults = faults
        self._videos = videos
        self._secret = secret
        self._results: dict[str, _Result] = {}

    def publish(self, task: TaskRecord) -> None:
        """Give a finished task its URL, valid for 24 hours from its end."""
        if task.plan is None or task.ended_at is None:
            message = "a task without a plan cannot succeed"
            raise RuntimeError(message)
        day = datetime.fromtimestamp(task.ended_at, SERVICE_ZONE)
        name = uuid.uuid4()
        path = f"/results/1d/cd/{day:%Y%m%d}/{name.hex[:8]}/{uuid.uuid4()}.mp4"
        expires = int(task.ended_at) + URL_SECONDS
        self._results[path] = _Result(task, task.plan, expires)
        if task.action == "no_video_url":
            return
        origin = self.origin
        if task.fault is not None and task.action == "foreign_host":
            origin = task.fault.location or FOREIGN_HOST
        signature = quote(self._signature("GET", path, expires), safe="")
        task.video_url = (
            f"{origin}{path}?Expires={expires}&OSSAccessKeyId={ACCESS_KEY_ID}&Signature={signature}"
        )

    def _signature(self, verb: str, path: str, expires: int) -> str:
        text = f"{verb}\n\n\n{expires}\n{path}"
        return base64.b64encode(
            hmac.new(self._secret, text.encode(), hashlib.sha1).digest()
        ).decode()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for a result."""
        # The raw text: aiohttp's own parsing would already have normalised the encoding.
        parts = urlsplit(request.raw_path)
        result = self._results.get(parts.path)
        refusal = self._refusal(request.method, parts.path, parts.query, result)
        if refusal is not None or result is None:
            return refusal or _no_such_key(parts.path)
        fault = self._faults.take("result", model=result.task.model, task_id=result.task.task_id)
        if fault is not None:
            if fault.action == "expired":
                return self._expired(result.expires)
            if fault.action == "redirect":
                location = fault.location or f"{self.origin}{request.raw_path}"
                return web.Response(status=302, headers={"Location": location})
            if fault.action == "error":
                return xml_error(fault.status, fault.code, fault.message)
            if fault.action == "html":
                return html(fault.status)
            if fault.action == "raw":
                return await send_text(request, fault)
            await inject(request, fault)
        video = await self._videos.video(result.plan)
        is_own = fault is None or fault.action not in _OTHER_FILES
        result.task.video_sha256 = hashlib.sha256(video).hexdigest() if is_own else None
        return await _send(request, video, fault)

    def _refusal(
        self, verb: str, path: str, query: str, result: _Result | None
    ) -> web.Response | None:
        values = {name: items[0] for name, items in parse_qs(query).items()}
        if "Signature" not in values or "Expires" not in values:
            return xml_error(
                403,
                "AccessDenied",
                "You have no right to access this object because of bucket acl.",
            )
        expires = values["Expires"]
        if (
            not expires.isdecimal()
            or values.get("OSSAccessKeyId") != ACCESS_KEY_ID
            or self._signature(verb, path, int(expires)) != values["Signature"]
        ):
            return xml_error(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
            )
        if int(expires) <= self._clock.epoch():
            return self._expired(int(expires))
        return None if result is not None else _no_such_key(path)

    def _expired(self, expires: int) -> web.Response:
        def iso(epoch: float) -> str:
            return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%S.000Z}"

        extra = {"Expires": iso(expires), "ServerTime": iso(self._clock.epoch())}
        return xml_error(403, "AccessDenied", "Request has expired.", extra)


def _no_such_key(path: str) -> web.Response:
    return xml_error(404, "NoSuchKey", "The specified key does not exist.", {"Key": path[1:]})


async def _send(request: web.Request, video: bytes, fault: Fault | None) -> web.StreamResponse:
    action = None if fault is None else fault.action
    padding = 0
    if fault is not None and action == "big":
        # A trailing `free` box: players skip it, so the file stays a valid MP4.
        padding = max(0, fault.bytes - len(video) - BOX_HEADER_BYTES)
        video += (padding + BOX_HEADER_BYTES).to_bytes(4, "big") + b"free"
    if fault is not None and action == "short_file":
        video = video[: min(fault.bytes, len(video) // 2)]
    total = len(video) + padding
    start, end = _range(request, total)
    response = web.StreamResponse(status=200 if (start, end) == (0, total) else 206)
    response.headers["Accept-Ranges"] = "bytes"
    response.content_type = "video/mp4"
    response.content_length = end - start
    if response.status != 200:  # noqa: PLR2004 - HTTP OK
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{total}"
    stop = end
    if fault is not None and action == "truncate":
        stop = start + min(fault.bytes, (end - start) // 2)
    await response.prepare(request)
    chunk = CHUNK_BYTES
    if fault is not None and action == "drip":
        chunk = max(1, fault.bytes_per_second // 10)
    while start < stop:
        piece = video[start : min(start + chunk, stop)]
        piece = piece or bytes(min(chunk, stop - start))
        await response.write(piece)
        start += len(piece)
        if fault is not None and action == "drip":
            await inject(request, Fault(point="result", action="delay", seconds=0.1))
    if action == "truncate" and request.transport is not None:
        request.transport.close()
    return response


def _range(request: web.Request, total: int) -> tuple[int, int]:
    """Return start and end of what is wanted; everything when the header is not understood."""
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if match is None or int(match[1]) >= total:
        return 0, total
    end = min(total, int(match[2]) + 1) if match[2] else total
    return (int(match[1]), end) if end > int(match[1]) else (0, total)
