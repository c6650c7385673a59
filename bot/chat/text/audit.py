"""What admins and log channels read of a change: who did what, what was before and what is now."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from bot.chat.text.jobs import SOUND
from bot.chat.text.phrases import FACT_CHARACTERS, SLOTS, amount, one_line, without_links
from bot.chat.text.sentences import counted, say
from bot.domain.catalogue import Choices, effect_label
from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.audit import (
    Action,
    Allowance,
    AuditEntry,
    DefaultChange,
    GrantChange,
    JobChange,
    MemberChange,
    PermitChange,
    QuotaAction,
    QuotaChange,
    SettingChange,
    SettingName,
    SettingValue,
    WordChange,
    Worded,
)
from bot.domain.guilds.quota import Scope, Unit
from bot.domain.money import Money

SHELL = "the host's shell"
"""Who did what an operator typed there: it has no user id."""

_QUOTAS: Mapping[tuple[QuotaAction, Scope], str] = {
    (Action.QUOTA_SET, Scope.SERVER): "{who} set the quota of the server for {slot} {change}",
    (Action.QUOTA_SET, Scope.MEMBER_DEFAULT): (
        "{who} set the quota of each member for {slot} {change}"
    ),
    (Action.QUOTA_SET, Scope.ROLE): "{who} set the quota of <@&{target}> for {slot} {change}",
    (Action.QUOTA_SET, Scope.MEMBER): "{who} set the quota of <@{target}> for {slot} {change}",
    (Action.QUOTA_CLEARED, Scope.SERVER): (
        "{who} cleared the quota of the server for {slot} {change}"
    ),
    (Action.QUOTA_CLEARED, Scope.MEMBER_DEFAULT): (
        "{who} cleared the quota of each member for {slot} {change}"
    ),
    (Action.QUOTA_CLEARED, Scope.ROLE): (
        "{who} cleared the quota of <@&{target}> for {slot} {change}"
    ),
    (Action.QUOTA_CLEARED, Scope.MEMBER): (
        "{who} cleared the quota of <@{target}> for {slot} {change}"
    ),
    (Action.CEILING_SET, Scope.CEILING): "{who} set the ceiling for {slot} {change}",
}

_PERMITS: Mapping[Subject, str] = {
    Subject.CHANNEL: "{who} changed channel <#{name}> {change}",
    Subject.MODEL: "{who} changed model {name} {change}",
    Subject.EFFECT: "{who} changed effect {name} {change}",
}

_MEMBERS: Mapping[Action, str] = {
    Action.MEMBER_BLOCKED: "{who} blocked {member}",
    Action.MEMBER_UNBLOCKED: "{who} unblocked {member}",
}

_WORDS: Mapping[Action, str] = {
    Action.WORD_ADDED: "{who} added a blocked word: {word}",
    Action.WORD_REMOVED: "{who} removed a blocked word: {word}",
}

_JOBS: Mapping[Action, str] = {
    Action.JOB_CANCELLED: "{who} cancelled job {job} of {member}",
    Action.JOB_FORGOTTEN: "{who} erased the content of job {job} of {member}",
    Action.JOB_RETRIED: "{who} made job {job} of {member} again",
}

_WORDED: Mapping[Action, str] = {
    Action.QUOTA_SET: "{who} set the quota {subject} {change}",
    Action.QUOTA_CLEARED: "{who} cleared the quota {subject} {change}",
    Action.QUOTA_GRANTED: "{who} granted {subject} {change}",
    Action.CEILING_SET: "{who} set the ceiling {subject} {change}",
    Action.SETTING_CHANGED: "{who} changed {subject} {change}",
    Action.PERMIT_CHANGED: "{who} changed {subject} {change}",
    Action.MEMBER_BLOCKED: "{who} blocked {subject} {change}",
    Action.MEMBER_UNBLOCKED: "{who} unblocked {subject} {change}",
    Action.WORD_ADDED: "{who} added a blocked word: {subject} {change}",
    Action.WORD_REMOVED: "{who} removed a blocked word: {subject} {change}",
    Action.JOB_CANCELLED: "{who} cancelled job {subject} {change}",
    Action.JOB_FORGOTTEN: "{who} erased the content of job {subject} {change}",
    Action.JOB_RETRIED: "{who} made job {subject} again {change}",
}
"""For what an earlier release wrote down in words."""

_DECIDED: Mapping[bool | None, str | None] = {True: "allowed", False: "denied", None: None}

_SWITCHED: Mapping[SettingName, tuple[str, str]] = {
    SettingName.PROMPTS: ("hide", "show"),
    SettingName.PREVIEW: ("off", "on"),
    SettingName.OTHERS_PICTURES: ("deny", "allow"),
}
"""What is typed to switch a setting off and on."""


def line(entry: AuditEntry, money: Money) -> str:
    """Return a change as a line: who, what, before and after."""
    # A ceiling that was none and is none leaves the end of its sentence empty.
    return _line(entry, money).rstrip()


def _line(entry: AuditEntry, money: Money) -> str:
    who = f"<@{entry.actor.user_id}>" if entry.actor.user_id else SHELL
    change = entry.change
    match change:
        case QuotaChange():
            return say(
                _QUOTAS[change.action, change.scope],
                who=who,
                target=change.target_id,
                slot=SLOTS[change.unit, change.window],
                change=_arrow(
                    _allowed(change.unit, change.before, money),
                    _allowed(change.unit, change.after, money),
                ),
            )
        case GrantChange():
            granted = counted(
                change.days,
                one="{amount} for {count} d",
                other="{amount} for {count} d",
                amount=amount(change.unit, change.amount, money),
            )
            member = f"<@{change.user_id}>"
            return say(
                "{who} granted {member} {change}",
                who=who,
                member=member,
                change=_arrow(None, granted),
            )
        case SettingChange():
            values = (
                setting_value(change.setting, value) for value in (change.before, change.after)
            )
            return say(
                "{who} changed {setting} {change}",
                who=who,
                setting=change.setting.value,
                change=_arrow(*values),
            )
        case DefaultChange():
            return say(
                "{who} changed default for {kind} {change}",
                who=who,
                kind=change.kind.value,
                change=_arrow(chosen(change.before), chosen(change.after)),
            )
        case PermitChange():
            is_effect = change.subject is Subject.EFFECT
            return say(
                _PERMITS[change.subject],
                who=who,
                name=effect_label(change.name) if is_effect else change.name,
                change=_arrow(_DECIDED[change.before], _DECIDED[change.after]),
            )
        case MemberChange():
            return say(_MEMBERS[change.action], who=who, member=f"<@{change.user_id}>")
        case WordChange():
            word = without_links(one_line(change.word, FACT_CHARACTERS))
            return say(_WORDS[change.action], who=who, word=word)
        case JobChange():
            member = f"<@{change.requester_id}>"
            return say(_JOBS[change.action], who=who, job=change.job_id, member=member)
        case Worded():
            subject = without_links(one_line(change.subject, FACT_CHARACTERS))
            arrow = _arrow(change.before, change.after)
            said = say(_WORDED[change.action], who=who, subject=subject, change=arrow)
            return " ".join(said.split())


def chosen(choices: Choices) -> str | None:
    """Return what is taken where nobody chooses; None leaves it to the catalogue."""
    sound = None if choices.audio is None else SOUND[choices.audio]
    parts = (choices.model, choices.resolution, choices.size, sound)
    return " · ".join(filter(None, parts)) or None


def setting_value(setting: SettingName, value: SettingValue) -> str:
    """Return a setting as its command takes it."""
    if setting is SettingName.LOG_CHANNEL:
        return "off" if value is None else f"<#{value}>"
    off, on = _SWITCHED.get(setting, ("", ""))
    return (on if value else off) if isinstance(value, bool) else str(value)


def _allowed(unit: Unit, allowed: Allowance | None, money: Money) -> str | None:
    if allowed is None:
        return None
    limit = amount(unit, allowed.limit, money)
    return say("{limit} (default)", limit=limit) if allowed.is_default else limit


def _arrow(before: str | None, after: str | None) -> str:
    """Return what was and what is, in bold: a dash for nothing, and nothing for nothing at all."""
    if before is None and after is None:
        return ""
    return " → ".join(
        f"**{discord.utils.escape_markdown(one_line(value, FACT_CHARACTERS))}**" if value else "—"
        for value in (before, after)
    )
