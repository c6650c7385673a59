"""The tree of errors as drawn is the tree as written, and every code is one error's own."""

from __future__ import annotations

import inspect
from collections import Counter

import pytest

from bot.domain import errors
from bot.domain.errors import (
    BotError,
    ChatUnavailableError,
    ConfigurationError,
    ProviderUnavailableError,
    RateLimitedError,
    StaleJobError,
)
from bot.domain.guilds import denials as guild_denials
from bot.domain.guilds.denials import QuotaExceededError
from bot.domain.guilds.quota import Refusal, Scope, Unit, Window
from bot.domain.host import disk
from bot.domain.jobs import denials as job_denials
from bot.domain.requests import denials
from tests.fakes import NOW

CLASSES = {
    name: kind
    for name, kind in (
        vars(errors) | vars(guild_denials) | vars(job_denials) | vars(denials) | vars(disk)
    ).items()
    if inspect.isclass(kind) and issubclass(kind, BotError)
}


def _drawn() -> dict[str, str | None]:
    """Return each drawn error with the one it hangs on."""
    parents: dict[str, str | None] = {}
    path: list[tuple[int, str]] = []
    for line in inspect.getdoc(errors).splitlines():  # type: ignore[union-attr]
        words = line.lstrip("│├└─ ").split()
        if not words or not words[0].endswith("Error") or words[0] in parents:
            continue
        depth = line.index(words[0])
        while path and path[-1][0] >= depth:
            path.pop()
        parents[words[0]] = path[-1][1] if path else None
        path.append((depth, words[0]))
    return parents


def test_drawing_is_the_tree() -> None:
    written = {
        name: None if kind is BotError else kind.__bases__[0].__name__
        for name, kind in CLASSES.items()
    }
    assert _drawn() == written


def test_every_code_is_one_errors_own() -> None:
    codes = Counter(kind.code for kind in CLASSES.values())
    assert [code for code, count in codes.items() if count > 1] == []
    assert all(code.islower() and code.isidentifier() for code in codes)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_says_what_it_is(name: str) -> None:
    assert name.endswith("Error")
    assert CLASSES[name].__doc__


def test_messages_are_built_from_the_facts() -> None:
    refusal = Refusal(
        scope=Scope.SERVER,
        unit=Unit.VIDEOS,
        window=Window.DAY,
        limit=5,
        used=5,
        resets_at=NOW,
    )
    assert str(QuotaExceededError(refusal)) == "server videos per day"
    assert str(ConfigurationError("DAILY_BUDGET", "is wrong")) == "DAILY_BUDGET: is wrong"
    assert StaleJobError("7F0311").job_id == "7F0311"
    limited = RateLimitedError("slow down", retry_after_seconds=3, status=429, request_id="r")
    assert (limited.status, limited.retry_after_seconds, limited.request_id) == (429, 3, "r")
    assert not ProviderUnavailableError("refused", request_was_sent=False).request_was_sent
    assert ChatUnavailableError.code == "chat_unavailable"
