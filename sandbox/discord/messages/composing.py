"""Makes a revision of a request's body and files: attachments, embeds, mentions, AutoMod."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from dataclasses import dataclass, field

from sandbox.discord.core import Core
from sandbox.discord.messages import mentions
from sandbox.discord.rules.components import check_media
from sandbox.discord.rules.errors import (
    ApiError,
    blocked_by_automod,
    empty_message,
    invalid_form,
    too_large,
)
from sandbox.discord.rules.messages import (
    FLAG_COMPONENTS_V2,
    check_legacy_fields,
    check_message,
    is_v2,
)
from sandbox.discord.rules.problems import Path, Problems
from sandbox.discord.wire.multipart import UploadedFile
from sandbox.discord.world.component_tree import numbered
from sandbox.discord.world.files import image_size
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Attachment, Channel, Message, Revision

UNSAFE_IN_FILENAMES = re.compile(r"[^\w.\-()]+")
SPOILER_PREFIX = "SPOILER_"
KEPT_FLAGS = 1 << 2 | 1 << 12 | FLAG_COMPONENTS_V2
"""SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_COMPONENTS_V2; others are Discord's to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to post or change."""

    channel: Channel
    body: Json
    files: dict[int, UploadedFile] = field(default_factory=dict)
    size_limit_bytes: int
    """Largest file allowed here."""
    may_embed: bool = True
    """False: embeds vanish without a word, as without EMBED_LINKS."""
    replied: Message | None = None
    at: Path = ()
    """Where the message stands in the request body, for the ``errors`` tree."""
    public: bool = True
    """False for ephemeral answers, which AutoMod leaves alone."""


async def compose(core: Core, draft: Draft, message: Message | None = None) -> Revision:
    """Check a draft and make a revision of it; keys that are absent keep what ``message`` shows.

    Raises:
        ApiError: 50035, 40005, 50006 or 200000.
    """
    body = draft.body
    check_message(body, draft.at, was_v2=message is not None and is_v2(message.current.flags))
    _check_sizes(draft)
    fresh = await _keep_files(core, draft)
    # Read only now: while the files were looked at, another edit may have come in between.
    kept = message.current if message else Revision(at=core.clock.now())
    content = (body.get("content") or "") if "content" in body else kept.content
    embeds = tuple(body.get("embeds") or ()) if "embeds" in body else kept.embeds
    if not draft.may_embed and "embeds" in body:
        embeds = ()
    components = numbered(body.get("components") or []) if "components" in body else kept.components
    attachments = _merge(draft, fresh, kept.attachments, is_edit=message is not None)
    flags = int(body.get("flags") or 0) & KEPT_FLAGS if "flags" in body else kept.flags
    _check_whole(draft, kept, flags, attachments)
    # Of a message made of components alone, files that none of them shows are invisible.
    visible = () if is_v2(flags) else (content.strip(), *embeds, *attachments, body.get("poll"))
    if not (components or any(visible)):
        raise empty_message()
    if draft.public:
        _moderate(core, draft.channel, content, embeds)
    found = mentions.resolve(
        core.state, draft.channel, content, body.get("allowed_mentions"), draft.replied
    )
    return Revision(
        at=core.clock.now(),
        content=content.strip(),
        embeds=embeds,
        components=components,
        attachments=attachments,
        flags=flags,
        mention_user_ids=found.user_ids,
        mention_role_ids=found.role_ids,
        mention_everyone=found.everyone,
    )


def _check_whole(
    draft: Draft, kept: Revision, flags: int, attachments: tuple[Attachment, ...]
) -> None:
    """Check what only the body and the message together show.

    Raises:
        ApiError: 50035.
    """
    body, problems = draft.body, Problems()
    files = {attachment.filename for attachment in attachments}
    check_media(problems, (*draft.at, "components"), body.get("components") or [], files)
    if is_v2(flags):
        # What is there has to be taken away by name, and embeds: null does not count as that:
        # https://github.com/discord/discord-api-docs/issues/7787
        stays: Json = {"content": kept.content} if "content" not in body else {}
        stays |= {"embeds": kept.embeds} if body.get("embeds") is None else {}
        check_legacy_fields(problems, draft.at, stays)
    problems.refuse()


def _check_sizes(draft: Draft) -> None:
    if any(upload.file.size > draft.size_limit_bytes for upload in draft.files.values()):
        raise too_large()


def _moderate(core: Core, channel: Channel, content: str, embeds: tuple[Json, ...]) -> None:
    guild = core.state.guild_of(channel)
    if guild is None or not guild.automod_words:
        return
    text = " ".join([content, *(str(embed) for embed in embeds)]).casefold()
    if any(word.casefold() in text for word in guild.automod_words):
        raise blocked_by_automod()


async def _keep_files(core: Core, draft: Draft) -> dict[int, Attachment]:
    """Make attachments of the uploads; ``attachments`` may rename and describe them."""
    described = {
        int(attachment["id"]): attachment for attachment in draft.body.get("attachments") or ()
    }
    return {
        number: await make_attachment(core, draft.channel, upload, described.get(number, {}))
        for number, upload in draft.files.items()
    }


def _merge(
    draft: Draft, fresh: dict[int, Attachment], present: tuple[Attachment, ...], *, is_edit: bool
) -> tuple[Attachment, ...]:
    """Put together what stays and what is new.

    An edit without ``attachments`` leaves the files alone and appends new ones; with it, the list
    names all that shall remain: https://discord.com/developers/docs/resources/message#edit-message.
    Files of a new message are posted even where ``attachments`` does not describe them.
    """
    if "attachments" not in draft.body:
        return (*present, *fresh.values())
    available = {attachment.id: attachment for attachment in present} | fresh
    wanted = [int(attachment["id"]) for attachment in draft.body["attachments"] or ()]
    for number, identifier in enumerate(wanted):
        if identifier not in available:
            raise _missing_file(draft.at, number)
    if not is_edit:
        wanted += [number for number in fresh if number not in wanted]
    return tuple(available[identifier] for identifier in wanted)


def _missing_file(at: Path, number: int) -> ApiError:
    leaf: Json = {
        "_errors": [{"code": "ATTACHMENT_NOT_FOUND", "message": "Attachment data not found"}]
    }
    tree: Json = {"attachments": {str(number): leaf}}
    for step in reversed(at):
        tree = {str(step): tree}
    return invalid_form(tree)


async def make_attachment(
    core: Core, channel: Channel, upload: UploadedFile, meta: Json, *, ephemeral: bool = False
) -> Attachment:
    """Keep an uploaded file and make it downloadable.

    The type comes from the name: discord.py declares every file application/octet-stream.
    """
    name = UNSAFE_IN_FILENAMES.sub("_", str(meta.get("filename") or upload.filename)) or "file"
    content_type = mimetypes.guess_type(name)[0]
    if upload.content_type not in {None, "application/octet-stream"}:
        content_type = upload.content_type
    width, height = await asyncio.to_thread(image_size, upload.file)
    return core.cdn.add(
        Attachment(
            id=core.state.ids.next(),
            channel_id=channel.id,
            filename=name,
            content_type=content_type,
            file=upload.file,
            width=width,
            height=height,
            description=meta.get("description"),
            spoiler=bool(meta.get("is_spoiler")) or name.startswith(SPOILER_PREFIX),
            ephemeral=ephemeral,
        )
    )
