"""Lists what the demo asks for. Another kind of video is another row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[1] / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """One slash command, and what its video must look like."""

    title: str
    """Name of the kind, for people."""
    command: str
    """Without the slash."""
    pictures: Mapping[str, Path]
    """By option."""
    prompt: str | None = None
    effect: str | None = None
    """Name of an effect; it takes the place of a prompt."""
    begins_with: str | None = None
    """Option whose picture the first frame resembles."""
    ends_with: str | None = None
    """Option whose picture the last frame resembles."""
    seconds: float = 5.0
    """Length of the video."""
    file_name: str
    """Of the saved video."""


VIDEO_REQUESTS = (
    VideoRequest(
        title="First and last frame",
        command="video frames",
        pictures={
            "first_frame": SAMPLES / "cat-first.jpg",
            "last_frame": SAMPLES / "cat-last.jpg",
        },
        prompt="The cat keeps perfectly still while the camera glides in towards its eyes.",
        begins_with="first_frame",
        ends_with="last_frame",
        file_name="frames.mp4",
    ),
    VideoRequest(
        title="One picture",
        command="video image",
        pictures={"image": SAMPLES / "rocket.jpg"},
        prompt="Dusk at the launch pad: the lights flicker, the camera creeps closer.",
        begins_with="image",
        file_name="image.mp4",
    ),
    VideoRequest(
        title="Words alone",
        command="video text",
        pictures={},
        prompt="Slow coloured mists drift through each other, seen from above.",
        file_name="text.mp4",
    ),
    VideoRequest(
        title="Effect",
        command="video effect",
        pictures={"image": SAMPLES / "coffee.jpg"},
        effect="rotation",
        begins_with="image",
        file_name="effect.mp4",
    ),
)
"""The first is told on its own, the others together."""
