"""What is done with outside bytes: functions that run in a child process, and their time limits.

A decoder is imported by the function that needs it: neither the parent, which only names these
functions, nor a child with other work loads it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bot.domain.errors import (
    InvalidImageError,
    MediaError,
    MediaTooLargeError,
    MediaUnreadableError,
)
from bot.domain.jobs.ai_label import AiLabel
from bot.domain.jobs.delivery import ProbedVideo
from bot.media.limits import limited_cpu

if TYPE_CHECKING:  # in a child they come with the work that is about them
    from bot.domain.guilds.charts import Chart
    from bot.domain.requests.pictures import Picture, PictureFit
    from bot.domain.requests.sounds import InvalidSoundError, SoundFacts

PREPARE_SECONDS = 20.0
"""Two pictures of 40 megapixels take about three, two of 48 in HEIC about six; what takes longer is
made to take longer."""
SOUND_SECONDS = 20.0
"""Half a minute of sound decodes in a tenth of a second; what takes longer is made to."""
PROBE_SECONDS = 60.0
"""Every frame is decoded: 30 seconds of 1080p take about ten on a slow core."""
LAST_FRAME_SECONDS = 60.0
"""As long as a probe: where the end of a video is damaged, most of it may have to be decoded."""
LABEL_SECONDS = 60.0
"""500 MiB are copied in it, and read again twice."""
ARRIVE_SECONDS = 1200.0
"""Longer than a download is let go on."""
DRAW_SECONDS = 60.0
"""The first chart imports matplotlib, which takes seconds on a slow core."""
SHRINK_SECONDS = 600.0
"""However little of a core is left for it; the file may wait, whoever delivers must not."""
SHRINK_LEAST_CPU_SECONDS = 60.0
SHRINK_PIXELS_PER_CPU_SECOND = 4_000_000
"""A third of what one slow core manages in all passes: five seconds of 1080p have two minutes."""

PICTURE_MODULES = ("bot.media.images",)
VIDEO_MODULES = ("bot.media.video",)
"""What a child can import while its work is still on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error as a value: exceptions with keyword arguments do not survive pickling."""

    error: Callable[..., InvalidImageError | InvalidSoundError | MediaError]
    arguments: dict[str, int | str]

    def as_error(self) -> InvalidImageError | InvalidSoundError | MediaError:
        """Return the error, to be raised in the parent."""
        return self.error(**self.arguments)


def load() -> tuple[str, ...]:
    """Import what pictures and videos need; return what could not be taken from this process."""
    from bot.media import confinement

    for module in PICTURE_MODULES + VIDEO_MODULES:
        import_module(module)
    return tuple(confinement.MISSING)


def prepare(
    sources: tuple[tuple[str, Path], ...], folder: Path, preview: str, fit: PictureFit
) -> tuple[Picture, ...] | Refusal:
    """Make pictures fit and draw their preview, as files; see ``images.prepare_pictures``."""
    from bot.domain.requests.pictures import Picture
    from bot.media.images import prepare_pictures

    try:
        fitted, small = prepare_pictures(
            [(option, file.read_bytes()) for option, file in sources], fit
        )
    except InvalidImageError as error:
        return Refusal(
            error=InvalidImageError,
            arguments={"option": error.option, "problem": error.problem, **error.facts},
        )
    (folder / preview).write_bytes(small)
    pictures = []
    for picture in fitted:
        name = f"{picture.option}.jpg"
        (folder / name).write_bytes(picture.jpeg)
        pictures.append(
            Picture(
                option=picture.option,
                file_name=name,
                width=picture.width,
                height=picture.height,
                notes=picture.notes,
            )
        )
    return tuple(pictures)


def examine_sound(
    path: Path, option: str, min_seconds: float, max_seconds: float
) -> SoundFacts | Refusal:
    """Check that a file is a sound the provider takes; see ``sounds.examine``."""
    from bot.domain.requests.sounds import InvalidSoundError
    from bot.media import sounds

    try:
        return sounds.examine(path, option=option, min_seconds=min_seconds, max_seconds=max_seconds)
    except InvalidSoundError as error:
        return Refusal(
            error=InvalidSoundError,
            arguments={"option": error.option, "problem": error.problem, **error.facts},
        )


def probe(path: Path) -> ProbedVideo | Refusal:
    """Check that a file is a whole, playable video; see ``video.probe``."""
    from bot.media import video

    try:
        return video.probe(path)
    except MediaError as error:
        return _refusal_of(error)


def probe_arriving(file: Path, whole: Path) -> ProbedVideo | Refusal:
    """Check a video while it arrives; see ``arriving.probe_arriving``."""
    from bot.media import arriving

    try:
        return arriving.probe_arriving(file, whole)
    except MediaError as error:
        return _refusal_of(error)


def write_last_frame(source: Path, target: Path, first_picture: Path | None) -> Refusal | None:
    """Write the last frame of a video as PNG; see ``last_frame.write_last_frame``."""
    from bot.media import last_frame

    try:
        last_frame.write_last_frame(source, target, first_picture=first_picture)
    except MediaError as error:
        return _refusal_of(error)
    return None


def shrink(source: Path, target: Path, limit_bytes: int, label: AiLabel) -> ProbedVideo | Refusal:
    """Re-encode a video to fit below a limit; see ``shrink.shrink``."""
    from bot.media import shrink

    return _encode(
        source, lambda: shrink.shrink(source, target, limit_bytes=limit_bytes, label=label)
    )


def make_playable(
    source: Path, target: Path, label: AiLabel, *, may_be_cut: bool
) -> ProbedVideo | Refusal:
    """Re-encode a video so that it plays everywhere; see ``playable.make_playable``."""
    from bot.media import playable

    return _encode(
        source,
        lambda: playable.make_playable(source, target, label=label, may_be_cut=may_be_cut),
    )


def write_label(source: Path, target: Path, label: AiLabel) -> int | Refusal:
    """Write a labelled copy of a video, return its bytes; see ``labels.write_label``."""
    from bot.media import labels

    try:
        labels.write_label(source, target, label)
    except MediaError as error:
        return _refusal_of(error)
    return target.stat().st_size


def _encode(source: Path, encode: Callable[[], ProbedVideo]) -> ProbedVideo | Refusal:
    from bot.media import video

    try:
        with limited_cpu(SHRINK_LEAST_CPU_SECONDS):
            pixels = video.frames_in_pixels(source)
        with limited_cpu(shrink_cpu_seconds(pixels)):
            return encode()
    except MediaError as error:
        return _refusal_of(error)


def shrink_cpu_seconds(pixels: int | None) -> float:
    """Return the work that re-encoding may take, by the pixels of all frames; None: not known."""
    if pixels is None:
        return SHRINK_SECONDS
    by_size = SHRINK_LEAST_CPU_SECONDS + pixels / SHRINK_PIXELS_PER_CPU_SECOND
    return min(SHRINK_SECONDS, by_size)


def draw(chart: Chart) -> bytes:
    """Draw a chart as PNG; see ``charts.draw``."""
    from bot.media import charts

    return charts.draw(chart)


def _refusal_of(error: MediaError) -> Refusal:
    match error:
        case MediaUnreadableError():
            return Refusal(
                error=MediaUnreadableError, arguments={"problem": error.problem, **error.facts}
            )
        case MediaTooLargeError():
            return Refusal(
                error=MediaTooLargeError,
                arguments={"limit_bytes": error.limit_bytes, "actual_bytes": error.actual_bytes},
            )
        case _:
            raise error
