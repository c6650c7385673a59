"""Decodes the sound of a file, and measures how much two sounds resemble each other."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from sandbox.demo.errors import DemoError

LISTEN_RATE = 8000
"""Sounds are compared as one channel of so many samples per second: enough to tell tunes apart."""

MOST_SHIFT_SECONDS = 0.03
"""An encoder of AAC may put a sound off by a frame of its own, 21 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedSound:
    """A sound that could be decoded from start to end."""

    codec: str
    """FFmpeg's name, such as ``aac``."""
    seconds: float
    samples: NDArray[np.float64]
    """One channel at `LISTEN_RATE`; 1 is the loudest there can be."""

    @property
    def peak(self) -> float:
        """The loudest sample; 0 is silence."""
        return float(np.abs(self.samples).max(initial=0))


def decode_sound(source: Path | bytes, *, name: str) -> DecodedSound | None:
    """Decode the sound of a file; None where it has no track for it.

    Args:
        source: The file, or its bytes.
        name: What the error calls it.

    Raises:
        DemoError: it cannot be decoded.
    """
    parts: list[NDArray[np.float64]] = []
    length = 0.0
    try:
        with av.open(
            io.BytesIO(source) if isinstance(source, bytes) else str(source), "r"
        ) as container:
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="dbl", layout="mono", rate=LISTEN_RATE)
            for frame in container.decode(stream):
                length += frame.samples / frame.sample_rate
                parts.extend(part.to_ndarray()[0] for part in resampler.resample(frame))
            parts.extend(part.to_ndarray()[0] for part in resampler.resample(None))
            codec = stream.codec_context.name
    except av.FFmpegError as error:
        raise DemoError(f"The sound of {name} cannot be played: {error}.") from error
    return DecodedSound(codec=codec, seconds=length, samples=np.concatenate([*parts, []]))


def likeness(sound: DecodedSound, other: DecodedSound) -> float:
    """Return how alike two sounds are: 1 is the same, at any loudness; 0 has nothing in common."""
    most = round(MOST_SHIFT_SECONDS * LISTEN_RATE)
    shifts = range(-most, most + 1)
    return max(_correlation(sound.samples, other.samples, shift) for shift in shifts)


def _correlation(ones: NDArray[np.float64], others: NDArray[np.float64], shift: int) -> float:
    """Return the normalised correlation where ``others`` begins so many samples later."""
    first, second = (ones[shift:], others) if shift >= 0 else (ones, others[-shift:])
    count = min(len(first), len(second))
    first, second = first[:count], second[:count]
    energy = _product(first, first) * _product(second, second)
    return _product(first, second) / math.sqrt(energy) if energy else 0.0


def _product(ones: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    # Not a dot product: BLAS wakes all its threads for one, which on a busy machine takes seconds.
    return float((ones * others).sum())
