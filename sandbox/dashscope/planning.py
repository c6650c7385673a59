"""Decides what a task's video is like, from its parameters and the files it names."""

from __future__ import annotations

import random
from collections.abc import Mapping

from sandbox.dashscope import parameters as params
from sandbox.dashscope import problems
from sandbox.dashscope.clips import Clip
from sandbox.dashscope.gathering import Gathered
from sandbox.dashscope.geometry import nearest_ratio, output_size, ratio_size
from sandbox.dashscope.pictures import Picture
from sandbox.dashscope.plans import FRAMES_PER_SECOND, VideoPlan
from sandbox.dashscope.rows import Billing, ModelRow
from sandbox.dashscope.sounds import TUNES, SoundPlan

FIVE_SECONDS = 5
UNSHAPED = "16:9"
"""What an adaptive ratio is where there is nothing to adapt to."""


def plan_of(
    row: ModelRow,
    parameters: Mapping[str, object],
    files: Gathered,
    *,
    prompt: str,
    watermark: bool,
    effect: str | None,
) -> VideoPlan:
    """Plan the video of a task whose input is acceptable.

    Raises:
        InputRejectedError: parameters and files do not go together.
    """
    seconds = _seconds(row, parameters, files, prompt)
    size, ratio = _shape(row, parameters, files)
    clip = _beginning(row, files)
    frames = round(seconds * FRAMES_PER_SECOND)
    clip_frames = 0 if clip is None else min(frames, round(clip.seconds * FRAMES_PER_SECOND))
    references = () if clip is not None and clip in files.references else files.references
    return VideoPlan(
        width=size[0],
        height=size[1],
        frames=frames,
        pictures=tuple(picture.data for picture in files.frames),
        prompt=prompt,
        watermark=watermark,
        effect=effect,
        references=tuple(item.data for item in references),
        clip=None if clip is None else clip.data,
        clip_frames=clip_frames,
        sound=_sound(row, parameters, files, clip),
        input_seconds=_input_seconds(row, files),
        ratio=ratio,
    )


def _beginning(row: ModelRow, files: Gathered) -> Clip | None:
    """Return the video that the result begins with, if there is one.

    3.0 edits and extends a single reference video; which of the two, its prompt says in words.
    """
    if files.clip is not None:
        return files.clip
    clips = files.reference_clips
    if row.billing is Billing.ALL_INPUT and len(clips) == len(files.references) == 1:
        return clips[0]
    return None


def _seconds(
    row: ModelRow, parameters: Mapping[str, object], files: Gathered, prompt: str
) -> float:
    clips = files.reference_clips
    seconds = params.duration(row, parameters, with_video=bool(clips))
    given = sum(clip.seconds for clip in clips)
    longest = max(row.durations)
    if row.all_seconds is not None:
        longest = min(longest, int(row.all_seconds - given))
    if seconds == params.MODEL_DECIDES:
        # The same request gets the same length.
        lot = random.Random(f"{params.seed(parameters)} {prompt}")
        return lot.randint(min(row.durations), max(min(row.durations), longest))
    if row.all_seconds is not None and clips and seconds > longest:
        # That both together have 30 seconds is documented, the sentence is not.
        raise problems.invalid_parameter(
            f"Duration and input videos together should not be longer than {row.all_seconds}"
        )
    clip = files.clip
    if clip is None:
        return seconds
    if row.billing is Billing.CONTINUATION:
        if seconds <= clip.seconds:
            # ``duration`` counts the clip, so there would be nothing to make.
            raise problems.invalid_parameter("Duration should be longer than the first clip")
        return seconds
    # Editing: a length cuts the input.
    return min(seconds, clip.seconds) if seconds else clip.seconds


def _input_seconds(row: ModelRow, files: Gathered) -> float:
    if files.clip is not None:
        # Of a video that is cut while it is edited, all is counted: the dearer reading.
        return files.clip.seconds
    seconds = sum(clip.seconds for clip in files.reference_clips)
    return min(seconds, FIVE_SECONDS) if row.billing is Billing.FIVE_OF_INPUT else seconds


def _shape(
    row: ModelRow, parameters: Mapping[str, object], files: Gathered
) -> tuple[tuple[int, int], str]:
    """Return the size of the video, and its ratio where the answer tells one."""
    if row.takes_size:
        width, height = params.size_text(row, parameters).split("*")
        return (int(width), int(height)), ""
    tier = params.resolution(row, parameters)
    ratio = params.ratio(row, parameters)
    model = _shaping(files, adaptive=ratio is None)
    named = [name for name in row.ratios if ":" in name]
    # A first frame beats the ratio of 2.7-r2v (wan-video-to-video-api-reference). Whether it does
    # in 3.0, where the default follows it anyway, is not stated: there the ratio decides.
    follows = ratio is None or (row.frame_beats_ratio and files.frames)
    if model is not None and follows:
        size = output_size(model.width, model.height, tier)
        return size, nearest_ratio(*size, named) if named else ""
    ratio = ratio or UNSHAPED
    return ratio_size(ratio, tier), ratio


def _shaping(files: Gathered, *, adaptive: bool) -> Picture | Clip | None:
    """Return what the video's shape follows: a first frame or clip, else the first reference."""
    if files.clip is not None:
        return files.clip
    leading: tuple[Picture | Clip, ...] = files.frames
    if adaptive:
        leading += files.references
    return leading[0] if leading else None


def _sound(
    row: ModelRow, parameters: Mapping[str, object], files: Gathered, clip: Clip | None
) -> SoundPlan | None:
    if not params.is_heard(row, parameters):
        return None
    if files.soundtrack is not None:
        return SoundPlan(file=files.soundtrack.data)
    tune = params.seed(parameters) % TUNES
    if clip is None or not clip.has_sound:
        return None if params.keeps_sound(row, parameters) else SoundPlan(tune=tune)
    if params.keeps_sound(row, parameters):
        return SoundPlan(file=clip.data)
    return SoundPlan(file=clip.data, file_seconds=clip.seconds, tune=tune)
