"""Writes the JSON of answers, keys in the order the service writes them.

Shapes: image-to-video-by-first-and-last-frame-api-reference, legacy-image-to-video-api-reference
and manage-asynchronous-tasks (help.aliyun.com/zh/model-studio).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sandbox.dashscope import tasks
from sandbox.dashscope.clock import parse_compact_time, service_time
from sandbox.dashscope.parameters import resolution
from sandbox.dashscope.plans import FRAMES_PER_SECOND
from sandbox.dashscope.problems import ApiError
from sandbox.dashscope.rows import Billing, Usage
from sandbox.dashscope.tasks import TaskRecord
from sandbox.dashscope.validation import original_prompt

ACCOUNT_ID = "1000000000000000"
LIST_SECONDS = 24 * 3600
EMBELLISHMENT = (
    " The light is soft and natural, the movement calm and continuous, and the camera keeps the "
    "subject in view from the first frame to the last."
)
"""What ``prompt_extend`` adds, in place of a language model."""


def created(task: TaskRecord) -> dict[str, object]:
    """Return the answer to a creation."""
    return {
        "output": {"task_status": tasks.PENDING, "task_id": task.task_id},
        "request_id": task.request_id,
    }


def error(problem: ApiError, request_id: str) -> dict[str, object]:
    """Return an error answer."""
    if problem.request_id_first:
        return {"request_id": request_id, "code": problem.code, "message": problem.message}
    return {"code": problem.code, "message": problem.message, "request_id": request_id}


def unknown(task_id: str, request_id: str) -> dict[str, object]:
    """Return the answer to a query of a task that is unknown, foreign or forgotten."""
    return {
        "request_id": request_id,
        "output": {"task_id": task_id, "task_status": tasks.UNKNOWN},
    }


def queried(task: TaskRecord, request_id: str, *, counts_input: bool = True) -> dict[str, object]:
    """Return the answer to a query; ``counts_input`` as in `usage`."""
    output: dict[str, object] = {"task_id": task.task_id, "task_status": task.visible_status}
    if task.status == tasks.FAILED and task.problem is not None:
        # The documented sample carries neither times nor usage.
        output |= {"code": task.problem.code, "message": task.problem.message}
        return {"request_id": request_id, "output": output}
    output["submit_time"] = service_time(task.submitted_at)
    if task.scheduled_at is not None:
        output["scheduled_time"] = service_time(task.scheduled_at)
    if task.ended_at is not None:
        output["end_time"] = service_time(task.ended_at)
    if task.status != tasks.SUCCEEDED:
        return {"request_id": request_id, "output": output}
    if task.video_url is not None:
        output["video_url"] = task.video_url
    prompt = original_prompt(task.row, task.input)
    if prompt is not None:
        output["orig_prompt"] = prompt
        if task.row.tells_rewritten_prompt and task.parameters.get("prompt_extend") is not False:
            output["actual_prompt"] = prompt + EMBELLISHMENT
    return {
        "request_id": request_id,
        "output": output,
        "usage": usage(task, counts_input=counts_input),
    }


def usage(task: TaskRecord, *, counts_input: bool = True) -> dict[str, object]:
    """Return what a finished task is billed for, in the shape of its model.

    Args:
        task: a finished one, whose plan is known.
        counts_input: whether ``duration`` of 3.0 holds the seconds of the input, too.
    """
    row, plan = task.row, task.plan
    if plan is None:
        message = "a task without a plan cannot succeed"
        raise RuntimeError(message)
    made = plan.seconds
    if row.billing is Billing.CONTINUATION:
        made -= plan.input_seconds
    duration = task.billed_seconds
    if row.chooses_duration and not counts_input:
        duration = made
    size = f"{plan.width}*{plan.height}"
    values: dict[str, object] = {
        "duration": duration,
        "video_duration": duration,
        "input_video_duration": plan.input_seconds,
        "output_video_duration": made,
        "video_count": 1,
        "SR": int(resolution(row, task.parameters).removesuffix("P")),
        "video_ratio": size if row.takes_size else "standard",
        "size": size,
        "ratio": plan.ratio,
        "fps": FRAMES_PER_SECOND,
        "audio": plan.sound is not None,
    }
    return {name: _number(row.usage, name, values[name]) for name in row.usage.names}


def _number(shape: Usage, name: str, value: object) -> object:
    """Write a number as the model does: 5 or 5.0."""
    if not isinstance(value, float):
        return float(str(value)) if name in shape.floats else value
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() and name not in shape.floats else rounded


def api_key_id(api_key: str) -> str:
    """Return the number the list shows in place of a key; the same key has the same number."""
    return str(int(hashlib.sha256(api_key.encode()).hexdigest()[:8], 16) % 900000 + 100000)


def listed(
    remembered: list[TaskRecord], query: Mapping[str, str], request_id: str, now: float
) -> dict[str, object]:
    """Return the answer to a list: filtered, newest first, one page.

    Args:
        remembered: the tasks of the last 24 hours, newest first.
        query: the parameters of the request.
        request_id: of this request.
        now: emulated Unix time.

    Raises:
        ApiError: a parameter cannot be read.
    """
    page_no = _positive(query, "page_no", 1)
    page_size = _positive(query, "page_size", 10)
    period = _period(query, now)
    found = [task for task in remembered if _matches(task, query, period)]
    page = found[(page_no - 1) * page_size : page_no * page_size]
    return {
        "total": len(found),
        "data": [_row(task) for task in page],
        "total_page": -(-len(found) // page_size),
        "page_no": page_no,
        "request_id": request_id,
        "page_size": page_size,
    }


def _matches(task: TaskRecord, query: Mapping[str, str], period: tuple[float, float]) -> bool:
    wanted = {
        "task_id": task.task_id,
        "model_name": task.model,
        "status": task.visible_status,
        "api_key_id": api_key_id(task.api_key),
        "region": task.region.region_id,
    }
    if any(query.get(name) not in {None, "", value} for name, value in wanted.items()):
        return False
    if query.get("task_id"):
        # A task asked for by its id is shown whatever the period.
        return True
    return period[0] <= task.submitted_at < period[1]


def _period(query: Mapping[str, str], now: float) -> tuple[float, float]:
    start = _moment(query, "start_time")
    end = _moment(query, "end_time")
    if start is None and end is None:
        return now - LIST_SECONDS, now + 1
    if start is None and end is not None:
        return end - LIST_SECONDS, end
    if start is not None and end is None:
        return start, start + LIST_SECONDS
    if start is None or end is None or not 0 <= end - start <= LIST_SECONDS:
        raise ApiError(400, "InvalidParameter", "The time range must not exceed 24 hours.")
    # The texts have whole seconds, so the last second belongs to the period.
    return start, end + 1


def _moment(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return parse_compact_time(text)
    except ValueError as problem:
        raise ApiError(400, "InvalidParameter", f"{name} is invalid.") from problem


def _positive(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ApiError(400, "InvalidParameter", f"{name} is invalid.")
    return int(text)


def _row(task: TaskRecord) -> dict[str, object]:
    row: dict[str, object] = {
        "api_key_id": api_key_id(task.api_key),
        "caller_parent_id": ACCOUNT_ID,
        "caller_uid": ACCOUNT_ID,
        "gmt_create": round(task.submitted_at * 1000),
    }
    # The documented sample of a RUNNING task has start_time a few ms after gmt_create.
    if task.scheduled_at is not None:
        row["start_time"] = round(task.scheduled_at * 1000)
    if task.ended_at is not None:
        row["end_time"] = round(task.ended_at * 1000)
    row |= {
        "model_name": task.model,
        "region": task.region.region_id,
        "request_id": task.request_id,
        "status": task.visible_status,
        "task_id": task.task_id,
        "user_api_unique_key": task.row.api_key_name,
    }
    return row
