"""How a request names what it is made from, and how large the video is to be.

Sources under https://help.aliyun.com/zh/model-studio/, read in 2026:
``legacy-image-to-video-by-first-and-last-frame-api-reference``,
``legacy-image-to-video-api-reference``, ``legacy-wan-text-to-video-api-reference``,
``wan-reference-to-video-api-reference``, ``image-to-video-general-api-reference``,
``text-to-video-api-reference``, ``wan-video-to-video-api-reference`` and
``wan3-video-generation-api-reference``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Endpoint(StrEnum):
    """The two paths a task is created at, below ``/services/aigc/``."""

    IMAGE2VIDEO = "image2video/video-synthesis"
    VIDEO_GENERATION = "video-generation/video-synthesis"


class RequestShape(StrEnum):
    """Which fields of a create call carry the files and the size."""

    FRAME_FIELDS = "frame_fields"
    """``first_frame_url`` and ``last_frame_url``; a tier."""
    IMAGE_FIELD = "image_field"
    """``img_url``, and ``audio_url`` beside it; a tier."""
    TEXT_SIZE = "text_size"
    """Words, and ``audio_url`` beside them; a ``size`` in pixels."""
    TEXT_RATIO = "text_ratio"
    """Words, and ``audio_url`` beside them; a tier and a ``ratio``."""
    REFERENCE_URLS = "reference_urls"
    """``reference_urls``, which take addresses alone; a ``size`` in pixels."""
    MEDIA = "media"
    """A list ``media`` of types and addresses; a tier, and a ``ratio`` where the model has any."""

    @property
    def endpoint(self) -> Endpoint:
        """Where such a request goes."""
        if self is RequestShape.FRAME_FIELDS:
            return Endpoint.IMAGE2VIDEO
        return Endpoint.VIDEO_GENERATION

    @property
    def takes_pictures_inside(self) -> bool:
        """True where a picture may travel in the body, as base64."""
        return self is not RequestShape.REFERENCE_URLS


class FileRole(StrEnum):
    """What a file of a request is for; the shape says in which field it travels."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE_IMAGE = "reference_image"
    """Who or what is to appear."""
    REFERENCE_VIDEO = "reference_video"
    """Likewise; where a model continues or edits, the words say so."""
    FIRST_CLIP = "first_clip"
    """A video that is gone on from."""
    SOUNDTRACK = "soundtrack"


SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "480P": ("832*480", "480*832", "624*624"),
        "720P": ("1280*720", "720*1280", "960*960", "1088*832", "832*1088"),
        "1080P": ("1920*1080", "1080*1920", "1440*1440", "1632*1248", "1248*1632"),
    }
)
"""``W*H`` values of each tier for models that take a size; the first is what we send when nobody
chose."""

RATIOS_2_7 = ("16:9", "9:16", "1:1", "4:3", "3:4")
"""The first is the model's default, and ours."""

ADAPTIVE = "adaptive"
"""The shape follows the pictures, or is the model's own choice."""

RATIOS_3_0 = ("16:9", "9:16", "1:1", "4:3", "3:4", ADAPTIVE)
"""One copy of the reference names 21:9 as well, others do not: a host may add it."""
