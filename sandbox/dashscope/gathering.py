"""Collects the files of a task, whatever fields name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.dashscope import parameters as params
from sandbox.dashscope import problems
from sandbox.dashscope.clips import Clip
from sandbox.dashscope.files import ModelFiles
from sandbox.dashscope.media_lists import media_items
from sandbox.dashscope.pictures import Picture
from sandbox.dashscope.rows import Kind, MediaRules, ModelRow
from sandbox.dashscope.sounds import SoundFile

MOST_REFERENCES = 5
MOST_REFERENCE_CLIPS = 3
"""Of 2.6: pictures and videos together, and videos (wan-reference-to-video)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The files of a task that passed the inspection."""

    frames: tuple[Picture, ...] = ()
    """The first picture, or the first and the last; the last alone beside a clip."""
    references: tuple[Picture | Clip, ...] = ()
    """In the order of the request."""
    clip: Clip | None = None
    """The video to go on from, or to edit."""
    soundtrack: SoundFile | None = None

    @property
    def reference_clips(self) -> tuple[Clip, ...]:
        """The videos among the references."""
        return tuple(item for item in self.references if isinstance(item, Clip))


async def gathered(
    row: ModelRow,
    task_input: Mapping[str, object],
    parameters: Mapping[str, object],
    files: ModelFiles,
) -> Gathered:
    """Fetch and inspect everything a task names.

    What can be told without a file fails first.

    Raises:
        InputRejectedError: a file is missing or cannot be used.
    """
    if row.media is not None and row.kind is Kind.MEDIA:
        return await _from_media(row, row.media, task_input, parameters, files)
    if row.kind is Kind.REFERENCES:
        return await _from_references(row, task_input, parameters, files)
    addresses = _picture_addresses(row, task_input)
    check_parameters(row, parameters, with_video=False)
    frames = [await files.picture(address, row.picture) for address in addresses]
    soundtrack = None
    address = _text(task_input, "audio_url")
    # "audio": false beats a soundtrack (legacy-image-to-video-api-reference).
    if row.soundtrack is not None and address and params.is_heard(row, parameters):
        soundtrack = await files.sound(address, row.soundtrack)
    return Gathered(frames=tuple(frames), soundtrack=soundtrack)


def check_parameters(row: ModelRow, parameters: Mapping[str, object], *, with_video: bool) -> None:
    """Check what says how large, long and loud a video becomes.

    Raises:
        InputRejectedError: one of them is wrong.
    """
    params.duration(row, parameters, with_video=with_video)
    params.resolution(row, parameters)
    params.ratio(row, parameters)
    params.is_heard(row, parameters)
    params.keeps_sound(row, parameters)


def _picture_addresses(row: ModelRow, task_input: Mapping[str, object]) -> list[str]:
    names: tuple[str, ...] = ()
    if row.kind is Kind.PICTURE:
        names = ("img_url",)
    elif row.kind is Kind.FRAMES:
        # An effect uses the first frame only; a last frame without a first is an error
        # (wanx-video-effects).
        names = ("first_frame_url", "last_frame_url")[: 1 if task_input.get("template") else 2]
    found = []
    for name in names:
        address = _text(task_input, name)
        if not address:
            raise problems.invalid_parameter(f"Field required: input.{name}")
        found.append(address)
    return found


async def _from_references(
    row: ModelRow,
    task_input: Mapping[str, object],
    parameters: Mapping[str, object],
    files: ModelFiles,
) -> Gathered:
    # The second is the older name of the field; whether it is still read is not stated.
    value = task_input.get("reference_urls") or task_input.get("reference_video_urls")
    if not value:
        raise problems.invalid_parameter("Field required: input.reference_urls")
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise problems.invalid_parameter("Input should be a valid list: input.reference_urls")
    if len(value) > MOST_REFERENCES:
        raise problems.invalid_parameter(
            f"List should have at most {MOST_REFERENCES} items: input.reference_urls"
        )
    check_parameters(row, parameters, with_video=False)
    if row.references is None:
        message = f"{row.name} has no limits of reference videos"
        raise RuntimeError(message)
    found = [
        await files.picture_or_clip(
            address, row.picture, row.references, field="input.reference_urls"
        )
        for address in value
    ]
    if sum(isinstance(item, Clip) for item in found) > MOST_REFERENCE_CLIPS:
        raise problems.invalid_parameter(
            f"List should have at most {MOST_REFERENCE_CLIPS} videos: input.reference_urls"
        )
    return Gathered(references=tuple(found))


async def _from_media(
    row: ModelRow,
    rules: MediaRules,
    task_input: Mapping[str, object],
    parameters: Mapping[str, object],
    files: ModelFiles,
) -> Gathered:
    items = media_items(rules, task_input, parameters)
    with_video = any(item.type == "reference_video" for item in items)
    check_parameters(row, parameters, with_video=with_video)
    frames: dict[str, Picture] = {}
    references: list[Picture | Clip] = []
    sounds: list[SoundFile] = []
    clip: Clip | None = None
    for item in items:
        found = await files.load(item.url, rules.files[item.type], field=item.field)
        if item.voice is not None and rules.voice is not None:
            # It is checked only: nobody here speaks.
            await files.sound(item.voice, rules.voice)
        if isinstance(found, SoundFile):
            sounds.append(found)
        elif isinstance(found, Picture) and item.type in {"first_frame", "last_frame"}:
            frames[item.type] = found
        elif isinstance(found, Clip) and item.type in {"first_clip", "video"}:
            clip = found
        elif found is not None:
            references.append(found)
    clips = [reference for reference in references if isinstance(reference, Clip)]
    _check_all(rules, "reference_video", (one.seconds for one in clips))
    _check_all(rules, "reference_audio", (one.seconds for one in sounds))
    return Gathered(
        frames=tuple(frames[name] for name in ("first_frame", "last_frame") if name in frames),
        references=tuple(references),
        clip=clip,
        soundtrack=sounds[0] if sounds else None,
    )


def _check_all(rules: MediaRules, name: str, seconds: Iterable[float]) -> None:
    # A little more than a whole second is rounding.
    if rules.all_seconds is not None and sum(seconds) > rules.all_seconds + 0.5:
        raise problems.invalid_parameter(
            f"All {name} together should not be longer than {rules.all_seconds}: input.media"
        )


def _text(task_input: Mapping[str, object], name: str) -> str | None:
    value = task_input.get(name)
    if value is not None and not isinstance(value, str):
        raise problems.invalid_parameter(f"Input should be a valid string: input.{name}")
    return value
