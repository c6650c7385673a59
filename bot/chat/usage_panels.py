"""Draws what admins read: the summary, pages of log and audit, and what a chart shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import discord

from bot.chat import limits, text
from bot.chat.panels import COLOUR, fitting, job_link
from bot.chat.text import usage
from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.usage import (
    FAILED,
    MADE,
    MOST_SERIES,
    AuditPage,
    Bar,
    By,
    Chart,
    ChartData,
    Column,
    LogPage,
    Panel,
    Ranking,
    Share,
    Step,
    Summary,
    Timeline,
)
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import ACTIVE, JobState
from bot.domain.money import MICROS, Money

LOG_PROMPT_CHARACTERS = 100
NAME_CHARACTERS = 40

_GROUPS: tuple[tuple[str, frozenset[JobState]], ...] = (
    ("✅ Done", MADE),
    ("❌ Failed", FAILED),
    ("🚫 Cancelled", frozenset({JobState.CANCELLED})),
    ("🎬 Under way", ACTIVE),
)


def summary(found: Summary, money: Money) -> discord.Embed:
    """Return a period at a glance."""
    total = found.sums.total
    videos = text.plural("video", total.videos)
    lines = [
        f"**{money.show(total.micros)}** for {total.videos:,} {videos}, {total.seconds:,} s in all"
    ]
    share = found.success_share
    lines.append(
        f"{found.jobs:,} {text.plural('job', found.jobs)}"
        + (f" · **{share:.0%}** of the finished ones succeeded" if share is not None else "")
    )
    embed = discord.Embed(
        title=f"Usage · {usage.span_words(found.span, found.guild.zone)}",
        description="\n".join(lines) if found.jobs else usage.EMPTY,
        colour=COLOUR,
    )
    if found.jobs:
        embed.add_field(name="Jobs", value=_states(found.states))
    if found.waiting_seconds is not None and found.making_seconds is not None:
        embed.add_field(name="Half of the videos", value=_times(found))
    _add(embed, "Members", [_member(each, money) for each in found.sums.members])
    rest = found.sums.members_count - len(found.sums.members)
    if rest > 0:
        embed.set_footer(text=f"and {rest:,} other {text.plural('member', rest)}")
    models = [f"{each.key} · {usage.spent(each.amounts, money)}" for each in found.sums.models]
    _add(embed, "Models", models)
    refused = [f"{count:,} × {usage.refusal_words(code)}" for code, count in found.refusals.items()]
    _add(embed, "Refused wishes", refused)
    return embed


def _add(embed: discord.Embed, name: str, lines: Sequence[str]) -> None:
    if lines:
        value = fitting(lines, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS)
        embed.add_field(name=name, value=value, inline=False)


def _states(states: Mapping[JobState, int]) -> str:
    counts = [(name, sum(states.get(each, 0) for each in group)) for name, group in _GROUPS]
    return "\n".join(f"{name} {count:,}" for name, count in counts if count)


def _times(found: Summary) -> str:
    waited = usage.duration(found.waiting_seconds or 0)
    made = usage.duration(found.making_seconds or 0)
    return (
        f"waited at most {waited}\nwere made within {made}\n"
        f"-# the newest {found.timed:,} {text.plural('video', found.timed)}"
    )


def _member(share: Share, money: Money) -> str:
    return f"{_who(share.name, share.key)} · {usage.spent(share.amounts, money)}"


def _who(name: str | None, user_id: str | int) -> str:
    """Return a member by the name they asked under; by mention where that is forgotten."""
    plain = text.one_line(name or "", NAME_CHARACTERS)
    return discord.utils.escape_markdown(plain) if plain else f"<@{user_id}>"


# --- pages -----------------------------------------------------------------------------------


def log(page: LogPage, money: Money) -> discord.Embed:
    """Return a page of the log: two or three short lines a job."""
    entries = [_entry(job, money, with_prompt=page.guild.show_prompts) for job in page.jobs]
    return discord.Embed(
        title=f"Log · {usage.span_words(page.query.span, page.guild.zone)}",
        description=fitting(entries, "\n", limits.EMBED_DESCRIPTION_CHARACTERS) or usage.EMPTY,
        colour=COLOUR,
    )


def _entry(job: Job, money: Money, *, with_prompt: bool) -> str:
    link = job_link(job)
    name = f"[`{job.id}`]({link})" if link else f"`{job.id}`"
    known = job.requester.name if job.times.forgotten_at is None else None
    who = _who(known, job.requester.user_id)
    what = f"{job.spec.model} · {job.spec.resolution} · {job.spec.duration_seconds} s"
    lines = [
        f"{text.ICONS[job.state]} {name} **{who}** · {text.relative(job.times.created_at)}",
        f"-# {text.STATES[job.state]} · {what} · {_cost(job, money)}",
    ]
    prompt = text.one_line(job.options.prompt or "", LOG_PROMPT_CHARACTERS)
    if with_prompt and prompt:
        lines.append(f"`{prompt}`")
    return "\n".join(lines)


def _cost(job: Job, money: Money) -> str:
    if job.result.billed is None:
        reserved = f"{money.show(job.price.reserved.micros)} reserved"
        return "not charged" if job.is_terminal else reserved
    if job.failure.operator_loss:
        return "given back"
    return money.show(job.result.billed.micros)


def audit(page: AuditPage) -> discord.Embed:
    """Return who changed what, a line each."""
    lines = [f"{text.relative(each.at)} {text.audit_line(each)}" for each in page.entries]
    return discord.Embed(
        title=f"Changes · {usage.span_words(page.span, page.guild.zone)}",
        description=fitting(lines, "\n", limits.EMBED_DESCRIPTION_CHARACTERS) or usage.EMPTY,
        colour=COLOUR,
    )


# --- charts ----------------------------------------------------------------------------------


def chart(data: ChartData, money: Money) -> Chart:
    """Return what is drawn: titles, axes with units, and figures as people count them."""
    total = data.sums.total
    period = usage.span_words(data.span, data.guild.zone)
    title = usage.chart_title(data.by, data.step)
    subtitle = f"{period} · {usage.spent(total, money)}"
    axis = f"Cost in {money.currency}"
    if data.by is not By.DAY:
        return Ranking(
            title=title, subtitle=subtitle, axis=axis, bars=_bars(data, money), empty=usage.EMPTY
        )
    columns = data.columns
    return Timeline(
        title=title,
        subtitle=subtitle,
        axis=f"{data.step.value.capitalize()} ({data.guild.time_zone})",
        labels=tuple(_label(column, data.step) for column in columns),
        panels=(
            Panel(axis="Videos", values=tuple(float(each.amounts.videos) for each in columns)),
            Panel(axis=axis, values=tuple(_value(each.amounts, money) for each in columns)),
        ),
        empty=usage.EMPTY,
    )


def _label(column: Column, step: Step) -> str:
    first = datetime.combine(column.first, datetime.min.time())
    return f"{first:%b %Y}" if step is Step.MONTH else usage.day_words(first)


def _value(amounts: Amounts, money: Money) -> float:
    return amounts.micros / MICROS * money.per_cny


def _bars(data: ChartData, money: Money) -> tuple[Bar, ...]:
    shares = data.sums.members if data.by is By.MEMBER else data.sums.models
    count = data.sums.members_count if data.by is By.MEMBER else len(shares)
    # The last place is for the others together, where there are more than have a place.
    shown = shares if count <= MOST_SERIES else shares[: MOST_SERIES - 1]
    bars = [_bar(_share_name(each), each.amounts, money, f"Member {each.key}") for each in shown]
    others = data.sums.total - sum((each.amounts for each in shown), NOTHING)
    if others.videos > 0:
        words = f"{count - len(shown):,} others" if data.by is By.MEMBER else "Others"
        bars.append(_bar(words, others, money))
    return tuple(bars)


def _bar(label: str, amounts: Amounts, money: Money, otherwise: str = "") -> Bar:
    return Bar(
        label=label,
        value=_value(amounts, money),
        note=usage.spent(amounts, money),
        otherwise=otherwise,
    )


def _share_name(share: Share) -> str:
    """Return a name for a picture, in which a mention would be but digits."""
    is_model = not share.key.isdecimal()
    return share.key if is_model else text.one_line(share.name or "", NAME_CHARACTERS)


def exported(jobs: int, *, is_compressed: bool) -> str:
    """Return the words that go with an export."""
    packed = ", compressed to fit" if is_compressed else ""
    return f"{jobs:,} {text.plural('job', jobs)}{packed}. Times are UTC; cost is in CNY."
