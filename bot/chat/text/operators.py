"""What an operator reads of the process, the guilds and a job's way, in Discord and in the shell.

Times are left to the caller: Discord counts them down, a shell prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.chat.text.moderation import rule_words
from bot.chat.text.phrases import WINDOW_WORDS, one_line, plural, shortened
from bot.domain.host.overview import Ceiling, GuildOverview, HostStatus, JobHistory, LaneStatus
from bot.domain.host.switch import Switch
from bot.domain.jobs.job import Job, JobEvent
from bot.domain.jobs.ledger import LedgerEntry
from bot.domain.jobs.states import IN_FLIGHT, JobState
from bot.domain.money import MICROS, Money

When = Callable[[datetime], str]

NAME_CHARACTERS = 60
"""A guild's name is cut to this; Discord allows 100."""

MOST_NAMED = 20
"""Of jobs in a list of ids."""

REASON_CHARACTERS = 300
"""Of what the provider says about a refused account."""

TURNED = {
    Switch.OPEN: "Open again: waiting jobs are submitted.",
    Switch.PAUSED: (
        "Paused: no job is submitted, new ones wait in line, and what the provider has goes on."
    ),
    Switch.DRAINING: (
        "Draining: no job is submitted and none is accepted; what is under way ends."
    ),
}

_SWITCHES = {
    Switch.OPEN: "Open",
    Switch.PAUSED: "Paused: nothing is submitted",
    Switch.DRAINING: "Draining: nothing is submitted or accepted",
}


def drained(status: HostStatus) -> str:
    """Return how far a drain is."""
    if status.under_way:
        return f"{status.under_way} {plural('job', status.under_way)} still under way."
    return "Nothing is under way any more: the process may be stopped."


def status_facts(status: HostStatus, money: Money, when: When) -> list[tuple[str, str]]:
    """Return the process and its work as names and values."""
    facts = [("Switch", _switch(status))]
    if status.account_paused_at is not None:
        reason = one_line(status.account_reason or "", REASON_CHARACTERS)
        since = when(status.account_paused_at)
        facts.append(("Account", f"refused by the provider since {since}: {reason}".rstrip(": ")))
    facts.append(("Waiting", f"{status.count(JobState.QUEUED):,}"))
    facts.append(("At the provider", f"{status.count(*IN_FLIGHT):,}"))
    arriving = status.count(JobState.DOWNLOADING, JobState.DELIVERING)
    facts.append(("Arriving", f"{arriving:,}"))
    for name, state in (("Unconfirmed", JobState.UNCONFIRMED), ("Parked", JobState.PARKED)):
        if status.count(state):
            facts.append((name, f"{status.count(state):,}"))
    budget = f" of {money.show(status.budget_micros)}" if status.budget_micros else ""
    facts.append(("Spent today (UTC)", f"{money.show(status.spent_micros)}{budget}"))
    if status.result_deadline is not None:
        facts.append(("Next result expires", when(status.result_deadline)))
    busy = [lane_words(lane, when) for lane in status.lanes if _is_worth_a_line(lane)]
    facts.append(("Lanes", "\n".join(busy) or "idle"))
    alive = "no process" if status.served_at is None else f"alive {when(status.served_at)}"
    facts.append(("Process", alive))
    return facts


def _switch(status: HostStatus) -> str:
    words = _SWITCHES[status.switch]
    return f"{words}. {drained(status)}" if status.switch is Switch.DRAINING else words


def _is_worth_a_line(lane: LaneStatus) -> bool:
    return bool(lane.in_flight or lane.waiting or lane.off_at)


def lane_words(lane: LaneStatus, when: When) -> str:
    """Return one lane on a line."""
    off = f", off since {when(lane.off_at)}" if lane.off_at is not None else ""
    return f"{lane.model}: {lane.in_flight} of {lane.limit} in flight, {lane.waiting} waiting{off}"


def guild_name(guild: GuildOverview) -> str:
    """Return a guild's name, or what stands for one that Discord does not speak of."""
    name = one_line(guild.presence.name, NAME_CHARACTERS) if guild.presence else ""
    return name or "(name unknown)"


def guild_facts(guild: GuildOverview, money: Money, when: When) -> str:
    """Return what a guild costs and may cost, on one line."""
    parts = []
    if guild.presence is not None and guild.presence.members is not None:
        parts.append(f"{guild.presence.members:,} {plural('member', guild.presence.members)}")
    spent = guild.spent
    parts.append(f"30 days: {spent.videos:,} {plural('video', spent.videos)}")
    parts.append(money.show(spent.micros))
    ceilings = [rule_words(rule, money) for rule in guild.ceilings]
    parts.append(f"ceiling {' and '.join(ceilings) or 'none'}")
    if guild.left_at is not None:
        parts.append(f"left {when(guild.left_at)}")
    return ", ".join(parts)


def ceiling(changed: Ceiling, money: Money) -> str:
    """Return what bounds a guild now."""
    if changed.rule is None:
        window = WINDOW_WORDS[changed.window]
        return f"Server {changed.guild_id}: no ceiling on {changed.unit.value} per {window} now."
    words = rule_words(changed.rule, money)
    default = ", the default" if changed.default else ""
    return f"Server {changed.guild_id}: the ceiling is {words} now{default}."


def unconfirmed_left(left: Sequence[Job]) -> str:
    """Return what a round of reconciling left open."""
    if not left:
        return "No job is unconfirmed."
    ids = ", ".join(job.id for job in left[:MOST_NAMED])
    more = " …" if len(left) > MOST_NAMED else ""
    return f"{len(left)} {plural('job', len(left))} still unconfirmed: {ids}{more}"


def job_line(job: Job) -> str:
    """Return a job on one line, without its prompt."""
    return (
        f"{job.id} {job.times.created_at:%Y-%m-%d %H:%M:%S} {job.state.value:13} {job.spec.model} "
        f"{job.spec.resolution} guild={job.guild_id} member={job.requester.user_id} "
        f"{Money().show(job.price.reserved.micros)}"
        + (f" {job.failure.reason.value}" if job.failure.reason else "")
        + (f": {job.failure.detail}" if job.failure.detail else "")
    )


def history(told: JobHistory) -> list[str]:
    """Return a job's way: the job, its events, its ledger entries; a line each."""
    return [
        job_line(told.job),
        *(_event_line(event) for event in told.events),
        *(_entry_line(entry) for entry in told.entries),
    ]


def _event_line(event: JobEvent) -> str:
    arrow = f"{event.source or 'new'} -> {event.target}" if event.target else event.name
    facts = " ".join(f"{key}={value}" for key, value in event.detail.items())
    return f"  {event.at:%Y-%m-%d %H:%M:%S} {event.owner:12} {arrow} {facts}"


def _entry_line(entry: LedgerEntry) -> str:
    amounts = entry.amounts
    return (
        f"  {entry.at:%Y-%m-%d %H:%M:%S} {entry.kind:12} {amounts.videos:+d} videos "
        f"{amounts.seconds:+d} s {amounts.micros / MICROS:+.6f} CNY {entry.reason}"
    )


def guild_choice(guild: GuildOverview, most_characters: int) -> str:
    """Return a guild as one line of a list."""
    left = " · left" if guild.left_at is not None else ""
    return shortened(f"{guild_name(guild)} · {guild.guild_id}{left}", most_characters)
