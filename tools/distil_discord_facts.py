"""Write the facts the local Discord judges by, taken from Discord's OpenAPI document.

``python -m tools.distil_discord_facts SPEC.json``. What is left of the document are paths, fields,
types, lengths, counts, enumerations, what is required and what may be null, for the routes the
server knows and whatever their bodies and answers refer to; no sentence is taken over. The document
is at https://github.com/discord/discord-api-spec.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sandbox.discord.rest.call import Route
from sandbox.discord.rest.table import ROUTES
from sandbox.discord.rules.facts import FACTS_PATH

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
BAD_REQUEST = 400
PLAIN_KEYWORDS = frozenset(
    {
        "$ref",
        "const",
        "enum",
        "format",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "type",
        "uniqueItems",
    }
)
"""Keywords that state a fact and hold no schema themselves."""


def distil(spec: Json, routes: tuple[Route, ...] = ROUTES) -> Json:
    """Return the document of the same form that holds what these routes need and nothing else."""
    paths: Json = {}
    for template, item in sorted(spec["paths"].items()):
        methods = {route.method.lower() for route in routes if serves(route, template)}
        served = {method: _operation(item[method]) for method in sorted(methods & item.keys())}
        if served:
            paths[template] = served
    schemas: Json = {}
    wanted = _references(paths)
    while wanted:
        name = wanted.pop()
        schemas[name] = _schema(spec["components"]["schemas"][name])
        wanted |= _references(schemas[name]) - schemas.keys()
    return {
        "info": {"version": spec["info"]["version"]},
        "openapi": spec["openapi"],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def serves(route: Route, template: str) -> bool:
    """Tell whether a route answers a path, also where the path names one thing: ``@original``."""
    ours, theirs = route.template.split("/"), template.split("/")
    return len(ours) == len(theirs) and all(
        own == other or (own.startswith("{") and other.startswith(("{", "@")))
        for own, other in zip(ours, theirs, strict=True)
    )


def _operation(operation: Json) -> Json:
    """Keep query parameters, body and answers; of a refusal the status alone."""
    facts: Json = {"responses": {}}
    query = [
        {"in": "query", "name": parameter["name"], "schema": _schema(parameter["schema"])}
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    ]
    if query:
        facts["parameters"] = query
    if "requestBody" in operation:
        body = operation["requestBody"]
        facts["requestBody"] = {
            "content": _content(body["content"]),
            "required": bool(body.get("required")),
        }
    for status, response in sorted(operation["responses"].items()):
        refused = status.endswith("XX") or int(status) >= BAD_REQUEST
        content = {} if refused else _content(response.get("content", {}))
        facts["responses"][status] = {"content": content} if content else {}
    return facts


def _content(content: Json) -> Json:
    """Keep the JSON form; a multipart body says the same with files beside it."""
    facts: Json = {}
    if "application/json" in content:
        facts["application/json"] = {"schema": _schema(content["application/json"]["schema"])}
    if "multipart/form-data" in content:
        facts["multipart/form-data"] = {}
    return facts


def _schema(schema: Json) -> Json:
    """Keep what a schema states; listed constants become an enumeration."""
    facts = {key: value for key, value in schema.items() if key in PLAIN_KEYWORDS}
    if "properties" in schema:
        properties = sorted(schema["properties"].items())
        facts["properties"] = {name: _schema(value) for name, value in properties}
    if "required" in schema:
        facts["required"] = sorted(schema["required"])
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            facts[key] = _schema(schema[key])
        elif key in schema:
            facts[key] = schema[key]
    for key in ("oneOf", "anyOf", "allOf"):
        if key not in schema or (key == "allOf" and "enum" in schema):
            continue  # beside an enumeration stands the wider one its values are taken from
        parts = [_schema(part) for part in schema[key]]
        if all(part.keys() == {"const"} for part in parts):
            facts["enum"] = [part["const"] for part in parts]
        else:
            facts[key] = parts
    return facts


def _references(node: object) -> set[str]:
    """Collect the names of all schemas a piece of the document refers to."""
    if isinstance(node, dict):
        own = (
            {str(node["$ref"]).removeprefix(SCHEMAS)}
            if isinstance(node.get("$ref"), str)
            else set()
        )
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


def render(facts: Json) -> str:
    """Write the facts with one line for each path and schema, so that a diff shows what changed."""
    lines = ["{", *(f"{_compact(key)}:{_compact(facts[key])}," for key in ("info", "openapi"))]
    lines += ['"paths":{', _lines(facts["paths"]), "},"]
    lines += ['"components":{"schemas":{', _lines(facts["components"]["schemas"]), "}}}"]
    return "\n".join(lines) + "\n"


def _lines(members: Json) -> str:
    return ",\n".join(f"{_compact(name)}:{_compact(value)}" for name, value in members.items())


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


@click.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(spec: Path) -> None:
    """Distil SPEC, Discord's OpenAPI document, into the committed facts."""
    document = json.loads(spec.read_text(encoding="utf-8"))
    text = render(distil(document))
    FACTS_PATH.write_text(text, encoding="utf-8")
    click.echo(f"{FACTS_PATH}: {len(text)} bytes")


if __name__ == "__main__":
    main()
