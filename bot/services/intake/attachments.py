"""What people attach, made to fit and looked at where it can do no harm, and kept for a job."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.domain.catalogue import SoundtrackBounds
from bot.domain.errors import (
    ChatUnavailableError,
    InvalidImageError,
    MediaError,
    RequestError,
)
from bot.domain.host.disk import of_disk
from bot.domain.ids import GuildId, JobId
from bot.domain.jobs.files import PREVIEW, folder_of, key_of
from bot.domain.jobs.picture_sources import (
    MAX_VIDEO_BYTES,
    AnyPicture,
    AttachedVideoEnd,
    KeptPicture,
    VideoEnd,
)
from bot.domain.people import Requester
from bot.domain.ports import Chat, Files, LocalFile
from bot.domain.problems import PictureProblem, SoundProblem
from bot.domain.requests.pictures import (
    ANY_MODEL,
    MAX_PICTURE_BYTES,
    Picture,
    PictureFit,
    PictureSource,
)
from bot.domain.requests.sounds import MAX_SOUND_BYTES, InvalidSoundError, SoundSource, Soundtrack
from bot.domain.units import MIB
from bot.logs import get_logger
from bot.media.child import MediaPool
from bot.services.fair_places import FairPlaces

log = get_logger(__name__)

AT_ONCE = 4
"""Commands whose pictures are looked at at the same time."""
SOUNDTRACK = "soundtrack"
"""The option a sound comes in, and what its file is called."""
INTERACTION_SECONDS = 14 * 60.0
"""Discord takes answers for 15 minutes: what waited longer nobody waits for any more.
https://discord.com/developers/docs/interactions/receiving-and-responding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAttachments:
    """What is kept of a request's attachments."""

    pictures: tuple[Picture, ...] = ()
    soundtrack: Soundtrack | None = None


