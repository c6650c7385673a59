"""What the status message says while a job is under way, and what is left of that at its end."""

from __future__ import annotations

from dataclasses import dataclass

from bot.chat.text.failures import CHARGED, COLLECT, NOT_CHARGED, failure
from bot.chat.text.phrases import clock_time, relative
from bot.chat.text.sentences import say
from bot.domain.jobs.estimates import Estimate
from bot.domain.jobs.job import Job
from bot.domain.jobs.refused import refused
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import StatusView

_PAUSES = {
    "account": "The provider refuses the host's account at present; jobs wait.",
    "paused": "The host has paused submitting; waiting jobs keep their place.",
    "draining": (
        "The host lets what is being made end and takes nothing new; waiting jobs keep their place."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """One sentence for each thing that may be known of the end."""

    plain: str
    guessed: str
    expected: str
    likely: str

    def told(self, estimate: Estimate | None, **facts: object) -> str:
        if estimate is None:
            return say(self.plain, **facts)
        done = relative(estimate.done_at)
        if not estimate.samples:
            return say(self.guessed, done=done, **facts)
        if estimate.late_at is None:
            return say(self.expected, done=done, **facts)
        return say(self.likely, done=done, late=clock_time(estimate.late_at), **facts)


_IN_LINE = _Progress(
    plain="Place **{place}** in line.",
    guessed="Place **{place}** in line, expected {done} (a first guess).",
    expected="Place **{place}** in line, expected {done}.",
    likely="Place **{place}** in line, expected {done}, by {late} in 9 of 10 cases.",
)
_PENDING = _Progress(
    plain="The provider has it.",
    guessed="The provider has it, expected {done} (a first guess).",
    expected="The provider has it, expected {done}.",
    likely="The provider has it, expected {done}, by {late} in 9 of 10 cases.",
)
_RUNNING = _Progress(
    plain="The provider is making it.",
    guessed="The provider is making it, expected {done} (a first guess).",
    expected="The provider is making it, expected {done}.",
    likely="The provider is making it, expected {done}, by {late} in 9 of 10 cases.",
)
_UNSTOPPABLE = _Progress(
    plain="Being made; the provider cannot stop it any more.",
    guessed=("Being made; the provider cannot stop it any more, expected {done} (a first guess)."),
    expected="Being made; the provider cannot stop it any more, expected {done}.",
    likely=(
        "Being made; the provider cannot stop it any more, expected {done}, by {late} in 9 of 10 "
        "cases."
    ),
)


def line(view: StatusView) -> str | None:
    """Return the line that changes while a job is under way, and what is left of it at the end."""
    job = view.job
    match job.state:
        case JobState.QUEUED if view.pause:
            return pause(view.pause)
        case JobState.QUEUED if view.position is not None:
            return _IN_LINE.told(view.estimate, place=view.position)
        case JobState.QUEUED:
            return "In line."
        case JobState.PENDING | JobState.RUNNING if job.task.late_at is not None:
            return "This takes longer than usual. I keep following it."
        case JobState.PENDING if job.cancellation.requested_at is not None:
            return "Cancelling, if the provider has not begun yet."
        case JobState.PENDING:
            return _PENDING.told(view.estimate)
        case JobState.RUNNING if job.cancellation.requested_at is not None:
            return _UNSTOPPABLE.told(view.estimate)
        case JobState.RUNNING:
            return _RUNNING.told(view.estimate)
        case JobState.UNCONFIRMED:
            return "The provider's answer got lost. I look whether it has the job."
        case JobState.PARKED:
            return "Something went wrong on our side; the host has been told."
        case JobState.FAILED | JobState.EXPIRED | JobState.UNDELIVERABLE | JobState.CANCELLED:
            return _ending(job)
        case _:
            return None


def pause(key: str) -> str:
    """Return why nothing is submitted."""
    return _PAUSES[key]


def _ending(job: Job) -> str:
    charged = job.state is JobState.UNDELIVERABLE
    known = refused(job)
    if known is not None:
        said = failure(known, charged=charged, lost=job.failure.operator_loss)
        is_kept = job.video.file_name is not None and job.times.forgotten_at is None
        return f"{said} {COLLECT}" if job.failure.operator_loss and is_kept else said
    return CHARGED if charged else NOT_CHARGED
