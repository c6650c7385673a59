"""Which way up a picture is: EXIF's word counts, XMP's does not."""

from __future__ import annotations

from PIL import Image

TURNED = 2
"""EXIF orientations 2 to 8 turn or mirror; 5 to 8 swap the sides."""

_ORIENTATION_TAG = 0x0112
_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where it is missing or nonsense."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - hostile metadata; the picture itself may be fine
        return 1
    return value if isinstance(value, int) and value in _METHODS else 1


def forget_xmp(image: Image.Image) -> None:
    """Have Pillow ask nobody but EXIF: programs that turn a picture leave the old word in XMP."""
    image.info.pop("xmp", None)


def upright(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the size a picture has once it is turned."""
    width, height = size
    return (height, width) if orientation >= 5 else (width, height)  # noqa: PLR2004


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation to a picture that has lost its metadata."""
    return image if orientation < TURNED else image.transpose(_METHODS[orientation])
