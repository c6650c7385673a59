"""Renders a task's video: a real MP4, H.264, 30 frames per second, playable while it loads.

Where the model makes sound there is a track of AAC beside the pictures, exactly as long.

Rendering happens in one thread of its own. Pillow and FFmpeg let the server's loop run meanwhile.
Identical inputs are rendered once.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from sandbox.dashscope import sounds
from sandbox.dashscope.motion import Planes
from sandbox.dashscope.plans import FRAMES_PER_SECOND, VideoPlan
from sandbox.dashscope.scenes import painted
from sandbox.dashscope.sounds import SoundPlan

__all__ = ["RenderStoppedError", "Renderer", "VideoPlan", "render"]

LONGEST_SMOOTH_FRAMES = 10 * FRAMES_PER_SECOND
LONG_STEP = 3
"""Frames of a longer video that look the same."""
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
MUXER_OPTIONS = {"movflags": "+faststart+use_metadata_tags"}
"""The second has FFmpeg write a key that it does not know."""
PRODUCER = "sandbox"


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
    # A long video moves ten times a second: painting is what costs most.
    step = 1 if plan.frames <= LONGEST_SMOOTH_FRAMES else LONG_STEP
    with TemporaryDirectory(prefix="dashscope-") as folder:
        # A file, because moving the index to the front reads what was written.
        path = Path(folder) / "video.mp4"
        with av.open(str(path), "w", format="mp4", options=MUXER_OPTIONS) as container:
            container.metadata["AIGC"] = _label(plan)
            stream = _video_stream(container, plan)
            track = None if plan.sound is None else _SoundTrack(container, plan.sound, plan.frames)
            number = 0
            for planes in painted(plan, step):
                frame = _frame(planes)
                for _ in range(min(step, plan.frames - number)):
                    if stopping.is_set():
                        raise RenderStoppedError
                    if track is not None and number % FRAMES_PER_SECOND == 0:
                        track.write_second()
                    frame.pts = number
                    frame.time_base = Fraction(1, FRAMES_PER_SECOND)
                    container.mux(stream.encode(frame))
                    number += 1
            container.mux(stream.encode())
            if track is not None:
                track.finish()
        return path.read_bytes()


def _video_stream(container: OutputContainer, plan: VideoPlan) -> VideoStream:
    stream = container.add_stream("libx264", FRAMES_PER_SECOND, options=ENCODER_OPTIONS)
    stream.width, stream.height = plan.width, plan.height
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.thread_count = 1
    context.colorspace = context.color_primaries = context.color_trc = BT601
    context.color_range = LIMITED_RANGE
    context.time_base = Fraction(1, FRAMES_PER_SECOND)
    return stream


class _SoundTrack:
    """Writes the sound beside the pictures, a second at a time; its format is no documented one.

    No source names the codec; AAC is what MP4 usually has.
    """

    def __init__(self, container: OutputContainer, plan: SoundPlan, frames: int) -> None:
        self._container = container
        self._stream = container.add_stream("aac", sounds.RATE, layout="stereo")
        self._samples = sounds.samples_of(plan, frames, FRAMES_PER_SECOND)
        self._at = 0

    def write_second(self) -> None:
        """Encode the next second, or what is left of it."""
        piece = self._samples[self._at : self._at + sounds.SECOND_BYTES]
        if piece:
            frame = sounds.audio_frame(piece, self._at // sounds.FRAME_BYTES)
            self._container.mux(self._stream.encode(frame))
        self._at += len(piece)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode())


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
