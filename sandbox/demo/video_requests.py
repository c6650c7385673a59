"""Lists what the demo asks for. Another kind of video or family of models is another row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Typed = str | int | bool
"""The value of an option that is not a file."""

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
    choices: Mapping[str, Typed] = field(default_factory=dict)
    """By option: model, size, length and the like; what is not named is left to the bot."""
    soundtrack_seconds: int | None = None
    """Length of the tune that goes along; None: no soundtrack."""
    model: str
    """The one that must have made it, whether it was named or not."""
    heard: bool = False
    """Whether the video has sound."""
    uploads: int = 0
    """How many of its files travel by the provider's temporary store."""
    begins_with: str | None = None
    """Option whose picture the first frame resembles."""
    ends_with: str | None = None
    """Option whose picture the last frame resembles."""
    seconds: float = 5.0
    """Length of the video."""
    file_name: str
    """Of the saved video."""

    @property
    def typed(self) -> dict[str, Typed]:
        """What a member types, by option."""
        words = {"prompt": self.prompt, "effect": self.effect}
        return {name: text for name, text in words.items() if text is not None} | dict(self.choices)


FIRST_REQUEST = VideoRequest(
    title="First and last frame",
    command="video frames",
    pictures={
        "first_frame": SAMPLES / "cat-first.jpg",
        "last_frame": SAMPLES / "cat-last.jpg",
    },
    prompt="The cat keeps perfectly still while the camera glides in towards its eyes.",
    model="wan2.2-kf2v-flash",
    begins_with="first_frame",
    ends_with="last_frame",
    file_name="frames.mp4",
)
"""The one that is told on its own."""

OTHER_REQUESTS = (
    VideoRequest(
        title="One picture",
        command="video image",
        pictures={"image": SAMPLES / "rocket.jpg"},
        prompt="Dusk at the launch pad: the lights flicker, the camera creeps closer.",
        choices={"resolution": "480P"},
        model="wan2.2-i2v-flash",
        begins_with="image",
        file_name="image.mp4",
    ),
    VideoRequest(
        title="Words alone",
        command="video text",
        pictures={},
        prompt="Slow coloured mists drift through each other, seen from above.",
        model="wan2.2-t2v-plus",
        file_name="text.mp4",
    ),
    VideoRequest(
        title="Effect",
        command="video effect",
        pictures={"image": SAMPLES / "coffee.jpg"},
        effect="rotation",
        choices={"resolution": "480P"},
        model="wanx2.1-i2v-turbo",
        begins_with="image",
        file_name="effect.mp4",
    ),
)
"""The other kinds, by the models that the bot takes where a member names none."""

NEWER_REQUESTS = (
    VideoRequest(
        title="One picture, with sound",
        command="video image",
        pictures={"image": SAMPLES / "coffee.jpg"},
        prompt="Steam curls up from the cup, a spoon clinks, a café murmurs behind.",
        choices={"model": "wan2.6-i2v-flash", "duration": 2, "audio": True},
        model="wan2.6-i2v-flash",
        heard=True,
        begins_with="image",
        seconds=2.0,
        file_name="image-with-sound.mp4",
    ),
    VideoRequest(
        title="Words with references",
        command="video reference",
        pictures={"image1": SAMPLES / "cat-first.jpg", "image2": SAMPLES / "rocket.jpg"},
        prompt="character1 watches character2 from a window sill at dusk.",
        choices={"model": "wan2.6-r2v-flash", "duration": 2},
        model="wan2.6-r2v-flash",
        uploads=2,
        seconds=2.0,
        file_name="reference.mp4",
    ),
    VideoRequest(
        title="Words with a soundtrack",
        command="video text",
        pictures={},
        prompt="Paper lanterns rise slowly into the night sky.",
        choices={"model": "wan2.7-t2v", "size": "720P 9:16", "duration": 2},
        soundtrack_seconds=2,
        model="wan2.7-t2v",
        heard=True,
        uploads=1,
        seconds=2.0,
        file_name="text-with-soundtrack.mp4",
    ),
    VideoRequest(
        title="First and last frame, back out",
        command="video frames",
        pictures={
            "first_frame": SAMPLES / "cat-last.jpg",
            "last_frame": SAMPLES / "cat-first.jpg",
        },
        prompt="The camera draws back from the eyes of the cat, which purrs.",
        choices={"model": "wan3.0-video", "duration": 2},
        model="wan3.0-video",
        heard=True,
        begins_with="first_frame",
        ends_with="last_frame",
        seconds=2.0,
        file_name="frames-with-sound.mp4",
    ),
)
"""The newer families of models, which make sound, and are named."""

VIDEO_REQUESTS = (FIRST_REQUEST, *OTHER_REQUESTS, *NEWER_REQUESTS)
