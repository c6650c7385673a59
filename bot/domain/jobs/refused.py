"""What of a job was refused, and whether another try of it makes sense.

The provider says at most of which kind the refused part was, and names a picture only by the file
it could not fetch. The rest follows from what the job was made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.failure import MEANINGS, Advice, FailureReason, RefusedPart
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.requests.pictures import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a job has no video, as exactly as is known."""

    reason: FailureReason
    """The stored one, or one that says more, where the job leaves only one part."""
    advice: Advice
    part: RefusedPart | None
    number: int | None = None
    """Of the picture, where it is a certain one of several that have numbers; from 1."""


_EXACT: Mapping[tuple[FailureReason, RefusedPart], FailureReason] = MappingProxyType(
    {
        (FailureReason.CONTENT_INPUT, RefusedPart.PROMPT): FailureReason.CONTENT_PROMPT,
        (FailureReason.CONTENT_INPUT, RefusedPart.PICTURES): FailureReason.CONTENT_PICTURE,
        (FailureReason.CONTENT_INPUT, RefusedPart.FIRST_FRAME): FailureReason.CONTENT_PICTURE,
        (FailureReason.CONTENT_INPUT, RefusedPart.LAST_FRAME): FailureReason.CONTENT_PICTURE,
        (FailureReason.CONTENT_INPUT, RefusedPart.PICTURE): FailureReason.CONTENT_PICTURE,
        (FailureReason.CONTENT_INPUT, RefusedPart.SOUNDTRACK): FailureReason.CONTENT_SOUND,
        # Codes about an address or a file do not say what it is the address of.
        (FailureReason.IMAGE_REJECTED, RefusedPart.SOUNDTRACK): FailureReason.SOUND_REJECTED,
        (FailureReason.PICTURE_SIZE, RefusedPart.SOUNDTRACK): FailureReason.SOUND_REJECTED,
    }
)

_FRAMES: Mapping[str, RefusedPart] = MappingProxyType(
    {"first_frame": RefusedPart.FIRST_FRAME, "last_frame": RefusedPart.LAST_FRAME}
)
_NUMBERED = re.compile(r"image(\d+)")


def refused(job: Job) -> Refused | None:
    """Return why a job has no video, as exactly as is known; None where no reason is stored."""
    reason = job.failure.reason
    if reason is None:
        return None
    meaning = MEANINGS[reason]
    part, number = _part_of(job, meaning.part)
    if part is not None:
        reason = _EXACT.get((reason, part), reason)
    return Refused(reason=reason, advice=meaning.advice, part=part, number=number)


def offers_try_again(job: Job) -> bool:
    """Tell whether the same request, with another seed, may lead to a video that is not there."""
    return _lacks_a_video(job) and _advice_of(job) in {Advice.AGAIN_AS_IS, Advice.LATER}


def offers_edit(job: Job) -> bool:
    """Tell whether a changed request may lead to a video that is not there."""
    return _lacks_a_video(job) and _advice_of(job) is not Advice.NEVER


def _lacks_a_video(job: Job) -> bool:
    over = job.state in {JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED}
    # Of what is erased nothing is left to begin with.
    return over and job.times.forgotten_at is None


def _advice_of(job: Job) -> Advice:
    if job.failure.reason is None:
        return Advice.AGAIN_AS_IS  # somebody here cancelled it
    return MEANINGS[job.failure.reason].advice


def _part_of(job: Job, known: RefusedPart | None) -> tuple[RefusedPart | None, int | None]:
    """Return the part that is left of a group of them, and the picture's number."""
    groups = {RefusedPart.REQUEST, RefusedPart.FILES, RefusedPart.PICTURES}
    if known not in groups or job.times.forgotten_at is not None:
        return known, None
    pictures, soundtrack = job.pictures, job.spec.soundtrack
    named = [picture for picture in pictures if _is_named(picture, job.failure.detail or "")]
    if len(named) == 1:
        return _picture(job, named[0])
    has_words = bool(job.options.prompt or job.options.negative_prompt)
    if known is RefusedPart.REQUEST and has_words:
        return (known if pictures or soundtrack else RefusedPart.PROMPT), None
    if known is RefusedPart.PICTURES or soundtrack is None:
        if len(pictures) == 1:
            return _picture(job, pictures[0])
        if pictures:
            return RefusedPart.PICTURES, None
    return (RefusedPart.SOUNDTRACK if soundtrack and not pictures else known), None


def _picture(job: Job, picture: Picture) -> tuple[RefusedPart, int | None]:
    numbered = _NUMBERED.fullmatch(picture.option)
    number = int(numbered[1]) if numbered and len(job.pictures) > 1 else None
    return _FRAMES.get(picture.option, RefusedPart.PICTURE), number


def _is_named(picture: Picture, words: str) -> bool:
    """Tell whether words of the provider name a picture: by its file, or as a frame."""
    if picture.option in _FRAMES:
        return re.search(picture.option.replace("_", "[ _]?"), words, re.IGNORECASE) is not None
    return re.search(rf"\b{re.escape(picture.file_name)}\b", words) is not None
