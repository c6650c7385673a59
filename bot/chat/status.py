"""Draws status messages: a job's view in, what Discord is to show out. No network, no state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import discord
from typing_extensions import override

from bot.chat import text
from bot.domain.amounts import NOTHING
from bot.domain.catalogue import Kind, effect_label
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import CANCELLABLE, JobState
from bot.domain.jobs.status import StatusView
from bot.domain.money import Money
from bot.domain.units import MIB

PREVIEW_NAME = "preview.jpg"

_COLOURS = {
    JobState.DELIVERED: discord.Colour(0x3BA55D),
    JobState.UNDELIVERABLE: discord.Colour(0xFAA61A),
    JobState.FAILED: discord.Colour(0xED4245),
    JobState.EXPIRED: discord.Colour(0xED4245),
    JobState.CANCELLED: discord.Colour(0x747F8D),
    JobState.PARKED: discord.Colour(0xFAA61A),
}
_WORKING = discord.Colour(0x5865F2)

_KINDS = {
    Kind.FRAMES: "First and last frame",
    Kind.IMAGE: "One picture",
    Kind.TEXT: "Words alone",
    Kind.EFFECT: "Effect",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A message as it is sent."""

    embed: discord.Embed
    view: discord.ui.View | None

    @property
    def digest(self) -> str:
        """A fingerprint of everything people see."""
        buttons = self.view.to_components() if self.view else []
        shown = json.dumps([self.embed.to_dict(), buttons], sort_keys=True)
        return hashlib.sha256(shown.encode()).hexdigest()


class Buttons(discord.ui.View):
    """Buttons whose presses are handled by ``cogs``, by custom id, in whatever process runs.

    discord.py must not remember the view: that would keep one object per message for ever.
    """

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @override
    def is_dispatchable(self) -> bool:
        return False


def cancel_custom_id(job_id: str) -> str:
    """Return the custom id of a job's Cancel button."""
    return f"job:cancel:{job_id}"


def footer(job: Job) -> str:
    """Return the words that tie a message to its job."""
    return f"Job {job.id}"


def render(view: StatusView, money: Money, *, with_prompt: bool = True) -> Rendered:
    """Draw a job's status message."""
    job = view.job
    embed = discord.Embed(
        title=f"{text.ICONS[job.state]} {text.STATES[job.state]}",
        description="\n".join(_lines(view, with_prompt=with_prompt)),
        colour=_COLOURS.get(job.state, _WORKING),
    )
    embed.add_field(name="Requested by", value=f"<@{job.requester.user_id}>")
    for name, value in _facts(job, money):
        embed.add_field(name=name, value=value)
    embed.set_footer(text=footer(job))
    if job.has_preview and job.state is not JobState.DELIVERED:
        embed.set_image(url=f"attachment://{PREVIEW_NAME}")
    return Rendered(embed=embed, view=_buttons(job))


def _lines(view: StatusView, *, with_prompt: bool) -> list[str]:
    job = view.job
    lines = [_headline(job)]
    prompt = text.quoted_prompt(job.options.prompt or "")
    if prompt and with_prompt:
        lines.append(prompt)
    rewritten = text.quoted_prompt(job.result.actual_prompt or "")
    if job.state is JobState.DELIVERED and with_prompt and rewritten not in {"", prompt}:
        lines.append(f"Rewritten by the provider:\n{rewritten}")
    lines += [
        f"-# {text.picture_notes(picture.option, picture.notes)}"
        for picture in job.pictures
        if picture.notes and not job.is_terminal
    ]
    progress = _progress(view)
    if progress:
        lines.append(progress)
    return lines


def _headline(job: Job) -> str:
    words = _KINDS[job.spec.kind]
    if job.options.loop:
        words = "Loop of one frame"
    if job.options.effect is not None:
        words = f"{words} **{effect_label(job.options.effect)}**"
    shape = job.spec.size or job.spec.resolution
    return f"{words} · **{job.spec.model}** · {shape} · {job.spec.duration_seconds} s"


