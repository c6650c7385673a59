"""Outside pictures, made to fit where they can do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.errors import InvalidImageError
from bot.domain.host.disk import of_disk
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import MAX_PICTURE_BYTES, PreparedPicture
from bot.domain.units import MIB
from bot.media.child import MediaPool

AT_ONCE = 4
"""Commands whose pictures are in memory at the same time: 50 MiB each at worst."""


class Pictures:
    """Reads, prepares and previews the pictures of a request."""

    def __init__(self, media: MediaPool) -> None:
        self._media = media
        self._places = asyncio.Semaphore(AT_ONCE)

    @staticmethod
    def check_declared(option: str, size_bytes: int, content_type: str | None) -> None:
        """Refuse a picture by what Discord says of it, before its bytes are read.

        Only a type that cannot be a picture is refused here; the bytes decide what it is.

        Raises:
            InvalidImageError: it is empty, too large, or certainly no picture.
        """
        if size_bytes == 0:
            raise InvalidImageError(option=option, problem=PictureProblem.EMPTY)
        if size_bytes > MAX_PICTURE_BYTES:
            raise InvalidImageError(
                option=option, problem=PictureProblem.TOO_LARGE, limit_mib=MAX_PICTURE_BYTES // MIB
            )
        family = (content_type or "").partition("/")[0].lower()
        if family in {"video", "audio"}:
            raise InvalidImageError(option=option, problem=PictureProblem(family))

    async def prepare(
        self, sources: Sequence[tuple[str, Callable[[], Awaitable[bytes]]]]
    ) -> tuple[tuple[PreparedPicture, ...], bytes | None]:
        """Read pictures and make them fit; the first sets the ratio of the others.

        Args:
            sources: each picture's option and how to read its bytes.

        Returns:
            The pictures, and a small preview of them where there are any.

        Raises:
            InvalidImageError: a picture cannot be used; the error names it.
            DiskUnavailableError: there is no room to look at it.
        """
        if not sources:
            return (), None
        async with self._places:
            await self._media.expect_pictures()
            read = [(option, await fetch()) for option, fetch in sources]
            try:
                return await self._media.prepare(read)
            except OSError as error:
                raise of_disk(error) from error
