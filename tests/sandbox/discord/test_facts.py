"""The committed facts are what the tool makes of Discord's document, and no more than facts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.discord.rest.table import ROUTES
from sandbox.discord.rules.facts import AMENDMENTS, FACTS_PATH, Amendment, read, schemas
from sandbox.discord.world.json import Json
from tools.distil_discord_facts import distil, render, serves


def test_the_facts_are_a_fresh_distillation(spec_path: Path | None) -> None:
    if spec_path is None:
        pytest.skip("DISCORD_OPENAPI_SPEC is not set")
    document = json.loads(spec_path.read_text(encoding="utf-8"))
    assert FACTS_PATH.read_text(encoding="utf-8") == render(distil(document))


def test_every_route_of_the_server_is_among_the_facts() -> None:
    known = {(method.upper(), path) for path, item in read()["paths"].items() for method in item}
    missing = [
        f"{route.method} {route.template}"
        for route in ROUTES
        if not any(route.method == method and serves(route, path) for method, path in known)
    ]
    assert missing == []


def test_no_sentence_is_among_the_facts() -> None:
    sentences = [text for text in _texts(read()) if " " in text]
    assert sentences == []


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)
    elif isinstance(node, str):
        yield node


def test_a_document_is_distilled_to_what_the_routes_need() -> None:
    kind = {"oneOf": [{"title": "A", "const": 1, "description": "The first."}, {"const": 2}]}
    thing = {
        "description": "A thing.",
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 5, "description": "What it is called."},
            "kind": {"type": "integer", "enum": [1], "allOf": [reference("Kind")]},
            "other": reference("Kind"),
        },
        "required": ["title", "kind"],
    }
    answer = {
        "description": "Fine.",
        "content": {"application/json": {"schema": reference("Thing")}},
    }
    operation = {
        "summary": "Get it.",
        "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
        "responses": {"200": answer, "4XX": {"$ref": "#/components/responses/Refusal"}},
    }
    spec: Json = {
        "openapi": "3.1.0",
        "info": {"version": "10", "title": "Made up"},
        "paths": {
            "/gateway": {"get": operation, "post": operation},
            "/unserved": {"get": operation},
        },
        "components": {"schemas": {"Thing": thing, "Kind": kind, "Unused": thing}},
    }
    assert distil(spec) == {
        "openapi": "3.1.0",
        "info": {"version": "10"},
        "paths": {
            "/gateway": {
                "get": {
                    "parameters": operation["parameters"],
                    "responses": {
                        "200": {"content": {"application/json": {"schema": reference("Thing")}}},
                        "4XX": {},
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Kind": {"enum": [1, 2]},
                "Thing": {
                    "type": "object",
                    "properties": {
                        "kind": {"type": "integer", "enum": [1]},
                        "other": reference("Kind"),
                        "title": {"type": "string", "maxLength": 5},
                    },
                    "required": ["kind", "title"],
                },
            }
        },
    }


def reference(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


@pytest.mark.parametrize("amendment", AMENDMENTS, ids=lambda found: f"{found.schema}.{found.field}")
def test_an_amendment_changes_what_the_document_says(amendment: Amendment) -> None:
    """One that says the same as the document is not needed any more."""
    fields = read()["components"]["schemas"][amendment.schema]["properties"]
    stated = fields.get(amendment.field, {})
    amended = schemas()[amendment.schema]["properties"][amendment.field]
    assert amended != stated
    assert amended == {**stated, **amendment.changes}
    assert amendment.reason
