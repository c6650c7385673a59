"""Films that flash and click at the same moments, and how far apart both are in a file."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

_FLASH_LUMA = 200
"""All else is darker on average."""
_CLICK = 8_000
"""Of 32767; all else is quieter."""
_CLICK_SAMPLES = 480


def noise(width: int, height: int) -> Callable[[int], av.VideoFrame]:
    """Return frames of coarse noise that moves, with fine noise that changes: hard to encode."""
    lots = np.random.default_rng(11)
    coarse = lots.integers(30, 170, (2 * height, 2 * width), dtype=np.uint8)
    fine = lots.integers(0, 24, (4, height, width), dtype=np.uint8)
    chroma = lots.integers(96, 160, (height // 2 * 2, width // 2 * 2), dtype=np.uint8)

    def frame(number: int) -> av.VideoFrame:
        top, left = number * 7 % height, number * 11 % width
        luma = coarse[top : top + height, left : left + width] + fine[number % 4]
        half = (height // 2, width // 2)
        at = number * 3 % half[0]
        made = av.VideoFrame(width, height, "yuv420p")
        planes = (luma, chroma[at : at + half[0], : half[1]], chroma[at : at + half[0], half[1] :])
        for plane, values in zip(made.planes, planes, strict=True):
            padded = np.zeros((plane.height, plane.line_size), np.uint8)
            padded[:, : plane.width] = values
            plane.update(padded.tobytes())
        return made

    return frame


def white(width: int, height: int) -> av.VideoFrame:
    """Return a flash."""
    made = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(made.planes, (235, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return made


def flashing(
    path: Path,
    *,
    seconds: float,
    width: int = 96,
    height: int = 64,
    fps: int = 30,
    at: Sequence[float] = (),
    sound: str | None = "aac",
    rate: int = 48_000,
    sound_from: float = 0,
    bits_per_second: int | None = None,
    sound_bits_per_second: int = 128_000,
    options: tuple[tuple[str, str], ...] = (),
) -> Path:
    """Write a film that flashes and clicks at moments, which are whole frames.

    Args:
        path: of the film.
        seconds: how long it is.
        width: of a frame.
        height: of a frame.
        fps: frames a second.
        at: the moments; a quarter of a second from both ends where none is given.
        sound: its encoder; None for none.
        rate: samples a second.
        sound_from: when the sound begins.
        bits_per_second: of the pictures.
        sound_bits_per_second: of the sound.
        options: of the container.
    """
    moments = [round(moment * fps) for moment in at or (0.25, seconds - 0.25)]
    flash, other = white(width, height), noise(width, height)
    with av.open(str(path), "w", format="mp4", options=dict(options)) as container:
        video = container.add_stream("libx264", rate=fps)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.options = {"preset": "ultrafast"}
        if bits_per_second is not None:
            video.codec_context.bit_rate = bits_per_second
        audio: av.AudioStream | None = None
        if sound is not None:
            added = container.add_stream(sound, rate=rate, layout="stereo")
            assert isinstance(added, av.AudioStream)
            audio = added
            audio.codec_context.bit_rate = sound_bits_per_second
        for number in range(round(seconds * fps)):
            frame = flash if number in moments else other(number)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(video.encode(frame))
            if audio is not None:
                for samples in _clicks(number, moments, fps=fps, rate=rate, begin=sound_from):
                    container.mux(audio.encode(samples))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path


def _clicks(
    number: int, moments: Sequence[int], *, fps: int, rate: int, begin: float
) -> Iterator[av.AudioFrame]:
    """Yield the sound of one frame."""
    first, last = (at * rate // fps for at in (number, number + 1))
    start = max(first, round(begin * rate))
    if start >= last:
        return
    samples = array("h", bytes(4 * (last - start)))
    if number in moments:
        for at in range(2 * min(_CLICK_SAMPLES, last - start)):
            samples[at] = 24_000 if at // 24 % 2 else -24_000
    made = av.AudioFrame("s16", "stereo", last - start)
    made.planes[0].update(samples.tobytes().ljust(made.planes[0].buffer_size, b"\0"))
    made.sample_rate, made.pts, made.time_base = rate, start, Fraction(1, rate)
    yield made


def offsets(path: Path) -> list[float]:
    """Return by how many seconds each click comes after its flash."""
    flashes, clicks = flash_times(path), click_times(path)
    return [click - flash for flash, click in zip(flashes, clicks, strict=True)]


def flash_times(path: Path) -> list[float]:
    """Return when a player shows the flashes."""
    found: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            plane = frame.planes[0]
            luma = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
            if luma[:, : plane.width].mean() > _FLASH_LUMA:
                found.append(frame.time or 0.0)
    return found


def click_times(path: Path) -> list[float]:
    """Return when a player plays the clicks; what rings on belongs to the click before."""
    found: list[float] = []
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return found
        for frame in container.decode(audio=0):
            samples = np.abs(frame.to_ndarray().astype(np.float64)).max(axis=0)
            loud = np.nonzero(samples > _CLICK / 32768)[0]
            for at in loud:
                moment = (frame.time or 0.0) + at / frame.sample_rate
                if not found or moment > found[-1] + 0.1:
                    found.append(moment)
    return found
