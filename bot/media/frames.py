"""The frame of a file that is taken: of an animation the first on which something is to be seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageFile

from bot.domain.errors import MediaUnreadableError
from bot.domain.requests.pictures import PictureNote
from bot.media.bounds import check_size
from bot.media.colours import IccProfile
from bot.media.ground import FlatPicture, flattened
from bot.media.turning import TURNED, forget_xmp, orientation_of

MOST_FRAMES = 60
_MOST_FRAME_PIXELS = 120_000_000
"""Looked at of an animation that begins with nothing, until there is something to be seen."""

_DNG_VERSION_TAG = 0xC612


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a file, as it is stored."""

    flat: FlatPicture
    orientation: int
    """By which EXIF wants it turned yet."""
    profile: IccProfile | None
    notes: tuple[PictureNote, ...]


def shown_frame(data: bytes, plugin: str, *, white: int) -> Frame:
    """Decode the frame that is taken; where none shows anything, the first.

    Args:
        data: the file.
        plugin: that of Pillow.
        white: what white is in its numbers, 0 to 255.

    Raises:
        MediaUnreadableError: its size or kind is not taken.
        Exception: what the plugin raises of bytes it cannot read.
    """
    with Image.open(BytesIO(data), formats=[plugin]) as image:
        if not getattr(image, "is_animated", False):
            return _frame(image, plugin, white)
        # What an animated PNG shows where animations are not known is no part of it.
        first = 1 if getattr(image, "default_image", False) else 0
        image.seek(first)
        frame = _frame(image, plugin, white, PictureNote.FIRST_OF_ANIMATION)
        if frame.flat.problem is None:
            return frame
        return _later(image, plugin, white, first) or frame


def _later(image: ImageFile.ImageFile, plugin: str, white: int, first: int) -> Frame | None:
    """Return the first frame after the first one that shows something; None where none does."""
    looked_at = math.prod(image.size)
    for number in range(first + 1, first + MOST_FRAMES):
        try:
            image.seek(number)
            looked_at += math.prod(image.size)
            if looked_at > _MOST_FRAME_PIXELS:
                return None
            frame = _frame(image, plugin, white, PictureNote.FIRST_VISIBLE_OF_ANIMATION)
        except (EOFError, OSError, SyntaxError, ValueError, MediaUnreadableError):
            return None  # no more of them, or none that can be read
        if frame.flat.problem is None:
            return frame
    return None


def _frame(
    image: ImageFile.ImageFile, plugin: str, white: int, note: PictureNote | None = None
) -> Frame:
    """Load the frame a file stands at."""
    check_size(image.size)
    if _DNG_VERSION_TAG in getattr(image, "tag_v2", {}):
        # Pillow would show the thumbnail that comes first in such a file.
        raise MediaUnreadableError("unsupported_format", format="DNG")
    forget_xmp(image)
    # Pillow turns a TIFF by itself while loading, so whether it will is only known now; a PNG
    # is loaded by the question alone, and its failure would be taken for one of the metadata.
    is_turned_by_pillow = plugin == "TIFF" and orientation_of(image) >= TURNED
    image.load()
    orientation = orientation_of(image)
    notes = [] if note is None else [note]
    if is_turned_by_pillow or orientation >= TURNED:
        notes.append(PictureNote.ROTATED)
    return Frame(
        flat=flattened(image, white=white),
        orientation=orientation,
        profile=IccProfile.found(image.info.get("icc_profile")),
        notes=tuple(notes),
    )
