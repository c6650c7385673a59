"""Checks what the service checks, and when.

The creation is answered after very few checks, in the order of `check_creation`. Everything else
still answers 200 and PENDING and shows up in a FAILED task, which is `inspect_input`. Messages
without a source of their own follow the wording of those known from live answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.dashscope import problems
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.gathering import gathered
from sandbox.dashscope.models import MODELS
from sandbox.dashscope.parameters import boolean, check_common
from sandbox.dashscope.planning import plan_of
from sandbox.dashscope.plans import VideoPlan
from sandbox.dashscope.rows import ModelRow, Region

__all__ = ["Creation", "VideoPlan", "check_creation", "inspect_input", "parse_body"]

PICTURE_FIELDS = ("img_url", "first_frame_url", "last_frame_url")


@dataclass(frozen=True, slots=True)
class Creation:
    """A creation that passed the first checks."""

    row: ModelRow
    input: Mapping[str, object]
    parameters: Mapping[str, object]


def parse_body(raw: bytes) -> dict[str, object]:
    """Read the JSON object of a creation.

    Raises:
        ApiError: it is none.
    """
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise problems.invalid_body() from error
    if not isinstance(body, dict):
        raise problems.invalid_body()
    return body


def check_creation(body: Mapping[str, object], *, path: str, region: Region) -> Creation:
    """Check what is checked before the answer: model, input, path, access.

    Args:
        body: the JSON object.
        path: ``image2video`` or ``video-generation``.
        region: decides which models exist.

    Raises:
        ApiError: the answer is this error.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise problems.empty_model()
    task_input = body.get("input")
    if task_input is None:
        raise problems.empty_input()
    parameters = body.get("parameters")
    if parameters is None:
        parameters = {}
    if not isinstance(task_input, dict) or not isinstance(parameters, dict):
        raise problems.illegal_input()
    row = MODELS.get(model)
    if row is not None and row.kind.path != path:
        raise problems.wrong_path()
    if row is None or region not in row.limits:
        raise problems.model_not_found()
    return Creation(row, task_input, parameters)


async def inspect_input(
    creation: Creation,
    source: FileSource,
    *,
    resolve_oss: bool,
    ignores_picture_fields: bool = False,
) -> VideoPlan:
    """Check everything else and plan the video.

    Args:
        creation: what was asked for.
        source: where the files come from.
        resolve_oss: whether the header X-DashScope-OssResourceResolve was sent.
        ignores_picture_fields: whether a model that may do without media makes a video of the
            prompt alone when a picture stands in a field of the older models. For 3.0 that is
            likely and not known.

    Raises:
        InputRejectedError: the task fails with this problem.
    """
    row, task_input, parameters = creation.row, creation.input, creation.parameters
    for name in ("prompt", "negative_prompt", "template"):
        value = task_input.get(name)
        if value is not None and not isinstance(value, str):
            raise problems.invalid_parameter(f"Input should be a valid string: input.{name}")
    template = task_input.get("template")
    if template and template not in row.templates:
        raise problems.invalid_parameter(f"template {template} is not supported: input.template")
    _check_prompt(row, task_input, ignores_picture_fields=ignores_picture_fields)
    check_common(row, parameters)
    watermark = boolean(parameters, "watermark")
    files = source.of_model(row.name, resolve_oss=resolve_oss)
    return plan_of(
        row,
        parameters,
        await gathered(row, task_input, parameters, files),
        prompt=original_prompt(row, task_input) or "",
        watermark=watermark,
        effect=str(template) if template else None,
    )


def _check_prompt(
    row: ModelRow, task_input: Mapping[str, object], *, ignores_picture_fields: bool
) -> None:
    if row.prompt_required and not task_input.get("prompt"):
        raise problems.invalid_parameter("Field required: input.prompt")
    if row.media is None or row.media.required or task_input.get("media"):
        return
    # That 3.0 wants one of the two is documented, the sentence is not.
    misplaced = any(task_input.get(name) for name in PICTURE_FIELDS)
    if misplaced and not ignores_picture_fields:
        raise problems.invalid_parameter("Field required: input.media")
    if not task_input.get("prompt"):
        raise problems.invalid_parameter("Field required: input.prompt")


def original_prompt(row: ModelRow, task_input: Mapping[str, object]) -> str | None:
    """Return the prompt as the task reports it: what is too long is cut off without a word."""
    prompt = task_input.get("prompt")
    return prompt[: row.prompt_characters] if isinstance(prompt, str) else None
