"""Pictures made to fit: what was done to them, and where they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.units import MIB

MAX_PICTURE_BYTES = 25 * MIB
"""Largest picture taken; a larger one is refused by its declared size, before it is read."""


class PictureNote(StrEnum):
    """What was done to a picture to make it fit; the status message says it."""

    ROTATED = "rotated"
    """Turned upright as its EXIF orientation asks."""
    FIRST_OF_ANIMATION = "first_of_animation"
    FLATTENED = "flattened"
    """Transparency set on white."""
    SCALED_DOWN = "scaled_down"
    SCALED_UP = "scaled_up"
    CROPPED = "cropped"
    """Centre-cropped to the first frame's ratio."""
    PADDED = "padded"
    """Set on its own blurred edge to reach the first frame's ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedPicture:
    """A picture made to fit: upright JPEG without metadata or transparency."""

    option: str
    """The option it came in: ``first_frame``, ``last_frame`` or ``image``."""
    jpeg: bytes
    """At most 2 MiB."""
    width: int
    """Pixels, 360 to 2000."""
    height: int
    """Pixels, 360 to 2000."""
    notes: tuple[PictureNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A prepared picture among the job's files."""

    option: str
    """The option it came in."""
    file_name: str
    """Among the job's files."""
    width: int
    height: int
    notes: tuple[PictureNote, ...] = ()
