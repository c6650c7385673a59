"""Pictures made to fit: what a person sends becomes a JPEG that every model takes.

``prepare_pictures`` is the whole interface; ``decode`` turns bytes into pixels. Run in a child
process by ``child``, never on the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

from bot.domain.errors import InvalidImageError, MediaTooLargeError, MediaUnreadableError
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import ANY_MODEL, PictureFit, PictureNote
from bot.domain.units import MIB
from bot.media.decode import Decoded, decode
from bot.media.srgb import to_srgb

Steps = Sequence[tuple[int, str]]
"""Qualities and subsamplings of a JPEG, tried in turn."""

MAX_JPEG_BYTES = 2 * 1024 * 1024
"""Two frames in base64 then stay far below the provider's least documented limit of 7 MB each."""
MAX_CROP_LOSS = 0.25
"""The most of a picture's area that is cut off to reach the first frame's ratio."""
_UNSEEN_LOSS = 0.01
"""Cropping less than this is rounding, and not worth a word."""

_QUALITIES = (90, 82, 72, 60, 48, 36, 24)
"""Tried in turn. At 90 no artefact shows in a video, and nearly every photograph fits at once."""
_COARSE, _FULL = "4:2:0", "4:4:4"
"""How finely a JPEG has its colours. The video is 4:2:0 and smaller than a photograph, so finer
colour could not come back; it would cost a third more bytes, and quality steps before them."""
_STEPS = tuple((quality, _COARSE) for quality in _QUALITIES)
_LOSSLESS_STEPS = ((95, _FULL), (90, _FULL), *_STEPS)
"""Frames of videos come back as PNG, and go on losing something each time a video is continued:
at 4:2:0 the edges of colours creep outwards, as they are halved twice a round. Drawings and
screenshots gain as well."""
_REDUCING_GAP = 2.0
"""Pillow's box-reduce before the filter; at 2.0 nearly as good as without, several times faster."""

_BACKDROP_PIXELS = 64
"""Longer side of the miniature that is blurred and stretched into a backdrop."""
_BACKDROP_BLUR_PIXELS = 2.5
_EDGE = 0.1
"""Share of the picture that is mirrored outwards on each side."""

