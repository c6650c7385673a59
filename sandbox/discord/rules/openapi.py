"""Checks recorded requests against Discord's OpenAPI 3.1 document, or the facts taken from it.

https://github.com/discord/discord-api-spec. This is the second opinion on what a bot sends and on
what this server answers, so it knows nothing of the amendments to the facts.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from urllib.parse import quote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing.jsonschema import DRAFT202012, EMPTY_REGISTRY

from sandbox.discord.rules.facts import FACTS_PATH, read
from sandbox.discord.world.json import Json, dump
from sandbox.discord.world.recorded_request import RecordedRequest

URN = "urn:discord"
NO_CONTENT = 204
BAD_REQUEST = 400
INJECTED = 500
WITH_FILE_TYPES = (
    "ApplicationCommandAttachmentOption",
    "ApplicationCommandAttachmentOptionResponse",
    "FileUploadComponentForModalRequest",
)
"""Forms that have ``file_types``, which is newer than the document."""


class Validator:
    """Checks requests and answers; each schema is compiled once."""

    def __init__(self, spec_path: Path = FACTS_PATH, *, strict: bool = False) -> None:
        """Load the document.

        Args:
            spec_path: The whole document; by default the facts that are part of the repository.
            strict: Also refuse keys the document does not know, save discord.py's habits.
        """
        spec = read(spec_path)
        self._strict = strict
        if strict:
            for name in WITH_FILE_TYPES:
                spec["components"]["schemas"][name]["properties"].setdefault("file_types", {})
            _close_objects(spec["components"]["schemas"])
        self._spec = spec
        self._registry = EMPTY_REGISTRY.with_resource(URN, DRAFT202012.create_resource(spec))
        templates: list[str] = sorted(
            spec["paths"], key=lambda template: (template.count("{"), template)
        )
        self._patterns = [(template, _pattern(template)) for template in templates]
        self._compiled: dict[str, Draft202012Validator] = {}
        self._fitting: set[tuple[str, str]] = set()
        """Bodies that had nothing wrong: a bot's commands, the same in each test, take long."""

    def problems(self, request: RecordedRequest) -> list[str]:
        """List what is wrong with a request; an empty list is good."""
        template = self._template(request)
        name = f"{request.method} {request.path}"
        if template is None:
            return [f"{name}: no such path or method"]
        operation = self._spec["paths"][template][request.method.lower()]
        content = operation.get("requestBody", {}).get("content", {})
        found = self._query_problems(request, template)
        if "application/json" not in content:
            return found + ([f"{name}: takes no body"] if request.json is not None else [])
        if request.json is None:
            # Never answered: a fault or the bot's own end cut it off before its body was here.
            cut_before_reading = request.status is None
            required = operation["requestBody"].get("required") and not cut_before_reading
            return found + ([f"{name}: has no body"] if required else [])
        if request.multipart and "multipart/form-data" not in content:
            found.append(f"{name}: takes no multipart")
        pointer = _pointer(
            "paths",
            template,
            request.method.lower(),
            "requestBody",
            "content",
            "application/json",
            "schema",
        )
        body = _without_habits(request) if self._strict else request.json
        return found + [f"{name}: {problem}" for problem in self._check(pointer, body)]

    def answer_problems(self, request: RecordedRequest) -> list[str]:
        """List what is wrong with the server's own answer; injected failures are not looked at."""
        template = self._template(request)
        status = request.status
        if template is None or status is None or request.fault or status >= INJECTED:
            return []
        responses = self._spec["paths"][template][request.method.lower()]["responses"]
        key = str(status) if str(status) in responses else "4XX"
        name = f"{request.method} {request.path} → {status}"
        if key not in responses:
            return [f"{name}: no such status"]
        if status == NO_CONTENT or status >= BAD_REQUEST:
            return []
        pointer = _pointer(
            "paths",
            template,
            request.method.lower(),
            "responses",
            key,
            "content",
            "application/json",
            "schema",
        )
        return [f"{name}: {problem}" for problem in self._check(pointer, request.answer)]

    def _template(self, request: RecordedRequest) -> str | None:
        for template, pattern in self._patterns:
            known = request.method.lower() in self._spec["paths"][template]
            if known and pattern.fullmatch(request.path):
                return template
        return None

    def _query_problems(self, request: RecordedRequest, template: str) -> list[str]:
        if not self._strict:
            return []
        item = self._spec["paths"][template]
        listed = item.get("parameters", []) + item[request.method.lower()].get("parameters", [])
        known = {parameter["name"] for parameter in listed if parameter["in"] == "query"}
        return [
            f"{request.path}: no query parameter {name}" for name in request.query.keys() - known
        ]

    def _check(self, pointer: str, value: object) -> list[str]:
        known = (pointer, dump(value))
        if known in self._fitting:
            return []
        validator = self._compiled.get(pointer)
        if validator is None:
            validator = Draft202012Validator({"$ref": f"{URN}#{pointer}"}, registry=self._registry)
            self._compiled[pointer] = validator
        error = best_match(validator.iter_errors(value))
        if error is None:
            self._fitting.add(known)
            return []
        place = "/".join(str(step) for step in error.absolute_path)
        return [f"{place or 'body'}: {error.message[:300]}"]


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _pointer(*steps: str) -> str:
    """Write a JSON pointer as a URI fragment."""
    return "".join("/" + quote(step.replace("~", "~0").replace("/", "~1")) for step in steps)


def _close_objects(schemas: Json) -> None:
    """Forbid unknown keys wherever a schema lists its keys and is not a part of another."""
    for schema in schemas.values():
        if "properties" in schema and "allOf" not in schema:
            schema.setdefault("additionalProperties", False)


def _without_habits(request: RecordedRequest) -> object:
    """Drop the keys discord.py sends though the document lacks them; Discord takes them."""
    body = copy.deepcopy(request.json)
    if isinstance(body, list):
        for command in body:
            command.pop("nsfw", None)
        return body
    if body is None:
        return None
    if "/commands" in request.path:
        body.pop("nsfw", None)
    message = (body.get("data") or {}) if request.path.endswith("/callback") else body
    if request.method == "PATCH" or message is not body:
        message.pop("tts", None)
    for embed in message.get("embeds") or ():
        embed.pop("flags", None)
    return body
