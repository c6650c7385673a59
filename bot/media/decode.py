"""From hostile bytes to an upright picture in memory; ``images`` makes it fit.

Every decoder is chosen by ``recognise`` and sees bytes only after the size in the header was
checked. This runs in a child process with a memory limit, because decoders of pictures written in
C are what attackers aim at.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageFile

from bot.domain.errors import MediaError, MediaTooLargeError, MediaUnreadableError
from bot.domain.requests.pictures import MAX_PICTURE_BYTES, PictureNote
from bot.media.colours import IccProfile, OwnColours, white_of
from bot.media.ground import FlatPicture, flattened
from bot.media.iso_boxes import main_picture
from bot.media.jpeg_files import completed, frame_of, rows_there
from bot.media.png_chunks import essential_png
from bot.media.recognise import looks_cut, recognise

MAX_PIXELS = 40_000_000
"""Of what is decoded in full."""
MAX_HEIF_PIXELS = 51_000_000
"""Phones of 48 and 50 megapixels write these; they have no other way to be decoded than in full."""
MAX_JPEG_PIXELS = 250_000_000
"""As declared: a JPEG is decoded at 1/2, 1/4 or 1/8, row by row. Phones have up to 200 million."""
MAX_JPEG_COEFFICIENTS_BYTES = 400 * 1024 * 1024
"""Of a JPEG that comes in several scans all is held at once: 139 megapixels of usual colours."""
MIN_SIDE_PIXELS = 240
"""The provider's own least side: facts of 2026 give 240 to 8000, older ones 360 to 2000."""
MAX_RATIO = 4

ImageFile.LOAD_TRUNCATED_IMAGES = False

_MOST_PIXELS = {"HEIF": MAX_HEIF_PIXELS, "JPEG": MAX_JPEG_PIXELS}
_MOST_MISSING_ROWS = 32
_MOST_MISSING_SHARE = 1 / 32
"""So much may be missing below: two rows of blocks, which is what the last bytes of a small file
hold, or as little of a large one that nobody would look for it."""
_MOST_FRAMES = 60
_MOST_FRAME_PIXELS = 120_000_000
"""Looked at of an animation that begins with nothing, until there is something to be seen."""

_ORIENTATION_TAG = 0x0112
_DNG_VERSION_TAG = 0xC612
_TURNED = 2
"""EXIF orientations 2 to 8 turn or mirror; 5 to 8 swap the sides."""

_PIXEL_COUNT = re.compile(r"\((\d+) pixels\)")

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
    Image.MAX_IMAGE_PIXELS = most = _MOST_PIXELS.get(plugin, MAX_PIXELS)
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is thrown away anyway; of a bomb it only warns too.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(data, plugin=plugin, scale=scale)
        except MediaError:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels(_counted_pixels(error, most), most) from error
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
            return _decode_frames(png.data, plugin, png.colours)
        case "AVIF":
            return _decode_frames(data, plugin, main_picture(data).colours)
        case _:
            return _decode_frames(data, plugin, None)


def _decode_heif(data: bytes) -> Decoded:
    from bot.media.heif import decoded, open_main

    picture = open_main(data)
    _check_size(picture.size, MAX_HEIF_PIXELS)
    container = main_picture(data)
    colours = IccProfile.found(picture.info.get("icc_profile")) or container.colours
    image = decoded(picture)
    _check_size(image.size, MAX_HEIF_PIXELS)  # the header's was a claim
    return _decoded(
        flattened(image, white=white_of(colours)),
        colours,
        notes=[PictureNote.ROTATED] if container.is_turned else [],
        original_size=image.size,
    )


def _decode_jpeg(data: bytes, scale: Scale) -> Decoded:
    """Decode a JPEG as small as it may be made, and without the rows that never came."""
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        _forget_xmp(image)
        declared = image.size
        _check_size(declared, MAX_JPEG_PIXELS)
        _check_coefficients(data, math.prod(declared))
        orientation = _orientation(image)
        factor = min(1.0, scale(*_upright(declared, orientation)))
        wanted = (math.ceil(image.width * factor), math.ceil(image.height * factor))
        image.draft(None, wanted)
        if math.prod(image.size) > MAX_PIXELS:
            raise _too_many_pixels(math.prod(declared), MAX_PIXELS)
        notes = [PictureNote.ROTATED] if orientation >= _TURNED else []
        try:
            image.load()
            loaded: Image.Image = image
        except OSError as error:
            if "truncated" not in str(error):
                raise
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


