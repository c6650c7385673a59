"""Serves ``/_sandbox``: look inside, break things, move the clock."""

from __future__ import annotations

import json
from dataclasses import asdict

from aiohttp import web

from sandbox.dashscope.callbacks import CallbackSender
from sandbox.dashscope.clock import EmulatorClock, service_time
from sandbox.dashscope.faults import PlannedFaults
from sandbox.dashscope.recorder import Recorder, as_json
from sandbox.dashscope.settings import CallbackTarget
from sandbox.dashscope.tasks import TaskRecord, TaskStore


class ControlEndpoints:
    """Handlers for whoever drives the emulator from another process."""

    def __init__(
        self,
        *,
        clock: EmulatorClock,
        task_store: TaskStore,
        faults: PlannedFaults,
        recorder: Recorder,
        callbacks: CallbackSender,
    ) -> None:
        self._clock = clock
        self._task_store = task_store
        self._faults = faults
        self._recorder = recorder
        self._callbacks = callbacks

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/_sandbox/state", self.state),
            web.get("/_sandbox/requests", self.requests),
            web.get("/_sandbox/faults", self.show_faults),
            web.post("/_sandbox/faults", self.add_fault),
            web.delete("/_sandbox/faults", self.clear_faults),
            web.delete("/_sandbox/faults/{number:\\d+}", self.clear_faults),
            web.post("/_sandbox/clock", self.move_clock),
            web.get("/_sandbox/callbacks", self.show_callbacks),
            web.put("/_sandbox/callbacks", self.aim_callbacks),
        ]

    async def state(self, _request: web.Request) -> web.Response:
        """Show the tasks, the peaks and the clock."""
        self._task_store.settle()
        return web.json_response(
            {
                "now": service_time(self._clock.epoch()),
                "epoch": self._clock.epoch(),
                "speed": self._clock.speed,
                "requests": len(self._recorder.requests),
                "peaks": {model: peak._asdict() for model, peak in self._task_store.peaks.items()},
                "tasks": [_task(task) for task in self._task_store.tasks.values()],
            }
        )

    async def requests(self, request: web.Request) -> web.Response:
        """Show the requests; ``?point=create`` shows those only."""
        point = request.query.get("point")
        return web.json_response(
            {
                "requests": [
                    as_json(record)
                    for record in self._recorder.requests
                    if point in {None, record.point}
                ]
            }
        )

    async def show_faults(self, _request: web.Request) -> web.Response:
        """Show the switches that are on."""
        return web.json_response(
            {
                "faults": [
                    {"id": number, "left": left, **asdict(fault)}
                    for number, fault, left in self._faults.active()
                ]
            }
        )

    async def add_fault(self, request: web.Request) -> web.Response:
        """Turn a switch on: ``{"point": "create", "action": "drop", "times": 1, …}``."""
        details = await _json_object(request)
        point, action = details.pop("point", None), details.pop("action", None)
        try:
            number = self._faults.add(str(point), str(action), **details)
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"id": number}, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Turn one switch off, or all."""
        number = request.match_info.get("number")
        if number is None:
            self._faults.clear()
        else:
            self._faults.remove(int(number))
        return web.Response(status=204)

    async def move_clock(self, request: web.Request) -> web.Response:
        """Jump ahead and change the speed: ``{"advance_seconds": 60, "speed": 10}``."""
        changes = await _json_object(request)
        try:
            if "speed" in changes:
                self._clock.speed = float(str(changes["speed"]))
            if "advance_seconds" in changes:
                self._clock.advance(float(str(changes["advance_seconds"])))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._task_store.settle()
        return web.json_response({"epoch": self._clock.epoch(), "speed": self._clock.speed})

    async def show_callbacks(self, _request: web.Request) -> web.Response:
        """Show the calls that were made."""
        return web.json_response({"calls": [asdict(call) for call in self._callbacks.calls]})

    async def aim_callbacks(self, request: web.Request) -> web.Response:
        """Say where ends of tasks are told: ``{"url": …, "token": …}``; ``{}`` is nowhere."""
        target = await _json_object(request)
        try:
            # A wrong name is a TypeError, as in `add_fault`.
            aimed = CallbackTarget(**target) if target else None  # type: ignore[arg-type]
        except TypeError as error:
            return web.json_response({"error": str(error)}, status=400)
        self._callbacks.target = aimed
        return web.Response(status=204)


def _task(task: TaskRecord) -> dict[str, object]:
    return {
        "task_id": task.task_id,
        "request_id": task.request_id,
        "model": task.model,
        "status": task.visible_status,
        "submitted_at": task.submitted_at,
        "scheduled_at": task.scheduled_at,
        "ended_at": task.ended_at,
        "problem": None if task.problem is None else asdict(task.problem),
        "input": dict(task.input),
        "parameters": dict(task.parameters),
        "video_url": task.video_url,
        "billed_seconds": task.billed_seconds,
        "fault": task.action,
    }


async def _json_object(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text=json.dumps({"error": "no JSON"})) from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text=json.dumps({"error": "no JSON object"}))
    return body
