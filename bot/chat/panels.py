"""Draws the private answers: lists, single jobs, the queue, quotas, help. No network, no state."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

import discord

from bot.chat import limits, text
from bot.chat.status import footer, render
from bot.domain.guilds.quota import Check, Grant, amount_in
from bot.domain.guilds.quota_view import MemberQuota
from bot.domain.ids import UserId
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import GuildQueue, StatusView
from bot.domain.money import Money

COLOUR = discord.Colour(0x5865F2)
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


def queued(job: Job, quota: MemberQuota, money: Money) -> str:
    """Return the private answer to a request that was queued."""
    link = job_link(job)
    where = f" · [follow it]({link})" if link else " · its status message follows"
    lines = [f"Queued as Job `{job.id}`{where}", f"Price: {money.show(job.price.reserved.micros)}"]
    if quota.checks:
        tightest = min(quota.checks, key=lambda check: _videos_left(check, job))
        left = text.amount(tightest.rule.unit, tightest.left, money)
        lines.append(
            f"Left {text.this_window(tightest.rule.window)}: {left} "
            f"({text.scope_words(tightest.rule.scope)}, "
            f"resets {text.relative(tightest.span.end)})"
        )
    lines += [
        f"Granted besides: {text.grant_left(grant, money)}" for grant in quota.grants if grant.left
    ]
    return "\n".join(lines)


def _videos_left(check: Check, job: Job) -> float:
    """Return how many more videos like this one a rule lets through: comparable between units."""
    return check.left / max(1, amount_in(check.rule.unit, job.price.reserved))


def cancelled(job: Job) -> str:
    """Return the private answer to a cancel."""
    if job.state is JobState.CANCELLED:
        return f"Job `{job.id}` is cancelled. {text.NOT_CHARGED}"
    return (
        f"Job `{job.id}` is cancelled if the provider has not begun it. If it has, the video is "
        "made all the same; the status message will say which."
    )


def job_list(jobs: Sequence[Job], title: str) -> discord.Embed:
    """Return several jobs, a line each."""
    lines = [_job_line(job) for job in jobs]
    return discord.Embed(
        title=discord.utils.escape_markdown(title),
        description=fitting(lines, "\n", limits.EMBED_DESCRIPTION_CHARACTERS)
        or "No jobs yet. Start with /video frames, image, text or effect.",
        colour=COLOUR,
    )


def _job_line(job: Job) -> str:
    link = job_link(job)
    name = f"[`{job.id}`]({link})" if link else f"`{job.id}`"
    return (
        f"{text.ICONS[job.state]} {name} {text.STATES[job.state]} · {job.spec.model} · "
        f"{text.relative(job.times.created_at)}"
    )


def choice(job: Job) -> str:
    """Return a job as one line of an autocomplete list, at most 100 characters."""
    known = f"{job.id} · {text.STATES[job.state]} · {job.spec.model}"
    prompt = text.one_line(job.options.prompt or "", limits.PROMPT_CHARACTERS)
    return text.shortened(f"{known} · {prompt}" if prompt else known, limits.CHOICE_CHARACTERS)


def job_details(view: StatusView, money: Money) -> discord.Embed:
    """Return one job as its requester or a moderator may see it."""
    job = view.job
    embed = render(view, money).embed
    embed.set_image(url=None)
    embed.add_field(name="Asked", value=text.relative(job.times.created_at))
    if job.times.finished_at is not None:
        embed.add_field(name="Ended", value=text.relative(job.times.finished_at))
    negative_prompt = text.quoted_prompt(job.options.negative_prompt or "")
    if negative_prompt:
        embed.add_field(name="Negative prompt", value=negative_prompt, inline=False)
    link = job_link(job)
    if link:
        embed.add_field(name="Message", value=f"[open the message]({link})")
    embed.set_footer(text=footer(job))
    return embed


def queue(queue_of_guild: GuildQueue, requester_id: UserId) -> discord.Embed:
    """Return the guild's jobs under way, and where the requester's are."""
    embed = discord.Embed(title="Queue", colour=COLOUR)
    if queue_of_guild.pause:
        embed.description = f"⏸️ {text.pause(queue_of_guild.pause)}"
    running = [_queue_line(view) for view in queue_of_guild.running]
    embed.add_field(
        name=f"At the provider ({len(queue_of_guild.running)})",
        value=fitting(running, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS) or "Nothing",
        inline=False,
    )
    own = [view for view in queue_of_guild.waiting if view.job.requester.user_id == requester_id]
    room = limits.EMBED_FIELD_VALUE_CHARACTERS - OTHERS_CHARACTERS
    mine = fitting([_queue_line(view) for view in own], "\n", room)
    others = len(queue_of_guild.waiting) - len(own)
    rest = f"{others} {'job' if others == 1 else 'jobs'} of others" if others else ""
    embed.add_field(
        name=f"Waiting here ({len(queue_of_guild.waiting)})",
        value="\n".join(filter(None, (mine, rest))) or "Nobody waits",
        inline=False,
    )
    return embed


def fitting(parts: Sequence[str], between: str, most_characters: int) -> str:
    """Join as many parts as fit, and say how many are missing."""
    # One pass: what is listed may be thousands of lines, of which dozens fit.
    lengths = list(accumulate(len(part) + len(between) for part in parts))
    for shown in range(bisect_right(lengths, most_characters + len(between)), 0, -1):
        missing = len(parts) - shown
        more = [f"… and {missing} more"] if missing else []
        joined = between.join([*parts[:shown], *more])
        if len(joined) <= most_characters:
            return joined
    return ""


def _queue_line(view: StatusView) -> str:
    job = view.job
    place = f" · place **{view.position}**" if view.position is not None else ""
    eta = f" · {text.expected(view.estimate)}" if view.estimate else ""
    return f"{text.ICONS[job.state]} `{job.id}` {job.spec.model}{place}{eta}"


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
    lines = [f"Waiting jobs: {waiting} of {max_waiting}"]
    for check in sorted(checks, key=_share_left):
        rule = check.rule
        used = text.figure(rule.unit, check.used_units, money)
        limit = text.amount(rule.unit, rule.limit, money)
        lines.append(
            f"**{text.scope_words(rule.scope).capitalize()}**, per "
            f"{text.window_words(rule.window)}\n"
            f"{_bar(check)} {used} of {limit} used, resets {text.relative(check.span.end)}"
        )
    embed = discord.Embed(
        title=f"Quota of {discord.utils.escape_markdown(name)}",
        description=fitting(lines, "\n\n", limits.EMBED_DESCRIPTION_CHARACTERS),
        colour=COLOUR,
    )
    granted = [text.grant_left(grant, money) for grant in grants if grant.left]
    if granted:
        embed.add_field(
            name="Granted besides",
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
    days = retention.total_seconds() / 86_400
    place = {"beijing": "mainland China (Beijing)", "singapore": "Singapore"}[region]
    embed = discord.Embed(
        title="Tween makes short videos",
        description=(
            "**/video frames** from a first and a last frame, or a loop of one\n"
            "**/video image** from one picture\n"
            "**/video text** from words alone\n"
            "**/video effect** a ready-made effect on your picture\n\n"
            "The status message follows your job, and the finished MP4 is attached to it."
        ),
        colour=COLOUR,
    )
    embed.add_field(
        name="Your jobs",
        value=(
            "**/jobs list** · **/jobs show** · **/jobs cancel** · **/jobs retry**\n"
            "**/queue show** who waits for what · **/quota show** what you have left"
        ),
        inline=False,
    )
    embed.add_field(
        name="Your pictures",
        value=(
            f"Pictures and prompts go to Alibaba Cloud Model Studio in {place}, which makes the "
            "video and checks the content. Do not send pictures of people who have not agreed."
        ),
        inline=False,
    )
    embed.add_field(
        name="Kept for",
        value=(
            f"Pictures, prompts and videos are erased from this bot {days:g} "
            f"{'day' if days == 1 else 'days'} after a job ends; what is posted here stays."
        ),
        inline=False,
    )
    embed.set_footer(text=f"Tween {version}")
    return embed
