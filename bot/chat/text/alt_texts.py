"""What is said of a file to who does not see it; of a video, first that it was made by AI.

Never a prompt: it may stand behind a spoiler, and no code block keeps what it says in bounds here.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.jobs import KINDS
from bot.chat.text.sentences import say
from bot.domain.catalogue import MODEL_DECIDES, effect_label
from bot.domain.guilds.usage import By
from bot.domain.ids import JobId
from bot.domain.jobs.job import Job

PREVIEW = "For an AI-generated video: a small view of the pictures it is made from."

PICTURE = "A picture that an AI-generated video is made from."

EXPORT = "A table of this server's AI-generated videos."

_VIDEO = "AI-generated video of {seconds} s, made by {model} from: {what}."
_VIDEO_OF_UNKNOWN_LENGTH = "AI-generated video, made by {model} from: {what}."
_UNREADABLE = "AI-generated video as {model} handed it out; no decoder reads it."

_CHARTS: Mapping[By, str] = {
    By.DAY: "A chart of this server's AI-generated videos and their cost, day by day.",
    By.MEMBER: "A chart of this server's AI-generated videos and their cost, by member.",
    By.MODEL: "A chart of this server's AI-generated videos and their cost, by model.",
}


def video(job: Job) -> str:
    """Return what is said of a job's video."""
    model = job.spec.model
    if job.failure.operator_loss:
        return say(_UNREADABLE, model=model)
    effect = job.options.effect
    what = KINDS[job.spec.kind] if effect is None else effect_label(effect)
    seconds = job.spec.duration_seconds
    if seconds == MODEL_DECIDES:
        seconds = round(job.video.duration_seconds or 0)
    sentence = _VIDEO if seconds else _VIDEO_OF_UNKNOWN_LENGTH
    return say(sentence, seconds=seconds, model=model, what=what)


def chart(by: By) -> str:
    """Return what is said of a chart of usage."""
    return _CHARTS[by]


def history(job_id: JobId) -> str:
    """Return what is said of a job's history."""
    return say("The full history of job {job_id}, as text.", job_id=job_id)
