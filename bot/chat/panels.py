"""Draws the private answers: lists, single jobs, the queue, quotas, help. No network, no state."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate

import discord

from bot.chat import colours, limits, text
from bot.chat.status import render
from bot.domain.guilds.quota import Check, Grant, amount_in
from bot.domain.guilds.quota_view import MemberQuota
from bot.domain.ids import UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import GuildQueue, StatusView
from bot.domain.money import Money

_BAR_CELLS = 10

OTHERS_CHARACTERS = 40
"""Room for the line that counts other people's waiting jobs."""


def message_link(guild_id: int, channel_id: int, message_id: int) -> str:
    """Return the address of a message in a guild."""
    return f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}"


def job_link(job: Job) -> str | None:
    """Return the address of the message people should look at."""
    if (
        job.messages.delivered_message_id is not None
        and job.messages.delivered_channel_id is not None
    ):
        if job.messages.delivered_channel_id not in {
            job.origin.channel_id,
            job.messages.status_channel_id,
        }:
            return None
        return message_link(
            job.guild_id, job.messages.delivered_channel_id, job.messages.delivered_message_id
        )
    if job.messages.status_message_id is None or job.messages.status_gone_at is not None:
        return None
    channel_id = job.messages.status_channel_id or job.origin.channel_id
    return message_link(job.guild_id, channel_id, job.messages.status_message_id)


def queued(
    job: Job,
    quota: MemberQuota,
    money: Money,
    otherwise: int | None = None,
    ends_on: date | None = None,
) -> str:
    """Return the private answer to a request that was queued.

    Args:
        job: what was queued.
        quota: what its requester has left.
        money: how amounts are shown.
        otherwise: micro-CNY with the other choice of sound, where that is another price.
        ends_on: the day its model ends, where that is soon.
    """
    lines = [
        text.answers.queued(job.id, job_link(job)),
        text.answers.price(job, money, otherwise),
    ]
    if ends_on is not None:
        lines.append(text.answers.model_ends(job.spec.model, ends_on))
    if quota.checks:
        tightest = min(quota.checks, key=lambda check: _videos_left(check, job))
        lines.append(text.answers.left(tightest, money))
    lines += [text.answers.granted(grant, money) for grant in quota.grants if grant.left]
    return "\n".join(lines)


def _videos_left(check: Check, job: Job) -> float:
    """Return how many more videos like this one a rule lets through: comparable between units."""
    return check.left / max(1, amount_in(check.rule.unit, job.price.reserved))


def cancelled(job: Job) -> str:
    """Return the private answer to a cancel."""
    if job.state is JobState.CANCELLED:
        return text.answers.cancelled(job.id)
    return text.answers.cancelling(job.id)


def job_list(jobs: Sequence[Job], title: str) -> discord.Embed:
    """Return several jobs, a line each."""
    lines = [_job_line(job) for job in jobs]
    return discord.Embed(
        title=discord.utils.escape_markdown(title),
        description=fitting(lines, "\n", limits.EMBED_DESCRIPTION_CHARACTERS)
        or text.answers.NO_JOBS,
        colour=colours.BLURPLE,
    )


def _job_line(job: Job) -> str:
    link = job_link(job)
    name = f"[`{job.id}`]({link})" if link else f"`{job.id}`"
    return (
        f"{text.jobs.ICONS[job.state]} {name} {text.jobs.STATES[job.state]} · {job.spec.model} · "
        f"{text.phrases.relative(job.times.created_at)}"
    )


def choice(job: Job) -> str:
    """Return a job as one line of an autocomplete list, at most 100 characters."""
    prompt = text.phrases.one_line(job.options.prompt or "", limits.PROMPT_CHARACTERS)
    facts = (job.id, text.jobs.STATES[job.state], job.spec.model, prompt)
    return text.phrases.shortened(" · ".join(filter(None, facts)), limits.CHOICE_CHARACTERS)


def job_details(view: StatusView, money: Money) -> discord.Embed:
    """Return one job as its requester or a moderator may see it."""
    job = view.job
    embed = render(view, money).embed
    embed.set_image(url=None)
    asked = text.phrases.relative(job.times.created_at)
    embed.add_field(name=text.jobs.ASKED, value=asked)
    if job.times.finished_at is not None:
        ended = text.phrases.relative(job.times.finished_at)
        embed.add_field(name=text.jobs.ENDED, value=ended)
    negative_prompt = text.phrases.quoted_prompt(job.options.negative_prompt or "")
    if negative_prompt:
        embed.add_field(name=text.jobs.NEGATIVE_PROMPT, value=negative_prompt, inline=False)
    link = job_link(job)
    if link:
        embed.add_field(name=text.jobs.MESSAGE, value=text.answers.message(link))
    embed.set_footer(text=text.jobs.footer(job.id))
    return embed


