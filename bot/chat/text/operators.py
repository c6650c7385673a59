"""What an operator reads of the process, the guilds and a job's way, in Discord and in the shell.

Times are left to the caller: Discord counts them down, a shell prints them. Lines of a history are
records for whoever searches them, the same in every language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.chat.text.moderation import rule_words
from bot.chat.text.phrases import SLOTS, all_of, one_line, shortened
from bot.chat.text.sentences import counted, say
from bot.domain.host.overview import Ceiling, GuildOverview, HostStatus, JobHistory, LaneStatus
from bot.domain.host.switch import Switch
from bot.domain.ids import JobId
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

PROGRAM = "Tween"

NO_JOBS = "no jobs"
NO_SERVERS = "no servers"
"""In the shell, which lists a line each."""

NO_GUILDS = "None yet."

TURNED: Mapping[Switch, str] = {
    Switch.OPEN: "Open again: waiting jobs are submitted.",
    Switch.PAUSED: (
        "Paused: no job is submitted, new ones wait in line, and what the provider has goes on."
    ),
    Switch.DRAINING: (
        "Draining: no job is submitted and none is accepted; what is under way ends."
    ),
}

_SWITCHES: Mapping[Switch, str] = {
    Switch.OPEN: "Open",
    Switch.PAUSED: "Paused: nothing is submitted",
    Switch.DRAINING: "Draining: nothing is submitted or accepted.",
}


# --- the process -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing to know of the process."""

    name: str
    value: str
    is_wide: bool = False
    """Long enough to be given a line of its own."""


def drained(status: HostStatus) -> str:
    """Return how far a drain is."""
    if status.under_way:
        return counted(
            status.under_way,
            one="{count} job still under way.",
            other="{count} jobs still under way.",
        )
    return "Nothing is under way any more: the process may be stopped."


def status_facts(status: HostStatus, money: Money, when: When) -> list[Fact]:
    """Return the process and its work."""
    facts = [Fact(name="Switch", value=_switch(status), is_wide=True)]
    if status.account_paused_at is not None:
        refused = _refused_account(status.account_paused_at, status.account_reason, when)
        facts.append(Fact(name="Account", value=refused, is_wide=True))
    arriving = status.count(JobState.DOWNLOADING, JobState.DELIVERING)
    facts += [
        Fact(name="Waiting", value=f"{status.count(JobState.QUEUED):,}"),
        Fact(name="At the provider", value=f"{status.count(*IN_FLIGHT):,}"),
        Fact(name="Arriving", value=f"{arriving:,}"),
    ]
    for name, state in (("Unconfirmed", JobState.UNCONFIRMED), ("Parked", JobState.PARKED)):
        if status.count(state):
            facts.append(Fact(name=name, value=f"{status.count(state):,}"))
    facts.append(Fact(name="Spent today (UTC)", value=_spent(status, money)))
    if status.result_deadline is not None:
        facts.append(Fact(name="Next result expires", value=when(status.result_deadline)))
    busy = [lane_words(lane, when) for lane in status.lanes if _is_worth_a_line(lane)]
    facts.append(Fact(name="Lanes", value="\n".join(busy) or "idle", is_wide=True))
    alive = "no process"
    if status.served_at is not None:
        alive = say("alive {at}", at=when(status.served_at))
    facts.append(Fact(name="Process", value=alive))
    return facts


def _switch(status: HostStatus) -> str:
    words = _SWITCHES[status.switch]
    return f"{words} {drained(status)}" if status.switch is Switch.DRAINING else words


def _refused_account(paused_at: datetime, reason: str | None, when: When) -> str:
    said = one_line(reason or "", REASON_CHARACTERS).rstrip(": ")
    if said:
        return say(
            "refused by the provider since {since}: {reason}", since=when(paused_at), reason=said
        )
    return say("refused by the provider since {since}", since=when(paused_at))


def _spent(status: HostStatus, money: Money) -> str:
    spent = money.show(status.spent_micros)
    if not status.budget_micros:
        return spent
    return say("{spent} of {budget}", spent=spent, budget=money.show(status.budget_micros))


def _is_worth_a_line(lane: LaneStatus) -> bool:
    return bool(lane.in_flight or lane.waiting or lane.off_at or lane.ends_on)


