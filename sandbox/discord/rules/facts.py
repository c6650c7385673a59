"""Reads what Discord's OpenAPI document states about the routes of this server.

``facts.json`` is the document without its sentences and without what no route here needs;
``python -m tools.distil_discord_facts`` writes it. The document calls itself a preview, to be
followed only where the documentation agrees, so ``AMENDMENTS`` says where it is not followed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.discord.world.json import Json

FACTS_PATH = Path(__file__).with_name("facts.json")
REFERENCE = "#/components/schemas/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Says where one field is not as the document has it."""

    schema: str
    field: str
    changes: Json
    """Keywords that are otherwise."""
    required: bool = False
    """True: the field may not be left out, though the document lets it."""
    reason: str


AMENDMENTS = (
    Amendment(
        schema="MessageCreateRequest",
        field="content",
        changes={"maxLength": 2000},
        reason="4000 is what Nitro buys; a bot's message has 2000",
    ),
    Amendment(
        schema="RichEmbedField",
        field="name",
        changes={"minLength": 1},
        reason="an empty name is refused, which the document does not say",
    ),
    Amendment(
        schema="RichEmbedField",
        field="value",
        changes={"minLength": 1},
        reason="an empty value is refused, which the document does not say",
    ),
    Amendment(
        schema="RichEmbedFooter",
        field="text",
        changes={"minLength": 1, "type": "string"},
        required=True,
        reason="required in resources/message#embed-object-embed-footer-structure",
    ),
    Amendment(
        schema="RichEmbedAuthor",
        field="name",
        changes={"minLength": 1, "type": "string"},
        required=True,
        reason="required in resources/message#embed-object-embed-author-structure",
    ),
    Amendment(
        schema="ApplicationCommandOptionStringChoice",
        field="value",
        changes={"minLength": 1, "maxLength": 100},
        reason="6000 is what a user may type; a choice has 100, and an empty one is refused",
    ),
    Amendment(
        schema="ApplicationCommandUpdateRequest",
        field="default_member_permissions",
        changes={"type": ["string", "integer", "null"]},
        reason="the documentation has permissions as strings; the document as integers alone",
    ),
    Amendment(
        schema="ModalInteractionCallbackRequestData",
        field="components",
        changes={"maxItems": 5},
        reason="40 is what a message may have; a modal has five fields",
    ),
    *(
        Amendment(
            schema=f"{kind}ComponentForModalRequest",
            field=field,
            changes={"type": "integer"},
            reason="an integer or left out in components/reference; the document takes null",
        )
        for kind in (
            *("StringSelect", "UserSelect", "RoleSelect", "MentionableSelect", "ChannelSelect"),
            *("FileUpload", "CheckboxGroup"),
        )
        for field in ("min_values", "max_values")
    ),
    *(
        Amendment(
            schema=schema,
            field="file_types",
            changes={
                "type": ["array", "null"],
                "items": {"type": "string", "minLength": 1},
                "maxItems": 10,
            },
            reason="newer than the document: reference#file-type-filtering",
        )
        for schema in ("FileUploadComponentForModalRequest", "ApplicationCommandAttachmentOption")
    ),
)
"""Where the document is silent or wrong; pages named are under discord.com/developers/docs."""

LOCALIZED = frozenset({"name_localizations", "description_localizations"})
"""Fields whose keys are locales, which the document does not say."""
UNDOCUMENTED_LOCALES = frozenset({"ar", "he"})
"""In the document's list, but not in the documentation's: reference#locales."""


def read(path: Path = FACTS_PATH) -> Json:
    """Read the facts, or the whole document; both have the same form.

    Snowflakes may be integers: the document has strings alone, but Discord takes both and
    discord.py sends both.
    """
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    document["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
    return document


@cache
def schemas() -> Json:
    """Return what bodies are judged by: the document's schemas by name, amended.

    Three forms are added, for the document has one where Discord has two.
    """
    found: Json = read()["components"]["schemas"]
    for amendment in AMENDMENTS:
        schema = found[amendment.schema]
        stated = schema["properties"].get(amendment.field, {})
        schema["properties"][amendment.field] = stated | amendment.changes
        if amendment.required:
            schema.setdefault("required", []).append(amendment.field)
    locales = set(found["AvailableLocalesEnum"]["enum"]) - UNDOCUMENTED_LOCALES
    for schema in found.values():
        for field in LOCALIZED & schema.get("properties", {}).keys():
            schema["properties"][field]["propertyNames"] = {"enum": sorted(locales)}
    found["ChatInputCommand"] = _chat_input(found)
    found |= _component_lists(found)
    return found


def _chat_input(found: Json) -> Json:
    """A slash command describes itself as its options do; a menu's entry has no description."""
    command = found["ApplicationCommandUpdateRequest"]
    description = found["ApplicationCommandStringOption"]["properties"]["description"]
    return {
        **command,
        "properties": {**command["properties"], "description": description},
        "required": [*command["required"], "description"],
    }


def _component_lists(found: Json) -> Json:
    """Five rows of buttons and selects, or anything: that is told by a flag beside the list."""
    fields = found["MessageCreateRequest"]["properties"]
    components = fields["components"]
    fields["components"] = {}
    rows = {"oneOf": [_reference("ActionRowComponentForMessageRequest")]}
    return {
        "ComponentsV2": components,
        "ActionRows": {**components, "items": rows, "maxItems": 5},
    }


def _reference(name: str) -> Json:
    return {"$ref": f"{REFERENCE}{name}"}
