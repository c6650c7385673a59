"""Outside pictures, made to fit where they can do no harm, and kept for a job."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from bot.domain.errors import ChatUnavailableError, InvalidImageError
from bot.domain.host.disk import of_disk
from bot.domain.ids import GuildId, JobId
from bot.domain.jobs.files import PREVIEW, folder_of, key_of
from bot.domain.people import Requester
from bot.domain.ports import Chat, Files
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import MAX_PICTURE_BYTES, Picture, PictureSource
from bot.domain.units import MIB
from bot.logs import get_logger
from bot.media.child import MediaPool
from bot.services.fair_places import FairPlaces

log = get_logger(__name__)

AT_ONCE = 4
"""Commands whose pictures are looked at at the same time."""
INTERACTION_SECONDS = 14 * 60.0
"""Discord takes answers for 15 minutes: what waited longer nobody waits for any more.
https://discord.com/developers/docs/interactions/receiving-and-responding."""


class Pictures:
    """Fetches, prepares and keeps the pictures of a request."""

    def __init__(self, chat: Chat, media: MediaPool, files: Files, *, min_free_bytes: int) -> None:
        """Remember the parts.

        Args:
            chat: hands the pictures out.
            media: looks at them.
            files: keeps them.
            min_free_bytes: room that is left to results, which are paid by then.
        """
        self._chat = chat
        self._media = media
        self._files = files
        self._min_free_bytes = min_free_bytes
        self._places = FairPlaces(AT_ONCE)

    @staticmethod
    def check_declared(source: PictureSource) -> None:
        """Refuse a picture by what Discord says of it, before its bytes are read.

        Only a type that cannot be a picture is refused here; the bytes decide what it is.

        Raises:
            InvalidImageError: it is empty, too large, or certainly no picture.
        """
        if source.size_bytes == 0:
            raise InvalidImageError(option=source.option, problem=PictureProblem.EMPTY)
        if source.size_bytes > MAX_PICTURE_BYTES:
            raise InvalidImageError(
                option=source.option,
                problem=PictureProblem.TOO_LARGE,
                limit_mib=MAX_PICTURE_BYTES // MIB,
            )
        match (source.content_type or "").partition("/")[0].lower():
            case "video":
                raise InvalidImageError(option=source.option, problem=PictureProblem.VIDEO)
            case "audio":
                raise InvalidImageError(option=source.option, problem=PictureProblem.AUDIO)

    async def keep(
        self, job_id: JobId, sources: Sequence[PictureSource], requester: Requester
    ) -> tuple[Picture, ...]:
        """Keep a job's pictures, made to fit, and a small preview of them.

        Args:
            job_id: whose files they become.
            sources: the first sets the ratio of the others; at least one.
            requester: who waits for it, with others of their guild and of other guilds in turn.

        Raises:
            InvalidImageError: a picture cannot be used; the error names it. Nothing was kept.
            DiskUnavailableError: there is no room to look at it, or to keep it.
        """
        async with self._place(requester, sources[0].option):
            await self._media.expect_pictures()
            try:
                return await self._keep(job_id, sources)
            except OSError as error:
                with suppress(OSError):
                    await self._files.erase(folder_of(job_id))
                raise of_disk(error) from error

    @asynccontextmanager
    async def _place(self, requester: Requester, option: str) -> AsyncIterator[None]:
        """Wait for a place as long as anybody waits for the answer."""
        guild_id = requester.guild_id or GuildId(0)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(INTERACTION_SECONDS):
                    await stack.enter_async_context(self._places.place(guild_id, requester.user_id))
            except TimeoutError as error:
                raise InvalidImageError(
                    option=option, problem=PictureProblem.UNAVAILABLE
                ) from error
            yield

    async def _keep(self, job_id: JobId, sources: Sequence[PictureSource]) -> tuple[Picture, ...]:
        if await self._files.free_bytes() < self._min_free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        async with self._files.scratch() as scratch:
            folder = Path(scratch)
            fetched = [(source.option, folder / f"{source.option}.source") for source in sources]
            for source, (_, file) in zip(sources, fetched, strict=True):
                await self._fetch(source, file)
            pictures = await self._media.prepare(fetched, folder, preview=PREVIEW)
            for name in (*(picture.file_name for picture in pictures), PREVIEW):
                await self._files.keep(folder / name, key_of(job_id, name))
        return pictures

    async def _fetch(self, source: PictureSource, into: Path) -> None:
        try:
            await self._chat.fetch_attachment(source.url, into, max_bytes=MAX_PICTURE_BYTES)
        except ChatUnavailableError as error:
            log.info("attachment_unread", option=source.option, reason=str(error))
            raise InvalidImageError(
                option=source.option, problem=PictureProblem.UNAVAILABLE
            ) from error
