"""Sentences are whole literals whose facts stand in named places: they can be translated."""

from __future__ import annotations

import ast
import importlib
import string
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bot.chat.text import phrases
from bot.chat.text.sentences import SafeFormatMap, counted, say
from bot.domain.guilds.audit import Action
from bot.domain.guilds.quota import Scope
from tests.chat.literals import english_in

FOLDER = Path(__file__).parents[2] / "bot/chat/text"
MODULES = sorted(FOLDER.glob("*.py"))

GLUED = {
    "jobs.py": {"Job {}"},
    "operators.py": {
        "{} {} {} {} {} guild={} member={} {}",
        "  {} {} {} videos {} s {} CNY {}",
    },
}
"""The footer by which our own messages are found, and lines of a history: never translated."""

Call = tuple[int, list[str], set[str]]
"""Line, the sentences, and the facts they are given."""


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def calls(path: Path, name: str) -> Iterator[Call]:
    """Yield the calls of a module that say literals."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        given = {str(keyword.arg): keyword.value for keyword in node.keywords}
        if node.func.id != name or "None" in given:
            continue  # not ours, or its facts come as a mapping
        words = [given.pop(form) for form in ("one", "other")] if name == "counted" else node.args
        literals = [str(word.value) for word in words if isinstance(word, ast.Constant)]
        if literals:
            yield node.lineno, literals, set(given)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_sentence_has_a_place_for_each_of_its_facts(path: Path) -> None:
    for line, (sentence,), facts in calls(path, "say"):
        assert places(sentence) == facts, f"{path.name}:{line}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_forms_for_a_count_have_the_same_facts(path: Path) -> None:
    for line, forms, facts in calls(path, "counted"):
        one, other = (places(form) - {"count"} for form in forms)
        assert one == other == facts, f"{path.name}:{line}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_sentence_is_an_f_string(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    found = {
        literal.words
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for literal in english_in(ast.unparse(node))
    }
    assert found <= GLUED.get(path.name, set())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_words_is_short(path: Path) -> None:
    assert path.read_text("utf-8").count("\n") < 300


PARTIAL = {
    "audit._JOBS": "actions on jobs",
    "audit._MEMBERS": "actions on members",
    "audit._SWITCHED": "settings that are on or off",
    "audit._WORDS": "actions on words",
    "failures.ADVICE_OF": "other reasons say what their advice says",
    "failures.CHANGES": "a finished video is not the member's to change",
    "jobs._PINGING": "other ends have a sentence of their own",
    "jobs._QUIET": "other ends have a sentence of their own",
    "moderation._INSTEAD": "other rules have a sentence of their own",
    "quotas._BLOCKED": "the budget has a sentence of its own",
    "quotas._NO_ROOM": "the budget has a sentence of its own",
    "quotas._USED_UP": "the budget has a sentence of its own",
    "refusals._NOT_CANCELLABLE": "a job that is over has a sentence of its own",
    "settings._SWITCHED": "settings that are on or off",
}
"""Tables that are not meant for every value, and what they are for."""


def tables() -> dict[str, Mapping[Any, object]]:
    """Return the tables whose keys are values of the domain."""
    found = {}
    for path in MODULES:
        module = importlib.import_module(f"bot.chat.text.{path.stem}")
        for name, table in vars(module).items():
            if name in vars(phrases) and module is not phrases:
                continue  # imported
            if isinstance(table, Mapping) and isinstance(next(iter(table), None), StrEnum | tuple):
                found[f"{path.stem}.{name}"] = table
    return found


@pytest.mark.parametrize("name", sorted(tables()))
def test_a_table_has_words_for_every_value(name: str) -> None:
    table = tables()[name]
    first = next(iter(table))
    kinds: list[Any] = [type(part) for part in (first if isinstance(first, tuple) else (first,))]
    values = set(product(*kinds)) if isinstance(first, tuple) else set(kinds[0])
    if name == "audit._QUOTAS":
        ceiling = (Action.CEILING_SET, Scope.CEILING)
        actions = (Action.QUOTA_SET, Action.QUOTA_CLEARED)
        scopes = set(Scope) - {Scope.BUDGET, Scope.BUDGET_SHARE, Scope.CEILING}
        assert set(table) == {ceiling, *product(actions, scopes)}
    elif name in PARTIAL:
        assert set(table) < values
    else:
        assert set(table) == values


def test_partial_tables_are_there() -> None:
    assert set(PARTIAL) <= set(tables())


def test_there_are_sentences_at_all() -> None:
    assert sum(1 for path in MODULES for _ in calls(path, "say")) > 50
    assert sum(1 for path in MODULES for _ in calls(path, "counted")) > 10


def test_facts_are_never_read_as_places() -> None:
    assert say("{name} is gone", name="{count}") == "{count} is gone"
    assert counted(2, one="{name}", other="{count} {name}", name="{x}") == "2 {x}"


@pytest.mark.parametrize(("count", "said"), [(0, "0 jobs"), (1, "1 job"), (2, "2 jobs")])
def test_a_count_chooses_its_form(count: int, said: str) -> None:
    assert counted(count, one="{count} job", other="{count} jobs") == said


def test_a_fact_that_is_missing_is_a_dash() -> None:
    assert "{who} did it".format_map(SafeFormatMap()) == "— did it"
