"""Reads sounds, and invents quiet ones: stereo at 48 kHz, 16 bits.

What a sound may be is stated on the models' pages; the sentences for a wrong one are those of
help.aliyun.com/zh/model-studio/error-code, where it is uncertain that a task shows them.
"""

from __future__ import annotations

import array
import contextlib
import functools
import io
import math
from dataclasses import dataclass
from fractions import Fraction

import av

from sandbox.dashscope import problems
from sandbox.dashscope.rows import MEGABYTE, SoundLimits

RATE = 48000
FRAME_BYTES = 4
"""Two channels of 16 bits."""
SECOND_BYTES = RATE * FRAME_BYTES
FORMATS = frozenset({"wav", "mp3"})
TUNES = 4
"""How many invented sounds there are: few, so that videos are not rendered anew for each seed."""
CHORDS = ((220, 277, 330), (196, 247, 294), (262, 330, 392), (174, 220, 262))
"""Whole numbers of cycles a second, so that one second joins on to the next without a click."""
LOUDNESS = 600
"""Of each tone, out of 32767: quiet."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A sound that passed the inspection."""

    data: bytes
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundPlan:
    """What a video sounds like."""

    file: bytes | None = None
    """A sound or a video with sound, played from the start; None: nothing is played."""
    file_seconds: float | None = None
    """How long the file is played; None: to its end."""
    tune: int | None = None
    """Which invented sound follows; None: silence, as beyond a soundtrack that is too short."""


def inspect_sound(data: bytes, limits: SoundLimits) -> SoundFile:
    """Decode a sound and check what the service checks.

    Raises:
        InputRejectedError: it is no WAV or MP3, too large, too long or too short.
    """
    if len(data) > limits.max_bytes:
        text = f"File size is larger than {limits.max_bytes // MEGABYTE}MB."
        raise problems.invalid_url(text)
    try:
        with av.open(io.BytesIO(data), "r") as container:
            if container.format.name not in FORMATS:
                raise problems.unsupported_file_type(("wav", "mp3"))
        seconds = len(decoded(data, limits.longest + 1)) / SECOND_BYTES
    except (av.FFmpegError, ValueError) as error:
        raise problems.unsupported_file_type(("wav", "mp3")) from error
    if seconds > limits.longest:
        raise problems.invalid_url(f"The input audio is longer than {limits.longest}s.")
    if seconds < limits.shortest:
        # In the wording of the sentence above; not known.
        raise problems.invalid_url(f"The input audio is shorter than {limits.shortest}s.")
    return SoundFile(data, seconds)


def decoded(data: bytes, longest_seconds: float) -> bytes:
    """Return the samples of a file, at most so many seconds.

    Raises:
        av.FFmpegError: it cannot be read.
        ValueError: it has no sound.
    """
    wanted = round(longest_seconds * RATE) * FRAME_BYTES
    samples = bytearray()
    with av.open(io.BytesIO(data), "r") as container:
        if not container.streams.audio:
            message = "there is no sound"
            raise ValueError(message)
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        for frame in container.decode(container.streams.audio[0]):
            # What a damaged time stamp would do to the resampler is of no interest.
            frame.pts = None
            for part in resampler.resample(frame):
                samples += bytes(part.planes[0])[: part.samples * FRAME_BYTES]
            if len(samples) >= wanted:
                return bytes(samples[:wanted])
        for part in resampler.resample(None):
            samples += bytes(part.planes[0])[: part.samples * FRAME_BYTES]
    return bytes(samples[:wanted])


@functools.lru_cache(maxsize=TUNES)
def invented_second(tune: int) -> bytes:
    """Return one second of a soft chord that swells and fades."""
    chord = CHORDS[tune % TUNES]
    samples = array.array("h")
    for number in range(RATE):
        at = math.tau * number / RATE
        swell = LOUDNESS * (1 - 0.5 * math.cos(at))
        value = round(swell * sum(math.sin(at * tone) for tone in chord))
        samples.append(value)
        samples.append(value)
    return samples.tobytes()


def samples_of(plan: SoundPlan, frames: int, rate: int) -> bytes:
    """Return the samples that belong to a video of so many frames.

    Args:
        plan: what is heard.
        frames: of the video.
        rate: frames per second.
    """
    total = frames * RATE // rate * FRAME_BYTES
    samples = b""
    if plan.file is not None:
        seconds = frames / rate
        if plan.file_seconds is not None:
            seconds = min(seconds, plan.file_seconds)
        # The sound of a video was not looked at before; a damaged one is not heard.
        with contextlib.suppress(av.FFmpegError, ValueError):
            samples = decoded(plan.file, seconds)
        if plan.file_seconds is not None:
            samples = samples.ljust(round(seconds * RATE) * FRAME_BYTES, b"\0")
    if plan.tune is not None:
        second = invented_second(plan.tune)
        missing = max(0, total - len(samples))
        samples += (second * (missing // SECOND_BYTES + 1))[:missing]
    return samples[:total].ljust(total, b"\0")


def audio_frame(samples: bytes, start: int) -> av.AudioFrame:
    """Return a piece of samples as a frame that begins at the sample ``start``."""
    count = len(samples) // FRAME_BYTES
    frame = av.AudioFrame(format="s16", layout="stereo", samples=count, align=1)
    frame.planes[0].update(samples)
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = start
    return frame
