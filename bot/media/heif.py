"""HEIF and HEIC, the photographs of most phones, opened by pillow-heif.

Imported for such a picture alone: the library is loaded with it. No plugin of Pillow is
registered, so that nothing is decoded as HEIF that was not recognised as that.
"""

from __future__ import annotations

from PIL import Image
from pillow_heif import HeifImage, open_heif, options

# Each is looked for and read while opening, whoever needs it.
options.THUMBNAILS = False
options.DEPTH_IMAGES = False
options.AUX_IMAGES = False
options.DECODE_THREADS = 2
"""Each takes address space of the child: two leave 1.3 GiB of its 2 with 48 megapixels."""


def open_main(data: bytes) -> HeifImage:
    """Return the picture that the file names as its main one; its pixels are not decoded yet."""
    file = open_heif(data, convert_hdr_to_8bit=True)
    return file[file.primary_index]


def decoded(picture: HeifImage) -> Image.Image:
    """Decode a picture: 8 bits, upright, as the container's own turning asks.

    What EXIF says of turning does not count: the standard leaves it to the container, and phones
    write both.
    """
    pixels = picture.data  # only with them the size is known for certain
    image = Image.frombuffer(
        picture.mode, picture.size, pixels, "raw", picture.mode, picture.stride, 1
    )
    return image.convert("RGBA") if picture.premultiplied_alpha else image
