"""Where the pictures of a request come from, when not all of them were attached as such."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.jobs.files import FileKey
from bot.domain.requests.pictures import PictureSource
from bot.domain.units import MIB

MAX_VIDEO_BYTES = 100 * MIB
"""Of a member's own video, of which the last frame is taken: the most that a guild of the highest
tier takes as an attachment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A picture of another job."""

    option: str
    """The option it stands for."""
    key: FileKey


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoEnd:
    """The last frame of a job's video."""

    option: str
    """The option it stands for."""
    key: FileKey
    """Of the video as the provider made it."""
    first_picture: FileKey | None
    """The picture it was made to begin with, which tells how its colours are to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedVideoEnd:
    """The last frame of a video somebody attached."""

    option: str
    """The option it stands for."""
    url: str
    """Where Discord hands it out, for a day."""
    size_bytes: int
    """As Discord says."""


AnyPicture = PictureSource | KeptPicture | VideoEnd | AttachedVideoEnd
