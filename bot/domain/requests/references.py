"""What words call the pictures that come with them: each family of models its own way.

Members write ``image1`` as the option is called. wan2.6 knows ``character1`` in the order of its
addresses (``wan-reference-to-video-api-reference``), wan2.7 ``Image 1``
(``wan-video-to-video-api-reference``), both under https://help.aliyun.com/zh/model-studio/; 3.0
documents no name, so it gets the newer one.
"""

from __future__ import annotations

import re

from bot.domain.catalogue import RequestShape

_NAME = re.compile(r"\b(?:image|picture|character)[_-]?([1-9])\b(?!:\d)", re.IGNORECASE)
"""``image1``, ``picture-2``."""
_SPACED = re.compile(r"\b(?:Image|Character) ([1-9])\b(?!:\d)")
"""As the references of 2.7 and 2.6 write it; in small letters these are ordinary words."""


def prompt_for(shape: RequestShape, prompt: str, *, pictures: int) -> str:
    """Return a prompt that calls its pictures as the model does; other numbers are left alone.

    Args:
        shape: of the request.
        prompt: the member's.
        pictures: how many come along.
    """
    name = "character" if shape is RequestShape.REFERENCE_URLS else "Image "

    def called(found: re.Match[str]) -> str:
        return f"{name}{found[1]}" if int(found[1]) <= pictures else found[0]

    return _SPACED.sub(called, _NAME.sub(called, prompt))


def comparable(prompt: str) -> str:
    """Return a prompt with one name for its pictures, whatever model it was written for."""
    return _SPACED.sub(r"image\1", _NAME.sub(r"image\1", prompt))
