"""Limits of message bodies.

https://discord.com/developers/docs/resources/message#create-message and, for the embed figures,
https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

from datetime import datetime

from sandbox.discord.rules.components import check_components
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

CONTENT_CHARS = 2000
"""For bots; the OpenAPI document says 4000, which is Nitro's."""
NONCE_CHARS = 25
EMBEDS = ATTACHMENTS = 10
EMBED_CHARS_OVER_ALL = 6000
EMBED_TITLE, EMBED_DESCRIPTION, EMBED_FIELDS = 256, 4096, 25
FIELD_NAME, FIELD_VALUE, FOOTER_TEXT, AUTHOR_NAME = 256, 1024, 2048, 256
DESCRIPTION_CHARS = 1024
MENTION_LIST = 100
FLAG_COMPONENTS_V2 = 1 << 15
COLOUR_MAXIMUM = 0xFFFFFF


def check_message(body: Json, at: Path = ()) -> None:
    """Refuse a body that breaks a limit.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    problems.text((*at, "content"), body.get("content"), CONTENT_CHARS)
    problems.text((*at, "nonce"), _text(body.get("nonce")), NONCE_CHARS)
    v2 = bool(int(body.get("flags") or 0) & FLAG_COMPONENTS_V2)
    for key in ("content", "embeds"):
        if v2 and body.get(key):
            problems.add(
                (*at, key),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
    _check_embeds(problems, (*at, "embeds"), body.get("embeds") or [])
    check_components(problems, (*at, "components"), body.get("components") or [], v2=v2)
    _check_attachments(problems, (*at, "attachments"), body.get("attachments") or [])
    _check_mentions(problems, (*at, "allowed_mentions"), body.get("allowed_mentions") or {})
    problems.refuse()


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _check_embeds(problems: Problems, at: Path, embeds: list[Json]) -> None:
    problems.count(at, embeds, EMBEDS)
    total = 0
    for number, embed in enumerate(embeds):
        _check_embed(problems, (*at, number), embed)
        total += embed_chars(embed)
    if total > EMBED_CHARS_OVER_ALL:
        problems.add(
            at,
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_CHARS_OVER_ALL}",
        )


def embed_chars(embed: Json) -> int:
    """Count the characters the limit over all embeds of a message is about."""
    texts = [embed.get("title"), embed.get("description")]
    texts.append((embed.get("footer") or {}).get("text"))
    texts.append((embed.get("author") or {}).get("name"))
    for each in embed.get("fields") or ():
        texts += [each.get("name"), each.get("value")]
    return sum(len(each) for each in texts if isinstance(each, str))


def _check_embed(problems: Problems, at: Path, embed: Json) -> None:
    problems.text((*at, "title"), embed.get("title"), EMBED_TITLE)
    problems.text((*at, "description"), embed.get("description"), EMBED_DESCRIPTION)
    fields = embed.get("fields") or []
    problems.count((*at, "fields"), fields, EMBED_FIELDS)
    for number, each in enumerate(fields):
        here: Path = (*at, "fields", number)
        problems.text((*here, "name"), each.get("name"), FIELD_NAME, minimum=1)
        problems.text((*here, "value"), each.get("value"), FIELD_VALUE, minimum=1)
    if embed.get("footer"):
        problems.text((*at, "footer", "text"), embed["footer"].get("text"), FOOTER_TEXT, minimum=1)
    if embed.get("author"):
        problems.text((*at, "author", "name"), embed["author"].get("name"), AUTHOR_NAME, minimum=1)
    if not any(
        embed.get(key)
        for key in ("title", "description", "fields", "footer", "author", "image", "thumbnail")
    ):
        problems.required((*at, "description"))
    if not 0 <= int(embed.get("color") or 0) <= COLOUR_MAXIMUM:
        problems.add(
            (*at, "color"),
            "NUMBER_TYPE_MAX",
            f"int value should be less than or equal to {COLOUR_MAXIMUM}.",
        )
    _check_embed_formats(problems, at, embed)


def _check_embed_formats(problems: Problems, at: Path, embed: Json) -> None:
    urls: list[tuple[Path, object, bool]] = [((*at, "url"), embed.get("url"), False)]
    urls += [
        ((*at, slot, "url"), embed[slot].get("url"), True)
        for slot in ("image", "thumbnail")
        if embed.get(slot)
    ]
    for path, url, may_attach in urls:
        allowed = ("http://", "https://", *(("attachment://",) if may_attach else ()))
        if url is not None and not str(url).startswith(allowed):
            problems.add(
                path,
                "URL_TYPE_INVALID_SCHEME",
                f'Scheme "{str(url).partition(":")[0]}" is not supported. '
                "Scheme must be one of ('http', 'https').",
            )
    if embed.get("timestamp") is not None:
        try:
            datetime.fromisoformat(str(embed["timestamp"]))
        except ValueError:
            problems.add(
                (*at, "timestamp"), "DATE_TIME_TYPE_PARSE", "Could not parse. Should be ISO8601."
            )


def _check_attachments(problems: Problems, at: Path, attachments: list[Json]) -> None:
    problems.count(at, attachments, ATTACHMENTS)
    for number, each in enumerate(attachments):
        if "id" not in each:
            problems.required((*at, number, "id"))
        problems.text((*at, number, "description"), each.get("description"), DESCRIPTION_CHARS)


def _check_mentions(problems: Problems, at: Path, mentions: Json) -> None:
    parse = mentions.get("parse") or []
    for number, each in enumerate(parse):
        if each not in {"users", "roles", "everyone"}:
            problems.choices((*at, "parse", number), "'users', 'roles', 'everyone'")
    for kind in ("users", "roles"):
        listed = mentions.get(kind) or []
        problems.count((*at, kind), listed, MENTION_LIST)
        if kind in parse and listed:
            problems.add(
                at,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
