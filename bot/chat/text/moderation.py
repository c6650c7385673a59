"""What moderators read: quotas they set, members and words they block."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import discord

from bot.chat.text.phrases import (
    FACT_CHARACTERS,
    WINDOW_WORDS,
    amount,
    figure,
    one_line,
    plural,
    relative,
)
from bot.domain.guilds.quota import Grant, Rule, Scope, Unit, Window
from bot.domain.money import Money

NO_RULE_THERE = "No rule was set there, so the defaults count already. See /moderate quota list."


ORPHAN_HINT = "goes with the next /moderate quota clear"


NOBODY_BLOCKED = "Nobody is blocked. /moderate block add keeps a member from making videos."


NO_WORDS = "No word is blocked. /moderate words add refuses prompts that hold one."


WORD_KNOWN = "That word is blocked already, perhaps in another spelling."


WORD_UNKNOWN = "That word was not blocked. See /moderate words list."


SLOT_NAMES: Mapping[Unit, str] = {
    Unit.VIDEOS: "Videos",
    Unit.SECONDS: "Seconds of video",
    Unit.COST: "Cost",
}


_RULE_NAMES: Mapping[Scope, str] = {
    Scope.CEILING: "Host's ceiling",
    Scope.SERVER: "This server",
    Scope.MEMBER_DEFAULT: "Each member",
    Scope.ROLE: "Each with <@&{target}>",
    Scope.MEMBER: "<@{target}>",
}


_INSTEAD: Mapping[Scope, str] = {
    Scope.MEMBER: "What their roles or the rule for members allow counts again.",
    Scope.ROLE: "What other roles or the rule for members allow counts again.",
}


def rule_name(rule: Rule, roles: Collection[int] | None = None) -> str:
    """Return whom a rule binds, as the beginning of a line; a guild's roles tell deleted ones."""
    if rule.is_orphan(roles):
        return "A deleted role"
    return _RULE_NAMES[rule.scope].format(target=rule.target_id)


def slot_name(unit: Unit, window: Window) -> str:
    """Return a slot as a heading."""
    return f"{SLOT_NAMES[unit]} per {WINDOW_WORDS[window]}"


def rule_words(rule: Rule, money: Money) -> str:
    """Return what a rule allows."""
    return f"{amount(rule.unit, rule.limit, money)} per {WINDOW_WORDS[rule.window]}"


def rule_set(rule: Rule, ceiling: Rule | None, money: Money) -> str:
    """Return the answer to a rule that was set."""
    lines = [f"{rule_name(rule)}: **{rule_words(rule, money)}** from now on."]
    if rule.limit == 0:
        lines.append("That blocks videos, whatever other rules allow.")
    if rule.scope is Scope.ROLE:
        lines.append(
            "Of several roles the highest counts, except that 0 beats them; a member's own rule "
            "beats all roles."
        )
    if ceiling is not None:
        lines.append(
            f"The host's ceiling for the whole server, {rule_words(ceiling, money)}, counts "
            "besides."
        )
    return "\n".join(lines)


def rule_cleared(
    rule: Rule, default: Rule | None, money: Money, roles: Collection[int] | None = None
) -> str:
    """Return a line about a rule that was cleared."""
    words = f"{rule_name(rule, roles)}: {rule_words(rule, money)} is cleared."
    if rule.is_orphan(roles):
        return words
    if default is not None:
        return f"{words} The default of **{rule_words(default, money)}** counts again."
    return f"{words} {_INSTEAD.get(rule.scope, 'The other rules go on.')}"


def granted(grant: Grant, money: Money) -> str:
    """Return the answer to a grant."""
    return (
        f"<@{grant.user_id}> may use **{amount(grant.unit, grant.amount, money)}** once, where "
        f"their own rule has no room. It ends {relative(grant.expires_at)}.\n"
        "It does not lift this server's rule, the host's ceiling or a rule of 0."
    )


def grant_left(grant: Grant, money: Money) -> str:
    """Return what is left of a grant."""
    left = figure(grant.unit, grant.left, money)
    of = amount(grant.unit, grant.amount, money)
    return f"{left} of {of} left, ends {relative(grant.expires_at)}"


def blocked(user_id: int, *, is_new: bool, cancelled: int, requested: int) -> str:
    """Return the answer to a block, with what became of the member's jobs."""
    lines = [
        f"<@{user_id}> may not make videos here any more."
        if is_new
        else f"<@{user_id}> is blocked already."
    ]
    if cancelled:
        lines.append(
            f"{cancelled} waiting {plural('job', cancelled)} cancelled; nothing was charged."
        )
    if requested:
        lines.append(
            f"At the provider: {requested} {plural('job', requested)}, cancelled where it has not "
            "begun; what is being made goes on."
        )
    return "\n".join(lines)


def unblocked(user_id: int, *, was_blocked: bool) -> str:
    """Return the answer to the end of a block."""
    if was_blocked:
        return f"<@{user_id}> may make videos here again."
    return f"<@{user_id}> was not blocked."


def word_added(word: str) -> str:
    """Return the answer to a word that was blocked."""
    return (
        f"Prompts with ||{written(word)}|| are refused from now on, in any case, with accents or "
        "look-alike letters too. With spaces or dots between its letters it is not found."
    )


def word_removed(word: str) -> str:
    """Return the answer to a word that is allowed again."""
    return f"Prompts may hold ||{written(word)}|| again."


def written(word: str) -> str:
    """Return a word as a moderator wrote it, without formatting."""
    return discord.utils.escape_markdown(one_line(word, FACT_CHARACTERS))
