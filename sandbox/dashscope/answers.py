"""Builds answers with the headers of the service, and breaks them on purpose."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import NoReturn
from xml.sax.saxutils import escape

from aiohttp import hdrs, web

from sandbox.dashscope.faults import Fault

JSON_TYPE = "application/json"
TASKS_JSON_TYPE = "application/json;charset=UTF-8"
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing", asyncio.Event)
"""Set when the server ends, so that nothing hangs longer than the server lives."""

PAGE = (
    "<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Service page</h1>"
    "<p>This page is not what an API client hopes for.</p></body></html>"
)


class ConnectionDroppedError(Exception):
    """The connection was cut instead of an answer."""


def json_answer(
    request: web.Request,
    body: Mapping[str, object],
    *,
    status: int = 200,
    content_type: str | None = JSON_TYPE,
) -> web.Response:
    """Return a JSON answer, compressed when the caller accepts gzip.

    Args:
        request: what is answered.
        body: the JSON object.
        status: HTTP status.
        content_type: None leaves the header out, as the service does with 401.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    response = web.Response(status=status, body=text.encode())
    response.headers[hdrs.CONTENT_TYPE] = content_type or ""
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


def html(status: int) -> web.Response:
    """Return a page where JSON or a video was expected."""
    return web.Response(status=status, text=PAGE, content_type="text/html")


def xml_error(
    status: int, code: str, message: str, extra: Mapping[str, str] | None = None
) -> web.Response:
    """Return an error of the bucket."""
    values = {"Code": code, "Message": message, "RequestId": "0" * 24, "HostId": "sandbox"}
    values |= extra or {}
    inner = "".join(f"\n  <{name}>{escape(value)}</{name}>" for name, value in values.items())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}\n</Error>\n'
    return web.Response(status=status, body=text.encode(), content_type="application/xml")


async def send_text(request: web.Request, fault: Fault) -> web.StreamResponse:
    """Answer with a fault's own text: raw at once, drip slowly, cut up to the middle."""
    body = fault.text.encode()
    response = web.StreamResponse(status=fault.status)
    response.headers[hdrs.CONTENT_TYPE] = fault.content_type
    response.content_length = len(body)
    await response.prepare(request)
    if fault.action == "cut":
        await response.write(body[: len(body) // 2])
        reset(request)
    if fault.action == "drip":
        for at in range(len(body)):
            await response.write(body[at : at + 1])
            pause = Fault(point=fault.point, action="delay", seconds=1 / fault.bytes_per_second)
            await inject(request, pause)
    else:
        await response.write(body)
    return response


async def inject(request: web.Request, fault: Fault) -> None:
    """Carry out drop, reset, hang and delay; other actions are left to the caller.

    Raises:
        ConnectionDroppedError: there is nobody left to answer.
    """
    if fault.action == "drop":
        drop(request)
    if fault.action == "reset":
        reset(request)
    if fault.action in {"hang", "delay"}:
        hanging = fault.action == "hang"
        closing = request.app[CLOSING]
        try:
            async with asyncio.timeout(
                fault.seconds if hanging or fault.seconds is not None else 1.0
            ):
                await closing.wait()
        except TimeoutError:
            if not hanging:
                return
        drop(request)


def drop(request: web.Request) -> NoReturn:
    """Cut the connection without a word.

    Raises:
        ConnectionDroppedError: always.
    """
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionDroppedError


def reset(request: web.Request) -> NoReturn:
    """End the connection with a TCP reset instead of an orderly goodbye.

    Raises:
        ConnectionDroppedError: always.
    """
    if request.transport is not None:
        end: socket.socket = request.transport.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    drop(request)


async def add_gateway_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the headers of the service's gateway."""
    response.headers[hdrs.SERVER] = "istio-envoy"
    if response.headers.get(hdrs.CONTENT_TYPE) == "":
        del response.headers[hdrs.CONTENT_TYPE]