class Attachments:
    """Fetches, prepares and keeps the pictures and sounds of a request."""

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
    def check_declared(
        pictures: Sequence[AnyPicture],
        soundtrack: SoundSource | None,
    ) -> None:
        """Refuse files by what Discord says of them, before their bytes are read.

        Only a type that cannot be a picture or sound is refused here; the bytes decide what it is.

        Args:
            pictures: those of the request.
            soundtrack: its sound.

        Raises:
            InvalidImageError: one is empty, too large, or certainly no picture.
            InvalidSoundError: likewise the sound.
        """
        for source in pictures:
            match source:
                case PictureSource():
                    _check_picture(source)
                case AttachedVideoEnd():
                    _check_video(source)
        if soundtrack is not None:
            _check_sound(soundtrack)

    async def keep(
        self,
        job_id: JobId,
        pictures: Sequence[AnyPicture],
        requester: Requester,
        fit: PictureFit = ANY_MODEL,
        soundtrack: SoundSource | None = None,
        bounds: SoundtrackBounds | None = None,
    ) -> KeptAttachments:
        """Keep a job's pictures, made to fit, a small preview of them, and its soundtrack.

        Args:
            job_id: whose files they become.
            pictures: those of the request; none where there is a sound alone.
            requester: who waits for it, with others of their guild and of other guilds in turn.
            fit: what they are made to fit into.
            soundtrack: its sound.
            bounds: which sounds its model takes.

        Raises:
            InvalidImageError: a picture cannot be used; the error names it. Nothing was kept.
            InvalidSoundError: likewise the sound.
            DiskUnavailableError: there is no room to look at it, or to keep it.
        """
        async with self._place(requester, pictures[0].option if pictures else SOUNDTRACK):
            if pictures:
                await self._media.expect_pictures()
            try:
                return await self._keep(job_id, pictures, fit, soundtrack, bounds)
            except OSError as error:
                await self._erase(job_id)
                raise of_disk(error) from error
            except RequestError:
                # Of several files the first may be kept already.
                await self._erase(job_id)
                raise

    async def _erase(self, job_id: JobId) -> None:
        with suppress(OSError):
            await self._files.erase(folder_of(job_id))

    async def _keep(
        self,
        job_id: JobId,
        pictures: Sequence[AnyPicture],
        fit: PictureFit,
        soundtrack: SoundSource | None,
        bounds: SoundtrackBounds | None,
    ) -> KeptAttachments:
        if await self._files.free_bytes() < self._min_free_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sound = None
        # First: it is quickly refused.
        if soundtrack is not None and bounds is not None:
            sound = await self._keep_sound(job_id, soundtrack, bounds)
        kept = await self._keep_pictures(job_id, pictures, fit) if pictures else ()
        return KeptAttachments(pictures=kept, soundtrack=sound)

    @asynccontextmanager
    async def _place(self, requester: Requester, option: str) -> AsyncIterator[None]:
        """Wait for a place as long as anybody waits for the answer."""
        guild_id = requester.guild_id or GuildId(0)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(INTERACTION_SECONDS):
                    await stack.enter_async_context(self._places.place(guild_id, requester.user_id))
            except TimeoutError as error:
                raise _unavailable(option) from error
            yield

    async def _keep_pictures(
        self, job_id: JobId, sources: Sequence[AnyPicture], fit: PictureFit
    ) -> tuple[Picture, ...]:
        async with AsyncExitStack() as stack:
            folder = Path(await stack.enter_async_context(self._files.scratch()))
            fetched = [(each.option, await self._at_hand(each, folder, stack)) for each in sources]
            pictures = await self._media.prepare(fetched, folder, preview=PREVIEW, fit=fit)
            for name in (*(picture.file_name for picture in pictures), PREVIEW):
                await self._files.keep(folder / name, key_of(job_id, name))
        return pictures

    async def _at_hand(self, source: AnyPicture, folder: Path, stack: AsyncExitStack) -> LocalFile:
        """Return a picture's file, which is there while the stack is open."""
        file = folder / f"{source.option}.source"
        match source:
            case PictureSource():
                await self._fetch(source.url, file, source.option, MAX_PICTURE_BYTES)
            case KeptPicture():
                return await stack.enter_async_context(self._files.lend(source.key))
            case VideoEnd():
                video = await stack.enter_async_context(self._files.lend(source.key))
                first = None
                if source.first_picture is not None:
                    first = await stack.enter_async_context(self._files.lend(source.first_picture))
                await self._take_last_frame(source.option, video, file, first_picture=first)
            case AttachedVideoEnd():
                video = folder / f"{source.option}.mp4"
                await self._fetch(source.url, video, source.option, MAX_VIDEO_BYTES)
                await self._take_last_frame(source.option, video, file, first_picture=None)
        return file

    async def _take_last_frame(
        self, option: str, video: LocalFile, into: Path, *, first_picture: LocalFile | None
    ) -> None:
        try:
            await self._media.last_frame(video, into, first_picture=first_picture)
        except MediaError as error:
            log.info("last_frame_untaken", option=option, reason=error.code)
            raise InvalidImageError(
                option=option, problem=PictureProblem.VIDEO_UNREADABLE
            ) from error

    async def _keep_sound(
        self, job_id: JobId, source: SoundSource, bounds: SoundtrackBounds
    ) -> Soundtrack:
        async with self._files.scratch() as scratch:
            file = Path(scratch) / f"{SOUNDTRACK}.source"
            await self._fetch(source.url, file, SOUNDTRACK, MAX_SOUND_BYTES)
            facts = await self._media.examine_sound(
                file,
                option=SOUNDTRACK,
                min_seconds=bounds.min_seconds,
                max_seconds=bounds.max_seconds,
            )
            # Never the member's own name of it: the provider reads the ending alone.
            name = f"{SOUNDTRACK}.{facts.format.value}"
            await self._files.keep(file, key_of(job_id, name))
        return Soundtrack(file_name=name, seconds=facts.seconds)

    async def _fetch(self, url: str, into: Path, option: str, max_bytes: int) -> None:
        try:
            await self._chat.fetch_attachment(url, into, max_bytes=max_bytes)
        except ChatUnavailableError as error:
            log.info("attachment_unread", option=option, reason=str(error))
            raise _unavailable(option) from error


def _unavailable(option: str) -> RequestError:
    """Return the refusal of what Discord does not hand out, or not in time."""
    if option == SOUNDTRACK:
        return InvalidSoundError(option=option, problem=SoundProblem.UNAVAILABLE)
    return InvalidImageError(option=option, problem=PictureProblem.UNAVAILABLE)


def _check_sound(source: SoundSource) -> None:
    if source.size_bytes == 0:
        raise InvalidSoundError(option=SOUNDTRACK, problem=SoundProblem.EMPTY)
    if source.size_bytes > MAX_SOUND_BYTES:
        raise InvalidSoundError(
            option=SOUNDTRACK, problem=SoundProblem.TOO_LARGE, limit_mb=MAX_SOUND_BYTES // 1_000_000
        )
    if (source.content_type or "").partition("/")[0].lower() == "image":
        raise InvalidSoundError(option=SOUNDTRACK, problem=SoundProblem.NOT_A_SOUND)


def _check_video(source: AttachedVideoEnd) -> None:
    if source.size_bytes == 0:
        raise InvalidImageError(option=source.option, problem=PictureProblem.EMPTY)
    if source.size_bytes > MAX_VIDEO_BYTES:
        raise InvalidImageError(
            option=source.option,
            problem=PictureProblem.TOO_LARGE,
            limit_mib=MAX_VIDEO_BYTES // MIB,
        )


def _check_picture(source: PictureSource) -> None:
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
