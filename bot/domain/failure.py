"""Why a job ended without a video, as stable words, and what each of them lets a member do.

The reason is stored with the job; ``bot.provider.mapping`` chooses it from the provider's error
code and ``bot.chat.text`` turns it into the sentence a member reads. Which picture it was, and what
is offered for a certain job, ``bot.domain.jobs.refused`` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class FailureReason(StrEnum):
    """Why there is no video."""

    CONTENT_INPUT = "content_input"
    """The provider's moderation refused the request, without saying what of it."""
    CONTENT_PROMPT = "content_prompt"
    """The provider's moderation refused the words."""
    CONTENT_PICTURE = "content_picture"
    """The provider's moderation refused a picture."""
    CONTENT_SOUND = "content_sound"
    """The provider's moderation refused the soundtrack."""
    CONTENT_OUTPUT = "content_output"
    """The provider's moderation refused the finished video."""
    CONTENT = "content"
    """Moderation refused, without saying which side."""
    IP_INFRINGEMENT = "ip_infringement"
    """Suspected infringement of somebody's rights."""
    IMAGE_REJECTED = "image_rejected"
    """The provider could not use a picture."""
    PICTURE_SIZE = "picture_size"
    """A picture has a size or shape that the provider does not take."""
    PERSON_NOT_FOUND = "person_not_found"
    """A picture does not show the one person, or the face, that the model needs."""
    SOUND_REJECTED = "sound_rejected"
    """The provider could not use the soundtrack."""
    FILE_NOT_FETCHED = "file_not_fetched"
    """The provider could not fetch a file, twice where a second try was due."""
    PARAMETERS_REJECTED = "parameters_rejected"
    """The provider refused the settings: our catalogue and the provider disagree."""
    MODEL_OFF = "model_off"
    """The host's account may not use this model."""
    MODEL_ENDED = "model_ended"
    """The provider does not make its videos any more, since while the job waited."""
    PRICE_ROSE = "price_rose"
    """The job waited over a change of region or prices, and would cost more than was reserved."""
    UPLOAD_REFUSED = "upload_refused"
    """The provider's temporary store did not take a file, so that nothing was asked for."""
    PROVIDER_FAULT = "provider_fault"
    """The provider broke, twice where a second try was due."""
    PROVIDER_TIMEOUT = "provider_timeout"
    """No result within the provider's three hours."""
    CANCELLED_OUTSIDE = "cancelled_outside"
    """The task was cancelled at the provider, and nobody asked for it here."""
    TASK_LOST = "task_lost"
    """The provider no longer knows the task."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """Nobody can say whether the provider took the task."""
    RESULT_EXPIRED = "result_expired"
    """The video was made, but its address expired before it could be fetched."""
    RESULT_UNREADABLE = "result_unreadable"
    """What the provider handed out is not a playable video."""
    QUEUE_EXPIRED = "queue_expired"
    """The job waited longer than QUEUE_TTL_SECONDS."""
    STATUS_REFUSED = "status_refused"
    """Discord refused the status message."""
    STATUS_MISSING = "status_missing"
    """The status message never appeared."""
    UNDELIVERABLE = "undeliverable"
    """Message, channel and direct message were all refused; the file is kept."""
    GUILD_LEFT = "guild_left"
    """The bot was removed from the guild while the job waited."""
    GUILD_DISABLED = "guild_disabled"
    """The host took the guild off ALLOWED_GUILDS while the job waited."""
    BROKEN = "broken"
    """The job broke its worker three times."""


CONTENT_REASONS = frozenset(
    {
        FailureReason.CONTENT_INPUT,
        FailureReason.CONTENT_PROMPT,
        FailureReason.CONTENT_PICTURE,
        FailureReason.CONTENT_SOUND,
        FailureReason.CONTENT_OUTPUT,
        FailureReason.CONTENT,
        FailureReason.IP_INFRINGEMENT,
    }
)
"""The provider's moderation said no."""


