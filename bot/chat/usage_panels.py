"""Draws what admins read: the summary, pages of log and audit, and what a chart shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord

from bot.chat import colours, limits, text
from bot.chat.panels import fitting, job_link
from bot.domain.amounts import NOTHING, Amounts
from bot.domain.guilds.charts import Bar, Chart, Panel, Ranking, Timeline
from bot.domain.guilds.periods import Column, Interval
from bot.domain.guilds.usage import (
    FAILED,
    MADE,
    MOST_SERIES,
    AuditPage,
    By,
    ChartData,
    LogPage,
    Share,
    Summary,
)
from bot.domain.jobs.job import Job
from bot.domain.jobs.states import ACTIVE, JobState
from bot.domain.money import MICROS, Money

LOG_PROMPT_CHARACTERS = 100
NAME_CHARACTERS = 40

_GROUPS: tuple[tuple[str, frozenset[JobState]], ...] = (
    (text.usage.DONE, MADE),
    (text.usage.FAILED, FAILED),
    (text.usage.CANCELLED, frozenset({JobState.CANCELLED})),
    (text.usage.UNDER_WAY, ACTIVE),
)


def summary(found: Summary, money: Money) -> discord.Embed:
    """Return a period at a glance."""
    usage, sums = text.usage, found.sums
    lines = [
        usage.spent_in_all(sums.total, money),
        usage.jobs_in_all(found.jobs, found.success_share),
    ]
    embed = discord.Embed(
        title=usage.summary_title(usage.span_words(found.span, found.guild.zone)),
        description="\n".join(lines) if found.jobs else usage.EMPTY,
        colour=colours.BLURPLE,
    )
    if found.jobs:
        embed.add_field(name=usage.JOBS, value=_states(found.states))
    if found.waiting_seconds is not None and found.making_seconds is not None:
        for name, seconds in (
            (usage.MEDIAN_WAIT, found.waiting_seconds),
            (usage.MEDIAN_RENDER_TIME, found.making_seconds),
        ):
            median = f"{text.phrases.duration(seconds)}\n{usage.timed(found.timed)}"
            embed.add_field(name=name, value=median)
    _add(embed, usage.MEMBERS, [_member(share, money) for share in sums.members])
    rest = sums.members_count - len(sums.members)
    if rest > 0:
        embed.set_footer(text=usage.other_members(rest))
    models = [f"{share.key} · {usage.spent(share.amounts, money)}" for share in sums.models]
    _add(embed, usage.MODELS, models)
    refused = [usage.refused(count, code) for code, count in found.refusals.items()]
    _add(embed, usage.REFUSED_REQUESTS, refused)
    return embed


def _add(embed: discord.Embed, name: str, lines: Sequence[str]) -> None:
    if lines:
        value = fitting(lines, "\n", limits.EMBED_FIELD_VALUE_CHARACTERS)
        embed.add_field(name=name, value=value, inline=False)


def _states(states: Mapping[JobState, int]) -> str:
    counts = [(name, sum(states.get(state, 0) for state in group)) for name, group in _GROUPS]
    return "\n".join(f"{name} {count:,}" for name, count in counts if count)


def _member(share: Share, money: Money) -> str:
    return f"{_who(share.name, share.key)} · {text.usage.spent(share.amounts, money)}"


def _who(name: str | None, user_id: str | int) -> str:
    """Return a member by the name they asked under; by mention where that is forgotten."""
    plain = text.phrases.one_line(name or "", NAME_CHARACTERS)
    return discord.utils.escape_markdown(plain) if plain else f"<@{user_id}>"


# --- pages -----------------------------------------------------------------------------------


def log(page: LogPage, money: Money) -> discord.Embed:
    """Return a page of the log: two or three short lines a job."""
    entries = [_entry(job, money, with_prompt=page.guild.show_prompts) for job in page.jobs]
    return discord.Embed(
        title=text.usage.log_title(text.usage.span_words(page.query.span, page.guild.zone)),
        description=fitting(entries, "\n", limits.EMBED_DESCRIPTION_CHARACTERS) or text.usage.EMPTY,
        colour=colours.BLURPLE,
    )


def _entry(job: Job, money: Money, *, with_prompt: bool) -> str:
    link = job_link(job)
    name = f"[`{job.id}`]({link})" if link else f"`{job.id}`"
    known = job.requester.name if job.times.forgotten_at is None else None
    who = _who(known, job.requester.user_id)
    length = text.phrases.length(job.known_seconds)
    what = f"{job.spec.model} · {job.spec.resolution} · {length}"
    asked = text.phrases.relative(job.times.created_at)
    lines = [
        f"{text.jobs.ICONS[job.state]} {name} **{who}** · {asked}",
        f"-# {text.jobs.STATES[job.state]} · {what} · {_cost(job, money)}",
    ]
    prompt = text.phrases.one_line(job.options.prompt or "", LOG_PROMPT_CHARACTERS)
    if with_prompt and prompt:
        lines.append(f"`{prompt}`")
    return "\n".join(lines)


def _cost(job: Job, money: Money) -> str:
    if job.result.billed is None:
        if job.is_terminal:
            return text.usage.NOT_CHARGED
        return text.usage.reserved(job.price.reserved.micros, money)
    if job.failure.operator_loss:
        return text.usage.GIVEN_BACK
    return money.show(job.result.billed.micros)


def audit(page: AuditPage, money: Money) -> discord.Embed:
    """Return who changed what, a line each."""
    lines = [
        f"{text.phrases.relative(entry.at)} {text.audit.line(entry, money)}"
        for entry in page.entries
    ]
    return discord.Embed(
        title=text.usage.audit_title(text.usage.span_words(page.span, page.guild.zone)),
        description=fitting(lines, "\n", limits.EMBED_DESCRIPTION_CHARACTERS) or text.usage.EMPTY,
        colour=colours.BLURPLE,
    )


# --- charts ----------------------------------------------------------------------------------


def chart(data: ChartData, money: Money) -> Chart:
    """Return what is drawn: titles, axes with units, and figures as people count them."""
    usage, total = text.usage, data.sums.total
    period = usage.span_words(data.span, data.guild.zone)
    title = usage.chart_title(data.by, data.interval)
    subtitle = f"{period} · {usage.spent(total, money)}"
    axis = usage.cost_axis(money.currency)
    if data.by is not By.DAY:
        return Ranking(
            title=title, subtitle=subtitle, axis=axis, bars=_bars(data, money), empty=usage.EMPTY
        )
    columns = data.columns
    return Timeline(
        title=title,
        subtitle=subtitle,
        axis=usage.time_axis(data.interval, data.guild.time_zone),
        labels=tuple(_label(column, data.interval) for column in columns),
        panels=(
            Panel(
                axis=usage.VIDEOS,
                values=tuple(float(column.amounts.videos) for column in columns),
            ),
            Panel(axis=axis, values=tuple(_value(column.amounts, money) for column in columns)),
        ),
        empty=usage.EMPTY,
    )


def _label(column: Column, interval: Interval) -> str:
    if interval is Interval.MONTH:
        return text.usage.month_of_year(column.first)
    return text.usage.day_words(column.first)


def _value(amounts: Amounts, money: Money) -> float:
    return amounts.micros / MICROS * money.per_cny


def _bars(data: ChartData, money: Money) -> tuple[Bar, ...]:
    shares = data.sums.members if data.by is By.MEMBER else data.sums.models
    count = data.sums.members_count if data.by is By.MEMBER else len(shares)
    # The last place is for the others together, where there are more than have a place.
    shown = shares if count <= MOST_SERIES else shares[: MOST_SERIES - 1]
    bars = [
        _bar(_share_name(share), share.amounts, money, text.usage.unnamed_member(share.key))
        for share in shown
    ]
    others = data.sums.total - sum((share.amounts for share in shown), NOTHING)
    if others.videos > 0:
        words = text.usage.OTHERS
        if data.by is By.MEMBER:
            words = text.usage.others(count - len(shown))
        bars.append(_bar(words, others, money))
    return tuple(bars)


def _bar(label: str, amounts: Amounts, money: Money, otherwise: str = "") -> Bar:
    return Bar(
        label=label,
        value=_value(amounts, money),
        note=text.usage.spent(amounts, money),
        otherwise=otherwise,
    )


def _share_name(share: Share) -> str:
    """Return a name for a picture, in which a mention would be but digits."""
    is_model = not share.key.isdecimal()
    return share.key if is_model else text.phrases.one_line(share.name or "", NAME_CHARACTERS)
