"""What people read of a job: its state, what was done to pictures, why it ended."""

from __future__ import annotations

from bot.domain.failure import FailureReason
from bot.domain.jobs.states import JobState
from bot.domain.requests.pictures import PictureNote

STATES = {
    JobState.QUEUED: "Waiting",
    JobState.SUBMITTING: "Being handed over",
    JobState.UNCONFIRMED: "Checking with the provider",
    JobState.PENDING: "In the provider's queue",
    JobState.RUNNING: "Being made",
    JobState.DOWNLOADING: "Fetching the video",
    JobState.DELIVERING: "Uploading",
    JobState.PARKED: "Needs the host",
    JobState.DELIVERED: "Done",
    JobState.UNDELIVERABLE: "Done, but could not be posted",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
    JobState.EXPIRED: "Expired",
}


ICONS = {
    JobState.QUEUED: "🕓",
    JobState.SUBMITTING: "📨",
    JobState.UNCONFIRMED: "🔎",
    JobState.PENDING: "🕓",
    JobState.RUNNING: "🎬",
    JobState.DOWNLOADING: "📥",
    JobState.DELIVERING: "📤",
    JobState.PARKED: "🛠️",
    JobState.DELIVERED: "✅",
    JobState.UNDELIVERABLE: "📦",
    JobState.FAILED: "❌",
    JobState.CANCELLED: "🚫",
    JobState.EXPIRED: "⌛",
}


NOTES = {
    PictureNote.ROTATED: "turned upright",
    PictureNote.FIRST_OF_ANIMATION: "first picture of the animation taken",
    PictureNote.FLATTENED: "transparency set on white",
    PictureNote.SCALED_DOWN: "scaled down",
    PictureNote.SCALED_UP: "scaled up",
    PictureNote.CROPPED: "cropped to the first frame's shape",
    PictureNote.PADDED: "set on a blurred edge to match the first frame's shape",
}


OPTIONS = {"first_frame": "first frame", "last_frame": "last frame", "image": "picture"}


NOT_CHARGED = "Nothing was charged."


CHARGED = "It was made, so it counts against your quota."


GIVEN_BACK = "It does not count against your quota."


FAILURES = {
    FailureReason.CONTENT_INPUT: (
        "The provider's content check refused the pictures or the prompt. Try other ones."
    ),
    FailureReason.CONTENT_OUTPUT: (
        "The provider's content check held the finished video back. Try another prompt or seed."
    ),
    FailureReason.CONTENT: (
        "The provider's content check refused this. Try other pictures or another prompt."
    ),
    FailureReason.IP_INFRINGEMENT: (
        "The provider suspects that this copies somebody's protected work. Try other pictures "
        "or another prompt."
    ),
    FailureReason.IMAGE_REJECTED: (
        "The provider could not use a picture. Try it as a plain JPEG or PNG."
    ),
    FailureReason.PARAMETERS_REJECTED: (
        "The provider refused these settings. Try another model or resolution; the host can see "
        "the details in the log."
    ),
    FailureReason.MODEL_OFF: (
        "The host's account may not use this model at present. Choose another one."
    ),
    FailureReason.PROVIDER_FAULT: "The provider broke down while making this. Try again later.",
    FailureReason.PROVIDER_TIMEOUT: (
        "The provider did not finish within its three hours. Try again later."
    ),
    FailureReason.CANCELLED_OUTSIDE: (
        "This was cancelled at the provider, by nobody here. Ask again with /jobs retry."
    ),
    FailureReason.TASK_LOST: "The provider no longer knows this video.",
    FailureReason.OUTCOME_UNKNOWN: (
        "Nobody could find out whether the provider took this. Please ask again with /jobs retry."
    ),
    FailureReason.RESULT_EXPIRED: (
        "The video was made, but its address expired before it could be fetched."
    ),
    FailureReason.RESULT_UNREADABLE: "What the provider handed out is not a playable video.",
    FailureReason.QUEUE_EXPIRED: "This waited in line for too long.",
    FailureReason.STATUS_REFUSED: "Discord would not let me post the status message here.",
    FailureReason.STATUS_MISSING: "The status message could not be posted in time.",
    FailureReason.UNDELIVERABLE: (
        "The video is done, but neither this channel nor your direct messages take it. "
        "Collect it with /jobs show."
    ),
    FailureReason.GUILD_LEFT: "I was removed from the server before this was begun.",
    FailureReason.GUILD_DISABLED: "The host of this bot no longer makes videos for this server.",
    FailureReason.BROKEN: "Something went wrong on our side, more than once.",
}


_PAUSES = {
    "account": "The provider refuses the host's account at present; jobs wait.",
    "paused": "The host has paused submitting; waiting jobs keep their place.",
    "draining": (
        "The host lets what is being made end and takes nothing new; waiting jobs keep their place."
    ),
}


def pause(key: str) -> str:
    """Return why nothing is submitted."""
    return _PAUSES[key]


def picture_notes(option: str, notes: tuple[PictureNote, ...]) -> str:
    """Return what was done to a picture."""
    return f"{OPTIONS[option].capitalize()}: {', '.join(NOTES[note] for note in notes)}"


def failure(reason: FailureReason, *, charged: bool, lost: bool) -> str:
    """Return why there is no video, and whether anything was charged."""
    if charged:
        return f"{FAILURES[reason]} {CHARGED}"
    return f"{FAILURES[reason]} {GIVEN_BACK if lost else NOT_CHARGED}"
