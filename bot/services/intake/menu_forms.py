"""Makes videos of what is attached to a message: the forms of its menu, and what they ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.errors import InvalidOptionsError
from bot.domain.ids import GuildId, UserId
from bot.domain.jobs.picture_sources import AnyPicture, AttachedVideoEnd
from bot.domain.jobs.remaking import FilledStart, StartOffer, start_offer, started
from bot.domain.people import Requester
from bot.domain.ports import Clock
from bot.domain.problems import OptionProblem
from bot.domain.requests.denials import FormGoneError
from bot.domain.requests.drafts import (
    AttachedFile,
    Draft,
    DraftFiles,
    DraftId,
    new_draft_id,
)
from bot.domain.requests.pictures import FIRST_FRAME, IMAGE, LAST_FRAME, PictureSource
from bot.domain.requests.submission import Origin, VideoOptions
from bot.services.intake.admission import Admission
from bot.services.intake.submissions import Queued
from bot.services.intake.video_requests import VideoRequests
from bot.storage import drafts, guilds
from bot.storage.engine import Database

MOST_OPEN = 20
"""Forms of one person that are remembered: more devices than anybody has."""

_PICTURE_ENDINGS = (
    *(".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"),
    *(".heic", ".heif", ".mpo"),
)
_VIDEO_ENDINGS = (".mp4", ".mov", ".m4v", ".webm")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedForm:
    """A form as it is shown."""

    draft: Draft
    offer: StartOffer


class MenuForms:
    """What the menu entries Animate image and Continue video do."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        admission: Admission,
        video_requests: VideoRequests,
    ) -> None:
        self._database = database
        self._clock = clock
        self._admission = admission
        self._video_requests = video_requests

    async def open_pictures(
        self, requester: Requester, author_id: UserId, files: Sequence[AttachedFile]
    ) -> OpenedForm:
        """Open the form that makes a video of a message's picture.

        Args:
            requester: who opens it.
            author_id: whose message it is.
            files: what is attached to it.

        Raises:
            InvalidOptionsError: there is no picture, or it is somebody else's and this guild lets
                its members use their own alone.
        """
        pictures = [file for file in files if _is(file, "image", _PICTURE_ENDINGS)]
        if not pictures:
            raise InvalidOptionsError(problem=OptionProblem.NO_PICTURE_THERE)
        return await self._open(
            requester, author_id, pictures, not_own=OptionProblem.ONLY_OWN_PICTURES
        )

    async def open_videos(
        self, requester: Requester, author_id: UserId, files: Sequence[AttachedFile]
    ) -> OpenedForm:
        """Open the form that goes on from one's own video.

        Raises:
            InvalidOptionsError: there is no video, or it is somebody else's.
        """
        videos = [file for file in files if _is(file, "video", _VIDEO_ENDINGS)]
        if not videos:
            raise InvalidOptionsError(problem=OptionProblem.NO_VIDEO_THERE)
        return await self._open(requester, author_id, videos, not_own=OptionProblem.ONLY_OWN_VIDEOS)

    async def animate(
        self,
        draft_id: DraftId,
        number: int,
        requester: Requester,
        origin: Origin,
        filled: FilledStart,
        last_frame: PictureSource | None = None,
    ) -> Queued:
        """Queue a video that begins with a message's picture.

        Args:
            draft_id: the form.
            number: which of the message's pictures, from 0.
            requester: who asks and pays.
            origin: where, and by which interaction.
            filled: what is to happen, and what makes it.
            last_frame: what the video is to end with.

        Raises:
            FormGoneError: it was opened more than a day ago, or by somebody else.
            RequestError: see ``VideoRequests.request``.
        """
        file = await self._file(draft_id, number, requester)
        begins = PictureSource(
            option=IMAGE if last_frame is None else FIRST_FRAME,
            url=file.url,
            size_bytes=file.size_bytes,
            content_type=file.content_type,
        )
        return await self._request(begins, requester, origin, filled, last_frame)

    async def continue_video(
        self,
        draft_id: DraftId,
        number: int,
        requester: Requester,
        origin: Origin,
        filled: FilledStart,
        last_frame: PictureSource | None = None,
    ) -> Queued:
        """Queue a video that begins with the last frame of a message's video; see ``animate``."""
        file = await self._file(draft_id, number, requester)
        begins = AttachedVideoEnd(
            option=IMAGE if last_frame is None else FIRST_FRAME,
            url=file.url,
            size_bytes=file.size_bytes,
        )
        return await self._request(begins, requester, origin, filled, last_frame)

    async def _open(
        self,
        requester: Requester,
        author_id: UserId,
        files: Sequence[AttachedFile],
        *,
        not_own: OptionProblem,
    ) -> OpenedForm:
        guild_id = _guild_of(requester)
        if author_id != requester.user_id and not (
            not_own is OptionProblem.ONLY_OWN_PICTURES and await self._may_use_others(guild_id)
        ):
            raise InvalidOptionsError(problem=not_own)
        draft = Draft(
            id=new_draft_id(),
            guild_id=guild_id,
            user_id=requester.user_id,
            files=DraftFiles(files=tuple(files)),
            made_at=self._clock.now(),
        )
        async with self._database.write() as connection:
            await drafts.add(connection, draft, keep=MOST_OPEN)
        offer = start_offer(await self._admission.catalogue(guild_id))
        return OpenedForm(draft=draft, offer=offer)

    async def _may_use_others(self, guild_id: GuildId) -> bool:
        async with self._database.read() as connection:
            return (await guilds.get(connection, guild_id)).others_pictures

    async def _file(self, draft_id: DraftId, number: int, requester: Requester) -> AttachedFile:
        async with self._database.read() as connection:
            draft = await drafts.get(connection, draft_id, requester.user_id)
        if draft is None or draft.guild_id != requester.guild_id:
            raise FormGoneError(draft_id)
        files = draft.files.files
        if not 0 <= number < len(files):
            raise FormGoneError(draft_id)
        return files[number]

    async def _request(
        self,
        begins: AnyPicture,
        requester: Requester,
        origin: Origin,
        filled: FilledStart,
        last_frame: PictureSource | None,
    ) -> Queued:
        catalogue = await self._admission.catalogue(_guild_of(requester))
        asked = started(catalogue, filled, VideoOptions(), has_last_frame=last_frame is not None)
        ends = [] if last_frame is None else [replace(last_frame, option=LAST_FRAME)]
        return await self._video_requests.request(
            requester,
            origin,
            asked.kind,
            asked.options,
            asked.choices,
            [begins, *ends],
            at_most_micros=filled.at_most_micros,
        )


def _guild_of(requester: Requester) -> GuildId:
    if requester.guild_id is None:
        raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
    return requester.guild_id


def _is(file: AttachedFile, kind: str, endings: tuple[str, ...]) -> bool:
    """Tell whether a file says that it is one of a kind; its bytes decide later."""
    declared = (file.content_type or "").partition("/")[0].lower()
    return declared == kind or (not declared and file.name.lower().endswith(endings))