def _check_coefficients(data: bytes, pixels: int) -> None:
    frame = frame_of(data)
    held = frame.coefficients_bytes if frame is not None else 0
    if held > MAX_JPEG_COEFFICIENTS_BYTES:
        raise _too_many_pixels(pixels, pixels * MAX_JPEG_COEFFICIENTS_BYTES // held)


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
    """Decode a picture, of an animation the first frame on which something is to be seen."""
    with Image.open(BytesIO(data), formats=[plugin]) as image:
        several = bool(getattr(image, "is_animated", False))
        # What an animated PNG shows where animations are not known is no part of it.
        first = 1 if several and getattr(image, "default_image", False) else 0
        if first:
            image.seek(first)
        flat, notes, orientation = _frame(image, plugin, white_of(colours))
        at, looked_at = first, math.prod(image.size)
        found = flat
        while found.problem and several and at < first + _MOST_FRAMES:
            at += 1
            looked_at += math.prod(image.size)
            try:
                if looked_at > _MOST_FRAME_PIXELS:
                    break
                image.seek(at)
                found, notes, orientation = _frame(image, plugin, white_of(colours))
            except (EOFError, OSError, MediaUnreadableError, SyntaxError, ValueError):
                break  # no more of them, or none that can be read
        if not found.problem:
            flat = found
        if several:
            is_first = at == first or bool(flat.problem)
            notes.insert(
                0,
                PictureNote.FIRST_OF_ANIMATION
                if is_first
                else PictureNote.FIRST_VISIBLE_OF_ANIMATION,
            )
        return _decoded(
            flat,
            IccProfile.found(image.info.get("icc_profile")) or colours,
            notes=notes,
            orientation=orientation,
            original_size=flat.image.size,
        )


def _frame(
    image: ImageFile.ImageFile, plugin: str, white: int
) -> tuple[FlatPicture, list[PictureNote], int]:
    """Load the frame a file stands at: the picture, how it was turned, and how it is to be."""
    _check_header(image)
    _forget_xmp(image)
    # Pillow turns a TIFF by itself while loading, so whether it will is only known now; a PNG
    # is loaded by the question alone, and its failure would be taken for one of the metadata.
    is_turned_by_pillow = plugin == "TIFF" and _orientation(image) >= _TURNED
    image.load()
    orientation = _orientation(image)
    is_turned = is_turned_by_pillow or orientation >= _TURNED
    notes = [PictureNote.ROTATED] if is_turned else []
    return flattened(image, white=white), notes, orientation


def _decoded(
    flat: FlatPicture,
    colours: OwnColours,
    *,
    notes: list[PictureNote],
    orientation: int = 1,
    original_size: tuple[int, int],
) -> Decoded:
    """Refuse what shows nothing, and turn the rest upright."""
    if flat.problem is not None:
        raise MediaUnreadableError(flat.problem)
    return Decoded(
        image=flat.image if orientation < _TURNED else _turn(flat.image, orientation),
        original_size=_upright(original_size, orientation),
        colours=colours,
        notes=tuple(notes if flat.note is None else [*notes, flat.note]),
    )


def _check_header(image: ImageFile.ImageFile) -> None:
    _check_size(image.size, MAX_PIXELS)
    if _DNG_VERSION_TAG in getattr(image, "tag_v2", {}):
        # Pillow would show the thumbnail that comes first in such a file.
        raise MediaUnreadableError("unsupported_format", format="DNG")


def _check_size(size: tuple[int, int], most_pixels: int) -> None:
    width, height = size
    if width * height > most_pixels:
        raise _too_many_pixels(width * height, most_pixels)
    if min(width, height) < MIN_SIDE_PIXELS:
        raise MediaUnreadableError("too_small", width=width, height=height, limit=MIN_SIDE_PIXELS)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise MediaUnreadableError("too_elongated", width=width, height=height, limit=MAX_RATIO)


def _too_many_pixels(pixels: int, most: int) -> MediaUnreadableError:
    return MediaUnreadableError(
        "too_many_pixels",
        # Rounded up, so that the figure is never the limit itself.
        megapixels=math.ceil(pixels / 1_000_000),
        limit=most // 1_000_000,
    )


def _counted_pixels(error: Exception, most: int) -> int:
    """Read the count out of Pillow's message, which is the only place it has it."""
    found = _PIXEL_COUNT.search(str(error))
    return int(found[1]) if found else most + 1


def _forget_xmp(image: Image.Image) -> None:
    """Have Pillow read no orientation there: programs that turn a picture leave the old one in."""
    image.info.pop("xmp", None)


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where it is missing or nonsense."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - hostile metadata; the picture itself may be fine
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004


def _upright(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    width, height = size
    return (height, width) if orientation >= 5 else (width, height)  # noqa: PLR2004


def _turn(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation to a picture that has lost its metadata."""
    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(methods[orientation])
