"""Draws status messages: a job's view in, what Discord is to show out. No network, no state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import discord
from typing_extensions import override

from bot.chat import colours, text
from bot.chat.custom_ids import JobVerb, job_button
from bot.domain.amounts import NOTHING
from bot.domain.jobs.job import Job
from bot.domain.jobs.refused import offers_edit, offers_try_again
from bot.domain.jobs.states import CANCELLABLE, JobState
from bot.domain.jobs.status import StatusView
from bot.domain.money import Money

PREVIEW_NAME = "preview.jpg"

_COLOURS = {
    JobState.DELIVERED: colours.GREEN,
    JobState.UNDELIVERABLE: colours.AMBER,
    JobState.FAILED: colours.RED,
    JobState.EXPIRED: colours.RED,
    JobState.CANCELLED: colours.GREY,
    JobState.PARKED: colours.AMBER,
}
"""Of those that are over, or stuck; the others are under way."""


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


def render(view: StatusView, money: Money, *, with_prompt: bool = True) -> Rendered:
    """Draw a job's status message."""
    job = view.job
    embed = discord.Embed(
        title=f"{text.jobs.ICONS[job.state]} {text.jobs.STATES[job.state]}",
        description="\n".join(_lines(view, with_prompt=with_prompt)),
        colour=_COLOURS.get(job.state, colours.BLURPLE),
    )
    embed.add_field(name=text.jobs.REQUESTED_BY, value=f"<@{job.requester.user_id}>")
    for name, value in _facts(job, money):
        embed.add_field(name=name, value=value)
    embed.set_footer(text=text.jobs.footer(job.id))
    if job.has_preview and job.state is not JobState.DELIVERED:
        embed.set_image(url=f"attachment://{PREVIEW_NAME}")
    return Rendered(embed=embed, view=_buttons(view))


def _lines(view: StatusView, *, with_prompt: bool) -> list[str]:
    job = view.job
    lines = [_headline(job)]
    prompt = text.phrases.quoted_prompt(job.options.prompt or "")
    if prompt and with_prompt:
        lines.append(prompt)
    rewritten = text.phrases.quoted_prompt(job.result.actual_prompt or "")
    if job.state is JobState.DELIVERED and with_prompt and rewritten not in {"", prompt}:
        lines.append(text.jobs.rewritten(rewritten))
    lines += [
        f"-# {text.jobs.picture_notes(picture.option, picture.notes)}"
        for picture in job.pictures
        if picture.notes and not job.is_terminal
    ]
    if job.origin.continued_from is not None:
        lines.append(f"-# {text.presses.continues(job.origin.continued_from)}")
    progress = text.progress.line(view)
    if progress:
        lines.append(progress)
    return lines


def _headline(job: Job) -> str:
    length = text.phrases.length(job.known_seconds)
    facts = [f"**{job.spec.model}**", text.jobs.shape(job.spec), length]
    if sound := text.jobs.sound(job.spec):
        facts.append(sound)
    return " · ".join([text.jobs.MADE_BY_AI, text.jobs.what(job), *facts])


def _facts(job: Job, money: Money) -> list[tuple[str, str]]:
    names = text.jobs
    if job.state is not JobState.DELIVERED:
        return [(names.PRICE, money.show(job.price.reserved.micros))]
    facts = []
    video, delivered_bytes = job.video, job.messages.delivered_bytes
    if video.width and video.height and video.duration_seconds:
        shape = names.video_facts(video.width, video.height, video.duration_seconds)
        facts.append((names.VIDEO, shape))
    facts.append((names.SEED, str(job.options.seed)))
    facts.append((names.COST, money.show((job.result.billed or NOTHING).micros)))
    # Until the row is committed as DELIVERED the present state's beginning is the best end.
    took = (job.times.finished_at or job.times.entered_at) - job.times.created_at
    facts.append((names.TOOK, names.took(took)))
    if video.size_bytes and delivered_bytes and delivered_bytes < video.size_bytes:
        facts.append((names.RE_ENCODED, names.re_encoded(video.size_bytes, delivered_bytes)))
    return facts


def _buttons(view: StatusView) -> discord.ui.View | None:
    buttons = Buttons()
    for row, verbs in enumerate(_verbs(view)):
        for verb in verbs:
            buttons.add_item(
                discord.ui.Button(
                    label=text.jobs.button(verb, view.job.state),
                    style=discord.ButtonStyle.secondary,
                    custom_id=job_button(verb, view.job.id),
                    row=row,
                )
            )
    return buttons if buttons.children else None


def _verbs(view: StatusView) -> Iterable[Sequence[JobVerb]]:
    """Return what can be done about a job, row by row."""
    job = view.job
    if job.state in CANCELLABLE:
        return [[JobVerb.CANCEL]] if job.cancellation.requested_at is None else []
    if job.times.forgotten_at is not None:
        return []
    match job.state:
        case JobState.DELIVERED:
            first = [JobVerb.AGAIN, JobVerb.EDIT, JobVerb.CONTINUE, JobVerb.DELETE]
            return [[*first, JobVerb.REPORT] if view.can_report else first, [JobVerb.MORE]]
        case JobState.UNDELIVERABLE:
            return [[JobVerb.AGAIN, JobVerb.EDIT, JobVerb.DELETE]]
        case JobState.FAILED | JobState.EXPIRED | JobState.CANCELLED:
            again = [JobVerb.AGAIN] if offers_try_again(job) else []
            return [[*again, JobVerb.EDIT] if offers_edit(job) else again]
        case _:
            return []


def announcement(view: StatusView, *, ping: bool) -> str:
    """Return the one line that tells the requester that the job is over."""
    job = view.job
    said = text.jobs.announcement(job.state, job.requester.user_id if ping else None)
    return f"{said}\n-# {text.jobs.footer(job.id)}"
