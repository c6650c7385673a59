"""From hostile bytes to an upright picture in memory; ``images`` makes it fit.

Every decoder is chosen by ``recognise`` and sees bytes only after the size in the header was
checked. This runs in a child process with a memory limit, because decoders of pictures written in
C are what attackers aim at.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image, ImageFile

from bot.domain.errors import MediaError, MediaTooLargeError, MediaUnreadableError
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import MAX_PICTURE_BYTES, PictureNote
from bot.media.bounds import (
    MAX_HEIF_PIXELS,
    MAX_JPEG_PIXELS,
    MAX_PIXELS,
    check_coefficients,
    check_size,
    counted_pixels,
    most_declared,
    too_many_pixels,
)
from bot.media.colours import IccProfile, OwnColours, OwnSpace, white_of
from bot.media.frames import shown_frame
from bot.media.ground import FlatPicture, flattened
from bot.media.iso_boxes import main_picture
from bot.media.jpeg_files import completed, is_padded, rows_there
from bot.media.png_chunks import essential_png
from bot.media.recognise import looks_cut, recognise
from bot.media.turning import TURNED, forget_xmp, orientation_of, turned, upright

ImageFile.LOAD_TRUNCATED_IMAGES = False

_MOST_MISSING_ROWS = 32
_MOST_MISSING_SHARE = 1 / 32
"""So much may be missing below: two rows of blocks, which is what the last bytes of a small file
hold, or as little of a large one that nobody would look for it."""
Scale = Callable[[int, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A picture in memory: upright, 8 bits a channel, without transparency."""

    image: Image.Image
    """Mode L, RGB or CMYK, still in its own ``colours``."""
    original_size: tuple[int, int]
    """Width and height before the decoder itself scaled down, upright."""
    colours: OwnColours
    notes: tuple[PictureNote, ...]
    is_lossless: bool = False
    """Whether its pixels are those it was saved with, as a frame cut from a video has them."""


