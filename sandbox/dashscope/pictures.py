"""Fetches and inspects the pictures a task names.

The service looks at them after the creation was answered, so every complaint made here ends up
in a FAILED task. Messages: help.aliyun.com/zh/model-studio/error-code; ``Failed to download
<url>`` is known from live answers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from PIL import Image, UnidentifiedImageError

from sandbox.dashscope import problems
from sandbox.dashscope.uploads import UploadStore

MIN_SIDE_PIXELS = 240
MAX_SIDE_PIXELS = 8000
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
DATA_TYPES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/bmp", "image/webp"})
DOWNLOAD_SECONDS = 10
READ_BYTES = 64 * 1024

UNSUPPORTED = "The media format is not supported or incorrect for the data inspection."
UNDECODABLE = "Failed to decode the image during the data inspection."
WRONG_SIZE = "The image size is not supported for the data inspection."
NOT_FOUND = "Failed to find the requested media resource during the data inspection process."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that passed the inspection."""

    data: bytes
    """The file as it was sent."""
    width: int
    height: int


class PictureSource:
    """Turns the address in a request into an inspected picture."""

    def __init__(self, uploads: UploadStore) -> None:
        self._uploads = uploads
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections to picture servers."""
        if self._session is not None:
            await self._session.close()

    async def load(self, address: str, *, model: str, max_bytes: int, resolve_oss: bool) -> Picture:
        """Fetch and inspect one picture.

        Args:
            address: a data URI, an http(s) URL or an ``oss://`` key.
            model: uploaded files may only be used with the model they were uploaded for.
            max_bytes: largest file the model takes.
            resolve_oss: whether the header X-DashScope-OssResourceResolve was sent.

        Raises:
            InputRejectedError: the picture cannot be used.
        """
        if address.startswith("data:"):
            data = _from_data_uri(address)
        elif address.startswith("oss://"):
            data = self._from_bucket(address, model=model, resolve_oss=resolve_oss)
        elif address.startswith(("http://", "https://")):
            data = await self._download(address, max_bytes=max_bytes)
        else:
            raise problems.data_inspection(UNSUPPORTED)
        if len(data) > max_bytes:
            raise problems.data_inspection(WRONG_SIZE)
        return await asyncio.to_thread(inspect, data)

    def _from_bucket(self, address: str, *, model: str, resolve_oss: bool) -> bytes:
        if not resolve_oss:
            raise problems.data_inspection(UNSUPPORTED)
        data = self._uploads.find(address.removeprefix("oss://"), model=model)
        if data is None:
            raise problems.data_inspection(NOT_FOUND)
        return data

    async def _download(self, address: str, *, max_bytes: int) -> bytes:
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


def inspect(data: bytes) -> Picture:
    """Decode a picture completely and check what the service checks.

    Raises:
        InputRejectedError: it is no picture, a wrong kind, or a wrong size.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format not in FORMATS:
                raise problems.data_inspection(UNSUPPORTED)
            if not all(MIN_SIDE_PIXELS <= side <= MAX_SIDE_PIXELS for side in image.size):
                raise problems.data_inspection(WRONG_SIZE)
            # "PNG (no alpha channel)", says the page of the model.
            if image.has_transparency_data:
                raise problems.data_inspection(UNSUPPORTED)
            image.load()
            return Picture(data, image.width, image.height)
    except UnidentifiedImageError as error:
        raise problems.data_inspection(UNSUPPORTED) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise problems.data_inspection(UNDECODABLE) from error
