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
from sandbox.dashscope.geometry import output_size
from sandbox.dashscope.models import MODELS, Kind, ModelRow, Region
from sandbox.dashscope.pictures import Picture, PictureSource
from sandbox.dashscope.video import VideoPlan

FRAMES_PER_SECOND = 30
"""The page video-generate-edit-model gives 30 for all Wan 2.1 and 2.2 models."""

MAX_SEED = 2147483647
DEFAULT_SIZES = {"480P": "832*480", "720P": "1280*720", "1080P": "1920*1080"}


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
    creation: Creation, source: PictureSource, *, resolve_oss: bool
) -> VideoPlan:
    """Check everything else and plan the video.

    Raises:
        InputRejectedError: the task fails with this problem.
    """
    row, task_input, parameters = creation.row, creation.input, creation.parameters
    prompt = _text(task_input, "prompt")
    _text(task_input, "negative_prompt")
    template = _text(task_input, "template")
    if template and template not in row.templates:
        raise problems.invalid_parameter(f"template {template} is not supported: input.template")
    addresses = _addresses(row, task_input, template=bool(template))
    _boolean(parameters, "prompt_extend")
    watermark = _boolean(parameters, "watermark")
    _seed(parameters)
    seconds = _duration(row, parameters)
    tier = "" if row.kind is Kind.PROMPT else resolution(row, parameters)
    size = _size(row, parameters) if row.kind is Kind.PROMPT else (0, 0)
    pictures: list[Picture] = []
    for address in addresses:
        picture = await source.load(
            address, model=row.name, max_bytes=row.image_bytes, resolve_oss=resolve_oss
        )
        pictures.append(picture)
    if pictures:
        size = output_size(pictures[0].width, pictures[0].height, tier)
    return VideoPlan(
        width=size[0],
        height=size[1],
        frames=seconds * FRAMES_PER_SECOND,
        pictures=tuple(picture.data for picture in pictures),
        prompt=prompt or "",
        watermark=watermark,
        effect=template or None,
    )


def original_prompt(row: ModelRow, task_input: Mapping[str, object]) -> str | None:
    """Return the prompt as the task reports it: what is too long is cut off without a word."""
    prompt = task_input.get("prompt")
    return prompt[: row.prompt_characters] if isinstance(prompt, str) else None


def resolution(row: ModelRow, parameters: Mapping[str, object]) -> str:
    """Return the tier of a task that starts from pictures.

    Raises:
        InputRejectedError: the model has no such tier.
    """
    tier = parameters.get("resolution")
    if tier is None:
        return row.default_tier
    if not isinstance(tier, str) or tier not in row.tiers:
        raise problems.invalid_parameter(_one_of([f"'{name}'" for name in reversed(row.tiers)]))
    return tier


def size_text(row: ModelRow, parameters: Mapping[str, object]) -> str:
    """Return the ``W*H`` of a task that starts from a prompt."""
    size = parameters.get("size")
    return size if isinstance(size, str) else DEFAULT_SIZES[row.default_tier]


def _addresses(
    row: ModelRow, task_input: Mapping[str, object], *, template: bool
) -> tuple[str, ...]:
    """Return the addresses of the pictures a task needs, in the order they are shown."""
    if row.kind is Kind.PROMPT:
        if not task_input.get("prompt"):
            raise problems.invalid_parameter("Field required: input.prompt")
        return ()
    names = ["img_url"]
    if row.kind is Kind.FRAMES:
        # An effect uses the first frame only; a last frame without a first is an error
        # (wanx-video-effects).
        names = ["first_frame_url"] if template else ["first_frame_url", "last_frame_url"]
    found = []
    for name in names:
        address = _text(task_input, name)
        if not address:
            raise problems.invalid_parameter(f"Field required: input.{name}")
        found.append(address)
    return tuple(found)


def _text(values: Mapping[str, object], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise problems.invalid_parameter(f"Input should be a valid string: input.{name}")
    return value


def _boolean(parameters: Mapping[str, object], name: str) -> bool:
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise problems.invalid_parameter(f"Input should be a valid boolean: parameters.{name}")
    return value is True


def _integer(parameters: Mapping[str, object], name: str) -> int | None:
    value = parameters.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise problems.invalid_parameter(f"Input should be a valid integer: parameters.{name}")
    return value


def _seed(parameters: Mapping[str, object]) -> None:
    seed = _integer(parameters, "seed")
    if seed is not None and not 0 <= seed <= MAX_SEED:
        bound = f"greater than or equal to {0}" if seed < 0 else f"less than or equal to {MAX_SEED}"
        raise problems.invalid_parameter(f"Input should be {bound}: parameters.seed")


def _duration(row: ModelRow, parameters: Mapping[str, object]) -> int:
    seconds = _integer(parameters, "duration")
    if seconds is None:
        return row.default_duration
    if seconds not in row.durations:
        if len(row.durations) == 1:
            # Known from live answers for models of one fixed duration.
            raise problems.invalid_parameter("duration customization is not supported")
        raise problems.invalid_parameter(_one_of([str(item) for item in row.durations]))
    return seconds


def _size(row: ModelRow, parameters: Mapping[str, object]) -> tuple[int, int]:
    size = size_text(row, parameters)
    if size not in row.sizes() or not isinstance(parameters.get("size", ""), str):
        # Known from live answers of wan2.2-t2v-plus, order included.
        raise problems.invalid_parameter(f"size must be in {','.join(row.sizes())}")
    width, height = size.split("*")
    return int(width), int(height)


def _one_of(names: list[str]) -> str:
    if len(names) == 1:
        return f"Input should be {names[0]}"
    return f"Input should be {', '.join(names[:-1])} or {names[-1]}"