PREVIEW_WIDTH_PIXELS = 480
PREVIEW_HEIGHT_PIXELS = 270
MAX_PREVIEW_BYTES = 60 * 1024
_PREVIEW_REDUCING_GAP = 1.0
"""Boxes do most of the scaling: at this size nobody sees it, and it takes half the time."""
_PREVIEW_GAP_PIXELS = 6
_PREVIEW_GROUND = (43, 45, 49)
_ARROW_PIXELS = 36
_ARROW_OVERSAMPLING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedPicture:
    """A picture made to fit: upright JPEG without metadata or transparency."""

    option: str
    """The option it came in."""
    jpeg: bytes
    """At most 2 MiB."""
    width: int
    """Pixels, within ``PictureFit``."""
    height: int
    """Pixels, within ``PictureFit``."""
    notes: tuple[PictureNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Where a picture goes: cropped to ``crop``, scaled to ``size``, set in ``canvas``."""

    crop: tuple[float, float]
    """Width and height that are kept of the middle, in original pixels."""
    size: tuple[int, int]
    canvas: tuple[int, int]
    scale: float
    notes: tuple[PictureNote, ...]


def prepare_pictures(
    sources: Sequence[tuple[str, bytes]], fit: PictureFit = ANY_MODEL
) -> tuple[tuple[FittedPicture, ...], bytes]:
    """Make pictures fit, and draw them small.

    Args:
        sources: name of the option and the file, for each picture.
        fit: what they are made to fit into.

    Returns:
        The pictures, and their preview as a JPEG.

    Raises:
        InvalidImageError: a picture cannot be used; ``option`` says which, ``problem`` why.
    """
    pictures: list[FittedPicture] = []
    images: list[Image.Image] = []
    ratio: float | None = None
    for option, data in sources:
        try:
            picture, image = _prepare(option, data, fit, ratio=ratio)
        except MediaUnreadableError as error:
            problem = PictureProblem(error.problem)
            raise InvalidImageError(option=option, problem=problem, **error.facts) from error
        except MediaTooLargeError as error:
            raise InvalidImageError(
                option=option,
                problem=PictureProblem.TOO_LARGE,
                limit_mib=error.limit_bytes // MIB,
            ) from error
        if fit.share_ratio and ratio is None:
            ratio = picture.width / picture.height
        pictures.append(picture)
        images.append(image)
    return tuple(pictures), _draw_preview(images, arrows=fit.share_ratio)


def _draw_preview(images: Sequence[Image.Image], *, arrows: bool) -> bytes:
    """Draw pictures side by side, with an arrow between those that follow another, as a JPEG."""
    gaps = _PREVIEW_GAP_PIXELS * (len(images) - 1)
    widest = sum(image.width / image.height for image in images)
    height = min(PREVIEW_HEIGHT_PIXELS, round((PREVIEW_WIDTH_PIXELS - gaps) / widest))
    sizes = [(max(1, int(height * image.width / image.height)), height) for image in images]
    canvas = Image.new("RGB", (sum(width for width, _ in sizes) + gaps, height), _PREVIEW_GROUND)
    left = 0
    for number, (image, size) in enumerate(zip(images, sizes, strict=True)):
        small = image.resize(size, Image.Resampling.HAMMING, reducing_gap=_PREVIEW_REDUCING_GAP)
        canvas.paste(small, (left, 0))
        if number and arrows:
            _draw_arrow(canvas, left - _PREVIEW_GAP_PIXELS // 2)
        left += size[0] + _PREVIEW_GAP_PIXELS
    return _encode(canvas, _STEPS, limit_bytes=MAX_PREVIEW_BYTES)


def _prepare(
    option: str, data: bytes, fit: PictureFit, *, ratio: float | None
) -> tuple[FittedPicture, Image.Image]:
    """Make one picture fit; return it as a file and as pixels."""
    decoded = decode(data, scale=lambda width, height: _plan(width, height, fit, ratio=ratio).scale)
    plan = _plan(*decoded.original_size, fit, ratio=ratio)
    image = to_srgb(_resize(decoded, plan), decoded.colours)
    if plan.canvas != plan.size:
        image = _set_on_own_blur(image, plan.canvas)
    steps = _LOSSLESS_STEPS if decoded.is_lossless else _STEPS
    jpeg, (width, height) = _encode_to_fit(image, fit, steps)
    if (width, height) != plan.canvas and PictureNote.SCALED_DOWN not in plan.notes:
        plan = replace(plan, notes=(*plan.notes, PictureNote.SCALED_DOWN))
    picture = FittedPicture(
        option=option, jpeg=jpeg, width=width, height=height, notes=decoded.notes + plan.notes
    )
    return picture, image


def _plan(width: int, height: int, fit: PictureFit, *, ratio: float | None) -> _Plan:
    """Decide crop, scale and canvas for a picture of this size.

    Raises:
        MediaUnreadableError: ``too_elongated`` for what it is made to fit into.
    """
    if max(width, height) > fit.max_ratio * min(width, height):
        raise MediaUnreadableError("too_elongated", width=width, height=height, limit=fit.max_ratio)
    notes: list[PictureNote] = []
    crop = (float(width), float(height))
    canvas = crop
    if ratio is not None:
        kept = min(width / height / ratio, ratio * height / width)
        if kept >= 1 - MAX_CROP_LOSS:
            crop = canvas = (min(width, height * ratio), min(height, width / ratio))
            if kept < 1 - _UNSEEN_LOSS:
                notes.append(PictureNote.CROPPED)
        else:
            canvas = (max(width, height * ratio), max(height, width / ratio))
            notes.append(PictureNote.PADDED)
    scale = 1.0
    if max(canvas) > fit.max_side:
        scale = fit.max_side / max(canvas)
    elif min(canvas) < fit.min_side:
        scale = fit.min_side / min(canvas)
    if PictureNote.PADDED not in notes and scale != 1:
        notes.append(PictureNote.SCALED_DOWN if scale < 1 else PictureNote.SCALED_UP)
    return _Plan(
        crop=crop,
        size=(max(1, round(crop[0] * scale)), max(1, round(crop[1] * scale))),
        canvas=_within_range(canvas[0] * scale, canvas[1] * scale, fit),
        scale=scale,
        notes=tuple(notes),
    )


def _within_range(width: float, height: float, fit: PictureFit) -> tuple[int, int]:
    return (
        min(max(round(width), fit.min_side), fit.max_side),
        min(max(round(height), fit.min_side), fit.max_side),
    )


def _resize(decoded: Decoded, plan: _Plan) -> Image.Image:
    """Cut the middle out and scale it, in one step and from the full picture."""
    image = decoded.image
    if image.size == plan.size and decoded.original_size == plan.size:
        return image
    # The decoder may have halved a JPEG already; the crop is in original pixels.
    across = image.width / decoded.original_size[0]
    down = image.height / decoded.original_size[1]
    left = (image.width - plan.crop[0] * across) / 2
    top = (image.height - plan.crop[1] * down) / 2
    box = (
        max(left, 0.0),
        max(top, 0.0),
        image.width - max(left, 0.0),
        image.height - max(top, 0.0),
    )
    # Made smaller, Hamming is as good as bicubic at the speed of bilinear:
    # https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters-comparison-table
    method = Image.Resampling.HAMMING if plan.scale < 1 else Image.Resampling.BICUBIC
    return image.resize(plan.size, method, box=box, reducing_gap=_REDUCING_GAP)


def _set_on_own_blur(image: Image.Image, canvas: tuple[int, int]) -> Image.Image:
    """Centre a picture on its own edge, mirrored outwards, stretched and blurred.

    Sky goes on as sky and ground as ground. It is made on a miniature: at this strength nobody
    sees the difference, and blurring the full canvas would take longer than all the rest.
    """
    shrink = _BACKDROP_PIXELS / max(canvas)
    width, height = max(1, round(canvas[0] * shrink)), max(1, round(canvas[1] * shrink))
    inner = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
    small = image.resize(inner, Image.Resampling.BOX)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    right, bottom = width - inner[0] - left, height - inner[1] - top
    backdrop = Image.new("RGB", (width, height))
    backdrop.paste(small, (left, top))
    edge = (max(1, round(inner[0] * _EDGE)), max(1, round(inner[1] * _EDGE)))
    for strip, where, size in (
        ((0, 0, edge[0], inner[1]), (0, top), (left, inner[1])),
        ((inner[0] - edge[0], 0, *inner), (left + inner[0], top), (right, inner[1])),
        ((0, 0, inner[0], edge[1]), (left, 0), (inner[0], top)),
        ((0, inner[1] - edge[1], *inner), (left, top + inner[1]), (inner[0], bottom)),
    ):
        if min(size) > 0:
            across = size[1] == inner[1]
            flip = Image.Transpose.FLIP_LEFT_RIGHT if across else Image.Transpose.FLIP_TOP_BOTTOM
            mirrored = small.crop(strip).transpose(flip)
            backdrop.paste(mirrored.resize(size, Image.Resampling.BICUBIC), where)
    backdrop = backdrop.filter(ImageFilter.GaussianBlur(_BACKDROP_BLUR_PIXELS))
    backdrop = backdrop.resize(canvas, Image.Resampling.BICUBIC)
    backdrop.paste(image, ((canvas[0] - image.width) // 2, (canvas[1] - image.height) // 2))
    return backdrop


def _encode_to_fit(
    image: Image.Image, fit: PictureFit, steps: Steps
) -> tuple[bytes, tuple[int, int]]:
    """Encode within ``MAX_JPEG_BYTES``, as large and as good as that allows."""
    while True:
        try:
            return _encode(image, steps, limit_bytes=MAX_JPEG_BYTES), image.size
        except MediaTooLargeError:
            factor = max(0.8, fit.min_side / min(image.size))
            if factor >= 1:
                raise
            size = _within_range(image.width * factor, image.height * factor, fit)
            image = image.resize(size, Image.Resampling.BICUBIC)


def _encode(image: Image.Image, steps: Steps, *, limit_bytes: int) -> bytes:
    image.info.clear()  # Pillow would write a comment it finds here into the new file
    size = 0
    for quality, subsampling in steps:
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
        size = buffer.tell()
        if size <= limit_bytes:
            return buffer.getvalue()
    raise MediaTooLargeError(limit_bytes=limit_bytes, actual_bytes=size)


def _draw_arrow(canvas: Image.Image, centre: int) -> None:
    arrow, disc = _arrow()
    where = (centre - _ARROW_PIXELS // 2, (canvas.height - _ARROW_PIXELS) // 2)
    canvas.paste(arrow, where, mask=disc)


@cache
def _arrow() -> tuple[Image.Image, Image.Image]:
    """Return an arrow and the disc it is cut out to; shapes alone, so that no font has to be there.

    Drawn larger and scaled down, because ImageDraw does not smooth edges.
    """
    side = _ARROW_PIXELS * _ARROW_OVERSAMPLING
    disc = Image.new("L", (side, side), 0)
    ImageDraw.Draw(disc).ellipse((0, 0, side - 1, side - 1), fill=255)
    arrow = Image.new("RGB", (side, side), _PREVIEW_GROUND)
    points = (
        (0.22, 0.44),
        (0.50, 0.44),
        (0.50, 0.27),
        (0.79, 0.50),
        (0.50, 0.73),
        (0.50, 0.56),
        (0.22, 0.56),
    )
    ImageDraw.Draw(arrow).polygon([(x * side, y * side) for x, y in points], fill="white")
    size = (_ARROW_PIXELS, _ARROW_PIXELS)
    return (
        arrow.resize(size, Image.Resampling.BICUBIC),
        disc.resize(size, Image.Resampling.BICUBIC),
    )
