"""Why there is no video: what happened, what was refused, whether to try again, what it cost.

Each is a sentence of its own, so that one follows the other in any language.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.sentences import say
from bot.domain.failure import Advice, FailureReason, RefusedPart
from bot.domain.jobs.refused import Refused

NOT_CHARGED = "Nothing was charged."

CHARGED = "It was made, so it counts against your quota."

GIVEN_BACK = "It does not count against your quota."

COLLECT = "The file is kept as it came: /jobs show hands it out."

FAILURES: Mapping[FailureReason, str] = {
    FailureReason.CONTENT_INPUT: "The provider's content check refused something in the request.",
    FailureReason.CONTENT_PROMPT: "The provider's content check refused the prompt.",
    FailureReason.CONTENT_PICTURE: "The provider's content check refused a picture.",
    FailureReason.CONTENT_SOUND: "The provider's content check refused the soundtrack.",
    FailureReason.CONTENT_OUTPUT: (
        "The provider's content check held the finished video back, not the request."
    ),
    FailureReason.CONTENT: (
        "The provider's content check refused the request or the finished video, without saying "
        "which."
    ),
    FailureReason.IP_INFRINGEMENT: (
        "The provider suspects that something in the request copies somebody's protected work."
    ),
    FailureReason.IMAGE_REJECTED: "The provider could not use a picture.",
    FailureReason.PICTURE_SIZE: "The provider does not take a picture of that size or shape.",
    FailureReason.PERSON_NOT_FOUND: (
        "The provider needs a picture that shows one person, whole and from the front, and did "
        "not find that."
    ),
    FailureReason.SOUND_REJECTED: "The provider could not use the soundtrack.",
    FailureReason.FILE_NOT_FETCHED: (
        "The provider could not fetch a file that belongs to the request."
    ),
    FailureReason.PARAMETERS_REJECTED: (
        "The provider refused these settings; the host can see the details in the log."
    ),
    FailureReason.MODEL_OFF: "The host's account may not use this model at present.",
    FailureReason.MODEL_ENDED: "The provider does not offer this model any more.",
    FailureReason.UPLOAD_REFUSED: "The provider's store did not take what you attached.",
    FailureReason.PRICE_ROSE: "This costs more now than when it was asked for.",
    FailureReason.PROVIDER_FAULT: "The provider broke down while making this.",
    FailureReason.PROVIDER_TIMEOUT: "The provider did not finish within its three hours.",
    FailureReason.CANCELLED_OUTSIDE: "This was cancelled at the provider, by nobody here.",
    FailureReason.TASK_LOST: "The provider no longer knows this video.",
    FailureReason.OUTCOME_UNKNOWN: "Nobody could find out whether the provider took this.",
    FailureReason.RESULT_EXPIRED: (
        "The video was made, but its address expired before it could be fetched."
    ),
    FailureReason.RESULT_UNREADABLE: "What the provider handed out is not a playable video.",
    FailureReason.QUEUE_EXPIRED: "This waited in line for too long.",
    FailureReason.STATUS_REFUSED: "Discord would not let me post the status message here.",
    FailureReason.STATUS_MISSING: "The status message could not be posted in time.",
    FailureReason.UNDELIVERABLE: (
        "The video is done, but neither this channel nor your direct messages take it."
    ),
    FailureReason.GUILD_LEFT: "I was removed from the server before this was begun.",
    FailureReason.GUILD_DISABLED: "The host of this bot no longer makes videos for this server.",
    FailureReason.BROKEN: "Something went wrong on our side, more than once.",
}
"""What happened."""

CHANGES: Mapping[RefusedPart, str] = {
    RefusedPart.REQUEST: (
        "It does not say what: another try makes sense only with other words or files."
    ),
    RefusedPart.PROMPT: "Another try makes sense only with another prompt.",
    RefusedPart.FILES: (
        "It does not say which file: another try makes sense only with other ones, or with a model "
        "that needs none."
    ),
    RefusedPart.PICTURES: (
        "It does not say which picture: another try makes sense only with other ones."
    ),
    RefusedPart.FIRST_FRAME: (
        "It is the first frame: another try makes sense only with another one."
    ),
    RefusedPart.LAST_FRAME: "It is the last frame: another try makes sense only with another one.",
    RefusedPart.PICTURE: "Another try makes sense only with another picture.",
    RefusedPart.SOUNDTRACK: "Another try makes sense only with another soundtrack, or with none.",
    RefusedPart.SETTINGS: (
        "Another try makes sense only with another model, or another size or length."
    ),
    RefusedPart.MODEL: "Another try makes sense only with another model.",
}
"""What was refused, and that it has to change."""

NUMBERED = "It is picture {number}: another try makes sense only with another one."
"""The same of a certain one of several pictures."""

ADVICE: Mapping[Advice, str] = {
    Advice.AGAIN_AS_IS: "The same may well succeed: try again with /jobs retry.",
    Advice.CHANGE_FIRST: "Another try makes sense only with other words or files.",
    Advice.LATER: "Try again later, with /jobs retry.",
    Advice.NEVER: "Another try makes no sense here.",
}
"""Whether another try makes sense, where no part has to change."""

ADVICE_OF: Mapping[FailureReason, str] = {
    FailureReason.PRICE_ROSE: "Try again with /jobs retry, at the new price.",
    FailureReason.STATUS_REFUSED: "Try again in another channel, or later, when I may post here.",
    FailureReason.UNDELIVERABLE: "Collect it with /jobs show; no other try is needed.",
}
"""The same of reasons that need words of their own."""


def failure(refused: Refused, *, charged: bool, lost: bool) -> str:
    """Return why there is no video, whether to try again, and whether anything was charged."""
    not_charged = GIVEN_BACK if lost else NOT_CHARGED
    cost = CHARGED if charged else not_charged
    return " ".join([FAILURES[refused.reason], _advice(refused), cost])


def _advice(refused: Refused) -> str:
    if refused.reason in ADVICE_OF:
        return ADVICE_OF[refused.reason]
    if refused.advice is not Advice.CHANGE_FIRST or refused.part is None:
        return ADVICE[refused.advice]
    if refused.number is not None:
        return say(NUMBERED, number=refused.number)
    return CHANGES[refused.part]