def _progress(view: StatusView) -> str | None:
    """Return the line that changes while a job is under way."""
    job = view.job
    match job.state:
        case JobState.QUEUED if view.pause:
            return text.pause(view.pause)
        case JobState.QUEUED if view.position is not None:
            return _with_estimate(f"Place **{view.position}** in line", view)
        case JobState.QUEUED:
            return "In line."
        case JobState.PENDING | JobState.RUNNING if job.task.late_at is not None:
            return "This takes longer than usual. I keep following it."
        case JobState.PENDING if job.cancellation.requested_at is not None:
            return "Cancelling, if the provider has not begun yet."
        case JobState.PENDING:
            return _with_estimate("The provider has it", view)
        case JobState.RUNNING if job.cancellation.requested_at is not None:
            return _with_estimate("Being made; the provider cannot stop it any more", view)
        case JobState.RUNNING:
            return _with_estimate("The provider is making it", view)
        case JobState.UNCONFIRMED:
            return "The provider's answer got lost. I look whether it has the job."
        case JobState.PARKED:
            return "Something went wrong on our side; the host has been told."
        case JobState.FAILED | JobState.EXPIRED | JobState.UNDELIVERABLE | JobState.CANCELLED:
            return _ending(job)
        case _:
            return None


def _with_estimate(words: str, view: StatusView) -> str:
    return f"{words}, {text.expected(view.estimate)}." if view.estimate else f"{words}."


def _ending(job: Job) -> str:
    charged = job.state is JobState.UNDELIVERABLE
    if job.failure.reason is not None:
        return text.failure(job.failure.reason, charged=charged, lost=job.failure.operator_loss)
    return text.CHARGED if charged else text.NOT_CHARGED


def _facts(job: Job, money: Money) -> list[tuple[str, str]]:
    if job.state is not JobState.DELIVERED:
        return [("Price", money.show(job.price.reserved.micros))]
    facts = []
    if job.video.width and job.video.height and job.video.duration_seconds:
        length = f"{job.video.duration_seconds:.0f} s"
        facts.append(("Video", f"{job.video.width}×{job.video.height}, {length}"))
    facts.append(("Seed", str(job.options.seed)))
    facts.append(("Cost", money.show((job.result.billed or NOTHING).micros)))
    # Until the row is committed as DELIVERED the present state's beginning is the best end.
    took = (job.times.finished_at or job.times.entered_at) - job.times.created_at
    facts.append(("Took", _span(int(took.total_seconds()))))
    if (
        job.video.size_bytes
        and job.messages.delivered_bytes
        and job.messages.delivered_bytes < job.video.size_bytes
    ):
        before, after = job.video.size_bytes / MIB, job.messages.delivered_bytes / MIB
        facts.append(("Re-encoded", f"{before:.1f} → {after:.1f} MiB to fit Discord's limit"))
    return facts


def _span(seconds: int) -> str:
    minutes, seconds = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _buttons(job: Job) -> discord.ui.View | None:
    if job.state not in CANCELLABLE or job.cancellation.requested_at is not None:
        return None
    buttons = Buttons()
    buttons.add_item(
        discord.ui.Button(
            label="Cancel",
            style=discord.ButtonStyle.secondary,
            custom_id=cancel_custom_id(job.id),
        )
    )
    return buttons


def announcement(view: StatusView, *, ping: bool) -> str:
    """Return the one line that tells the requester that the job is over."""
    job = view.job
    whom = f"<@{job.requester.user_id}> " if ping else ""
    match job.state:
        case JobState.DELIVERED:
            words = "your video is ready."
        case JobState.UNDELIVERABLE:
            words = "your video is ready, but could not be posted. Collect it with /jobs show."
        case JobState.CANCELLED:
            words = "your video was cancelled."
        case _:
            words = "your video could not be made."
    return f"{whom}{words if ping else words[:1].upper() + words[1:]}\n-# {footer(job)}"