def decode(data: bytes, *, scale: Scale) -> Decoded:
    """Decode one picture.

    Args:
        data: the file.
        scale: tells for width and height of the upright picture how much smaller it may be made;
            a JPEG is then decoded at 1/2, 1/4 or 1/8 right away, never below this.

    Raises:
        MediaTooLargeError: more bytes than ``MAX_PICTURE_BYTES``.
        MediaUnreadableError: anything else that is wrong; ``problem`` names it.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise MediaTooLargeError(limit_bytes=MAX_PICTURE_BYTES, actual_bytes=len(data))
    plugin = recognise(data)
    Image.MAX_IMAGE_PIXELS = most = most_declared(plugin)
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is thrown away anyway; of a bomb it only warns too.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(data, plugin=plugin, scale=scale)
        except MediaError:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise too_many_pixels(counted_pixels(error, most), most) from error
        except Exception as error:  # the boundary: plugins raise whatever their bytes lead them to
            problem = (
                "truncated"
                if "truncated" in str(error).lower() or looks_cut(plugin, data)
                else "decoder_failed"
            )
            raise MediaUnreadableError(problem, format=plugin) from error


def _decode(data: bytes, *, plugin: str, scale: Scale) -> Decoded:
    match plugin:
        case "HEIF":
            return _decode_heif(data)
        case "JPEG":
            return _decode_jpeg(data, scale)
        case "PNG":
            png = essential_png(data)
            return replace(_decode_frames(png.data, plugin, png.colours), is_lossless=True)
        case "AVIF":
            return _decode_frames(data, plugin, main_picture(data).colours)
        case _:
            return _decode_frames(data, plugin, None)


def _decode_heif(data: bytes) -> Decoded:
    container = main_picture(data)
    if container.has_film and not container.is_named:
        return _decode_film(data)
    from bot.media.heif import decoded, open_main

    picture = open_main(data)
    check_size(picture.size, MAX_HEIF_PIXELS)
    colours = IccProfile.found(picture.info.get("icc_profile")) or container.colours
    image = decoded(picture)
    check_size(image.size, MAX_HEIF_PIXELS)  # the header's was a claim
    return _decoded(
        flattened(image, white=white_of(colours)),
        colours,
        notes=[
            *([PictureNote.FIRST_OF_ANIMATION] if container.has_film else []),
            *([PictureNote.ROTATED] if container.is_turned else []),
        ],
        original_size=image.size,
    )


def _decode_film(data: bytes) -> Decoded:
    from bot.media.heif_films import shown_frame as shown_of_film

    frame = shown_of_film(data)
    return _decoded(
        frame.flat,
        frame.colours,
        notes=frame.notes,
        original_size=frame.flat.image.size,
    )


def _decode_jpeg(data: bytes, scale: Scale) -> Decoded:
    """Decode a JPEG as small as it may be made, and without the rows that never came."""
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        forget_xmp(image)
        declared = image.size
        check_size(declared, MAX_JPEG_PIXELS)
        check_coefficients(data, declared)
        orientation = orientation_of(image)
        factor = min(1.0, scale(*upright(declared, orientation)))
        wanted = (math.ceil(image.width * factor), math.ceil(image.height * factor))
        image.draft(None, wanted)
        if math.prod(image.size) > MAX_PIXELS:
            raise too_many_pixels(math.prod(declared), MAX_PIXELS)
        notes = [PictureNote.ROTATED] if orientation >= TURNED else []
        loaded = None if is_padded(data) else _loaded_whole(image)
        if loaded is None:
            loaded = _without_missing_rows(data, wanted, declared[1])
            if loaded.height < image.height:
                notes.append(PictureNote.END_MISSING)
                declared = (declared[0], round(declared[1] * loaded.height / image.height))
        return _decoded(
            flattened(loaded, white=255),
            IccProfile.found(image.info.get("icc_profile")),
            notes=notes,
            orientation=orientation,
            original_size=declared,
        )


def _loaded_whole(image: Image.Image) -> Image.Image | None:
    """Load a picture; None where its file ends too early."""
    try:
        image.load()
    except OSError as error:
        if "truncated" not in str(error):
            raise
        return None
    return image


def _without_missing_rows(data: bytes, wanted: tuple[int, int], height: int) -> Image.Image:
    """Decode a JPEG that ends too early, where next to nothing is missing.

    Raises:
        MediaUnreadableError: more than that is missing.
    """
    with Image.open(BytesIO(completed(data)), formats=["JPEG"]) as image:
        image.draft(None, wanted)
        image.load()
        rows = rows_there(data, image, wanted=wanted)
        tolerated = max(_MOST_MISSING_ROWS / height, _MOST_MISSING_SHARE)
        if rows < image.height * (1 - tolerated):
            raise MediaUnreadableError("truncated", format="JPEG")
        return image.crop((0, 0, image.width, rows))


def _decode_frames(data: bytes, plugin: str, colours: OwnColours) -> Decoded:
    frame = shown_frame(data, plugin, white=white_of(colours))
    return _decoded(
        frame.flat,
        frame.profile or colours,
        notes=frame.notes,
        orientation=frame.orientation,
        original_size=frame.flat.image.size,
    )


def _decoded(
    flat: FlatPicture,
    colours: OwnColours,
    *,
    notes: Sequence[PictureNote],
    orientation: int = 1,
    original_size: tuple[int, int],
) -> Decoded:
    """Refuse what shows nothing, and turn the rest upright."""
    if flat.problem is PictureProblem.TRANSPARENT:
        raise MediaUnreadableError("transparent")
    if flat.problem is PictureProblem.ONE_COLOUR:
        raise MediaUnreadableError("one_colour")
    said = [*notes]
    if flat.note is not None:
        said.append(flat.note)
    if isinstance(colours, OwnSpace) and colours.is_hdr:
        said.append(PictureNote.FROM_HDR)
    return Decoded(
        image=turned(flat.image, orientation),
        original_size=upright(original_size, orientation),
        colours=colours,
        notes=tuple(said),
    )
