"""HEIF files that hold a film and no picture, as some phones make of a burst.

libheif finds nothing in them, and FFmpeg finds what it finds in any MP4. Imported for such a file
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import islice

import av
from av.video.frame import VideoFrame
from PIL import Image

from bot.domain.errors import MediaUnreadableError
from bot.domain.requests.pictures import PictureNote
from bot.media.bounds import check_size
from bot.media.colours import OwnColours, of_code_points, white_of
from bot.media.frames import MOST_FRAMES
from bot.media.ground import FlatPicture, flattened


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmFrame:
    """One frame of a film, upright."""

    flat: FlatPicture
    colours: OwnColours
    notes: tuple[PictureNote, ...]


def shown_frame(data: bytes) -> FilmFrame:
    """Decode the first frame that shows something; where none does, the first.

    Raises:
        MediaUnreadableError: its size is not taken, or there is no frame.
        OSError: FFmpeg cannot read it.
    """
    with av.open(BytesIO(data), "r", format="mov") as container:
        stream = container.streams.video[0]
        check_size((stream.codec_context.width, stream.codec_context.height))
        stream.codec_context.thread_count = 1
        first = None
        for number, frame in enumerate(islice(container.decode(stream), MOST_FRAMES)):
            note = PictureNote.FIRST_VISIBLE_OF_ANIMATION if number else None
            found = _upright(frame, note or PictureNote.FIRST_OF_ANIMATION)
            if found.flat.problem is None:
                return found
            first = first or found
    if first is None:
        raise MediaUnreadableError("decoder_failed", format="HEIF")
    return first


def _upright(frame: VideoFrame, note: PictureNote) -> FilmFrame:
    check_size((frame.width, frame.height))
    colours = of_code_points(int(frame.color_primaries), int(frame.color_trc))
    image = Image.fromarray(frame.to_ndarray(format="rgb24"))
    notes = [note]
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
        notes.append(PictureNote.ROTATED)
    return FilmFrame(
        flat=flattened(image, white=white_of(colours)), colours=colours, notes=tuple(notes)
    )
