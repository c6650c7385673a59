"""What the sources say of the sentences they need: problems that are raised, with their facts."""

from __future__ import annotations

import ast
import re
import string
from enum import StrEnum
from functools import cache
from pathlib import Path

from bot.domain.problems import (
    DecisionProblem,
    OptionProblem,
    PictureProblem,
    RetryProblem,
    SoundProblem,
)

ROOT = Path(__file__).parents[2]

PROBLEMS: dict[str, type[StrEnum]] = {
    "DecisionProblem": DecisionProblem,
    "OptionProblem": OptionProblem,
    "PictureProblem": PictureProblem,
    "RetryProblem": RetryProblem,
    "SoundProblem": SoundProblem,
}


def is_plain(sentence: str) -> bool:
    """Tell whether a sentence has no hole, no traceback and an end."""
    return (
        not re.search(r"[{}—]|Error|None", sentence)
        and sentence.rstrip("`").endswith((".", "!"))
        and sentence.count(". ") <= 2
        and len(sentence) <= 300
    )


def holes(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@cache
def calls(folder: str) -> tuple[ast.Call, ...]:
    return tuple(
        node
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    )


def strings_in(node: ast.AST | None) -> set[str]:
    """Return what an expression may be: ``"x"``, ``Problem.X``, or ``a if c else b`` of them."""
    match node:
        case ast.Constant(value=str(found)):
            return {found}
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in PROBLEMS:
            return {PROBLEMS[name][attribute].value}
        case ast.IfExp():
            return strings_in(node.body) | strings_in(node.orelse)
        case _:
            return set()


def raised(folder: str, error: str) -> dict[str, set[str]]:
    """Return the problems that are raised as an error, each with the facts that come along."""
    found: dict[str, set[str]] = {}
    for call in calls(folder):
        if not (isinstance(call.func, ast.Name) and call.func.id == error):
            continue
        keywords = {str(keyword.arg): keyword.value for keyword in call.keywords}
        first = call.args[0] if call.args else keywords.get("problem")
        for problem in strings_in(first):
            found[problem] = set(keywords)
    return found
