"""What members read in private answers: of jobs they asked about, the queue, and their quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from bot.chat.text.failures import NOT_CHARGED
from bot.chat.text.phrases import SCOPES, all_of, amount, figure, relative
from bot.chat.text.sentences import counted, say
from bot.domain.catalogue import MODEL_DECIDES
from bot.domain.guilds.quota import Check, Grant, Scope, Window
from bot.domain.ids import ChannelId, JobId
from bot.domain.jobs.job import Job
from bot.domain.money import Money

# --- one job ---------------------------------------------------------------------------------


def queued(job_id: JobId, link: str | None) -> str:
    """Return that a request is in line; a link leads to its status message, once it stands."""
    if link is None:
        return say("Queued as Job `{job}` · its status message follows", job=job_id)
    return say("Queued as Job `{job}` · [follow it]({link})", job=job_id, link=link)


def price(job: Job, money: Money, otherwise: int | None = None) -> str:
    """Return what a request costs.

    Args:
        job: what was queued.
        money: how amounts are shown.
        otherwise: micro-CNY with the other choice of sound, where that is another price.
    """
    price = money.show(job.price.reserved.micros)
    if job.spec.duration_seconds == MODEL_DECIDES:
        return say("Price: {price} at most; you pay for the length it gets", price=price)
    if otherwise is None:
        return say("Price: {price}", price=price)
    other = money.show(otherwise)
    if job.spec.audio:
        return say("Price: {price} with sound; {other} without", price=price, other=other)
    return say("Price: {price} without sound; {other} with", price=price, other=other)


def model_ends(model: str, day: date) -> str:
    """Return until when a model is sold."""
    return say(
        "{model} is offered until {day}, not on it; choose another model then.",
        model=model,
        day=f"{day:%Y-%m-%d}",
    )


_LEFT: Mapping[Window, str] = {
    Window.DAY: "Left today: {left} ({rule}, resets {resets})",
    Window.WEEK: "Left this week: {left} ({rule}, resets {resets})",
    Window.MONTH: "Left this month: {left} ({rule}, resets {resets})",
}


def left(check: Check, money: Money) -> str:
    """Return what is left of a rule."""
    rule = check.rule
    return say(
        _LEFT[rule.window],
        left=amount(rule.unit, check.left, money),
        rule=SCOPES[rule.scope],
        resets=relative(check.span.end),
    )


GRANTED = "Granted besides"
"""Heads what is left of grants."""


def granted(grant: Grant, money: Money) -> str:
    """Return what is left of a grant, with its heading."""
    return say("Granted besides: {left}", left=grant_left(grant, money))


def grant_left(grant: Grant, money: Money) -> str:
    """Return what is left of a grant."""
    return say(
        "{left} of {amount} left, ends {ends}",
        left=figure(grant.unit, grant.left, money),
        amount=amount(grant.unit, grant.amount, money),
        ends=relative(grant.expires_at),
    )


def cancelled(job_id: JobId) -> str:
    """Return that a job is cancelled for good."""
    done = say("Job `{job}` is cancelled.", job=job_id)
    return f"{done} {NOT_CHARGED}"


def cancelling(job_id: JobId) -> str:
    """Return that a job is cancelled where that still helps."""
    return say(
        "Job `{job}` is cancelled if the provider has not begun it. If it has, the video is made "
        "all the same; the status message will say which.",
        job=job_id,
    )


DELETE_IT = "Delete everything"


def ask_to_delete(job_id: JobId) -> str:
    """Return what would be deleted, before it is."""
    return say(
        "Delete Job `{job}`? Its message with the video, its pictures, its prompt and every copy "
        "I keep go for good, and so does what others made again from them. What it counted "
        "against quotas stays. Videos that go on from it stay, too. Dismiss this message to keep "
        "everything.",
        job=job_id,
    )


def deleted(job_id: JobId, left_in: Sequence[ChannelId] = ()) -> str:
    """Return what became of a job's content and messages.

    Args:
        job_id: the job.
        left_in: channels in which Discord let a message stand.
    """
    if not left_in:
        return say(
            "Everything of Job `{job}` is deleted, its messages in Discord included.", job=job_id
        )
    return say(
        "Everything I kept of Job `{job}` is deleted. Discord does not let me delete its message "
        "in {channels}: I try again by myself. A moderator there can delete it now.",
        job=job_id,
        channels=all_of([f"<#{channel_id}>" for channel_id in left_in]),
    )


def deleted_before(job_id: JobId) -> str:
    """Return that there is nothing left to delete."""
    return say("Job `{job}` was deleted before; nothing is left of it here.", job=job_id)


def message(link: str) -> str:
    """Return a link to a job's message."""
    return say("[open the message]({link})", link=link)


# --- lists and the queue ---------------------------------------------------------------------

YOUR_JOBS = "Your jobs"

NO_JOBS = "No jobs yet. Start with /video frames, image, text, reference or effect."


def jobs_of(name: str) -> str:
    """Return whose jobs are listed."""
    return say("Jobs of {name}", name=name)


QUEUE = "Queue"

NOTHING_MADE = "Nothing"
"""At the provider."""

NOBODY_WAITS = "Nobody waits"


def at_the_provider(count: int) -> str:
    """Return what heads the jobs at the provider."""
    return counted(count, one="At the provider ({count})", other="At the provider ({count})")


def waiting_here(count: int) -> str:
    """Return what heads the jobs in line."""
    return counted(count, one="Waiting here ({count})", other="Waiting here ({count})")


def others_waiting(count: int) -> str:
    """Return how many of the jobs in line are other people's."""
    return counted(count, one="{count} job of others", other="{count} jobs of others")


def place(position: int) -> str:
    """Return where a job stands in line, as one fact of several."""
    return say("place **{place}**", place=position)


# --- quotas ----------------------------------------------------------------------------------

_HEADINGS: Mapping[Scope, str] = {
    Scope.BUDGET: "The host's budget for all servers",
    Scope.BUDGET_SHARE: "This server's part of the host's budget",
    Scope.CEILING: "The host's ceiling for this server",
    Scope.SERVER: "This server's rule",
    Scope.MEMBER_DEFAULT: "The rule for members",
    Scope.ROLE: "Your role's rule",
    Scope.MEMBER: "Your own rule",
}

_PER: Mapping[Window, str] = {
    Window.DAY: "**{rule}**, per day",
    Window.WEEK: "**{rule}**, per week",
    Window.MONTH: "**{rule}**, per month",
}


def quota_of(name: str) -> str:
    """Return whose quota is shown."""
    return say("Quota of {name}", name=name)


def waiting_jobs(waiting: int, most: int) -> str:
    """Return how many of a member's jobs are in line, and how many may be."""
    return say("Waiting jobs: {waiting} of {most}", waiting=waiting, most=most)


def rule_heading(scope: Scope, window: Window) -> str:
    """Return whose rule it is and over which span, as a heading."""
    return say(_PER[window], rule=_HEADINGS[scope])


def used(check: Check, bar: str, money: Money) -> str:
    """Return what is used of a rule, behind a bar that shows it."""
    rule = check.rule
    return say(
        "{bar} {used} of {limit} used, resets {resets}",
        bar=bar,
        used=figure(rule.unit, check.used_units, money),
        limit=amount(rule.unit, rule.limit, money),
        resets=relative(check.span.end),
    )
