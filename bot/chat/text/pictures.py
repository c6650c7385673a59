"""Why a picture was not taken, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.problems import PictureProblem

OPTIONS: Mapping[str, str] = {
    "first_frame": "first frame",
    "last_frame": "last frame",
    "image": "picture",
    "image1": "first picture",
    "image2": "second picture",
    "image3": "third picture",
    "image4": "fourth picture",
    "image5": "fifth picture",
}
"""What a picture is called, by the option it came in."""

PROBLEMS: Mapping[PictureProblem, str] = {
    PictureProblem.EMPTY: "Not queued: the {picture} is an empty file.",
    PictureProblem.HTML: (
        "Not queued: the {picture} is a web page, not a picture. Save the picture itself and "
        "attach that."
    ),
    PictureProblem.SVG: "Not queued: the {picture} is an SVG drawing. Export it as PNG first.",
    PictureProblem.PDF: "Not queued: the {picture} is a PDF. Save the page as PNG first.",
    PictureProblem.VIDEO: (
        "Not queued: the {picture} is a video. Attach a picture, for instance a screenshot of it."
    ),
    PictureProblem.AUDIO: "Not queued: the {picture} is a sound file. Attach a picture.",
    PictureProblem.ARCHIVE: "Not queued: the {picture} is an archive. Attach the picture itself.",
    PictureProblem.UNSUPPORTED_FORMAT: (
        "Not queued: the {picture} is a picture of the kind {format}, which I do not read. Save it "
        "as JPEG or PNG first."
    ),
    PictureProblem.NOT_AN_IMAGE: (
        "Not queued: the {picture} is not a picture I can read. Attach a JPEG, PNG or WebP."
    ),
    PictureProblem.TRUNCATED: (
        "Not queued: the {picture} is damaged: the file ends too early. Upload it again."
    ),
    PictureProblem.TOO_LARGE: (
        "Not queued: the {picture} is larger than {limit_mib} MiB. Make it smaller first."
    ),
    PictureProblem.TOO_MANY_PIXELS: (
        "Not queued: the {picture} has {megapixels} megapixels; {limit} is the most. Make it "
        "smaller first."
    ),
    PictureProblem.TOO_SMALL: (
        "Not queued: the {picture} is {width}×{height} pixels; its shorter side must have at least "
        "{limit}. Use a larger picture."
    ),
    PictureProblem.TOO_ELONGATED: (
        "Not queued: the {picture} is {width}×{height} pixels; the longer side may be at most "
        "{limit} times the shorter one. Crop it first."
    ),
    PictureProblem.TRANSPARENT: (
        "Not queued: the {picture} is transparent all over; there is nothing to be seen on it. Use "
        "another picture."
    ),
    PictureProblem.ONE_COLOUR: (
        "Not queued: the {picture} shows one single colour and nothing else. Use a picture with "
        "something on it."
    ),
    PictureProblem.DECODER_FAILED: (
        "Not queued: the {picture} cannot be decoded. Save it again as JPEG or PNG."
    ),
    PictureProblem.VIDEO_UNREADABLE: (
        "Not queued: the last frame of that video cannot be read. Use another video, or a picture."
    ),
    PictureProblem.UNAVAILABLE: (
        "Not queued: Discord no longer hands out the {picture}. Upload it again."
    ),
}
