"""Why a job ended without a video, as stable words.

The reason is stored with the job; ``bot.provider.mapping`` chooses it from the provider's error
code and ``bot.chat.text`` turns it into the sentence a member reads.
"""

from __future__ import annotations

from enum import StrEnum


class FailureReason(StrEnum):
    """Why there is no video."""

    CONTENT_INPUT = "content_input"
    """The provider's moderation refused the pictures or the prompt."""
    CONTENT_OUTPUT = "content_output"
    """The provider's moderation refused the finished video."""
    CONTENT = "content"
    """Moderation refused, without saying which side."""
    IP_INFRINGEMENT = "ip_infringement"
    """Suspected infringement of somebody's rights."""
    IMAGE_REJECTED = "image_rejected"
    """The provider could not use a picture."""
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
        FailureReason.CONTENT_OUTPUT,
        FailureReason.CONTENT,
        FailureReason.IP_INFRINGEMENT,
    }
)
"""The provider's moderation said no."""


def offers_try_again(_reason: FailureReason | None) -> bool:
    """Tell whether asking for the same once more makes sense."""
    return True
