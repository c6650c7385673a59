"""What people read of a job: its status message, what was done to pictures, that it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.chat.custom_ids import JobVerb
from bot.chat.text.phrases import duration
from bot.chat.text.sentences import say
from bot.domain.catalogue import Kind, effect_label
from bot.domain.catalogue.shapes import ADAPTIVE
from bot.domain.ids import JobId, UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.requests.pictures import PictureNote
from bot.domain.requests.submission import VideoSpec
from bot.domain.units import MIB

STATES: Mapping[JobState, str] = {
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

ICONS: Mapping[JobState, str] = {
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

KINDS: Mapping[Kind, str] = {
    Kind.FRAMES: "First and last frame",
    Kind.IMAGE: "One picture",
    Kind.TEXT: "Words alone",
    Kind.REFERENCE: "Words and references",
    Kind.EFFECT: "Effect",
}

_SOUNDTRACK = "with a soundtrack"
SOUND: Mapping[bool, str] = {True: "with sound", False: "silent"}
"""What was chosen, where there was a choice."""

MADE_BY_AI = "AI-generated"
"""What every status message begins with."""

REQUESTED_BY = "Requested by"
PRICE = "Price"
VIDEO = "Video"
SEED = "Seed"
COST = "Cost"
TOOK = "Took"
RE_ENCODED = "Re-encoded"
ASKED = "Asked"
ENDED = "Ended"
NEGATIVE_PROMPT = "Negative prompt"
MESSAGE = "Message"
"""Names of the facts beside a job."""

BUTTONS: Mapping[JobVerb, str] = {
    JobVerb.CANCEL: "Cancel",
    JobVerb.AGAIN: "Again",
    JobVerb.EDIT: "Edit",
    JobVerb.CONTINUE: "Continue",
    JobVerb.DELETE: "Delete",
    JobVerb.REPORT: "Report",
    JobVerb.MORE: "More…",
}
TRY_AGAIN = "Try again"
"""What Again is called where nothing was made."""

NOTES: Mapping[PictureNote, str] = {
    PictureNote.ROTATED: "turned upright",
    PictureNote.FIRST_OF_ANIMATION: "first picture of the animation taken",
    PictureNote.FIRST_VISIBLE_OF_ANIMATION: (
        "first picture of the animation that shows something taken"
    ),
    PictureNote.FLATTENED: "transparency set on white",
    PictureNote.FLATTENED_DARK: "transparency set on dark grey, where the drawing stands out",
    PictureNote.FROM_HDR: "HDR brought down to the brightness of a video",
    PictureNote.END_MISSING: "last rows cut off, which the file lacks",
    PictureNote.SCALED_DOWN: "scaled down",
    PictureNote.SCALED_UP: "scaled up",
    PictureNote.CROPPED: "cropped to the first frame's shape",
    PictureNote.PADDED: "set on a blurred edge to match the first frame's shape",
}

PICTURES: Mapping[str, str] = {
    "first_frame": "First frame: {notes}",
    "last_frame": "Last frame: {notes}",
    "image": "Picture: {notes}",
}
"""A picture, by its option, with what was done to it."""

# --- the status message ----------------------------------------------------------------------


def footer(job_id: JobId) -> str:
    """Return the words that tie a message to its job.

    The same in every language: after a lost answer our own messages are searched for by them.
    """
    return f"Job {job_id}"


def what(job: Job) -> str:
    """Return what a video is made from."""
    if job.options.effect is not None:
        return say("Effect **{effect}**", effect=effect_label(job.options.effect))
    return "Loop of one frame" if job.options.loop else KINDS[job.spec.kind]


def shape(spec: VideoSpec) -> str:
    """Return how large a video is to be, and its ratio where one was chosen."""
    if spec.size is not None:
        return spec.size
    if spec.ratio in {None, ADAPTIVE}:
        return spec.resolution
    return f"{spec.resolution} {spec.ratio}"


def sound(spec: VideoSpec) -> str | None:
    """Return what is heard, where that was a choice."""
    if spec.soundtrack is not None:
        return _SOUNDTRACK
    return None if spec.audio is None else SOUND[spec.audio]


def rewritten(quoted: str) -> str:
    """Return the prompt the provider made of the member's."""
    return say("Rewritten by the provider:\n{prompt}", prompt=quoted)


def picture_notes(option: str, notes: tuple[PictureNote, ...]) -> str:
    """Return what was done to a picture."""
    return say(PICTURES[option], notes=", ".join(NOTES[note] for note in notes))


def video_facts(width: int, height: int, seconds: float) -> str:
    """Return the shape and length of a finished video."""
    return say("{width}×{height}, {seconds:.0f} s", width=width, height=height, seconds=seconds)


def took(span: timedelta) -> str:
    """Return how long a job took."""
    return duration(max(0, int(span.total_seconds())))


def re_encoded(before_bytes: int, after_bytes: int) -> str:
    """Return that a video was made smaller, and by how much."""
    return say(
        "{before:.1f} → {after:.1f} MiB to fit Discord's limit",
        before=before_bytes / MIB,
        after=after_bytes / MIB,
    )


# --- the announcement ------------------------------------------------------------------------

_PINGING = {
    JobState.DELIVERED: "{member} your video is ready.",
    JobState.UNDELIVERABLE: (
        "{member} your video is ready, but could not be posted. Collect it with /jobs show."
    ),
    JobState.CANCELLED: "{member} your video was cancelled.",
}
_QUIET = {
    JobState.DELIVERED: "Your video is ready.",
    JobState.UNDELIVERABLE: (
        "Your video is ready, but could not be posted. Collect it with /jobs show."
    ),
    JobState.CANCELLED: "Your video was cancelled.",
}


def announcement(state: JobState, member: UserId | None) -> str:
    """Return the line that tells a requester that the job is over.

    Args:
        state: how it ended.
        member: whom it pings; None pings nobody.
    """
    if member is None:
        return _QUIET.get(state, "Your video could not be made.")
    sentence = _PINGING.get(state, "{member} your video could not be made.")
    return say(sentence, member=f"<@{member}>")


def button(verb: JobVerb, state: JobState) -> str:
    """Return what a button under a job's message says."""
    made = state in {JobState.DELIVERED, JobState.UNDELIVERABLE}
    return TRY_AGAIN if verb is JobVerb.AGAIN and not made else BUTTONS[verb]
