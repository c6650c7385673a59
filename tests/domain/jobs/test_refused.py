"""What of a job was refused, as exactly as is known, and what is offered then."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.failure import CONTENT_REASONS, MEANINGS, Advice, FailureReason, RefusedPart
from bot.domain.jobs.job import Job
from bot.domain.jobs.refused import offers_edit, offers_try_again, refused
from bot.domain.jobs.states import TERMINAL, JobState
from bot.domain.requests.sounds import Soundtrack
from tests.fakes import NOW, a_job, a_picture

Why, Part = FailureReason, RefusedPart

SOUND = Soundtrack(file_name="soundtrack.mp3", seconds=5.0)
UNNAMED = "DataInspectionFailed: Input data may contain inappropriate content."

ADVICE = {
    Advice.CHANGE_FIRST: {
        Why.CONTENT_INPUT,
        Why.CONTENT_PROMPT,
        Why.CONTENT_PICTURE,
        Why.CONTENT_SOUND,
        Why.CONTENT,
        Why.IP_INFRINGEMENT,
        Why.IMAGE_REJECTED,
        Why.PICTURE_SIZE,
        Why.PERSON_NOT_FOUND,
        Why.SOUND_REJECTED,
        Why.PARAMETERS_REJECTED,
        Why.MODEL_OFF,
        Why.MODEL_ENDED,
        Why.UPLOAD_REFUSED,
    },
    Advice.AGAIN_AS_IS: {
        Why.CONTENT_OUTPUT,
        Why.FILE_NOT_FETCHED,
        Why.PRICE_ROSE,
        Why.PROVIDER_TIMEOUT,
        Why.CANCELLED_OUTSIDE,
        Why.TASK_LOST,
        Why.OUTCOME_UNKNOWN,
        Why.RESULT_EXPIRED,
        Why.RESULT_UNREADABLE,
        Why.STATUS_MISSING,
    },
    Advice.LATER: {
        Why.PROVIDER_FAULT,
        Why.QUEUE_EXPIRED,
        Why.STATUS_REFUSED,
        Why.BROKEN,
    },
    Advice.NEVER: {Why.UNDELIVERABLE, Why.GUILD_LEFT, Why.GUILD_DISABLED},
}


def failed(reason: FailureReason, *options: str, **changes: object) -> Job:
    values: dict[str, Any] = {
        "state": JobState.FAILED,
        "failure_reason": reason,
        "pictures": tuple(a_picture(option) for option in options),
        "prompt": None,
        "negative_prompt": None,
    }
    return a_job(**values | changes)


@pytest.mark.parametrize("reason", FailureReason)
def test_every_reason_has_its_advice(reason: FailureReason) -> None:
    (advice,) = (advice for advice, reasons in ADVICE.items() if reason in reasons)
    assert MEANINGS[reason].advice is advice


WORDS = {"prompt": "a red fox"}
FRAMES = ("first_frame", "last_frame")


@pytest.mark.parametrize(
    ("job", "reason", "part", "number"),
    [
        # One part alone: it was that one.
        (failed(Why.CONTENT_INPUT, **WORDS), Why.CONTENT_PROMPT, Part.PROMPT, None),
        (
            failed(Why.CONTENT_INPUT, negative_prompt="people"),
            Why.CONTENT_PROMPT,
            Part.PROMPT,
            None,
        ),
        (failed(Why.CONTENT_INPUT, "image"), Why.CONTENT_PICTURE, Part.PICTURE, None),
        (failed(Why.CONTENT_INPUT, "first_frame"), Why.CONTENT_PICTURE, Part.FIRST_FRAME, None),
        (failed(Why.CONTENT_INPUT, *FRAMES), Why.CONTENT_PICTURE, Part.PICTURES, None),
        (failed(Why.CONTENT_INPUT, soundtrack=SOUND), Why.CONTENT_SOUND, Part.SOUNDTRACK, None),
        (failed(Why.IP_INFRINGEMENT, **WORDS), Why.IP_INFRINGEMENT, Part.PROMPT, None),
        # Several, and nobody says which.
        (failed(Why.CONTENT_INPUT, "image", **WORDS), Why.CONTENT_INPUT, Part.REQUEST, None),
        (
            failed(Why.CONTENT_INPUT, soundtrack=SOUND, **WORDS),
            Why.CONTENT_INPUT,
            Part.REQUEST,
            None,
        ),
        (
            failed(Why.CONTENT_INPUT, "image", soundtrack=SOUND),
            Why.CONTENT_INPUT,
            Part.REQUEST,
            None,
        ),
        (failed(Why.CONTENT, **WORDS), Why.CONTENT, None, None),
        # The code tells the kind.
        (failed(Why.CONTENT_PROMPT, "image", **WORDS), Why.CONTENT_PROMPT, Part.PROMPT, None),
        (failed(Why.CONTENT_PICTURE, "image", **WORDS), Why.CONTENT_PICTURE, Part.PICTURE, None),
        (
            failed(Why.CONTENT_PICTURE, "image", soundtrack=SOUND, **WORDS),
            Why.CONTENT_PICTURE,
            Part.PICTURE,
            None,
        ),
        (failed(Why.CONTENT_OUTPUT, "image", **WORDS), Why.CONTENT_OUTPUT, Part.VIDEO, None),
        (failed(Why.PICTURE_SIZE, *FRAMES), Why.PICTURE_SIZE, Part.PICTURES, None),
        # An address that cannot be used is the soundtrack's where there are no pictures.
        (
            failed(Why.IMAGE_REJECTED, soundtrack=SOUND, **WORDS),
            Why.SOUND_REJECTED,
            Part.SOUNDTRACK,
            None,
        ),
        (
            failed(Why.UPLOAD_REFUSED, soundtrack=SOUND, **WORDS),
            Why.UPLOAD_REFUSED,
            Part.SOUNDTRACK,
            None,
        ),
        (
            failed(Why.UPLOAD_REFUSED, "image", soundtrack=SOUND),
            Why.UPLOAD_REFUSED,
            Part.FILES,
            None,
        ),
        (failed(Why.UPLOAD_REFUSED, "image1", "image2"), Why.UPLOAD_REFUSED, Part.PICTURES, None),
        # The message names one.
        (
            failed(
                Why.IMAGE_REJECTED,
                *FRAMES,
                failure_detail="InvalidParameter: Failed to decode last_frame_url",
            ),
            Why.IMAGE_REJECTED,
            Part.LAST_FRAME,
            None,
        ),
        (
            failed(
                Why.IP_INFRINGEMENT, *FRAMES, failure_detail="X: the First frame is known", **WORDS
            ),
            Why.IP_INFRINGEMENT,
            Part.FIRST_FRAME,
            None,
        ),
        (
            failed(
                Why.IMAGE_REJECTED, *FRAMES, failure_detail="X: neither first_frame nor last_frame"
            ),
            Why.IMAGE_REJECTED,
            Part.PICTURES,
            None,
        ),
        (
            failed(
                Why.FILE_NOT_FETCHED,
                "image1",
                "image2",
                failure_detail="InvalidParameter: Failed to download oss://store/day/image2.jpg",
                **WORDS,
            ),
            Why.FILE_NOT_FETCHED,
            Part.PICTURE,
            2,
        ),
        (failed(Why.PERSON_NOT_FOUND, "image1"), Why.PERSON_NOT_FOUND, Part.PICTURE, None),
        # What was erased tells nothing any more.
        (
            failed(Why.CONTENT_INPUT, "image", forgotten_at=NOW),
            Why.CONTENT_INPUT,
            Part.REQUEST,
            None,
        ),
    ],
)
def test_the_part_is_said_as_exactly_as_it_is_known(
    job: Job, reason: FailureReason, part: RefusedPart | None, number: int | None
) -> None:
    known = refused(job)
    assert known is not None
    assert (known.reason, known.part, known.number) == (reason, part, number)
    assert known.advice is MEANINGS[reason].advice


def test_a_job_without_a_reason_was_not_refused() -> None:
    assert refused(a_job(state=JobState.CANCELLED)) is None


@pytest.mark.parametrize("reason", FailureReason)
def test_the_same_is_offered_where_it_may_succeed_and_a_change_where_anything_may(
    reason: FailureReason,
) -> None:
    job = failed(reason, "image", **WORDS)
    again = reason in ADVICE[Advice.AGAIN_AS_IS] | ADVICE[Advice.LATER]
    assert offers_try_again(job) is again
    assert offers_edit(job) is (again or reason in ADVICE[Advice.CHANGE_FIRST])


@pytest.mark.parametrize("state", JobState)
def test_another_try_is_offered_of_what_is_over_without_a_video(state: JobState) -> None:
    offered = state in TERMINAL - {JobState.DELIVERED, JobState.UNDELIVERABLE}
    job = a_job(state=state)
    assert (offers_try_again(job), offers_edit(job)) == (offered, offered)


def test_nothing_is_offered_of_what_was_erased() -> None:
    job = failed(Why.PROVIDER_FAULT, forgotten_at=NOW, **WORDS)
    assert (offers_try_again(job), offers_edit(job)) == (False, False)


def test_every_refusal_of_content_counts_as_one() -> None:
    named = {reason for reason in FailureReason if reason.value.startswith("content")}
    assert named | {Why.IP_INFRINGEMENT} == CONTENT_REASONS
