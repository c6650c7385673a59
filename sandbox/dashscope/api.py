"""Serves the service's endpoints: create, query, list, cancel, upload.

Tolerates what the SDKs send beyond the documented request: extra body keys, trailing slashes,
leaked query parameters, a body or the verb GET at cancel.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_request import FileField

from sandbox.dashscope import problems, wire
from sandbox.dashscope.answers import (
    TASKS_JSON_TYPE,
    html,
    inject,
    json_answer,
    send_text,
    xml_error,
)
from sandbox.dashscope.clock import EmulatorClock
from sandbox.dashscope.faults import Fault, PlannedFaults
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.limits import RateLimits
from sandbox.dashscope.problems import ApiError, InputRejectedError
from sandbox.dashscope.recorder import RequestRecord, shortened
from sandbox.dashscope.settings import EmulatorSettings
from sandbox.dashscope.tasks import TaskRecord, TaskStore
from sandbox.dashscope.uploads import UploadRefusedError, UploadStore
from sandbox.dashscope.validation import Creation, check_creation, inspect_input, parse_body

RECORD = web.RequestKey("record", RequestRecord)
INSPECTION_SECONDS = 0.5
"""How long an answer to a creation waits for the files to be looked at, real seconds. The
service does not wait at all; a short wait makes tests with jumping clocks repeatable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Holds what the endpoints work with."""

    settings: EmulatorSettings
    clock: EmulatorClock
    task_store: TaskStore
    faults: PlannedFaults
    uploads: UploadStore
    files: FileSource
    spawn: Callable[[Coroutine[object, object, None]], asyncio.Task[None]]
    """Runs something beside the requests."""


class Api:
    """The handlers under ``/api/v1`` and the bucket for uploads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._limits = RateLimits(parts.settings.rate_window_seconds)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; their names are the points of requests and faults."""
        tasks = "/api/v1/tasks"
        slash = "{slash:/?}"
        return [
            web.post(
                f"/api/v1/services/aigc/{{task}}/video-synthesis{slash}", self.create, name="create"
            ),
            web.get(f"{tasks}{slash}", self.list, name="list"),
            web.get(f"{tasks}/{{task_id}}{slash}", self.query, name="query"),
            web.post(f"{tasks}/{{task_id}}/cancel{slash}", self.cancel, name="cancel"),
            # The asynchronous SDK 1.25.8 cancels with GET.
            web.get(f"{tasks}/{{task_id}}/cancel{slash}", self.cancel),
            web.get(f"/api/v1/uploads{slash}", self.policy, name="upload"),
            web.post("/oss", self.bucket, name="bucket"),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Accept a task after the few checks the service makes, in its order."""
        parts = self._parts
        record = request[RECORD]
        api_key = self._authorise(request)
        if request.headers.get("X-DashScope-Async", "").lower() != "enable":
            raise problems.synchronous_call()
        body = parse_body(await self._read(request))
        record.json = shortened(body)
        creation = check_creation(
            body, path=request.match_info["task"], region=parts.settings.region
        )
        row = creation.row
        fault = parts.faults.take("create", model=row.name)
        if fault is not None and not fault.accepts:
            await inject(request, fault)
            return await _faulty_answer(request, fault, record.request_id)
        rate = parts.settings.create_rps or row.limits[parts.settings.region].creates_per_second
        if not self._limits.admit(f"create {row.name}", rate):
            raise problems.rate_exceeded()
        task = await self._accept(request, creation, api_key)
        if fault is not None:
            await inject(request, fault)
            if fault.action != "delay":
                return await _faulty_answer(request, fault, record.request_id)
        response = json_answer(request, wire.created(task))
        response.headers["x-dashscope-call-gateway"] = "true"
        return response

    async def _accept(self, request: web.Request, creation: Creation, api_key: str) -> TaskRecord:
        parts = self._parts
        record = request[RECORD]
        task_input, parameters = shortened(creation.input), shortened(creation.parameters)
        task = parts.task_store.accept(
            task_id=str(uuid.uuid4()),
            request_id=record.request_id,
            row=creation.row,
            api_key=api_key,
            task_input=task_input if isinstance(task_input, dict) else {},
            parameters=parameters if isinstance(parameters, dict) else {},
            fault=parts.faults.take("task", model=creation.row.name),
        )
        record.task_id = task.task_id
        resolve = request.headers.get("X-DashScope-OssResourceResolve", "").lower() == "enable"
        inspection = parts.spawn(self._inspect(task, creation, resolve_oss=resolve))
        await asyncio.wait({inspection}, timeout=INSPECTION_SECONDS)
        return task

    async def _inspect(self, task: TaskRecord, creation: Creation, *, resolve_oss: bool) -> None:
        try:
            plan = await inspect_input(
                creation,
                self._parts.files,
                resolve_oss=resolve_oss,
                ignores_picture_fields=self._parts.settings.ignores_picture_fields,
            )
        except InputRejectedError as error:
            self._parts.task_store.inspected(task, error.problem)
        else:
            self._parts.task_store.inspected(task, plan)

    async def query(self, request: web.Request) -> web.StreamResponse:
        """Answer with a task as it is now."""
        task_id = request.match_info["task_id"]
        task = self._parts.task_store.tasks.get(task_id)
        faulty = await self._admit(request, "query", task)
        if faulty is not None:
            return faulty
        # Looked up again: time may have passed in a delay.
        found = self._parts.task_store.find(task_id)
        request_id = request[RECORD].request_id
        body = (
            wire.unknown(task_id, request_id)
            if found is None
            else wire.queried(
                found,
                request_id,
                counts_input=self._parts.settings.duration_counts_input,
            )
        )
        return json_answer(request, body, content_type=TASKS_JSON_TYPE)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Answer with the account's tasks of the last 24 hours."""
        faulty = await self._admit(request, "list", None)
        if faulty is not None:
            return faulty
        remembered = self._parts.task_store.remembered()
        now = self._parts.clock.epoch()
        body = wire.listed(remembered, request.query, request[RECORD].request_id, now)
        return json_answer(request, body, content_type=TASKS_JSON_TYPE)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Cancel a task that is PENDING."""
        task_id = request.match_info["task_id"]
        faulty = await self._admit(request, "cancel", self._parts.task_store.tasks.get(task_id))
        if faulty is not None:
            return faulty
        if not self._parts.task_store.cancel(task_id):
            raise problems.cancel_refused()
        body = {"request_id": request[RECORD].request_id}
        return json_answer(request, body, content_type=TASKS_JSON_TYPE)

    async def policy(self, request: web.Request) -> web.StreamResponse:
        """Hand out the permission to upload files for one model."""
        self._authorise(request)
        model = request.query.get("model")
        if request.query.get("action") != "getPolicy" or not model:
            raise ApiError(400, "InvalidParameter", "Required parameter missing or invalid.")
        if not self._limits.admit(f"upload {model}", self._parts.settings.upload_qps):
            raise problems.rate_exceeded()
        faulty = await _inject_into_request(request, self._parts.faults.take("upload", model=model))
        if faulty is not None:
            return faulty
        request_id = request[RECORD].request_id
        data = self._parts.uploads.issue_policy(
            model=model, request_id=request_id, upload_host=f"{request.url.origin()}/oss"
        )
        return json_answer(request, {"data": data, "request_id": request_id})

    async def bucket(self, request: web.Request) -> web.StreamResponse:
        """Take a file, as the OSS bucket does."""
        try:
            form = await request.post()
        except ValueError:
            return xml_error(400, "MalformedPOSTRequest", "The body of your POST request is wrong.")
        file = form.get("file")
        if not isinstance(file, FileField):
            return xml_error(400, "InvalidArgument", "POST requires exactly one file upload.")
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            self._parts.uploads.store(texts, file.file.read())
        except UploadRefusedError as error:
            return xml_error(error.status, error.code, error.message)
        return web.Response(status=200)

    def _authorise(self, request: web.Request) -> str:
        """Return the key of a request.

        Raises:
            ApiError: there is none, it does not work, or the account has not paid.
        """
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise problems.no_api_key()
        key = key.strip()
        known = self._parts.settings.api_keys
        valid = key in known if known else key.startswith("sk-")
        if not valid or self._parts.faults.revoked(key):
            raise problems.invalid_api_key()
        if self._parts.faults.in_arrears() and request[RECORD].point == "create":
            raise problems.arrearage()
        return key

    async def _admit(
        self, request: web.Request, point: str, task: TaskRecord | None
    ) -> web.StreamResponse | None:
        """Check key and rate; return an answer faulty by a fault, or None to go on."""
        self._authorise(request)
        record = request[RECORD]
        record.task_id = request.match_info.get("task_id")
        if not self._limits.admit("query", self._parts.settings.query_qps):
            raise problems.rate_exceeded()
        model = request.query.get("model_name") if task is None else task.model
        fault = self._parts.faults.take(point, model=model, task_id=record.task_id)
        return await _inject_into_request(request, fault)

    @staticmethod
    async def _read(request: web.Request) -> bytes:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise problems.too_large() from error


async def _inject_into_request(
    request: web.Request, fault: Fault | None
) -> web.StreamResponse | None:
    if fault is None:
        return None
    await inject(request, fault)
    if fault.action == "delay":
        return None
    return await _faulty_answer(request, fault, request[RECORD].request_id)


async def _faulty_answer(request: web.Request, fault: Fault, request_id: str) -> web.StreamResponse:
    if fault.action == "html":
        return html(fault.status)
    if fault.action in {"raw", "drip", "cut"}:
        return await send_text(request, fault)
    if fault.action == "unknown":
        task_id = request.match_info["task_id"]
        return json_answer(request, wire.unknown(task_id, request_id), content_type=TASKS_JSON_TYPE)
    if fault.action == "no_task_id":
        return json_answer(request, {"output": {}, "request_id": request_id})
    raise ApiError(fault.status, fault.code, fault.message)