def queue(queue_of_guild: GuildQueue, requester_id: UserId) -> discord.Embed:
    """Return the guild's jobs under way, and where the requester's are."""
    embed = discord.Embed(title=text.answers.QUEUE, colour=colours.BLURPLE)
    if queue_of_guild.pause:
        embed.description = f"⏸️ {text.progress.pause(queue_of_guild.pause)}"
    running = [_queue_line(view) for view in queue_of_guild.running]
    embed.add_field(
        name=text.answers.at_the_provider(len(queue_of_guild.running)),
        value=fitting(running, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS)
        or text.answers.NOTHING_MADE,
        inline=False,
    )
    own = [view for view in queue_of_guild.waiting if view.job.requester.user_id == requester_id]
    room = limits.EMBED_FIELD_VALUE_CHARACTERS - OTHERS_CHARACTERS
    mine = fitting([_queue_line(view) for view in own], "\n", room)
    others = len(queue_of_guild.waiting) - len(own)
    rest = text.answers.others_waiting(others) if others else ""
    embed.add_field(
        name=text.answers.waiting_here(len(queue_of_guild.waiting)),
        value="\n".join(filter(None, (mine, rest))) or text.answers.NOBODY_WAITS,
        inline=False,
    )
    return embed


def fitting(parts: Sequence[str], between: str, most_characters: int, *, more: int = 0) -> str:
    """Join as many parts as fit, and say how many are missing.

    Args:
        parts: what is listed.
        between: what stands between two of them.
        most_characters: of the whole.
        more: how many there are besides, which were not even read.
    """
    # One pass: what is listed may be thousands of lines, of which dozens fit.
    lengths = list(accumulate(len(part) + len(between) for part in parts))
    for shown in range(bisect_right(lengths, most_characters + len(between)), 0, -1):
        missing = len(parts) - shown + more
        rest = [text.phrases.left_out(missing)] if missing else []
        joined = between.join([*parts[:shown], *rest])
        if len(joined) <= most_characters:
            return joined
    return ""


def _queue_line(view: StatusView) -> str:
    job = view.job
    facts = [f"{text.jobs.ICONS[job.state]} `{job.id}` {job.spec.model}"]
    if view.position is not None:
        facts.append(text.answers.place(view.position))
    if view.estimate:
        facts.append(text.phrases.expected(view.estimate))
    return " · ".join(facts)


def quota(
    name: str,
    checks: Sequence[Check],
    grants: Sequence[Grant],
    money: Money,
    *,
    waiting: int,
    max_waiting: int,
) -> discord.Embed:
    """Return what a member has used and has left, rule by rule, and what is granted besides."""
    lines = [text.answers.waiting_jobs(waiting, max_waiting)]
    for check in sorted(checks, key=_share_left):
        heading = text.answers.rule_heading(check.rule.scope, check.rule.window)
        lines.append(f"{heading}\n{text.answers.used(check, _bar(check), money)}")
    embed = discord.Embed(
        title=text.answers.quota_of(discord.utils.escape_markdown(name)),
        description=fitting(lines, "\n\n", limits.EMBED_DESCRIPTION_CHARACTERS),
        colour=colours.BLURPLE,
    )
    granted = [text.answers.grant_left(grant, money) for grant in grants if grant.left]
    if granted:
        embed.add_field(
            name=text.answers.GRANTED,
            value=fitting(granted, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS),
            inline=False,
        )
    return embed


def _share_left(check: Check) -> float:
    """Return which part of a rule is left: the tightest first, whatever its unit."""
    return check.left / max(1, check.rule.limit)


def _bar(check: Check) -> str:
    limit = check.rule.limit
    share = 1.0 if limit == 0 else min(1.0, check.used_units / limit)
    full = round(share * _BAR_CELLS)
    return "▰" * full + "▱" * (_BAR_CELLS - full)


def help_panel(*, version: str, retention: timedelta, region: str) -> discord.Embed:
    """Return how to use the bot and where pictures go."""
    guide = text.guide
    embed = discord.Embed(title=guide.TITLE, description=guide.COMMANDS, colour=colours.BLURPLE)
    for name, value in (
        (guide.YOUR_JOBS, guide.JOBS),
        (guide.YOUR_PICTURES, guide.pictures(region)),
        (guide.KEPT_FOR, guide.kept(retention / timedelta(days=1))),
        (guide.MADE_BY_AI, guide.LABEL),
    ):
        embed.add_field(name=name, value=value, inline=False)
    embed.set_footer(text=guide.version(version))
    return embed
