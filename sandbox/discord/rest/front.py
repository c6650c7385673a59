"""Guards the REST API: records, planned faults, token, rate limits, then the handler."""

from __future__ import annotations

import asyncio

from aiohttp import web

from sandbox.discord.core import Core
from sandbox.discord.rest.call import Answer, Call, Route
from sandbox.discord.rest.table import ROUTES
from sandbox.discord.rules.errors import ApiError, invalid_form, not_found, unauthorized
from sandbox.discord.rules.faults import Fault
from sandbox.discord.rules.rate_limits import VIA
from sandbox.discord.wire.multipart import Body, read_body
from sandbox.discord.world.json import json_response
from sandbox.discord.world.recorded_request import FilePart, RecordedRequest, shown_headers

PREFIX = "/api/v10"
TOO_MANY_REQUESTS = 429


class RestApi:
    """Answers everything below ``/api/v10``."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Work on one request and write down what became of it."""
        path = request.path.removeprefix(PREFIX)
        record = self._open_record(request, path)
        fault = self._core.faults.take(request.method, path, record.route)
        try:
            if fault is not None:
                record.fault = fault.describe()
                await asyncio.sleep(fault.delay_seconds)
            replaces = fault is not None and (fault.drop or fault.status is not None)
            if fault is not None and fault.drop and not fault.after:
                return cut_connection(request)
            body = await self._read(request, record)
            if fault is None or fault.after or not replaces:
                await self._answer(request, record, body)
            if fault is not None and fault.drop:
                return cut_connection(request)
            if fault is not None and fault.status is not None:
                self._replace(record, fault)
        except ApiError as error:
            record.status, record.answer = error.status, error.body
        finally:
            self._close_record(record)
        return json_response(record.status or 500, record.answer, record.answer_headers)

    def _open_record(self, request: web.Request, path: str) -> RecordedRequest:
        record = RecordedRequest(
            number=len(self._core.requests) + 1,
            method=request.method,
            path=path,
            query=dict(request.query),
            headers=shown_headers(dict(request.headers)),
            started_at=self._core.clock.timestamp(),
        )
        self._core.requests.append(record)
        found = find(request.method, path)
        if found is None:
            self._core.event_log.publish("unknown_route", f"Nobody knows {request.method} {path}")
        else:
            record.route = found[0].template
        return record

    def _close_record(self, record: RecordedRequest) -> None:
        record.finished_at = self._core.clock.timestamp()
        if record.status is not None:
            scope = record.answer_headers.get("X-RateLimit-Scope")
            self._core.limits.count_answer(record.status, scope)
        self._core.event_log.wake()

    async def _read(self, request: web.Request, record: RecordedRequest) -> Body:
        body = await read_body(request, self._core.store)
        record.json, record.multipart = body.json, body.multipart
        record.files = [
            FilePart(
                name=upload.field_name,
                filename=upload.filename,
                content_type=upload.content_type,
                size=upload.file.size,
                sha256=upload.file.sha256,
            )
            for upload in body.files.values()
        ]
        return body

    async def _answer(self, request: web.Request, record: RecordedRequest, body: Body) -> None:
        """Carry the request out and put the answer into the record."""
        found = find(record.method, record.path)
        if found is None:
            raise not_found()
        route, parameters = found
        self._check_token(request, needed=route.needs_token)
        verdict = self._core.limits.check(
            record.method,
            route.template,
            route.major(parameters),
            exempt_from_global=not route.global_limit,
        )
        record.answer_headers = verdict.headers
        if verdict.refusal is not None:
            record.status, record.answer = TOO_MANY_REQUESTS, verdict.refusal
            return
        call = Call(
            core=self._core,
            parameters=parameters,
            query=record.query,
            body=body,
            number=record.number,
        )
        answer = await self._call(route, call, record)
        record.status, record.answer = answer.status, answer.body

    async def _call(self, route: Route, call: Call, record: RecordedRequest) -> Answer:
        try:
            answer = await route.handler(call)
        except ApiError as error:
            if error.status == TOO_MANY_REQUESTS:
                # A limit outside the buckets; without Via discord.py would see a ban.
                record.answer_headers |= {**VIA, "X-RateLimit-Scope": "shared"}
            return Answer(error.status, error.body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # A body of the wrong shape, say a string where a list belongs.
            self._core.event_log.publish("malformed", f"{record.method} {record.path}: {error!r}")
            problem = {"code": "DICT_TYPE_CONVERT", "message": f"Could not read the body: {error}"}
            refusal = invalid_form({"_errors": [problem]})
            return Answer(refusal.status, refusal.body)
        record.done = True
        return answer

    def _check_token(self, request: web.Request, *, needed: bool) -> None:
        given = request.headers.get("Authorization")
        if given == f"Bot {self._core.state.token}" or (given is None and not needed):
            return
        raise unauthorized()

    @staticmethod
    def _replace(record: RecordedRequest, fault: Fault) -> None:
        record.status = fault.status
        record.answer = fault.body or {"message": f"{fault.status}: injected fault", "code": 0}
        record.answer_headers = {**record.answer_headers, **fault.headers}
        if fault.status == TOO_MANY_REQUESTS:
            record.answer_headers = dict(fault.headers)


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Look a request up in the table."""
    for route in ROUTES:
        parameters = route.match(method, path)
        if parameters is not None:
            return route, parameters
    return None


def cut_connection(request: web.Request) -> web.StreamResponse:
    """Reset the connection; the response returned never leaves."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
