"""Paints the frames: pretty enough to be shown, quick enough for one core.

Frames are three Pillow planes (Y, Cb, Cr; the colours at half size), because resizing those is
three times cheaper than resizing RGB and H.264 wants them anyway. A camera move is a float
``box`` of the source per frame, so movement is continuous and never snaps to pixels.

Two pictures become one video in one of two ways: when one shows a part of the other, the camera
really travels there; otherwise one dissolves into the other through drifting clouds while the
camera pushes in and out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from PIL import Image, ImageChops, ImageOps

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of a picture, 0 to 1."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
BILINEAR = Image.Resampling.BILINEAR
LUMA = [16 + round(value * 219 / 255) for value in range(256)]
CHROMA = [128 + round((value - 128) * 224 / 255) for value in range(256)]


class Planes(NamedTuple):
    """One frame or picture: full-size luma, half-size colours, limited range."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Fit a picture to the video: scaled to cover it, then cut at the centre.

    The open-source first-and-last-frame model treats a last frame of another shape this way.
    """
    return ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)


def planes_of(image: Image.Image) -> Planes:
    """Split an RGB picture into the planes of H.264."""
    luma, blue, red = image.convert("YCbCr").split()
    half = (image.width // 2, image.height // 2)
    return Planes(
        luma.point(LUMA),
        blue.point(CHROMA).resize(half, Image.Resampling.BOX),
        red.point(CHROMA).resize(half, Image.Resampling.BOX),
    )


def ease(share: float) -> float:
    """Start and stop gently: 0 to 1 with no speed at either end."""
    return share * share * share * (share * (share * 6 - 15) + 10)


def between(share: float, start: float, end: float) -> float:
    """Return how far ``share`` is on its way from start to end, eased, 0 to 1."""
    return ease(min(1.0, max(0.0, (share - start) / (end - start))))


def view(picture: Planes, box: Box, size: tuple[int, int] | None = None) -> Planes:
    """Return what the camera sees of a picture, as large as the picture or as ``size``."""
    if box == WHOLE and size is None:
        return picture
    width, height = size or picture.luma.size

    def part(plane: Image.Image, to: tuple[int, int]) -> Image.Image:
        pixels = (
            max(0.0, box[0]) * plane.width,
            max(0.0, box[1]) * plane.height,
            min(1.0, box[2]) * plane.width,
            min(1.0, box[3]) * plane.height,
        )
        return plane.resize(to, BILINEAR, box=pixels)

    half = (width // 2, height // 2)
    return Planes(
        part(picture.luma, (width, height)), part(picture.blue, half), part(picture.red, half)
    )


def zoomed(scale: float, towards: tuple[float, float]) -> Box:
    """Return the box of a camera zoomed in by ``scale`` (>= 1) around a point."""
    side = 1 / scale
    left, top = towards[0] * (1 - side), towards[1] * (1 - side)
    return (left, top, left + side, top + side)


def single(picture: Planes, frames: int, rng: random.Random) -> Iterator[Planes]:
    """Film one picture: a slow push in while the aim drifts."""
    aim = (rng.uniform(0.35, 0.65), rng.uniform(0.3, 0.55))
    drift = rng.choice((-0.3, 0.3))
    for number in range(frames):
        share = number / max(1, frames - 1)
        scale = 1 + 0.22 * ease(share)
        yield view(picture, zoomed(scale, (aim[0] + drift * math.sin(share * 2), aim[1])))


def spin(picture: Planes, frames: int) -> Iterator[Planes]:
    """Film one picture turning round once: it begins and ends as it is."""
    width, height = picture.luma.size
    for number in range(frames):
        turn = math.tau * ease(number / max(1, frames - 1))
        along, across = abs(math.cos(turn)), abs(math.sin(turn))
        # Just close enough that no corner comes into sight.
        scale = max(along + across * height / width, along + across * width / height)
        cosine, sine = math.cos(turn) / scale, math.sin(turn) / scale
        yield Planes(*(_turned(plane, cosine, sine) for plane in picture))


def _turned(plane: Image.Image, cosine: float, sine: float) -> Image.Image:
    """Return a plane turned about its middle; the two factors include the scale."""
    x, y = plane.width / 2, plane.height / 2
    matrix = (cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y)
    return plane.transform(plane.size, Image.Transform.AFFINE, matrix, BILINEAR)


def pulse(picture: Planes, frames: int) -> Iterator[Planes]:
    """Film one picture swelling and shrinking twice: stands for every other effect."""
    for number in range(frames):
        share = number / max(1, frames - 1)
        yield view(picture, zoomed(1 + 0.25 * math.sin(math.tau * share) ** 2, (0.5, 0.5)))


def dissolve(first: Planes, last: Planes, frames: int, rng: random.Random) -> Iterator[Planes]:
    """Let one picture become another that shows something else."""
    aim = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.6))
    clouds = _clouds(first.luma.size, rng)
    half_clouds = clouds.resize(first.blue.size, BILINEAR)
    softness = 0.65
    for number in range(frames):
        share = number / max(1, frames - 1)
        # One camera looks at both pictures, so nothing slides apart while they mix.
        box = zoomed(1 + 0.16 * math.sin(math.pi * share) ** 2, aim) if 0 < share < 1 else WHOLE
        mix = between(share, 0.2, 0.8)
        if mix in {0, 1}:
            yield view(last if mix else first, box)
            continue
        edge = mix * (1 + softness)
        table = [
            round(255 * ease(min(1.0, max(0.0, (edge - value / 255) / softness))))
            for value in range(256)
        ]
        mask, half_mask = clouds.point(table), half_clouds.point(table)
        before, after = view(first, box), view(last, box)
        yield Planes(
            Image.composite(after.luma, before.luma, mask),
            Image.composite(after.blue, before.blue, half_mask),
            Image.composite(after.red, before.red, half_mask),
        )


def travel(
    outer: Planes, inner: Planes, where: Box, frames: int, *, backwards: bool = False
) -> Iterator[Planes]:
    """Move the camera from a picture into the part of it that the other picture shows."""
    side = where[2] - where[0]
    focus = (where[0] / (1 - side), where[1] / (1 - side))
    soft = _softened(inner, view(outer, where))
    order = reversed(range(frames)) if backwards else range(frames)
    for number in order:
        share = number / max(1, frames - 1)
        eased = ease(share)
        if eased in {0, 1}:
            yield inner if eased else outer
            continue
        # Equal factors in equal times look like an even speed.
        camera = zoomed((1 / side) ** eased, focus)
        base = view(outer, camera)
        mix = between(share, 0.15, 0.7)
        if mix > 0:
            shown = _blend(soft, inner, between(share, 0.65, 0.95))
            _lay_over(base, shown, _seen_from(camera, where), mix)
        yield base


def _softened(inner: Planes, surroundings: Planes) -> Planes:
    """Let the edges of a picture pass into what the other picture shows there."""
    feather = _feather(inner.luma.size)
    return Planes(
        *(
            Image.composite(plane, around, feather.resize(plane.size, BILINEAR))
            for plane, around in zip(inner, surroundings, strict=True)
        )
    )


def _blend(one: Planes, other: Planes, mix: float) -> Planes:
    if mix in {0, 1}:
        return other if mix else one
    return Planes(*(Image.blend(a, b, mix) for a, b in zip(one, other, strict=True)))


def _seen_from(camera: Box, where: Box) -> Box:
    """Return where on the screen the part ``where`` appears, in shares of the screen."""
    width, height = camera[2] - camera[0], camera[3] - camera[1]
    return (
        (where[0] - camera[0]) / width,
        (where[1] - camera[1]) / height,
        (where[2] - camera[0]) / width,
        (where[3] - camera[1]) / height,
    )


def _lay_over(base: Planes, inner: Planes, screen: Box, mix: float) -> None:
    """Paint the inner picture into its place on the screen.

    Args:
        base: the frame, changed in place.
        inner: the picture of the part.
        screen: where it belongs, in shares of the screen.
        mix: how strongly it shows, 0 to 1.
    """
    for canvas, plane in zip(base, inner, strict=True):
        width, height = canvas.size
        # Whole pixels of the screen, and exactly the part of the picture they show.
        left, top = math.ceil(max(0, screen[0]) * width), math.ceil(max(0, screen[1]) * height)
        right = math.floor(min(1, screen[2]) * width)
        bottom = math.floor(min(1, screen[3]) * height)
        if right <= left or bottom <= top:
            continue
        across, down = screen[2] - screen[0], screen[3] - screen[1]
        part: Box = (
            max(0.0, (left / width - screen[0]) / across),
            max(0.0, (top / height - screen[1]) / down),
            min(1.0, (right / width - screen[0]) / across),
            min(1.0, (bottom / height - screen[1]) / down),
        )
        spot = (left, top, right, bottom)
        over = cut(plane, part, (right - left, bottom - top))
        canvas.paste(Image.blend(canvas.crop(spot), over, mix), spot)


def cut(plane: Image.Image, part: Box, to: tuple[int, int]) -> Image.Image:
    """Return a part of a plane, scaled to a size."""
    box = (
        part[0] * plane.width,
        part[1] * plane.height,
        part[2] * plane.width,
        part[3] * plane.height,
    )
    return plane.resize(to, BILINEAR, box=box)


def _feather(size: tuple[int, int]) -> Image.Image:
    """Return a small mask, solid in the middle and fading out towards its edges."""
    width, height = max(16, size[0] // 8), max(16, size[1] // 8)
    margin = max(2, min(width, height) // 6)

    def fade(length: int) -> Image.Image:
        values = bytes(
            round(255 * ease(min(1.0, min(place, length - 1 - place) / margin)))
            for place in range(length)
        )
        return Image.frombytes("L", (length, 1), values)

    across = fade(width).resize((width, height))
    down = fade(height).transpose(Image.Transpose.ROTATE_90).resize((width, height))
    return ImageChops.multiply(across, down)


def _clouds(size: tuple[int, int], rng: random.Random, cells: int = 9) -> Image.Image:
    """Return smooth noise that uses the whole range of grey."""
    across = max(3, round(cells * size[0] / max(size)))
    down = max(3, round(cells * size[1] / max(size)))
    grid = Image.frombytes("L", (across, down), rng.randbytes(across * down))
    middle = grid.resize((max(8, size[0] // 8), max(8, size[1] // 8)), Image.Resampling.BICUBIC)
    return ImageOps.autocontrast(middle).resize(size, BILINEAR)


def fantasy(size: tuple[int, int], frames: int, rng: random.Random) -> Iterator[Planes]:
    """Film nothing in particular: slow coloured mists, different for every prompt."""
    large = (size[0] // 4, size[1] // 4)
    half = (size[0] // 2, size[1] // 2)
    mists = [_clouds(large, rng, cells) for cells in (5, 8, 5, 5)]
    light = [24 + round(value * 190 / 255) for value in range(256)]
    tints = [rng.choice((-1, 1)) * rng.uniform(0.25, 0.4) for _ in range(2)]
    paths: list[Callable[[float], Box]] = [_orbit(rng) for _ in mists]
    for number in range(frames):
        share = number / max(1, frames - 1)
        parts = [
            cut(mist, path(share), size if index < 2 else half)  # noqa: PLR2004 - two for luma
            for index, (mist, path) in enumerate(zip(mists, paths, strict=True))
        ]
        yield Planes(
            Image.blend(parts[0], parts[1], 0.4).point(light),
            *(
                part.point([round(128 + (value - 96) * tint) for value in range(256)])
                for part, tint in zip(parts[2:], tints, strict=True)
            ),
        )


def _orbit(rng: random.Random) -> Callable[[float], Box]:
    phase, turn = rng.uniform(0, math.tau), rng.choice((-1, 1)) * rng.uniform(1.5, 3.0)

    def box(share: float) -> Box:
        side = 0.62 + 0.08 * math.sin(share * math.pi + phase)
        left = (1 - side) * (0.5 + 0.5 * math.sin(phase + turn * share))
        top = (1 - side) * (0.5 + 0.5 * math.cos(phase + turn * share))
        return (left, top, left + side, top + side)

    return box