class RefusedPart(StrEnum):
    """What of a job was refused."""

    REQUEST = "request"
    """The words or a file; nobody says which."""
    PROMPT = "prompt"
    """The words, the negative ones among them."""
    FILES = "files"
    """A picture or the soundtrack; nobody says which."""
    PICTURES = "pictures"
    """One of several pictures; nobody says which."""
    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    PICTURE = "picture"
    """The only picture, or a certain one of several."""
    SOUNDTRACK = "soundtrack"
    SETTINGS = "settings"
    MODEL = "model"
    VIDEO = "video"
    """The finished one."""


class Advice(StrEnum):
    """Whether another try makes sense."""

    AGAIN_AS_IS = "again_as_is"
    """It was chance: the same may succeed at once."""
    CHANGE_FIRST = "change_first"
    """The same will be refused again; what was refused has to change."""
    LATER = "later"
    """Somebody else's trouble has to pass."""
    NEVER = "never"
    """No other try succeeds, or none is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureMeaning:
    """What a reason tells by itself."""

    advice: Advice
    part: RefusedPart | None = None
    """None where nothing of the job was refused, or the reason does not tell."""


def _change(part: RefusedPart) -> FailureMeaning:
    return FailureMeaning(advice=Advice.CHANGE_FIRST, part=part)


_AGAIN = FailureMeaning(advice=Advice.AGAIN_AS_IS)
_LATER = FailureMeaning(advice=Advice.LATER)
_NEVER = FailureMeaning(advice=Advice.NEVER)

MEANINGS: Mapping[FailureReason, FailureMeaning] = MappingProxyType(
    {
        FailureReason.CONTENT_INPUT: _change(RefusedPart.REQUEST),
        FailureReason.CONTENT_PROMPT: _change(RefusedPart.PROMPT),
        FailureReason.CONTENT_PICTURE: _change(RefusedPart.PICTURES),
        FailureReason.CONTENT_SOUND: _change(RefusedPart.SOUNDTRACK),
        # Another seed makes another video.
        FailureReason.CONTENT_OUTPUT: FailureMeaning(
            advice=Advice.AGAIN_AS_IS, part=RefusedPart.VIDEO
        ),
        # It may have been the request: the same once more would count as one more refusal.
        FailureReason.CONTENT: FailureMeaning(advice=Advice.CHANGE_FIRST),
        FailureReason.IP_INFRINGEMENT: _change(RefusedPart.REQUEST),
        FailureReason.IMAGE_REJECTED: _change(RefusedPart.PICTURES),
        FailureReason.PICTURE_SIZE: _change(RefusedPart.PICTURES),
        FailureReason.PERSON_NOT_FOUND: _change(RefusedPart.PICTURES),
        FailureReason.SOUND_REJECTED: _change(RefusedPart.SOUNDTRACK),
        FailureReason.FILE_NOT_FETCHED: FailureMeaning(
            advice=Advice.AGAIN_AS_IS, part=RefusedPart.FILES
        ),
        FailureReason.PARAMETERS_REJECTED: _change(RefusedPart.SETTINGS),
        FailureReason.MODEL_OFF: _change(RefusedPart.MODEL),
        FailureReason.MODEL_ENDED: _change(RefusedPart.MODEL),
        FailureReason.UPLOAD_REFUSED: _change(RefusedPart.FILES),
        FailureReason.PRICE_ROSE: _AGAIN,
        FailureReason.PROVIDER_FAULT: _LATER,
        FailureReason.PROVIDER_TIMEOUT: _AGAIN,
        FailureReason.CANCELLED_OUTSIDE: _AGAIN,
        FailureReason.TASK_LOST: _AGAIN,
        FailureReason.OUTCOME_UNKNOWN: _AGAIN,
        FailureReason.RESULT_EXPIRED: _AGAIN,
        FailureReason.RESULT_UNREADABLE: _AGAIN,
        FailureReason.QUEUE_EXPIRED: _LATER,
        FailureReason.STATUS_REFUSED: _LATER,
        FailureReason.STATUS_MISSING: _AGAIN,
        FailureReason.UNDELIVERABLE: _NEVER,
        FailureReason.GUILD_LEFT: _NEVER,
        FailureReason.GUILD_DISABLED: _NEVER,
        FailureReason.BROKEN: _LATER,
    }
)
"""What each reason tells; of a certain job more may be known."""
