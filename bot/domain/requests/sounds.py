"""Sounds a member gives to a video: what is taken, what is known of one, and what may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.errors import RequestError
from bot.domain.problems import SoundProblem

MAX_SOUND_BYTES: Final = 15_000_000
"""The provider takes 15 MB and does not say of which kind: the smaller ones are safe in both
readings. Pages ``legacy-image-to-video-api-reference`` and ``image-to-video-general-api-reference``
under https://help.aliyun.com/zh/model-studio/."""


class SoundFormat(StrEnum):
    """What the provider takes; the value is the ending of such a file's name."""

    WAV = "wav"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFacts:
    """What reading a whole sound has shown."""

    format: SoundFormat
    seconds: float
    """As many as could be decoded, whatever the file says of itself."""
    channels: int
    sample_rate: int
    """Samples per second, of the first one."""


class InvalidSoundError(RequestError):
    """A sound that cannot be used, and what is wrong with it."""

    code = "invalid_sound"

    def __init__(self, *, option: str, problem: SoundProblem, **facts: int | str) -> None:
        self.option = option
        """Name of the option the sound came in."""
        self.problem = problem
        self.facts = facts
        """Figures for the sentence, for instance ``limit_mb``."""
        super().__init__(f"{option}: {problem} {facts}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSource:
    """A sound somebody attached, before it is read."""

    url: str
    """Where Discord hands it out, for a day."""
    size_bytes: int
    """As Discord says."""
    content_type: str | None
    """As the sender's client said; the bytes decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soundtrack:
    """A sound among a job's files, as it came."""

    file_name: str
    """Among the job's files; ends with what it is, ``.wav`` or ``.mp3``."""
    seconds: float
