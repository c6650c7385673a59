"""Plays the soundtrack that the demo sends along: a few plucked notes, as a WAV."""

from __future__ import annotations

import array
import functools
import io
import math
import sys
import wave

RATE = 22050
"""Samples per second, of one channel."""

NOTES_HERTZ = (392.0, 493.9, 587.3, 784.0, 587.3, 493.9)
NOTE_SECONDS = 0.25
FADE_PER_SECOND = 6.0
LOUDNESS = 12000
"""Of a note as it is plucked, out of 32767."""


@functools.cache
def tune(seconds: int) -> bytes:
    """Return the WAV, 16 bits a sample."""
    samples = array.array("h", (_sample(number / RATE) for number in range(seconds * RATE)))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(samples.itemsize)
        written.setframerate(RATE)
        written.writeframes(samples.tobytes())
    return file.getvalue()


def _sample(at_seconds: float) -> int:
    number, since = divmod(at_seconds, NOTE_SECONDS)
    tone = math.sin(math.tau * NOTES_HERTZ[int(number) % len(NOTES_HERTZ)] * since)
    return round(LOUDNESS * math.exp(-FADE_PER_SECOND * since) * tone)
