"""Hands a file to the provider's temporary store, whence its models fetch sounds and clips.

First a policy is asked for, which allows one form to be posted to a bucket within five minutes,
then the form is: fields and order as the official SDK sends them (dashscope 2.0.2,
``utils/oss_utils.py``), the file last, streamed from the disk. See page ``get-temporary-file-url``
under https://help.aliyun.com/zh/model-studio/. No key of ours goes to the bucket.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Final

import httpx
from typing_extensions import override

from bot.domain.errors import (
    MalformedResponseError,
    ProviderError,
    ProviderUnavailableError,
    RequestRefusedError,
)
from bot.domain.failure import FailureReason
from bot.domain.ports import Clock, LocalFile
from bot.domain.requests.task import UPLOAD_SCHEME, UploadedFile
from bot.domain.units import MIB
from bot.provider.exchange import Deadlines, trouble_of
from bot.provider.hosts import ResultPlace
from bot.provider.result_transport import ResultTransport
from bot.provider.wire import UploadPolicy

UPLOAD_LIFETIME: Final = timedelta(hours=48)
"""How long the store keeps a file."""
CALL: Final = "upload_file"

_READ_BYTES = 256 * 1024
"""What of the file is in memory at a time."""
_ERROR_BYTES = 16 * 1024
"""OSS's XML errors have under 1 kB."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_TYPES: Final = {
    ".jpg": "image/jpeg",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".wav": "audio/x-wav",
}
"""As the SDK declares them, by Python's own table."""
_ANY_TYPE: Final = "application/octet-stream"

_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300
_FIRST_CLIENT_ERROR, _FIRST_SERVER_ERROR = 400, 500
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,60})</Code>")
_PASSING_CODES: Final = frozenset(
    {"FileAlreadyExists", "IncompleteBody", "QpsLimitExceeded", "RequestTimeout"}
)
"""Refusals of a bucket that another policy, or another moment, may not meet:
https://help.aliyun.com/zh/oss/support/http-status-code."""
_PASSING_STATUSES: Final = frozenset({408, 429})
_EXPIRED = b"Policy expired"


class Uploader:
    """Sends files."""

    def __init__(
        self,
        transport: ResultTransport,
        ask_policy: Callable[[str], Awaitable[UploadPolicy]],
        *,
        clock: Clock,
        user_agent: str,
        deadlines: Deadlines,
    ) -> None:
        """Prepare; nothing is sent.

        Args:
            transport: reaches the bucket.
            ask_policy: asks the provider what may be posted for a model, and where.
            clock: tells when a file will be gone.
            user_agent: what we call ourselves.
            deadlines: how long things may take.
        """
        self._transport = transport
        self._ask_policy = ask_policy
        self._clock = clock
        self._user_agent = user_agent
        self._deadlines = deadlines

    async def upload(self, file: LocalFile, *, model: str, name: str) -> UploadedFile:
        """Send a file and return its address; see ``VideoProvider``."""
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name for an upload")
        asked_at = self._clock.now()  # the store counts from later on
        try:
            policy = await self._ask_policy(model)
        except ProviderUnavailableError as error:
            error.request_was_sent = False  # it was a question, and no create
            raise
        place = self._transport.place_of(policy.upload_host, call=CALL)
        size_bytes = (await asyncio.to_thread(os.stat, file)).st_size
        _check_size(size_bytes, policy)
        key = f"{policy.upload_dir.rstrip('/')}/{name}"
        await self._post(_Form(file, size_bytes, policy=policy, key=key, name=name), place)
        return UploadedFile(url=f"{UPLOAD_SCHEME}{key}", expires_at=asked_at + UPLOAD_LIFETIME)

    async def _post(self, form: _Form, place: ResultPlace) -> None:
        try:
            async with asyncio.timeout(self._deadlines.upload):
                response = await self._transport.send(
                    place,
                    method="POST",
                    headers={
                        "User-Agent": self._user_agent,
                        "Accept": "application/json",
                        "Accept-Encoding": "identity",
                        "Content-Type": form.content_type,
                        "Content-Length": str(len(form)),
                    },
                    patience=httpx.Timeout(
                        self._deadlines.download_read, connect=self._deadlines.connect
                    ),
                    body=form,
                )
                try:
                    if not _FIRST_SUCCESS <= response.status_code < _FIRST_REDIRECT:
                        raise await _refusal(response, place)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise _unavailable(place, "took too long") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise _unavailable(place, trouble_of(error)) from error


