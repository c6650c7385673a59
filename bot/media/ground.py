"""What stands behind a transparent picture, and whether there is anything to be seen at all.

A model sees no transparency, and a video costs the same whatever it begins with: a white drawing
on white would be paid for as a blank page.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import PictureNote
from bot.media.depths import in_8_bits

DARK_LEVEL = 32
"""Of the ground for what is light, 0 to 255."""
SAME_COLOUR_LEVELS = 16
"""Within these many of 256 levels all is one colour: what JPEG makes of a flat one spreads so."""

_LIGHT_LEVEL = 211
"""From here on a grey has less than 1.5 of contrast with white, and below the next with the dark
ground: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
_SHADE_LEVEL = 75
_MOST_HIDDEN = 1 / 3
"""The share of what is visible that may vanish on white."""
_HALF_OPAQUE = 128
_UNSEEN_ALPHA = 8
"""Up to here out of 255, nothing is seen on any ground."""
_SAMPLE_PIXELS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatPicture:
    """A picture without transparency."""

    image: Image.Image
    """Mode L, RGB or CMYK."""
    note: PictureNote | None = None
    """On which ground it was set, if it had any transparency."""
    problem: PictureProblem | None = None
    """Why there is nothing to be seen on it, if so."""


def flattened(image: Image.Image, *, white: int) -> FlatPicture:
    """Set a picture on a ground that it stands out from.

    Args:
        image: of any mode.
        white: what white is in its numbers, 0 to 255.
    """
    flat = in_8_bits(image)
    note = None
    if flat is None:
        if image.has_transparency_data:
            layered = image if image.mode in {"RGBA", "LA"} else image.convert("RGBA")
            alpha = layered.getchannel("A")
            lowest, highest = alpha.getextrema()
            flat = layered.convert("L" if layered.mode == "LA" else "RGB")
            if isinstance(highest, int) and highest <= _UNSEEN_ALPHA:
                return FlatPicture(image=flat, problem=PictureProblem.TRANSPARENT)
            if lowest != highest or highest != 255:  # noqa: PLR2004 - opaque
                flat, note = _set_on_ground(flat, alpha, white)
        elif image.mode in {"L", "RGB", "CMYK"}:
            flat = image
        else:
            flat = image.convert("L" if image.mode == "1" else "RGB")
    problem = PictureProblem.ONE_COLOUR if is_one_colour(flat) else None
    return FlatPicture(image=flat, note=note, problem=problem)


def is_one_colour(image: Image.Image) -> bool:
    """Tell whether nothing is to be seen on a picture of mode L, RGB or CMYK."""
    size = (min(image.width, _SAMPLE_PIXELS), min(image.height, _SAMPLE_PIXELS))
    sample = image.resize(size, Image.Resampling.NEAREST)
    # The whole is looked at where the sample found nothing, which is hardly ever.
    return _spread(sample) <= SAME_COLOUR_LEVELS and _spread(image) <= SAME_COLOUR_LEVELS


def _spread(image: Image.Image) -> int:
    """Return how many levels there are between the least and the most, in any one channel."""
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return int(max(high - low for low, high in bands))


def _set_on_ground(
    base: Image.Image, alpha: Image.Image, white: int
) -> tuple[Image.Image, PictureNote]:
    level, note = white, PictureNote.FLATTENED
    if _is_light(base, alpha, white):
        level, note = DARK_LEVEL * white // 255, PictureNote.FLATTENED_DARK
    ground = Image.new(base.mode, base.size, level if base.mode == "L" else (level,) * 3)
    ground.paste(base, mask=alpha)
    return ground, note


def _is_light(base: Image.Image, alpha: Image.Image, white: int) -> bool:
    """Tell whether too much of what is visible would vanish on white, and less on dark."""
    has_solid = any(alpha.histogram()[_HALF_OPAQUE:])
    least = _HALF_OPAQUE if has_solid else _UNSEEN_ALPHA + 1
    mask = alpha.point([0] * least + [255] * (256 - least))
    counts = base.convert("L").histogram(mask)
    on_white = sum(counts[_LIGHT_LEVEL * white // 255 :])
    on_dark = sum(counts[: _SHADE_LEVEL * white // 255])
    return on_white > _MOST_HIDDEN * sum(counts) and on_white > on_dark
