"""Compares the delivered video with what the provider made and what the member asked for."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.control import ControlClient
from sandbox.demo.decoded_sound import DecodedSound, decode_sound
from sandbox.demo.decoded_sound import likeness as sound_likeness
from sandbox.demo.decoded_video import DecodedVideo, decode, likeness
from sandbox.demo.errors import DemoError
from sandbox.demo.story import TUNE_NAME, DeliveredVideo
from sandbox.demo.tune import tune
from sandbox.demo.video_requests import VideoRequest

ALIKE = 0.96
"""An encoded frame is about 0.99 like its picture; the two cats are 0.86 like each other."""

ALIKE_SOUND = 0.9
"""An encoded tune is above 0.99 like itself; the provider's own chords are 0.01 like it."""

TOLERANCE_SECONDS = 0.1

STORE = "oss://"
"""How an address in the provider's temporary store begins."""

TOLERANCE_OF_SOUND_SECONDS = 0.05
"""Between the ends of sound and pictures: two frames of AAC, or one and a half of the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedVideo:
    """A saved video that is what it should be."""

    delivered: DeliveredVideo
    path: Path
    video: DecodedVideo
    findings: tuple[str, ...]
    """What was checked, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVideo:
    """What the provider made of one task."""

    model: str
    uploads: int
    """How many files it was given in the temporary store."""


async def results(provider: ControlClient) -> dict[str, list[MadeVideo]]:
    """Fetch every result the provider has; return what was made, by the hash of the file."""
    made: dict[str, list[MadeVideo]] = {}
    for task in (await provider.get("/state"))["tasks"]:
        if task["video_url"]:
            data = await provider.download(task["video_url"])
            video = MadeVideo(model=task["model"], uploads=json.dumps(task["input"]).count(STORE))
            made.setdefault(hashlib.sha256(data).hexdigest(), []).append(video)
    return made


async def verify(
    delivered: DeliveredVideo,
    path: Path,
    *,
    discord: ControlClient,
    made: Mapping[str, list[MadeVideo]],
) -> VerifiedVideo:
    """Save the attachment, and check it.

    Args:
        delivered: The video.
        path: Where it is saved.
        discord: Where it was posted.
        made: What the provider made, by the hash of the file.

    Raises:
        DemoError: it is not what it should be.
    """
    data = await discord.download(delivered.url)
    await asyncio.to_thread(path.write_bytes, data)
    digest = hashlib.sha256(data).hexdigest()
    tasks = made.get(digest, [])
    if not tasks:
        raise DemoError(f"{path.name} is not the file the provider made: their hashes differ.")
    if len(tasks) != 1:
        raise DemoError(f"The provider made this video {len(tasks)} times, not once.")
    video = await asyncio.to_thread(decode, path)
    times = "once" if delivered.edits == 1 else f"{delivered.edits} times"
    findings = (
        f"byte for byte the provider's file, made once (sha256 {digest[:12]}…)",
        _origin(tasks[0], delivered.request),
        _shape(video, delivered),
        *await asyncio.to_thread(check_sound, video, delivered.request),
        *await asyncio.to_thread(_resemblances, video, delivered),
        f"its message changed {times} on the way",
    )
    return VerifiedVideo(delivered=delivered, path=path, video=video, findings=findings)


def _origin(task: MadeVideo, request: VideoRequest) -> str:
    if task.model != request.model:
        raise DemoError(f"{task.model} made {request.file_name}, not {request.model}.")
    if task.uploads != request.uploads:
        told = f"{task.uploads} files for {request.file_name}, not {request.uploads}"
        raise DemoError(f"The provider's temporary store held {told}.")
    held = {0: "", 1: ", from a file in its temporary store"}
    several = f", from {task.uploads} files in its temporary store"
    return f"made by {task.model}{held.get(task.uploads, several)}"


def _shape(video: DecodedVideo, delivered: DeliveredVideo) -> str:
    wanted = delivered.request.seconds
    if video.codec != "h264":
        raise DemoError(f"The video is {video.codec}, not H.264.")
    if abs(video.seconds - wanted) > TOLERANCE_SECONDS:
        raise DemoError(f"The video lasts {video.seconds:.2f} s, not {wanted:g} s.")
    rate = f"{video.frames_per_second:g} frames per second"
    return f"H.264, {video.width}×{video.height}, {rate}, {video.seconds:.1f} s"


def check_sound(video: DecodedVideo, request: VideoRequest) -> list[str]:
    """Return what is heard, in words.

    Raises:
        DemoError: that is not what the request says.
    """
    sound, name = video.sound, request.file_name
    if not request.heard:
        if sound is not None:
            raise DemoError(f"{name} has a sound track, and should have none.")
        return ["no sound track"]
    if sound is None or not sound.peak:
        raise DemoError(f"{name} is silent, and should be heard.")
    if sound.codec != "aac":
        raise DemoError(f"The sound of {name} is {sound.codec}, not AAC.")
    if abs(sound.seconds - video.seconds) > TOLERANCE_OF_SOUND_SECONDS:
        lengths = f"{sound.seconds:.2f} s, its pictures {video.seconds:.2f} s"
        raise DemoError(f"The sound of {name} lasts {lengths}.")
    found = [f"sound in AAC, {sound.seconds:.2f} s to {video.seconds:.2f} s of pictures"]
    if request.soundtrack_seconds is not None:
        found.append(_played(sound, request.soundtrack_seconds))
    return found


def _played(sound: DecodedSound, tune_seconds: int) -> str:
    played = decode_sound(tune(tune_seconds), name=TUNE_NAME)
    alike = 0.0 if played is None else sound_likeness(sound, played)
    if alike < ALIKE_SOUND:
        raise DemoError(f"The video sounds only {alike:.0%} like {TUNE_NAME}.")
    return f"sounds like {TUNE_NAME} ({alike:.1%} alike)"


def _resemblances(video: DecodedVideo, delivered: DeliveredVideo) -> list[str]:
    request = delivered.request
    found = []
    for words, frame, option in (
        ("begins", video.first, request.begins_with),
        ("ends", video.last, request.ends_with),
    ):
        if option is None:
            continue
        picture = request.pictures[option]
        alike = likeness(frame, picture)
        if alike < ALIKE:
            raise DemoError(f"The video {words} only {alike:.0%} like {picture.name}.")
        found.append(f"{words} like {picture.name} ({alike:.1%} alike)")
    return found
