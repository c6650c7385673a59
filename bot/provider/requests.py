"""The body of a create call, as the official SDK sends it less its deprecated fields.

The SDK's ``extend_prompt`` and ``function`` and a null prompt are left out; the reference
(https://help.aliyun.com/zh/model-studio/legacy-image-to-video-by-first-and-last-frame-api-reference)
has none of them. Pictures travel inside the body, so the provider never has to reach Discord.
"""

from __future__ import annotations

import base64
import json
import secrets

from bot.domain.errors import RequestRefusedError
from bot.domain.failure import FailureReason
from bot.domain.requests.task import TaskRequest


def create_body(request: TaskRequest) -> bytes:
    """Build the whole body. Slow: to be called in a thread.

    Raises:
        RequestRefusedError: the request would leave the tier to the provider, whose default is
            the dearest.
    """
    if (request.resolution is None) == (request.size is None):
        raise RequestRefusedError(
            "create_task: a request names exactly one of resolution and size",
            reason=FailureReason.PARAMETERS_REJECTED,
        )
    # Base64 needs no escaping, and the encoder would hold the interpreter for as long as it
    # scanned the pictures: so it sees a stand-in for each, which is replaced afterwards.
    pictures = {image.field: base64.b64encode(image.jpeg) for image in request.images}
    stand_ins = {field: secrets.token_hex(16) for field in pictures}
    body = json.dumps(
        {
            "model": request.model,
            "input": _present(
                prompt=request.prompt or None,
                negative_prompt=request.negative_prompt or None,
                template=request.template,
            )
            | stand_ins,
            "parameters": _present(
                resolution=request.resolution,
                size=request.size,
                duration=request.duration_seconds,
                seed=request.seed,
            )
            | {"prompt_extend": request.prompt_extend, "watermark": request.watermark},
        },
        ensure_ascii=False,
    ).encode("utf-8", "replace")
    parts: list[bytes] = []
    for field, picture in pictures.items():
        before, _, body = body.partition(stand_ins[field].encode())
        parts += [before, b"data:image/jpeg;base64,", picture]
    return b"".join([*parts, body])


def _present(**fields: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in fields.items() if value is not None}
