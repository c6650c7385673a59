"""Finds English in source text: what a person could read and no translator would see.

English is a literal in which two words stand beside each other, or any word that is handed to
Discord as something to read. Places of an f-string count as words. Not English are docstrings,
what is logged, and messages of errors: except of those that a member reads, whose facts are values.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.errors import BotError, RequestError

_PLACE = "\0"
_WORD = r"[^\W\d_][^\W\d_'\u2019]+"
_MARKS = rf"[^\w\s{_PLACE}]*"
_TWO_WORDS = re.compile(rf"(?:{_WORD}|{_PLACE}){_MARKS} +{_MARKS}(?:{_WORD}|{_PLACE})")
_ANY_WORD = re.compile(_WORD)
_LOGGERS = {"log", "_log", "logger"}

_READ = {
    "content",
    "description",
    "footer",
    "group_description",
    "label",
    "message",
    "placeholder",
    "text",
    "title",
    "value",
}
"""Keywords of discord.py, and of ours, whose strings people read."""

_NAMES_ARE_READ = {"add_field", "set_field_at", "insert_field_at", "set_author", "Choice"}
"""Calls whose ``name`` is read; that of a command or an option is the contract's."""

_SAID = {"say": 1, "send": 0, "send_message": 0, "edit_original_response": 0}
"""Calls that send words, and the place of these among what is given by position."""


@dataclass(frozen=True, slots=True)
class Literal:
    """English that stands where no translator looks."""

    line: int
    words: str
    """With ``{}`` for the places of an f-string."""


def english_in(source: str, *, wordless: bool = False) -> list[Literal]:
    """Return the English literals of a module.

    Args:
        source: its text.
        wordless: it only lays out what others say, so that any word of its own is one too many.
    """
    tree = ast.parse(source)
    ignored = {id(node) for node in _out_of_sight(tree)}
    read = {id(node) for node in _handed_to_discord(tree)}
    found = []
    for node in _literals(tree):
        words = _words(node)
        is_read = id(node) in read or (wordless and not _is_address(words))
        is_english = _is_sentence(words) or (is_read and _ANY_WORD.search(words) is not None)
        if id(node) not in ignored and is_english:
            found.append(Literal(node.lineno, words.replace(_PLACE, "{}")))
    return sorted(found, key=lambda literal: literal.line)


def _is_sentence(words: str) -> bool:
    return any(_ANY_WORD.search(pair.group()) for pair in _TWO_WORDS.finditer(words))


def _is_address(words: str) -> bool:
    """Tell whether a literal names a file, a place or a custom id."""
    return re.fullmatch(rf"[a-z0-9_.:/{_PLACE}-]*[.:/][a-z0-9_.:/{_PLACE}-]*", words) is not None


def _literals(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield whole literals: an f-string as one, without what it is made of."""
    inner = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    # The format of a place is no literal that anybody reads.
    inner |= {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None
        for part in ast.walk(node.format_spec)
    }
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            yield node


def _words(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else _PLACE for part in node.values
    )


def _called(call: ast.Call) -> str:
    """Return the last part of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _out_of_sight(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all that is below docstrings, log lines and messages of errors nobody is shown."""
    shown = {kind.__name__ for kind in _below(RequestError)}
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                yield node.value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in _LOGGERS:
                yield from ast.walk(node)
            case ast.Call() if _called(node).endswith("Error") and _called(node) not in shown:
                yield from ast.walk(node)
            case ast.ClassDef() if node.name.endswith("Error"):
                for call in ast.walk(node):
                    if isinstance(call, ast.Call) and _called(call) == "__init__":
                        yield from ast.walk(call)


def _below(kind: type[BotError]) -> Iterator[type[BotError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _below(child)


def _handed_to_discord(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what is given to calls that show it to people, however it is put together."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _called(node)
        given = [
            keyword.value
            for keyword in node.keywords
            if keyword.arg in _READ or (keyword.arg == "name" and name in _NAMES_ARE_READ)
        ]
        if name == "describe":
            given = [keyword.value for keyword in node.keywords]
        if name in _SAID and len(node.args) > _SAID[name]:
            given.append(node.args[_SAID[name]])
        for argument in given:
            yield from _shown(argument)


def _shown(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the literals an argument may come to; what is called or looked up is not one."""
    match node:
        case ast.Constant() | ast.JoinedStr():
            yield node
        case ast.IfExp():
            yield from _shown(node.body)
            yield from _shown(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _shown(value)
        case ast.BinOp():
            yield from _shown(node.left)
            yield from _shown(node.right)
