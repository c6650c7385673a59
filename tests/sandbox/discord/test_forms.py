"""Forms are judged as jsonschema judges them, which is slower and does not speak Discord's way."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from sandbox.discord.rules import forms
from sandbox.discord.rules.errors import ApiError
from sandbox.discord.rules.facts import schemas
from sandbox.discord.rules.problems import Problems

Json = dict[str, Any]
Path = tuple[str | int, ...]

KEYWORDS = {
    *("$ref", "oneOf", "type", "enum", "format", "pattern", "minLength", "maxLength"),
    *("items", "minItems", "maxItems", "uniqueItems", "minimum", "maximum"),
    *("properties", "required", "additionalProperties", "propertyNames", "maxProperties"),
}
"""What ``forms`` reads. A keyword that nobody reads would be a rule that nobody keeps."""

OPTION: Json = {
    "type": 3,
    "name": "size",
    "description": "How large",
    "required": True,
    "max_length": 9,
    "choices": [{"name": "a", "value": "b", "name_localizations": {"de": "c"}}],
}
COMMAND: Json = {
    "name": "draw",
    "type": 1,
    "description": "Draws",
    "contexts": [0, 1],
    "default_member_permissions": "8",
    "description_localizations": {"de": "Zeichnet"},
    "options": [
        {"type": 1, "name": "big", "description": "d", "options": [OPTION]},
        {
            "type": 2,
            "name": "group",
            "description": "d",
            "options": [{"type": 1, "name": "small", "description": "d", "options": []}],
        },
        {"type": 4, "name": "n", "description": "d", "min_value": 0, "autocomplete": True},
    ],
}
BUTTON: Json = {"type": 2, "style": 1, "label": "Go", "custom_id": "go", "emoji": {"name": "x"}}
SELECT: Json = {"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}]}
ROWS = [{"type": 1, "components": [BUTTON]}, {"type": 1, "components": [SELECT]}]
CONTAINER: Json = {
    "type": 17,
    "components": [
        {"type": 10, "content": "x"},
        {"type": 9, "components": [{"type": 10, "content": "y"}], "accessory": BUTTON},
    ],
}
MESSAGE: Json = {
    "content": "hello",
    "nonce": 12,
    "flags": None,
    "allowed_mentions": {"parse": ["users"], "roles": ["1", 2]},
    "message_reference": {"message_id": "5", "fail_if_not_exists": False},
    "embeds": [
        {
            "title": "t",
            "color": 255,
            "timestamp": "2026-01-01T00:00:00+00:00",
            "footer": {"text": "f"},
            "fields": [{"name": "n", "value": "v", "inline": True}],
        }
    ],
    "attachments": [{"id": 0, "description": "d"}],
}
MODAL: Json = {
    "title": "Fine",
    "custom_id": "m",
    "components": [
        {
            "type": 18,
            "label": "Text",
            "component": {"type": 4, "custom_id": "t", "style": 1, "max_length": 9},
        },
        {"type": 1, "components": [{"type": 4, "custom_id": "u", "style": 2, "label": "L"}]},
        {
            "type": 18,
            "label": "Files",
            "component": {
                "type": 19,
                "custom_id": "f",
                "min_values": 0,
                "required": False,
                "file_types": ["image", ".heic"],
            },
        },
        {
            "type": 18,
            "label": "One",
            "component": {
                "type": 21,
                "custom_id": "o",
                "options": [{"label": "l", "value": "v"}, {"label": "m", "value": "w"}],
            },
        },
        {"type": 18, "label": "Tick", "component": {"type": 23, "custom_id": "t2"}},
    ],
}
CHOICES: Json = {"choices": [{"name": "n", "value": 3}]}
FORMS: dict[str, object] = {
    "ChatInputCommand": COMMAND,
    "ApplicationCommandUpdateRequest": {"name": "Menu", "type": 3, "description": ""},
    "MessageCreateRequest": MESSAGE,
    "ActionRows": ROWS,
    "ComponentsV2": [CONTAINER, *ROWS],
    "ModalInteractionCallbackRequestData": MODAL,
    "InteractionApplicationCommandAutocompleteCallbackIntegerData": CHOICES,
    "InteractionApplicationCommandAutocompleteCallbackNumberData": CHOICES,
    "InteractionApplicationCommandAutocompleteCallbackStringData": {
        "choices": [{"name": "n", "value": "v"}]
    },
}
"""Every form a rule asks for, each with a body that has nothing wrong."""

TEXT_LENGTHS = (0, 1, 25, 26, 32, 33, 45, 46, 80, 81, 100, 101, 256, 257, 2000, 2001, 4096, 4097)
REPLACEMENTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-2, max_value=24),
    st.sampled_from([6001, 1 << 24, 1 << 60, 1.5, 2.0, "x y", "users", "1", "01", [], {}]),
    st.sampled_from(TEXT_LENGTHS).map("x".__mul__),
    st.lists(st.integers(min_value=0, max_value=2), max_size=3),
    st.dictionaries(st.sampled_from(["name", "type", "de", "xx"]), st.just("x"), max_size=2),
)
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    return not isinstance(value, str) or bool(datetime.fromisoformat(value))


def jsonschema_takes(value: object, form: str) -> bool:
    document = DRAFT202012.create_resource({"components": {"schemas": schemas()}})
    return Draft202012Validator(
        {"$ref": f"urn:discord#/components/schemas/{form}"},
        registry=EMPTY_REGISTRY.with_resource("urn:discord", document),
        format_checker=FORMATS,
    ).is_valid(value)


def problems_of(value: object, form: str) -> Json:
    problems = Problems()
    with contextlib.suppress(ApiError):  # a wrong type is refused at once
        forms.check(problems, (), value, form)
    return problems.tree


def takes(value: object, form: str) -> bool:
    return problems_of(value, form) == {}


def places(node: object, at: Path = ()) -> Iterator[Path]:
    yield at
    if isinstance(node, dict | list):
        steps = node.items() if isinstance(node, dict) else enumerate(node)
        for step, value in steps:
            yield from places(value, (*at, step))


@st.composite
def changed(draw: st.DrawFn, body: object) -> object:
    """A body with one or two things replaced, removed or repeated."""
    root = [copy.deepcopy(body)]
    for _ in range(draw(st.integers(min_value=1, max_value=2))):
        *way, last = draw(st.sampled_from([at for at in places(root) if at]))
        node: Any = root
        for step in way:
            node = node[step]
        how = draw(st.sampled_from(["replace", "replace", "remove", "repeat"]))
        if how == "remove" and isinstance(node, dict):
            del node[last]
        elif how == "repeat" and isinstance(node[last], list):
            node[last] *= draw(st.sampled_from([2, 6, 11, 26, 41]))
        else:
            node[last] = draw(REPLACEMENTS)
    return root[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_body_with_nothing_wrong_is_taken(form: str) -> None:
    assert takes(FORMS[form], form)
    assert jsonschema_takes(FORMS[form], form)


@given(st.data())
def test_jsonschema_finds_something_wrong_where_this_does(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(sorted(FORMS)))
    body = data.draw(changed(FORMS[form]))
    assert takes(body, form) == jsonschema_takes(body, form)


def test_every_keyword_of_the_forms_is_read() -> None:
    seen: set[str] = set()
    used: set[str] = set()
    for form in FORMS:
        _collect({"$ref": f"#/components/schemas/{form}"}, seen, used)
    assert used <= KEYWORDS
    assert len(seen) > len(FORMS)


def _collect(schema: Json, seen: set[str], used: set[str]) -> None:
    """Visit a schema and all it refers to; ``used`` gets its keywords."""
    used |= schema.keys()
    reference = schema.get("$ref")
    if reference is not None and reference not in seen:
        seen.add(reference)
        _collect(schemas()[reference.rpartition("/")[2]], seen, used)
    inner = [*schema.get("oneOf", ()), *schema.get("properties", {}).values()]
    inner += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    for part in inner:
        _collect(part, seen, used)


@pytest.mark.parametrize(
    ("form", "body", "path", "code"),
    [
        ("MessageCreateRequest", {"content": 1}, "content", "STRING_TYPE_CONVERT"),
        ("MessageCreateRequest", {"tts": "yes"}, "tts", "BOOLEAN_TYPE_CONVERT"),
        ("MessageCreateRequest", {"embeds": {}}, "embeds", "LIST_TYPE_CONVERT"),
        ("MessageCreateRequest", {"embeds": ["x"]}, "embeds/0", "MODEL_TYPE_CONVERT"),
        ("MessageCreateRequest", {"nonce": 1.5}, "nonce", "STRING_TYPE_CONVERT"),
        ("MessageCreateRequest", {"attachments": [{}]}, "attachments/0/id", "BASE_TYPE_REQUIRED"),
        (
            "MessageCreateRequest",
            {"attachments": [{"id": "x"}]},
            "attachments/0/id",
            "NUMBER_TYPE_COERCE",
        ),
        (
            "MessageCreateRequest",
            {"embeds": [{"timestamp": "soon"}]},
            "embeds/0/timestamp",
            "DATE_TIME_TYPE_PARSE",
        ),
        ("MessageCreateRequest", {"embeds": [{"color": -1}]}, "embeds/0/color", "NUMBER_TYPE_MIN"),
        (
            "MessageCreateRequest",
            {"embeds": [{"color": 1 << 24}]},
            "embeds/0/color",
            "NUMBER_TYPE_MAX",
        ),
        ("ChatInputCommand", {**COMMAND, "contexts": []}, "contexts", "BASE_TYPE_MIN_LENGTH"),
        (
            "ChatInputCommand",
            {**COMMAND, "contexts": [0, 0]},
            "contexts/1",
            "SET_TYPE_ALREADY_CONTAINS_VALUE",
        ),
        ("ActionRows", [{"type": 10}], "0/type", "BASE_TYPE_CHOICES"),
        ("ActionRows", [{"type": None}], "0/type", "BASE_TYPE_REQUIRED"),
        ("ActionRows", [{}], "0/type", "BASE_TYPE_REQUIRED"),
        ("ActionRows", [{"type": 1, "components": []}], "0/components", "BASE_TYPE_BAD_LENGTH"),
        ("ActionRows", [ROWS[0]] * 6, "", "BASE_TYPE_MAX_LENGTH"),
    ],
)
def test_what_is_wrong_is_said_as_discord_says_it(
    form: str, body: object, path: str, code: str
) -> None:
    node = problems_of(body, form)
    for step in path.split("/") if path else ():
        node = node[step]
    assert [problem["code"] for problem in node["_errors"]] == [code]
