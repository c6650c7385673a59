"""Compares the delivered video with what the provider made and what the member asked for."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.control import ControlClient
from sandbox.demo.decoded_video import DecodedVideo, decode, likeness
from sandbox.demo.errors import DemoError
from sandbox.demo.story import DeliveredVideo

ALIKE = 0.96
"""An encoded frame is about 0.99 like its picture; the two cats are 0.86 like each other."""

TOLERANCE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedVideo:
    """A saved video that is what it should be."""

    delivered: DeliveredVideo
    path: Path
    video: DecodedVideo
    findings: tuple[str, ...]
    """What was checked, in words."""


async def verify(
    delivered: DeliveredVideo, path: Path, *, discord: ControlClient, provider: ControlClient
) -> VerifiedVideo:
    """Save the attachment, and check it.

    Raises:
        DemoError: it is not what it should be.
    """
    data = await discord.download(delivered.url)
    await asyncio.to_thread(path.write_bytes, data)
    digest = hashlib.sha256(data).hexdigest()
    results = await _results(provider)
    if digest not in results:
        raise DemoError(f"{path.name} is not the file the provider made: their hashes differ.")
    if results[digest] != 1:
        raise DemoError(f"The provider made this video {results[digest]} times, not once.")
    video = await asyncio.to_thread(decode, path)
    findings = (
        f"byte for byte the provider's file, made once (sha256 {digest[:12]}…)",
        _shape(video, delivered),
        *await asyncio.to_thread(_resemblances, video, delivered),
        f"its message changed {delivered.edits} times on the way",
    )
    return VerifiedVideo(delivered=delivered, path=path, video=video, findings=findings)


async def _results(provider: ControlClient) -> dict[str, int]:
    """Fetch every result the provider has; return how often each was made, by its hash."""
    made: dict[str, int] = {}
    for task in (await provider.get("/state"))["tasks"]:
        if task["video_url"]:
            data = await provider.download(task["video_url"])
            digest = hashlib.sha256(data).hexdigest()
            made[digest] = made.get(digest, 0) + 1
    return made


def _shape(video: DecodedVideo, delivered: DeliveredVideo) -> str:
    wanted = delivered.request.seconds
    if video.codec != "h264":
        raise DemoError(f"The video is {video.codec}, not H.264.")
    if abs(video.seconds - wanted) > TOLERANCE_SECONDS:
        raise DemoError(f"The video lasts {video.seconds:.2f} s, not {wanted:g} s.")
    rate = f"{video.frames_per_second:g} frames per second"
    return f"H.264, {video.width}×{video.height}, {rate}, {video.seconds:.1f} s"


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
