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

from PIL import Image, ImageCms, ImageFile

from bot.domain.errors import MediaError, MediaTooLargeError, MediaUnreadableError
from bot.domain.requests.pictures import MAX_PICTURE_BYTES, PictureNote
from bot.media.recognise import looks_cut, recognise

MAX_PIXELS = 40_000_000
MIN_SIDE_PIXELS = 240
"""The provider's own least side: facts of 2026 give 240 to 8000, older ones 360 to 2000."""
MAX_RATIO = 4

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
ImageFile.LOAD_TRUNCATED_IMAGES = False

_ORIENTATION_TAG = 0x0112
_DNG_VERSION_TAG = 0xC612
_TURNED = 2
"""EXIF orientations 2 to 8 turn or mirror; 5 to 8 swap the sides."""

_PIXEL_COUNT = re.compile(r"\((\d+) pixels\)")
_WHITE_OF_12_BITS = 4095
_WHITE_OF_16_BITS = 65535
_WHITE_OF_INTEGERS = (255, _WHITE_OF_16_BITS, 2**31 - 1)
_WHITE_OF_FLOATS = (1.0, 255.0, 65535.0)

Scale = Callable[[int, int], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A picture in memory: upright, 8 bits a channel, without transparency."""

    image: Image.Image
    """Mode L, RGB or CMYK, still in the colours of ``icc_profile``."""
    original_size: tuple[int, int]
    """Width and height before the decoder itself scaled down, upright."""
    icc_profile: bytes | None
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
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which is thrown away anyway; of a bomb it only warns too.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _decode(data, plugin=plugin, scale=scale)
        except MediaError:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels(_counted_pixels(error)) from error
        except Exception as error:  # the boundary: plugins raise whatever their bytes lead them to
            problem = (
                "truncated"
                if "truncated" in str(error).lower() or looks_cut(plugin, data)
                else "decoder_failed"
            )
            raise MediaUnreadableError(problem, format=plugin) from error


def _decode(data: bytes, *, plugin: str, scale: Scale) -> Decoded:
    if plugin == "PNG":
        # Pillow itself compares no checksum of pixels, and would show what damage made of them.
        with Image.open(BytesIO(data), formats=[plugin]) as image:
            _check_header(image)
            image.verify()
    with Image.open(BytesIO(data), formats=[plugin]) as image:
        _check_header(image)
        # Pillow turns a TIFF by itself while loading, so whether it will is only known now; a PNG
        # is loaded by the question alone, and its failure would be taken for one of the metadata.
        is_turned_by_pillow = plugin == "TIFF" and _orientation(image) >= _TURNED
        drafted_from = _draft(image, scale) if plugin == "JPEG" else None
        several = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
        image.load()
        orientation = _orientation(image)
        notes: list[PictureNote] = []
        if several:
            notes.append(PictureNote.FIRST_OF_ANIMATION)
        if is_turned_by_pillow or orientation >= _TURNED:
            notes.append(PictureNote.ROTATED)
        flat, was_transparent = _flatten(image)
        if was_transparent:
            notes.append(PictureNote.FLATTENED)
        if orientation >= _TURNED:
            flat = _turn(flat, orientation)
        profile = image.info.get("icc_profile")
        return Decoded(
            image=flat,
            original_size=drafted_from or flat.size,
            icc_profile=profile if isinstance(profile, bytes) and profile else None,
            notes=tuple(notes),
        )


def _draft(image: ImageFile.ImageFile, scale: Scale) -> tuple[int, int]:
    """Let a JPEG be decoded smaller where it will be made smaller; return its full upright size."""
    size = _upright(image.size, _orientation(image))
    factor = scale(*size)
    if factor < 1:
        wanted = (math.ceil(image.width * factor), math.ceil(image.height * factor))
        image.draft(None, wanted)
    return size


def _check_header(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(width * height)
    if _DNG_VERSION_TAG in getattr(image, "tag_v2", {}):
        # Pillow would show the thumbnail that comes first in such a file.
        raise MediaUnreadableError("unsupported_format", format="DNG")
    if min(width, height) < MIN_SIDE_PIXELS:
        raise MediaUnreadableError("too_small", width=width, height=height, limit=MIN_SIDE_PIXELS)
    if max(width, height) > MAX_RATIO * min(width, height):
        raise MediaUnreadableError("too_elongated", width=width, height=height, limit=MAX_RATIO)


def _too_many_pixels(pixels: int) -> MediaUnreadableError:
    return MediaUnreadableError(
        "too_many_pixels",
        # Rounded up, so that the figure is never the limit itself.
        megapixels=math.ceil(pixels / 1_000_000),
        limit=MAX_PIXELS // 1_000_000,
    )


def _counted_pixels(error: Exception) -> int:
    """Read the count out of Pillow's message, which is the only place it has it."""
    found = _PIXEL_COUNT.search(str(error))
    return int(found[1]) if found else MAX_PIXELS + 1


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


def _flatten(image: ImageFile.ImageFile) -> tuple[Image.Image, bool]:
    """Return the picture in mode L, RGB or CMYK, and whether transparency was set on white."""
    grey_16 = {"I;16", "I;16B", "I;16L", "I;16N"}
    flat: Image.Image
    if image.mode in grey_16:
        # One of its levels may be marked transparent; Pillow cannot convert that, nobody makes it.
        flat = _scale_to_8_bits(image.convert("I"), _white_of_16_bits(image))
    elif image.mode == "I":
        flat = _scale_to_8_bits(image, _least_white(image, _WHITE_OF_INTEGERS))
    elif image.mode == "F":
        flat = _scale_to_8_bits(image, _least_white(image, _WHITE_OF_FLOATS))
    elif image.has_transparency_data:
        return _set_on_white(image)
    elif image.mode in {"L", "RGB", "CMYK"}:
        flat = image
    else:
        flat = image.convert("L" if image.mode == "1" else "RGB")
    return flat, False


def _set_on_white(image: ImageFile.ImageFile) -> tuple[Image.Image, bool]:
    """Compose on white; a picture whose every pixel is opaque only loses its alpha channel."""
    layered = image if image.mode in {"RGBA", "LA"} else image.convert("RGBA")
    alpha = layered.getchannel("A")
    base = layered.convert("L" if layered.mode == "LA" else "RGB")
    if alpha.getextrema() == (255, 255):
        return base, False
    canvas = Image.new(base.mode, base.size, "white")
    canvas.paste(base, mask=alpha)
    return canvas, True


def _white_of_16_bits(image: ImageFile.ImageFile) -> float:
    """Return the value of white: scanners write 12 bits into 16-bit TIFFs and say so in a tag."""
    bits = getattr(image, "tag_v2", {}).get(0x0102)
    return _WHITE_OF_12_BITS if bits in {12, (12,)} else _WHITE_OF_16_BITS


def _least_white(image: Image.Image, whites: tuple[float, ...]) -> float:
    """Guess white: the least customary value that no pixel exceeds.

    32-bit files do not say it. Where nothing customary is enough, the brightest pixel is white.
    """
    _, brightest = image.getextrema()
    if not isinstance(brightest, int | float) or not math.isfinite(brightest):
        return whites[0]
    return next((white for white in whites if brightest <= white), float(brightest))


def _scale_to_8_bits(image: Image.Image, white: float) -> Image.Image:
    """Scale greys so that ``white`` becomes 255; Pillow's own conversion clips instead."""
    factor = 255 / white
    return image.convert("F").point(lambda value: value * factor + 0.5).convert("L")


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Convert to sRGB, which is what every viewer assumes of a JPEG without a profile.

    A profile that is broken or of another colour space than the pixels is ignored, as browsers do.
    """
    if icc_profile is not None:
        try:
            converted = _by_profile(image, icc_profile)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _by_profile(image: Image.Image, icc_profile: bytes) -> Image.Image | None:
    profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
    spaces = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
    if spaces.get(profile.profile.xcolor_space.strip()) != image.mode:
        return None
    if image.mode == "RGB" and (profile.profile.profile_description or "").startswith("sRGB"):
        return None
    return ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
