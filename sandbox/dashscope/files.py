"""Fetches the files a task names, and has them inspected.

The service looks at them after the creation was answered, so every complaint made here ends up
in a FAILED task. ``Failed to download <url>`` is known from live answers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
from http import HTTPStatus
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import aiohttp

from sandbox.dashscope import problems
from sandbox.dashscope.clips import Clip, inspect_clip
from sandbox.dashscope.pictures import (
    NOT_FOUND,
    UNSUPPORTED,
    WRONG_SIZE,
    Picture,
    inspect,
    is_picture,
)
from sandbox.dashscope.rows import (
    ClipLimits,
    DocumentLimits,
    FileLimits,
    LinkLimits,
    PictureLimits,
    SoundLimits,
)
from sandbox.dashscope.sounds import SoundFile, inspect_sound
from sandbox.dashscope.uploads import UploadStore

DATA_TYPES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/bmp", "image/webp"})
DOWNLOAD_SECONDS = 10
READ_BYTES = 64 * 1024

MediaFile = Picture | SoundFile | Clip


class FileSource:
    """Turns the addresses in a request into inspected files."""

    def __init__(self, uploads: UploadStore) -> None:
        self._uploads = uploads
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections to other servers."""
        if self._session is not None:
            await self._session.close()

    def of_model(self, model: str, *, resolve_oss: bool) -> ModelFiles:
        """Return what one task may use.

        Args:
            model: uploaded files may only be used with the model they were uploaded for.
            resolve_oss: whether the header X-DashScope-OssResourceResolve was sent.
        """
        return ModelFiles(self, model, resolve_oss=resolve_oss)

    def stored(self, address: str, *, model: str, resolve_oss: bool) -> bytes:
        """Return an uploaded file.

        Raises:
            InputRejectedError: it is not there for this model, or the header was left out.
        """
        if not resolve_oss:
            raise problems.data_inspection(UNSUPPORTED)
        data = self._uploads.find(address.removeprefix("oss://"), model=model)
        if data is None:
            raise problems.data_inspection(NOT_FOUND)
        return data

    async def download(self, address: str, *, max_bytes: int) -> bytes:
        """Return what an address of this machine serves, up to a little more than ``max_bytes``.

        Raises:
            InputRejectedError: nothing came.
        """
        # Only this machine is asked: an emulator must not reach out to the internet.
        failure = problems.invalid_parameter(f"Failed to download {address}")
        if not _is_loopback(address):
            raise failure
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=DOWNLOAD_SECONDS)
            )
        body = bytearray()
        try:
            async with self._session.get(address, allow_redirects=False) as response:
                if response.status != HTTPStatus.OK:
                    raise failure
                async for chunk in response.content.iter_chunked(READ_BYTES):
                    body += chunk
                    if len(body) > max_bytes:
                        break
        except (aiohttp.ClientError, TimeoutError) as error:
            raise failure from error
        return bytes(body)


class ModelFiles:
    """Loads the files of one task."""

    def __init__(self, source: FileSource, model: str, *, resolve_oss: bool) -> None:
        self._source = source
        self._model = model
        self._resolve_oss = resolve_oss

    async def load(self, address: str, limits: FileLimits, *, field: str) -> MediaFile | None:
        """Fetch and inspect one file; None is a document or a link, of which nothing is seen.

        Args:
            address: a data URI, an http(s) URL or an ``oss://`` key.
            limits: what the file may be.
            field: which field of the request names it.

        Raises:
            InputRejectedError: the file cannot be used.
        """
        match limits:
            case PictureLimits():
                return await self.picture(address, limits)
            case SoundLimits():
                return await self.sound(address, limits)
            case ClipLimits():
                return await self.clip(address, limits, field=field)
            case DocumentLimits():
                await self._document(address, limits, field=field)
            case LinkLimits():
                if not address.startswith(("http://", "https://")):
                    raise problems.invalid_url()
        return None

    async def picture(self, address: str, limits: PictureLimits) -> Picture:
        """Fetch and inspect a picture.

        Raises:
            InputRejectedError: the picture cannot be used.
        """
        if address.startswith("data:"):
            data = _from_data_uri(address)
        else:
            data = await self._fetch(address, limits.max_bytes)
        if len(data) > limits.max_bytes:
            raise problems.data_inspection(WRONG_SIZE)
        return await asyncio.to_thread(inspect, data, limits)

    async def sound(self, address: str, limits: SoundLimits) -> SoundFile:
        """Fetch and inspect a sound.

        Raises:
            InputRejectedError: the sound cannot be used.
        """
        data = await self._fetch(address, limits.max_bytes)
        return await asyncio.to_thread(inspect_sound, data, limits)

    async def clip(self, address: str, limits: ClipLimits, *, field: str) -> Clip:
        """Fetch and inspect a video.

        Raises:
            InputRejectedError: the video cannot be used.
        """
        data = await self._fetch(address, limits.max_bytes)
        return await asyncio.to_thread(inspect_clip, data, limits, field=field)

    async def picture_or_clip(
        self, address: str, pictures: PictureLimits, clips: ClipLimits, *, field: str
    ) -> Picture | Clip:
        """Fetch and inspect a reference that may be either.

        Raises:
            InputRejectedError: the file cannot be used.
        """
        data = await self._fetch(address, clips.max_bytes)
        if is_picture(data):
            if len(data) > pictures.max_bytes:
                raise problems.data_inspection(WRONG_SIZE)
            return await asyncio.to_thread(inspect, data, pictures)
        return await asyncio.to_thread(inspect_clip, data, clips, field=field)

    async def _document(self, address: str, limits: DocumentLimits, *, field: str) -> None:
        extension = PurePosixPath(address.partition("?")[0]).suffix.removeprefix(".").lower()
        if extension not in limits.extensions:
            raise problems.unsupported_file_type(limits.extensions)
        data = await self._fetch(address, limits.max_bytes)
        if not data or len(data) > limits.max_bytes:
            # The words for a document are not known.
            raise problems.invalid_parameter(f"The file size is not supported: input.{field}")

    async def _fetch(self, address: str, max_bytes: int) -> bytes:
        if address.startswith("oss://"):
            return self._source.stored(address, model=self._model, resolve_oss=self._resolve_oss)
        if address.startswith(("http://", "https://")):
            return await self._source.download(address, max_bytes=max_bytes)
        # Data URIs among them: no page allows them for sounds and videos, and that of
        # wan2.6-r2v for no reference at all.
        raise problems.data_inspection(UNSUPPORTED)


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_data_uri(address: str) -> bytes:
    head, separator, payload = address.removeprefix("data:").partition(",")
    kind, *options = head.split(";")
    if not separator or kind.lower() not in DATA_TYPES or "base64" not in options:
        raise problems.data_inspection(UNSUPPORTED)
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error as error:
        raise problems.data_inspection(UNSUPPORTED) from error
