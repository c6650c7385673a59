"""What Discord shows of the commands that everybody has: each command, and each of its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A command's description, and those of its options; Discord shows 100 characters of each."""

    description: str
    options: Mapping[str, str]
    """By the names of the callback's parameters."""


def described(description: str, /, **options: str) -> Described:
    """Return what a command says of itself."""
    return Described(description=description, options=options)


# --- options that several commands share -----------------------------------------------------

_MODEL = "Which model makes it; else this server's default, or the cheapest recommended one"
_RESOLUTION = "Resolution tier; higher costs more"
_NEGATIVE_PROMPT = "What should not be seen"
_SEED = "Same seed and settings make a similar video again"
_PROMPT_EXTEND = "Let the provider rewrite the prompt (default: yes)"
_WATERMARK = "Mark the video as AI-generated (default: no)"
_SPOILER = "Hide the video behind a spoiler and show no preview"
_DURATION = "Seconds, for models whose length can be chosen (default: 5)"
_AUDIO = "Whether it has sound; only for models that can also be silent"
_SOUNDTRACK = "What is heard: WAV or MP3 of 2 to 30 seconds, up to 15 MB"
_CAMERA = "What the camera does; added to the prompt in words"
_SIZE = "Width*height, or tier and ratio such as 720P 16:9; more costs more"
_JOB = "Id of the job, for instance 7F3K2Q"

# --- /video ----------------------------------------------------------------------------------

VIDEO = "Make a short video"
VIDEO_FRAMES = described(
    "Make a video between a first and a last frame.",
    first_frame="The picture the video begins with",
    last_frame="The picture the video ends with",
    loop="End where it began: the last frame is the first frame",
    prompt="What happens in between, in your own words",
    model=_MODEL,
    resolution=_RESOLUTION,
    duration=_DURATION,
    audio=_AUDIO,
    soundtrack=_SOUNDTRACK,
    camera=_CAMERA,
    negative_prompt=_NEGATIVE_PROMPT,
    seed=_SEED,
    prompt_extend=_PROMPT_EXTEND,
    watermark=_WATERMARK,
    spoiler=_SPOILER,
)
VIDEO_IMAGE = described(
    "Make a video that begins with your picture.",
    image="The picture the video begins with",
    prompt="What happens, in your own words",
    model=_MODEL,
    resolution=_RESOLUTION,
    duration=_DURATION,
    audio=_AUDIO,
    soundtrack=_SOUNDTRACK,
    camera=_CAMERA,
    negative_prompt=_NEGATIVE_PROMPT,
    seed=_SEED,
    prompt_extend=_PROMPT_EXTEND,
    watermark=_WATERMARK,
    spoiler=_SPOILER,
)
VIDEO_TEXT = described(
    "Make a video from words alone.",
    prompt="What is to be seen, in your own words",
    model=_MODEL,
    size=_SIZE,
    duration=_DURATION,
    audio=_AUDIO,
    soundtrack=_SOUNDTRACK,
    camera=_CAMERA,
    negative_prompt=_NEGATIVE_PROMPT,
    seed=_SEED,
    prompt_extend=_PROMPT_EXTEND,
    watermark=_WATERMARK,
    spoiler="Hide the video behind a spoiler",
)
VIDEO_REFERENCE = described(
    "Make a video in which people or things of your pictures appear.",
    prompt="What happens; call the pictures image1, image2 and so on",
    image1="Who or what is to appear",
    image2="Who or what is to appear as well",
    image3="Who or what is to appear as well",
    image4="Who or what is to appear as well",
    image5="Who or what is to appear as well",
    model=_MODEL,
    size=_SIZE,
    duration=_DURATION,
    audio=_AUDIO,
    seed=_SEED,
    watermark=_WATERMARK,
    spoiler=_SPOILER,
)
VIDEO_EFFECT = described(
    "Play a ready-made effect on your picture.",
    image="The picture the effect is played on",
    effect="What happens in the video; the list says which picture suits it",
    model=_MODEL,
    resolution=_RESOLUTION,
    seed=_SEED,
    watermark=_WATERMARK,
    spoiler=_SPOILER,
)

# --- /jobs -----------------------------------------------------------------------------------

JOBS = "Your videos"
JOBS_LIST = described(
    "List jobs, newest first.",
    member="Whose jobs (moderators); without it your own",
    state="Only jobs in this state",
)
JOBS_SHOW = described(
    "Show one job; a video that could not be posted is handed out here.",
    job=_JOB,
)
JOBS_CANCEL = described(
    "Cancel a job that the provider has not begun.",
    job=_JOB,
)
JOBS_RETRY = described(
    "Make a job again: same settings, new seed.",
    job=_JOB,
)
JOBS_FORGET = described(
    "Delete a job's video, pictures, prompt and messages, before retention does.",
    job="Id of a job that is over, for instance 7F3K2Q",
)

# --- /queue ----------------------------------------------------------------------------------

QUEUE = "Who waits for what"
QUEUE_SHOW = described("Show what is being made, what waits, and where your jobs stand.")

# --- /quota ----------------------------------------------------------------------------------

QUOTA = "What is left"
QUOTA_SHOW = described(
    "Show what is left, rule by rule, and when it resets.",
    member="Whose quota (moderators); without it your own",
)

# --- /help -----------------------------------------------------------------------------------

HELP = described("How to make a video, where your pictures go, and how long they are kept.")
