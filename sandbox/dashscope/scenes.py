"""Paints the frames of a plan: which pictures and clips are seen when."""

from __future__ import annotations

import io
import itertools
import random
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from sandbox.dashscope import clips, motion
from sandbox.dashscope.matching import find_part
from sandbox.dashscope.motion import Planes
from sandbox.dashscope.pictures import is_picture
from sandbox.dashscope.plans import FRAMES_PER_SECOND, VideoPlan

WATERMARK = "AI-generated"
INSET_SHARE = 5
"""A picture in the corner has this part of the video's sides."""


def painted(plan: VideoPlan, step: int = 1) -> Iterator[Planes]:
    """Paint a video.

    Args:
        plan: what is to be seen.
        step: how many frames each painted one stands for.
    """
    size = (plan.width, plan.height)
    count = -(-plan.frames // step)
    # Neither the watermark nor the sound may change the video.
    rng = random.Random(plan.unheard().key())
    if plan.clip is not None:
        frames = _continued(plan, plan.clip, count, step, rng)
    elif plan.references:
        shown = [_seen(data, size) for data in (*plan.pictures, *plan.references)]
        frames = _gallery(shown, count, rng)
    elif plan.pictures:
        images = [_image(data, size) for data in plan.pictures]
        frames = _film(images, plan, count, rng)
    else:
        frames = motion.fantasy(size, count, rng)
    return _marked(frames, size) if plan.watermark else frames


def _image(data: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return motion.cover(image, size)


def _seen(data: bytes, size: tuple[int, int]) -> Planes:
    """Return a picture, or the first frame of a video."""
    if is_picture(data):
        return motion.planes_of(_image(data, size))
    return next(clips.play(data, size, 1, FRAMES_PER_SECOND))


def _film(
    images: list[Image.Image], plan: VideoPlan, frames: int, rng: random.Random
) -> Iterator[Planes]:
    planes = [motion.planes_of(image) for image in images]
    if plan.effect == "rotation":
        return motion.spin(planes[0], frames)
    if plan.effect:
        return motion.pulse(planes[0], frames)
    if len(images) == 1:
        return motion.single(planes[0], frames, rng)
    first, last = images
    if where := find_part(first, last):
        return motion.travel(planes[0], planes[1], where, frames)
    if where := find_part(last, first):
        return motion.travel(planes[1], planes[0], where, frames, backwards=True)
    return motion.dissolve(planes[0], planes[1], frames, rng)


def _gallery(shown: list[Planes], frames: int, rng: random.Random) -> Iterator[Planes]:
    """Film several pictures one after the other, each for its share of the time."""
    bounds = [frames * number // len(shown) for number in range(len(shown) + 1)]
    for picture, (start, end) in zip(shown, itertools.pairwise(bounds), strict=True):
        yield from motion.single(picture, end - start, rng)


def _continued(
    plan: VideoPlan, clip: bytes, frames: int, step: int, rng: random.Random
) -> Iterator[Planes]:
    """Play a clip, then go on from its last frame, towards a last picture if there is one."""
    size = (plan.width, plan.height)
    playing = min(frames, -(-plan.clip_frames // step))
    insets = [_seen(data, _inset_size(size)) for data in plan.references]
    last = None
    for last in clips.play(clip, size, playing, FRAMES_PER_SECOND // step):
        yield _with_insets(last, insets)
    if last is None or playing == frames:
        return
    if plan.pictures:
        ending = motion.planes_of(_image(plan.pictures[0], size))
        rest = motion.dissolve(last, ending, frames - playing, rng)
    else:
        rest = motion.single(last, frames - playing, rng)
    for planes in rest:
        yield _with_insets(planes, insets)


def _inset_size(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] // INSET_SHARE // 2 * 2, size[1] // INSET_SHARE // 2 * 2


def _with_insets(planes: Planes, insets: list[Planes]) -> Planes:
    """Show small pictures side by side at the top left of a frame."""
    if not insets:
        return planes
    canvas = Planes(*(plane.copy() for plane in planes))
    for number, inset in enumerate(insets):
        for plane, picture in zip(canvas, inset, strict=True):
            plane.paste(picture, (number * picture.width, 0))
    return canvas


def _marked(frames: Iterator[Planes], size: tuple[int, int]) -> Iterator[Planes]:
    """Write the watermark into the bottom right corner of every frame."""
    font = ImageFont.load_default(max(12, min(size) // 24))
    box = font.getbbox(WATERMARK)
    margin = min(size) // 32
    at = (size[0] - margin - round(box[2]), size[1] - margin - round(box[3]))
    text = Image.new("L", size)
    ImageDraw.Draw(text).text(at, WATERMARK, fill=220, font=font)
    shadow = Image.new("L", size)
    ImageDraw.Draw(shadow).text((at[0] + 1, at[1] + 1), WATERMARK, fill=160, font=font)
    for planes in frames:
        luma = planes.luma.copy()
        luma.paste(16, None, shadow)
        luma.paste(235, None, text)
        yield planes._replace(luma=luma)
