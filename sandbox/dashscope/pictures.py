"""Inspects pictures as the service does, once a task was created.

Messages: help.aliyun.com/zh/model-studio/error-code.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from sandbox.dashscope import problems
from sandbox.dashscope.rows import PictureLimits

MIN_SIDE_PIXELS = 240
MAX_SIDE_PIXELS = 8000
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")

UNSUPPORTED = "The media format is not supported or incorrect for the data inspection."
UNDECODABLE = "Failed to decode the image during the data inspection."
WRONG_SIZE = "The image size is not supported for the data inspection."
NOT_FOUND = "Failed to find the requested media resource during the data inspection process."


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that passed the inspection."""

    data: bytes
    """The file as it was sent."""
    width: int
    height: int


def is_picture(data: bytes) -> bool:
    """Whether a file is any kind of picture, by its first bytes."""
    try:
        with Image.open(io.BytesIO(data)):
            return True
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def inspect(data: bytes, limits: PictureLimits) -> Picture:
    """Decode a picture completely and check what the service checks.

    Raises:
        InputRejectedError: it is no picture, a wrong kind, or a wrong size.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.format not in FORMATS:
                raise problems.data_inspection(UNSUPPORTED)
            if not all(MIN_SIDE_PIXELS <= side <= MAX_SIDE_PIXELS for side in image.size):
                raise problems.data_inspection(WRONG_SIZE)
            # From 2.7 on 1:8 to 8:1; no rule is stated before.
            if limits.max_ratio and max(image.size) > limits.max_ratio * min(image.size):
                raise problems.data_inspection(WRONG_SIZE)
            # "PNG (no alpha channel)", says the page of the model.
            if image.has_transparency_data:
                raise problems.data_inspection(UNSUPPORTED)
            image.load()
            return Picture(data, image.width, image.height)
    except UnidentifiedImageError as error:
        raise problems.data_inspection(UNSUPPORTED) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise problems.data_inspection(UNDECODABLE) from error
