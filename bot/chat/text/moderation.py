"""What moderators read: quotas they set, members and words they block."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import discord

from bot.chat.text.phrases import FACT_CHARACTERS, allowance, amount, figure, one_line, relative
from bot.chat.text.sentences import counted, say
from bot.domain.guilds.quota import Grant, Rule, Scope, Standing, Unit, Window
from bot.domain.guilds.settings import Block
from bot.domain.money import Money

NO_RULE_THERE = "No rule was set there, so the defaults count already. See /moderate quota list."

NOBODY_BLOCKED = "Nobody is blocked. /moderate block add keeps a member from making videos."

NO_WORDS = "No word is blocked. /moderate words add refuses prompts that hold one."

WORD_KNOWN = "That word is blocked already, perhaps in another spelling."

WORD_UNKNOWN = "That word was not blocked. See /moderate words list."

QUOTAS = "Quotas of this server"

BLOCKED_MEMBERS = "Blocked members"

BLOCKED_WORDS = "Blocked words"

_SLOTS: Mapping[tuple[Unit, Window], str] = {
    (Unit.VIDEOS, Window.DAY): "Videos per day",
    (Unit.VIDEOS, Window.WEEK): "Videos per week",
    (Unit.VIDEOS, Window.MONTH): "Videos per month",
    (Unit.SECONDS, Window.DAY): "Seconds of video per day",
    (Unit.SECONDS, Window.WEEK): "Seconds of video per week",
    (Unit.SECONDS, Window.MONTH): "Seconds of video per month",
    (Unit.COST, Window.DAY): "Cost per day",
    (Unit.COST, Window.WEEK): "Cost per week",
    (Unit.COST, Window.MONTH): "Cost per month",
}

_RULES: Mapping[Scope, str] = {
    Scope.BUDGET: "Host's budget",
    Scope.BUDGET_SHARE: "Part of the host's budget",
    Scope.CEILING: "Host's ceiling",
    Scope.SERVER: "This server",
    Scope.MEMBER_DEFAULT: "Each member",
    Scope.ROLE: "Each with <@&{target}>",
    Scope.MEMBER: "<@{target}>",
}
"""Whom a rule binds."""

_INSTEAD: Mapping[Scope, str] = {
    Scope.MEMBER: "What their roles or the rule for members allow counts again.",
    Scope.ROLE: "What other roles or the rule for members allow counts again.",
}
"""What counts where a rule is taken away that has no default."""


def rule_name(rule: Rule, roles: Collection[int] | None = None) -> str:
    """Return whom a rule binds, as the beginning of a line; a guild's roles tell deleted ones."""
    if rule.is_orphan(roles):
        return "A deleted role"
    return say(_RULES[rule.scope], target=rule.target_id)


def rule_words(rule: Rule, money: Money) -> str:
    """Return what a rule allows."""
    return allowance(rule.unit, rule.window, rule.limit, money)


# --- the list of quotas ----------------------------------------------------------------------


def slot(unit: Unit, window: Window) -> str:
    """Return what heads the rules of a slot."""
    return f"**{_SLOTS[unit, window]}**"


def resets(moment: str) -> str:
    """Return when a slot begins anew, as one fact of several."""
    return say("resets {moment}", moment=moment)


def standing(line: Standing, money: Money, roles: Collection[int] | None) -> str:
    """Return a rule with what is known of it, as one line."""
    rule = line.rule
    facts = [
        say(
            "{rule}: **{limit}**",
            rule=rule_name(rule, roles),
            limit=amount(rule.unit, rule.limit, money),
        )
    ]
    if rule.limit == 0:
        facts.append("blocked")
    elif line.check is not None:
        facts.append(say("{used} used", used=figure(rule.unit, line.check.used_units, money)))
    if line.is_default:
        facts.append("default")
    if rule.is_orphan(roles):
        facts.append("goes with the next /moderate quota clear")
    return " · ".join(facts)


# --- rules and grants ------------------------------------------------------------------------


