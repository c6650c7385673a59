"""Renders a task's video: a real MP4, H.264, 30 frames per second, playable while it loads.

Rendering happens in one thread of its own. Pillow and FFmpeg let the server's loop run meanwhile.
Identical inputs are rendered once.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image, ImageDraw, ImageFont

from sandbox.dashscope import motion
from sandbox.dashscope.matching import find_part
from sandbox.dashscope.motion import Planes

FRAMES_PER_SECOND = 30
BT601 = 6
LIMITED_RANGE = 1
ENCODER_OPTIONS = {
    # The cheapest preset: a sandbox spends its time elsewhere. The rate keeps five seconds
    # of anything below 4 MB.
    "preset": "ultrafast",
    "crf": "22",
    "maxrate": "5M",
    "bufsize": "5M",
}
WATERMARK = "AI-generated"
MUXER_OPTIONS = {"movflags": "+faststart+use_metadata_tags"}
"""The second has FFmpeg write a key that it does not know."""
PRODUCER = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPlan:
    """Everything a video depends on."""

    width: int
    height: int
    frames: int
    pictures: tuple[bytes, ...]
    """None: invented from the prompt. One: filmed. Two: the first becomes the second."""
    prompt: str
    watermark: bool
    effect: str | None = None
    """Name of the effect that is played on the first picture."""

    def key(self) -> str:
        """Return a hash of all inputs that change the video."""
        digest = hashlib.sha256(
            f"{self.width}x{self.height}x{self.frames} {self.watermark} {self.effect}".encode()
        )
        for picture in self.pictures:
            digest.update(hashlib.sha256(picture).digest())
        if not self.pictures:
            digest.update(self.prompt.encode())
        return digest.hexdigest()


class RenderStoppedError(Exception):
    """The renderer was closed before the video was finished."""


class Renderer:
    """Renders videos, one at a time, and remembers the latest."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="renderer")
        self._videos: OrderedDict[str, asyncio.Future[bytes]] = OrderedDict()
        self._stopping = threading.Event()

    def start(self, plan: VideoPlan) -> asyncio.Future[bytes]:
        """Begin to render a video, unless it was begun before; return its future."""
        key = plan.key()
        future = self._videos.get(key)
        if future is None:
            loop = asyncio.get_running_loop()
            future = loop.run_in_executor(self._executor, render, plan, self._stopping)
            # A video nobody fetched must not complain when the renderer closes.
            future.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._videos[key] = future
            while len(self._videos) > self._capacity:
                self._videos.popitem(last=False)
        self._videos.move_to_end(key)
        return future

    async def video(self, plan: VideoPlan) -> bytes:
        """Return the MP4; other callers go on waiting when this one is cancelled."""
        return await asyncio.shield(self.start(plan))

    def close(self) -> None:
        """Stop rendering within a frame."""
        self._stopping.set()
        self._executor.shutdown(wait=True, cancel_futures=True)


def render(plan: VideoPlan, stopping: threading.Event) -> bytes:
    """Return the finished MP4.

    Raises:
        RenderStoppedError: ``stopping`` was set meanwhile.
    """
    with TemporaryDirectory(prefix="dashscope-") as folder:
        # A file, because moving the index to the front reads what was written.
        path = Path(folder) / "video.mp4"
        with av.open(str(path), "w", format="mp4", options=MUXER_OPTIONS) as container:
            container.metadata["AIGC"] = _label(plan)
            stream = container.add_stream("libx264", FRAMES_PER_SECOND, options=ENCODER_OPTIONS)
            stream.width, stream.height = plan.width, plan.height
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.thread_count = 1
            context.colorspace = context.color_primaries = context.color_trc = BT601
            context.color_range = LIMITED_RANGE
            context.time_base = Fraction(1, FRAMES_PER_SECOND)
            for number, planes in enumerate(_frames(plan)):
                if stopping.is_set():
                    raise RenderStoppedError
                frame = _frame(planes)
                frame.pts = number
                frame.time_base = Fraction(1, FRAMES_PER_SECOND)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def _label(plan: VideoPlan) -> str:
    """Return the label that GB 45438-2025 has providers in China write into what AI has made."""
    label = {"Label": "1", "ContentProducer": PRODUCER, "ProduceID": plan.key()[:32]}
    others = ("ReservedCode1", "ContentPropagator", "PropagateID", "ReservedCode2")
    return json.dumps(label | dict.fromkeys(others, ""))


def _frame(planes: Planes) -> av.VideoFrame:
    width, height = planes.luma.size
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, image in zip(frame.planes, planes, strict=True):
        padded = image
        if target.line_size != image.width:
            padded = Image.new("L", (target.line_size, image.height))
            padded.paste(image)
        target.update(padded.tobytes())
    return frame


def _frames(plan: VideoPlan) -> Iterator[Planes]:
    size = (plan.width, plan.height)
    # The watermark must not change the video below it.
    rng = random.Random(replace(plan, watermark=False).key())
    if not plan.pictures:
        frames = motion.fantasy(size, plan.frames, rng)
    else:
        images = []
        for data in plan.pictures:
            with Image.open(io.BytesIO(data)) as image:
                images.append(motion.cover(image, size))
        frames = _film(images, plan, rng)
    return _marked(frames, size) if plan.watermark else frames


def _film(images: list[Image.Image], plan: VideoPlan, rng: random.Random) -> Iterator[Planes]:
    frames = plan.frames
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
