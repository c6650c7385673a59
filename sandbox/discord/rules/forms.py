"""Checks the form of a body: types, lengths, counts, enumerations, what is required.

The facts say what is right, this says in Discord's codes and sentences what is not. jsonschema
could read the facts as well, which ``tests/sandbox/discord/test_forms.py`` holds against this, but
needs 180 ms for a bot's commands where this needs 5.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

from sandbox.discord.rules.facts import REFERENCE, schemas
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
CONVERT_PROBLEMS = {
    "string": ("STRING_TYPE_CONVERT", 'Could not interpret "{}" as string.'),
    "integer": ("NUMBER_TYPE_COERCE", 'Value "{}" is not a number.'),
    "number": ("NUMBER_TYPE_COERCE", 'Value "{}" is not a number.'),
    "boolean": ("BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    "array": ("LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    "object": ("MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"),
}
"""Code and sentence by the type that was expected."""


def check(problems: Problems, at: Path, value: object, form: str) -> None:
    """Note how a value departs from the schema of that name.

    Raises:
        ApiError: 50035, at once, where a type is wrong: nothing further can be said of such a body.
    """
    if not _fits(problems, at, value, schemas()[form]):
        problems.refuse()


def _fits(problems: Problems, at: Path, value: object, schema: Json) -> bool:
    """Note every problem of a value; tell whether all types are right, the problems aside."""
    schema = _meant(value, schema)
    kinds = _kinds(schema)
    if value is None and kinds and "null" not in kinds:
        problems.required(at)
        return False
    if kinds and not any(_is(value, kind) for kind in kinds):
        code, sentence = CONVERT_PROBLEMS[kinds[0]]
        problems.add(at, code, sentence.format(value))
        return False
    if value is not None and value not in schema.get("enum", (value,)):
        problems.choices(at, schema["enum"])
        return True
    match value:
        case str():
            _check_text(problems, at, value, schema)
        case list():
            return _check_items(problems, at, value, schema)
        case dict():
            return _check_fields(problems, at, value, schema)
        case int() | float():
            _check_number(problems, at, value, schema)
    return True


def _kinds(schema: Json) -> list[str]:
    kinds: str | list[str] = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, TYPES[kind])


def _meant(value: object, schema: Json) -> Json:
    """Follow references, and of several schemas take the one the value is meant to fit.

    Discord goes by ``type`` where the schemas are objects that have one, else by what it is given.
    """
    while "type" not in schema:
        if "$ref" in schema:
            schema = schemas()[schema["$ref"].removeprefix(REFERENCE)]
        elif "oneOf" in schema:
            schema = _branch(value, schema["oneOf"])
        else:
            break
    return schema


def _branch(value: object, branches: list[Json]) -> Json:
    if isinstance(value, dict):
        by_type = _by_type(*(branch.get("$ref", "") for branch in branches))
        if by_type:
            meant = (branch for kind, branch in by_type.items() if kind == value.get("type"))
            return next(meant, None) or _any_type_of(by_type)
    others = [branch for branch in branches if _kinds(branch) != ["null"]]
    fitting = (
        branch
        for branch in branches
        if any(_is(value, kind) for kind in _kinds(_meant(value, branch)))
    )
    return next(fitting, others[-1])


@cache
def _by_type(*references: str) -> Json:
    """Sort schemas by the values of their field ``type``; empty where they have none."""
    found = {name: schemas()[name.removeprefix(REFERENCE)] for name in references if name}
    by_type = {
        kind: schema
        for schema in found.values()
        for kind in schema.get("properties", {}).get("type", {}).get("enum", ())
    }
    return dict(sorted(by_type.items()))


def _any_type_of(by_type: Json) -> Json:
    """Make a schema that says which types there are."""
    branch = next(iter(by_type.values()))
    kinds = {**branch["properties"]["type"], "enum": [*by_type]}
    return {"type": "object", "required": ["type"], "properties": {"type": kinds}}


def _check_text(problems: Problems, at: Path, text: str, schema: Json) -> None:
    minimum, maximum = schema.get("minLength", 0), schema.get("maxLength")
    if len(text) < minimum or (maximum is not None and len(text) > maximum):
        problems.length(at, minimum, maximum)
    if "pattern" in schema and not re.search(schema["pattern"], text):
        problems.add(at, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            problems.add(at, "DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601.")


def _check_number(problems: Problems, at: Path, number: float, schema: Json) -> None:
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None and number > high:
        problems.at_most(at, high)
    if low is not None and number < low:
        problems.at_least(at, low)


def _check_items(problems: Problems, at: Path, items: list[object], schema: Json) -> bool:
    minimum, maximum = schema.get("minItems", 0), schema.get("maxItems")
    if len(items) < minimum or (maximum is not None and len(items) > maximum):
        problems.length(at, minimum, maximum)
    fits = True
    for number, item in enumerate(items):
        fits &= _fits(problems, (*at, number), item, schema.get("items", {}))
        if schema.get("uniqueItems") and item in items[:number]:
            sentence = "The set already contains this value"
            problems.add((*at, number), "SET_TYPE_ALREADY_CONTAINS_VALUE", sentence)
    return fits


def _check_fields(problems: Problems, at: Path, fields: Json, schema: Json) -> bool:
    for name in schema.get("required", ()):
        if name not in fields:
            problems.required((*at, name))
    if len(fields) > schema.get("maxProperties", len(fields)):
        problems.length(at, 0, schema["maxProperties"])
    known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    names = schema.get("propertyNames", {}).get("enum")
    fits = True
    for name, value in fields.items():
        if names is not None and name not in names:
            problems.choices((*at, name), names)
        fits &= _fits(problems, (*at, name), value, known.get(name, others))
    return fits