def lane_words(lane: LaneStatus, when: When) -> str:
    """Return one lane on a line."""
    facts: dict[str, object] = {
        "model": lane.model,
        "in_flight": lane.in_flight,
        "limit": lane.limit,
        "waiting": lane.waiting,
    }
    if lane.off_at is not None:
        return say(
            "{model}: {in_flight} of {limit} in flight, {waiting} waiting, off since {since}",
            since=when(lane.off_at),
            **facts,
        )
    if lane.ends_on is not None:
        return say(
            "{model}: {in_flight} of {limit} in flight, {waiting} waiting, ends on {day}",
            day=f"{lane.ends_on:%Y-%m-%d}",
            **facts,
        )
    return say("{model}: {in_flight} of {limit} in flight, {waiting} waiting", **facts)


def version(number: str) -> str:
    """Return the name and version of the program."""
    return say("Tween {version}", version=number)


# --- guilds ----------------------------------------------------------------------------------


def guilds_title(count: int) -> str:
    """Return what heads a list of guilds."""
    return counted(count, one="Servers ({count:,})", other="Servers ({count:,})")


def guilds_left_out(missing: int) -> str:
    """Return how many guilds a list has no room for."""
    return counted(
        missing,
        one="… and {count:,} more: see the shell",
        other="… and {count:,} more: see the shell",
    )


def guild_name(guild: GuildOverview) -> str:
    """Return a guild's name, or what stands for one that Discord does not speak of."""
    name = one_line(guild.presence.name, NAME_CHARACTERS) if guild.presence else ""
    return name or "(name unknown)"


def guild_facts(guild: GuildOverview, money: Money, when: When) -> str:
    """Return what a guild costs and may cost, on one line."""
    facts = []
    if guild.presence is not None and guild.presence.members is not None:
        members = guild.presence.members
        facts.append(counted(members, one="{count:,} member", other="{count:,} members"))
    videos = guild.spent.videos
    facts.append(counted(videos, one="30 days: {count:,} video", other="30 days: {count:,} videos"))
    facts.append(money.show(guild.spent.micros))
    if guild.ceilings:
        rules = all_of([rule_words(rule, money) for rule in guild.ceilings])
        facts.append(say("ceiling {rules}", rules=rules))
    else:
        facts.append("ceiling none")
    if guild.left_at is not None:
        facts.append(say("left {at}", at=when(guild.left_at)))
    return ", ".join(facts)


def guild_choice(guild: GuildOverview, most_characters: int) -> str:
    """Return a guild as one line of a list."""
    facts = [guild_name(guild), str(guild.guild_id)]
    if guild.left_at is not None:
        facts.append("left")
    return shortened(" · ".join(facts), most_characters)


def ceiling(changed: Ceiling, money: Money) -> str:
    """Return what bounds a guild now."""
    guild = changed.guild_id
    if changed.rule is None:
        slot = SLOTS[changed.unit, changed.window]
        return say("Server {guild}: no ceiling on {slot} now.", guild=guild, slot=slot)
    rule = rule_words(changed.rule, money)
    if changed.default:
        return say(
            "Server {guild}: the ceiling is {rule} now, the default.", guild=guild, rule=rule
        )
    return say("Server {guild}: the ceiling is {rule} now.", guild=guild, rule=rule)


# --- jobs ------------------------------------------------------------------------------------


def unconfirmed_left(left: Sequence[Job]) -> str:
    """Return what a round of reconciling left open."""
    if not left:
        return "No job is unconfirmed."
    ids = ", ".join(job.id for job in left[:MOST_NAMED])
    return counted(
        len(left),
        one="{count} job still unconfirmed: {ids}",
        other="{count} jobs still unconfirmed: {ids}",
        ids=f"{ids} …" if len(left) > MOST_NAMED else ids,
    )


def no_job(asked: str) -> str:
    """Return, in the shell, that there is no such job."""
    return say("no job {id}", id=asked)


def history_title(job_id: JobId, lines: int) -> str:
    """Return what goes with a history that is too long for a message."""
    return counted(
        lines,
        one="Job `{job}`: {count:,} lines.",
        other="Job `{job}`: {count:,} lines.",
        job=job_id,
    )


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
