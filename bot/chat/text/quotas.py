"""What members read where a rule, the host's budget or a full line leaves no room for a request."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.phrases import allowance, amount, relative
from bot.chat.text.sentences import counted, say
from bot.domain.guilds.denials import (
    QueueFullError,
    TooManyAttemptsError,
    TooManyContentRefusalsError,
)
from bot.domain.guilds.quota import Refusal, Scope, Window
from bot.domain.money import Money

_BLOCKED: Mapping[Scope, str] = {
    Scope.CEILING: "Videos are blocked here by the host's ceiling for this server. Ask the host.",
    Scope.SERVER: "Videos are blocked here by this server's rule. Ask a moderator.",
    Scope.MEMBER_DEFAULT: "Videos are blocked here by the rule for members. Ask a moderator.",
    Scope.ROLE: "Videos are blocked here by your role's rule. Ask a moderator.",
    Scope.MEMBER: "Videos are blocked here by your own rule. Ask a moderator.",
}

_USED_UP: Mapping[Scope, str] = {
    Scope.CEILING: (
        "No room: the host's ceiling for this server allows {limit}, and all of it is used. It "
        "resets {resets}."
    ),
    Scope.SERVER: (
        "No room: this server's rule allows {limit}, and all of it is used. It resets {resets}."
    ),
    Scope.MEMBER_DEFAULT: (
        "No room: the rule for members allows {limit}, and all of it is used. It resets {resets}."
    ),
    Scope.ROLE: (
        "No room: your role's rule allows {limit}, and all of it is used. It resets {resets}."
    ),
    Scope.MEMBER: (
        "No room: your own rule allows {limit}, and all of it is used. It resets {resets}."
    ),
}

_NO_ROOM: Mapping[Scope, str] = {
    Scope.CEILING: (
        "No room: the host's ceiling for this server allows {limit}, and {used} are used. It "
        "resets {resets}."
    ),
    Scope.SERVER: (
        "No room: this server's rule allows {limit}, and {used} are used. It resets {resets}."
    ),
    Scope.MEMBER_DEFAULT: (
        "No room: the rule for members allows {limit}, and {used} are used. It resets {resets}."
    ),
    Scope.ROLE: (
        "No room: your role's rule allows {limit}, and {used} are used. It resets {resets}."
    ),
    Scope.MEMBER: (
        "No room: your own rule allows {limit}, and {used} are used. It resets {resets}."
    ),
}


_TOO_MANY_ATTEMPTS: Mapping[Window, str] = {
    Window.DAY: (
        "You have begun {limit} videos today, cancelled and refused ones included, which is the "
        "most allowed. You can ask again {resets}."
    ),
    Window.WEEK: (
        "You have begun {limit} videos this week, cancelled and refused ones included, which is "
        "the most allowed. You can ask again {resets}."
    ),
    Window.MONTH: (
        "You have begun {limit} videos this month, cancelled and refused ones included, which is "
        "the most allowed. You can ask again {resets}."
    ),
}


def refused(refusal: Refusal, money: Money) -> str:
    """Return which rule has no room, what is used of it, and when it begins anew."""
    resets = relative(refusal.resets_at)
    if refusal.scope is Scope.BUDGET:
        return say(
            "The host's budget for today is used up. It starts anew {resets}.", resets=resets
        )
    if refusal.scope is Scope.BUDGET_SHARE:
        return say(
            "This server's part of the host's budget for today is used up, or reserved by jobs "
            "that wait. It starts anew {resets}.",
            resets=resets,
        )
    if refusal.limit == 0:
        return _BLOCKED[refusal.scope]
    limit = allowance(refusal.unit, refusal.window, refusal.limit, money)
    if refusal.used >= refusal.limit:
        return say(_USED_UP[refusal.scope], limit=limit, resets=resets)
    used = amount(refusal.unit, refusal.used, money)
    return say(_NO_ROOM[refusal.scope], limit=limit, used=used, resets=resets)


def too_many_attempts(error: TooManyAttemptsError) -> str:
    """Return that a member began too much, of which most came to nothing."""
    return say(
        _TOO_MANY_ATTEMPTS[error.window], limit=error.limit, resets=relative(error.resets_at)
    )


def too_many_content_refusals(error: TooManyContentRefusalsError) -> str:
    """Return that the provider refused too much of what a member asked for."""
    return say(
        "The provider's content check has refused {limit} of your requests today, which is the "
        "most allowed. You can ask again {resets}.",
        limit=error.limit,
        resets=relative(error.resets_at),
    )


def queue_full(error: QueueFullError) -> str:
    """Return who has too many jobs in line."""
    match error.whose:
        case "member":
            return counted(
                error.waiting,
                one=(
                    "You have {count} job waiting already, which is the most allowed. Wait until "
                    "one is done, or cancel one."
                ),
                other=(
                    "You have {count} jobs waiting already, which is the most allowed. Wait until "
                    "one is done, or cancel one."
                ),
            )
        case "guild":
            return counted(
                error.waiting,
                one=(
                    "This server has {count} job waiting already, which is the most allowed. Wait "
                    "until one is done, or cancel one."
                ),
                other=(
                    "This server has {count} jobs waiting already, which is the most allowed. Wait "
                    "until one is done, or cancel one."
                ),
            )
