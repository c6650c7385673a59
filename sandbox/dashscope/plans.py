"""Says everything a video depends on: what a task's input and parameters come down to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from sandbox.dashscope.sounds import SoundPlan

FRAMES_PER_SECOND = 30
"""The page video-generate-edit-model gives 30 for all Wan models from 2.1 to 3.0."""


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
    references: tuple[bytes, ...] = ()
    """Pictures and videos that are shown one after the other; over a clip, in its corner."""
    clip: bytes | None = None
    """The video it begins with."""
    clip_frames: int = 0
    """How long the clip plays."""
    sound: SoundPlan | None = None
    """None: there is no sound track."""
    input_seconds: float = 0.0
    """Of the videos that were sent, as the answer reports them."""
    ratio: str = ""
    """As the answer reports it."""

    @property
    def seconds(self) -> float:
        """How long the video is."""
        return self.frames / FRAMES_PER_SECOND

    def unheard(self) -> VideoPlan:
        """Return the plan of the same pictures without sound and watermark."""
        return replace(self, watermark=False, sound=None)

    def key(self) -> str:
        """Return a hash of all inputs that change the video."""
        digest = hashlib.sha256(
            f"{self.width}x{self.height}x{self.frames} {self.watermark} {self.effect}".encode()
        )
        for picture in self.pictures:
            digest.update(hashlib.sha256(picture).digest())
        if not self.pictures:
            digest.update(self.prompt.encode())
        for reference in self.references:
            digest.update(b"reference" + hashlib.sha256(reference).digest())
        if self.clip is not None:
            digest.update(f"clip {self.clip_frames}".encode() + hashlib.sha256(self.clip).digest())
        if self.sound is not None:
            digest.update(f"sound {self.sound.tune} {self.sound.file_seconds}".encode())
            digest.update(hashlib.sha256(self.sound.file or b"").digest())
        return digest.hexdigest()
