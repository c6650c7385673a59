"""Pictures made to fit: what was done to them, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.units import MIB

MAX_PICTURE_BYTES = 25 * MIB
"""Largest picture taken; a larger one is refused by its declared size, before it is read."""


IMAGE, FIRST_FRAME, LAST_FRAME = "image", "first_frame", "last_frame"
"""The options of a picture alone, and of those that begin and end a video."""


class PictureNote(StrEnum):
    """What was done to a picture to make it fit; the status message says it."""

    ROTATED = "rotated"
    """Turned upright as its EXIF orientation, or the container of a HEIF or AVIF, asks."""
    FIRST_OF_ANIMATION = "first_of_animation"
    FIRST_VISIBLE_OF_ANIMATION = "first_visible_of_animation"
    """The first ones show nothing."""
    FLATTENED = "flattened"
    """Transparency set on white."""
    FLATTENED_DARK = "flattened_dark"
    """Transparency set on dark grey, because what is visible would vanish on white."""
    FROM_HDR = "from_hdr"
    """Brightness and colours brought down to what a video shows."""
    END_MISSING = "end_missing"
    """The file ends a little too early, and the last rows were cut off."""
    SCALED_DOWN = "scaled_down"
    SCALED_UP = "scaled_up"
    CROPPED = "cropped"
    """Centre-cropped to the first frame's ratio."""
    PADDED = "padded"
    """Set on its own blurred edge to reach the first frame's ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFit:
    """What pictures of a request are made to fit into."""

    min_side: int = 360
    """Pixels."""
    max_side: int = 2000
    """Pixels; a video has less."""
    max_ratio: int = 4
    """Longer side by shorter side."""
    share_ratio: bool = True
    """Whether the first one's ratio becomes that of all, as frames of one video need it."""


ANY_MODEL = PictureFit()
"""What every model takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSource:
    """A picture somebody attached, before it is read."""

    option: str
    """The option it came in, such as ``first_frame``, ``last_frame`` or ``image``."""
    url: str
    """Where Discord hands it out, for a day."""
    size_bytes: int
    """As Discord says."""
    content_type: str | None
    """As the sender's client said; the bytes decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture made to fit: upright JPEG without metadata or transparency, at most 2 MiB."""

    option: str
    """The option it came in."""
    file_name: str
    """Among the job's files."""
    width: int
    """Pixels, within ``PictureFit``."""
    height: int
    """Pixels, within ``PictureFit``."""
    notes: tuple[PictureNote, ...] = ()
