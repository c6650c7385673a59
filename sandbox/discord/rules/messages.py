"""Checks messages for what the form of their body does not show.

https://discord.com/developers/docs/resources/message#create-message
"""

from __future__ import annotations

from sandbox.discord.rules import forms
from sandbox.discord.rules.components import check_components
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.world.json import Json

EMBED_CHARS_OVER_ALL = 6000
"""Of all embeds together: message#embed-object-embed-limits. The document counts none."""
FLAG_COMPONENTS_V2 = 1 << 15
LEGACY_FIELDS = ("content", "embeds", "poll", "sticker_ids")
WEB = ("http://", "https://")


def is_v2(flags: object) -> bool:
    """Tell whether a message is made of components alone."""
    return isinstance(flags, int) and bool(flags & FLAG_COMPONENTS_V2)


def check_message(body: Json, at: Path = (), *, was_v2: bool = False) -> None:
    """Refuse a body that breaks a rule. Edits and answers have fewer fields of the same form.

    Args:
        body: What was sent.
        at: Where it stands in the request.
        was_v2: The message that is edited is made of components alone, which it stays.

    Raises:
        ApiError: 50035.
    """
    problems = Problems()
    forms.check(problems, at, body, "MessageCreateRequest")
    v2 = was_v2 or is_v2(body.get("flags"))
    if was_v2 and "flags" in body and not is_v2(body["flags"]):
        problems.add(
            (*at, "flags"),
            "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG",
            "MessageFlags.IS_COMPONENTS_V2 cannot be removed from a message",
        )
    if v2:
        check_legacy_fields(problems, at, body)
    _check_embeds(problems, (*at, "embeds"), body.get("embeds") or [])
    check_components(problems, (*at, "components"), body.get("components") or [], v2=v2)
    _check_mentions(problems, (*at, "allowed_mentions"), body.get("allowed_mentions") or {})
    problems.refuse()


def check_legacy_fields(problems: Problems, at: Path, fields: Json) -> None:
    """Note what a message made of components alone cannot have.

    https://discord.com/developers/docs/components/reference
    """
    for key in LEGACY_FIELDS:
        if fields.get(key):
            problems.add(
                (*at, key),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def _check_embeds(problems: Problems, at: Path, embeds: list[Json]) -> None:
    for number, embed in enumerate(embeds):
        _check_embed(problems, (*at, number), embed)
    if sum(embed_chars(embed) for embed in embeds) > EMBED_CHARS_OVER_ALL:
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
    for field in embed.get("fields") or ():
        texts += [field.get("name"), field.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _check_embed(problems: Problems, at: Path, embed: Json) -> None:
    """Something must be shown, and addresses be fetchable: the document asks for any URI."""
    if not any(
        embed.get(key)
        for key in ("title", "description", "fields", "footer", "author", "image", "thumbnail")
    ):
        problems.required((*at, "description"))
    _check_scheme(problems, (*at, "url"), embed.get("url"), WEB)
    for slot in ("image", "thumbnail"):
        url = (embed.get(slot) or {}).get("url")
        _check_scheme(problems, (*at, slot, "url"), url, (*WEB, "attachment://"))


def _check_scheme(problems: Problems, at: Path, url: str | None, allowed: tuple[str, ...]) -> None:
    if url is not None and not url.startswith(allowed):
        problems.add(
            at,
            "URL_TYPE_INVALID_SCHEME",
            f'Scheme "{url.partition(":")[0]}" is not supported. '
            "Scheme must be one of ('http', 'https').",
        )


def _check_mentions(problems: Problems, at: Path, mentions: Json) -> None:
    parse = mentions.get("parse") or []
    for kind in ("users", "roles"):
        if kind in parse and mentions.get(kind):
            problems.add(
                at,
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
