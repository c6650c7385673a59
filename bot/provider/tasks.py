"""From the provider's answers to the domain's records of tasks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from bot.domain.catalogue import BilledLength
from bot.domain.errors import MalformedResponseError
from bot.domain.ids import TaskId
from bot.domain.requests.task import ListedTask, Task, TaskPage, TaskState
from bot.provider.mapping import failure_of
from bot.provider.wire import ListAnswer, TaskAnswer, Usage, expires_of

RESULT_LIFETIME = timedelta(hours=24)
"""How long a result stays, where its URL does not say."""


def state_of(status: str) -> TaskState:
    """Read a status; SUSPENDED, or one that is new to us, is followed like any unfinished one."""
    try:
        return TaskState(status.upper())
    except ValueError:
        return TaskState.OTHER


def billed_length_of(usage: Usage | None) -> BilledLength | None:
    """Read the billed length: ``duration``, else ``video_duration``, else what was made."""
    if usage is None:
        return None
    total = usage.duration or usage.video_duration or usage.output_video_duration
    if total is None:
        return None
    return BilledLength(
        total=total,
        input=usage.input_video_duration or Decimal(0),
        output=usage.output_video_duration,
    )


def task_of(answer: TaskAnswer, *, asked: TaskId) -> Task:
    """Turn the answer to a query into a task.

    Raises:
        MalformedResponseError: it has no status, or is about another task than the one asked for.
    """
    output = answer.output
    if output.task_status is None or output.task_id not in {None, asked}:
        problem = "has no status" if output.task_status is None else "is about another task"
        raise MalformedResponseError(
            f"get_task: the answer {problem}", status=200, request_id=answer.request_id
        )
    state = state_of(output.task_status)
    expires_at = None
    if output.video_url is not None:
        expires_at = expires_of(output.video_url)
        if expires_at is None and output.end_time is not None:
            expires_at = output.end_time + RESULT_LIFETIME
    failure = None
    if state is TaskState.FAILED:
        failure = failure_of(
            output.code or answer.code,
            output.message or answer.message,
            secrets=[text for text in (output.orig_prompt, output.actual_prompt) if text],
        )
    return Task(
        task_id=asked,
        state=state,
        submitted_at=output.submit_time,
        scheduled_at=output.scheduled_time,
        ended_at=output.end_time,
        video_url=output.video_url,
        url_expires_at=expires_at,
        orig_prompt=output.orig_prompt,
        actual_prompt=output.actual_prompt,
        billed=billed_length_of(answer.usage),
        failure=failure,
        request_id=answer.request_id,
    )


def page_of(answer: ListAnswer, *, model: str, page: int) -> TaskPage:
    """Turn one page of the list into records.

    Raises:
        MalformedResponseError: it is another page than the one asked for, so that reading on
            would miss tasks.
    """
    if answer.page_no not in {None, page}:
        raise MalformedResponseError(
            f"list_tasks: page {answer.page_no} instead of {page}",
            status=200,
            request_id=answer.request_id,
        )
    return TaskPage(
        tasks=tuple(
            ListedTask(
                task_id=TaskId(row.task_id),
                model=row.model_name or model,
                state=state_of(row.status),
                created_at=row.gmt_create,
                api_key_id=row.api_key_id or "",
            )
            for row in answer.data
        ),
        page=page,
        total_pages=max(answer.total_page, page if answer.data else 0),
    )