class _Form(httpx.AsyncByteStream):
    """The form, whose last field is a file that is read while it is sent.

    httpx's own encoder reads files on the event loop.
    """

    def __init__(
        self, file: LocalFile, size_bytes: int, *, policy: UploadPolicy, key: str, name: str
    ) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._file = file
        self._size_bytes = size_bytes
        fields = {
            "OSSAccessKeyId": policy.oss_access_key_id,
            "Signature": policy.signature,
            "policy": policy.policy,
            "key": key,
            "x-oss-object-acl": policy.x_oss_object_acl,
            "x-oss-forbid-overwrite": policy.x_oss_forbid_overwrite,
            "success_action_status": "200",
            "x-oss-content-type": _TYPES.get(PurePath(name).suffix.lower(), _ANY_TYPE),
        }
        said = "Content-Disposition: form-data; name="
        parts = [f'--{boundary}\r\n{said}"{of}"\r\n\r\n{value}\r\n' for of, value in fields.items()]
        parts.append(f'--{boundary}\r\n{said}"file"; filename="{name}"\r\n\r\n')
        self._head = "".join(parts).encode("ascii")
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")

    def __len__(self) -> int:
        return len(self._head) + self._size_bytes + len(self._tail)

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head
        for start in range(0, self._size_bytes, _READ_BYTES):
            length = min(_READ_BYTES, self._size_bytes - start)
            yield await asyncio.to_thread(_piece, self._file, start, length)
        yield self._tail


def _piece(file: LocalFile, start: int, length: int) -> bytes:
    """Read a part of a file. It is not held open: a wait that is cancelled could not close it.

    Raises:
        OSError: it cannot be read, or has become shorter.
    """
    with Path(file).open("rb") as opened:
        opened.seek(start)
        piece = opened.read(length)
    if len(piece) < length:
        raise OSError(errno.EIO, "the file became shorter")
    return piece


def _check_size(size_bytes: int, policy: UploadPolicy) -> None:
    most = policy.max_file_size_mb
    if most is not None and size_bytes > most * MIB:
        raise RequestRefusedError(
            f"{CALL}: {size_bytes} bytes, and the store takes {most:g} MiB for this model",
            reason=FailureReason.PARAMETERS_REJECTED,
        )


async def _refusal(response: httpx.Response, place: ResultPlace) -> ProviderError:
    """Say what a bucket's answer means. Its words repeat policy and signature: they stay here."""
    status = response.status_code
    words = bytearray()
    async for piece in response.aiter_raw():
        words += piece
        if len(words) > _ERROR_BYTES:
            break
    if status < _FIRST_CLIENT_ERROR:
        return MalformedResponseError(
            f"{CALL}: HTTP {status} at {place.host}; redirects are not followed", status=status
        )
    found = _CODE.search(words)
    code = "" if found is None else found[1].decode("ascii")
    passes = code in _PASSING_CODES or status in _PASSING_STATUSES or _EXPIRED in words
    if passes or status >= _FIRST_SERVER_ERROR:
        return _unavailable(place, f"HTTP {status} {code}".rstrip(), status=status, code=code)
    is_too_large = code == "EntityTooLarge"
    return RequestRefusedError(
        f"{CALL}: HTTP {status} {code}".rstrip() + f" at {place.host}",
        # Otherwise the form is as the policy has it, and still refused: not the member's mistake.
        reason=(
            FailureReason.PARAMETERS_REJECTED if is_too_large else FailureReason.PROVIDER_FAULT
        ),
        status=status,
        provider_code=code or None,
    )


def _unavailable(
    place: ResultPlace, why: str, *, status: int | None = None, code: str = ""
) -> ProviderUnavailableError:
    # What was sent, or not, is no create: whatever became of it, no task exists.
    return ProviderUnavailableError(
        f"{CALL}: {place.host}: {why}",
        request_was_sent=False,
        status=status,
        provider_code=code or None,
    )
