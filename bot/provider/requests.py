"""The body of a create call, as the official SDK sends it less its deprecated fields.

The SDK's ``extend_prompt`` and ``function`` and a null prompt are left out; the reference
(https://help.aliyun.com/zh/model-studio/legacy-image-to-video-by-first-and-last-frame-api-reference)
has none of them. Pictures travel inside the body, so the provider never has to reach Discord; what
cannot is in its temporary store by then.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.domain.catalogue import FileRole, RequestShape
from bot.domain.errors import RequestRefusedError
from bot.domain.failure import FailureReason
from bot.domain.requests.task import TaskRequest

_FIELDS: Mapping[RequestShape, Mapping[FileRole, str]] = MappingProxyType(
    {
        RequestShape.FRAME_FIELDS: {
            FileRole.FIRST_FRAME: "first_frame_url",
            FileRole.LAST_FRAME: "last_frame_url",
        },
        RequestShape.IMAGE_FIELD: {
            FileRole.FIRST_FRAME: "img_url",
            FileRole.SOUNDTRACK: "audio_url",
        },
        RequestShape.TEXT_SIZE: {FileRole.SOUNDTRACK: "audio_url"},
        RequestShape.TEXT_RATIO: {FileRole.SOUNDTRACK: "audio_url"},
    }
)
"""Fields of ``input`` by what a file is for."""

_MEDIA_TYPES: Mapping[FileRole, str] = MappingProxyType(
    {
        FileRole.FIRST_FRAME: "first_frame",
        FileRole.LAST_FRAME: "last_frame",
        FileRole.REFERENCE_IMAGE: "reference_image",
        FileRole.REFERENCE_VIDEO: "reference_video",
        FileRole.FIRST_CLIP: "first_clip",
        FileRole.SOUNDTRACK: "driving_audio",
    }
)
"""Types of the list ``media``, likewise."""


def create_body(request: TaskRequest) -> bytes:
    """Build the whole body. Slow: to be called in a thread.

    Raises:
        RequestRefusedError: the request would leave the tier to the provider, whose default is
            the dearest, or names a file that its shape has no field for.
    """
    if (request.resolution is None) == (request.size is None):
        raise _refused("a request names exactly one of resolution and size")
    # Base64 needs no escaping, and the encoder would hold the interpreter for as long as it
    # scanned the pictures: so it sees a stand-in for each, which is replaced afterwards.
    stand_ins = [secrets.token_hex(16) for _ in request.images]
    files = [
        *((image.role, name) for image, name in zip(request.images, stand_ins, strict=True)),
        *((link.role, link.url) for link in request.links),
    ]
    body = json.dumps(
        {
            "model": request.model,
            "input": _present(
                prompt=request.prompt or None,
                negative_prompt=request.negative_prompt or None,
                template=request.template,
            )
            | _files(request.shape, files),
            "parameters": _present(
                resolution=request.resolution,
                ratio=request.ratio,
                size=request.size,
                duration=request.duration_seconds,
                audio=request.audio,
                seed=request.seed,
                prompt_extend=request.prompt_extend,
                watermark=request.watermark,
            ),
        },
        ensure_ascii=False,
    ).encode("utf-8", "replace")
    parts: list[bytes] = []
    for image, name in zip(request.images, stand_ins, strict=True):
        before, _, body = body.partition(name.encode())
        parts += [before, b"data:image/jpeg;base64,", base64.b64encode(image.jpeg)]
    return b"".join([*parts, body])


def _files(shape: RequestShape, files: Sequence[tuple[FileRole, str]]) -> dict[str, Any]:
    """Return the part of ``input`` that names the files.

    Raises:
        RequestRefusedError: the shape has no field for one.
    """
    if shape is RequestShape.MEDIA:
        media = [{"type": _MEDIA_TYPES[role], "url": url} for role, url in files]
        return {"media": media} if media else {}
    if shape is RequestShape.REFERENCE_URLS:
        return {"reference_urls": [url for _, url in files]}
    fields = _FIELDS[shape]
    for role, _ in files:
        if role not in fields:
            raise _refused(f"{shape.value} has no field for a {role.value}")
    return {fields[role]: url for role, url in files}


def _refused(problem: str) -> RequestRefusedError:
    return RequestRefusedError(f"create_task: {problem}", reason=FailureReason.PARAMETERS_REJECTED)


def _present(**fields: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in fields.items() if value is not None}