def rule_set(rule: Rule, ceiling: Rule | None, money: Money) -> str:
    """Return the answer to a rule that was set."""
    lines = [
        say(
            "{rule}: **{allowed}** from now on.",
            rule=rule_name(rule),
            allowed=rule_words(rule, money),
        )
    ]
    if rule.limit == 0:
        lines.append("That blocks videos, whatever other rules allow.")
    if rule.scope is Scope.ROLE:
        lines.append(
            "Of several roles the highest counts, except that 0 beats them; a member's own rule "
            "beats all roles."
        )
    if ceiling is not None:
        lines.append(
            say(
                "The host's ceiling for the whole server, {ceiling}, counts besides.",
                ceiling=rule_words(ceiling, money),
            )
        )
    return "\n".join(lines)


def rule_cleared(
    rule: Rule, default: Rule | None, money: Money, roles: Collection[int] | None = None
) -> str:
    """Return a line about a rule that was cleared."""
    cleared = say(
        "{rule}: {allowed} is cleared.",
        rule=rule_name(rule, roles),
        allowed=rule_words(rule, money),
    )
    if rule.is_orphan(roles):
        return cleared
    if default is not None:
        instead = say(
            "The default of **{default}** counts again.", default=rule_words(default, money)
        )
    else:
        instead = _INSTEAD.get(rule.scope, "The other rules go on.")
    return f"{cleared} {instead}"


def granted(grant: Grant, money: Money) -> str:
    """Return the answer to a grant."""
    return say(
        "{member} may use **{amount}** once, where their own rule has no room. It ends {ends}.\n"
        "It does not lift this server's rule, the host's ceiling or a rule of 0.",
        member=f"<@{grant.user_id}>",
        amount=amount(grant.unit, grant.amount, money),
        ends=relative(grant.expires_at),
    )


# --- blocked members and words ---------------------------------------------------------------


def blocked(user_id: int, *, is_new: bool, cancelled: int, requested: int) -> str:
    """Return the answer to a block, with what became of the member's jobs."""
    member = f"<@{user_id}>"
    if is_new:
        lines = [say("{member} may not make videos here any more.", member=member)]
    else:
        lines = [say("{member} is blocked already.", member=member)]
    if cancelled:
        lines.append(
            counted(
                cancelled,
                one="{count} waiting job cancelled; nothing was charged.",
                other="{count} waiting jobs cancelled; nothing was charged.",
            )
        )
    if requested:
        lines.append(
            counted(
                requested,
                one=(
                    "At the provider: {count} job, cancelled where it has not begun; what is "
                    "being made goes on."
                ),
                other=(
                    "At the provider: {count} jobs, cancelled where it has not begun; what is "
                    "being made goes on."
                ),
            )
        )
    return "\n".join(lines)


def unblocked(user_id: int, *, was_blocked: bool) -> str:
    """Return the answer to the end of a block."""
    member = f"<@{user_id}>"
    if was_blocked:
        return say("{member} may make videos here again.", member=member)
    return say("{member} was not blocked.", member=member)


def block(stored: Block) -> str:
    """Return who was blocked, by whom and when."""
    return say(
        "{member} · by {moderator} {at}",
        member=f"<@{stored.user_id}>",
        moderator=f"<@{stored.blocked_by}>",
        at=relative(stored.at),
    )


def page_of_blocks(first: int, last: int, count: int) -> str:
    """Return which of the blocked members a page shows."""
    return say("{first} to {last} of {count:,}", first=first, last=last, count=count)


def word_added(word: str) -> str:
    """Return the answer to a word that was blocked."""
    return say(
        "Prompts with ||{word}|| are refused from now on, in any case, with accents or "
        "look-alike letters too. With spaces or dots between its letters it is not found.",
        word=written(word),
    )


def word_removed(word: str) -> str:
    """Return the answer to a word that is allowed again."""
    return say("Prompts may hold ||{word}|| again.", word=written(word))


def written(word: str) -> str:
    """Return a word as a moderator wrote it, without formatting."""
    return discord.utils.escape_markdown(one_line(word, FACT_CHARACTERS))
