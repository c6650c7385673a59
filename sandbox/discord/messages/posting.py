"""Puts messages into channels, changes and removes them, and tells everybody concerned."""

from __future__ import annotations

from sandbox.discord.core import Core
from sandbox.discord.gateway.gateway import INTENT_DIRECT_MESSAGES, INTENT_GUILD_MESSAGES
from sandbox.discord.messages import mentions
from sandbox.discord.world.interaction_records import Interaction
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import THREAD_KINDS, Channel, Message, Revision

SHOWN_CHARS = 160


def post(
    core: Core,
    channel: Channel,
    revision: Revision,
    *,
    author_id: int | None = None,
    nonce: str | None = None,
    replied: Message | None = None,
    answers: Interaction | None = None,
    ephemeral: bool = False,
) -> Message:
    """Add a message; without an author it is the bot's."""
    state = core.state
    message = Message(
        id=state.ids.next(),
        channel_id=channel.id,
        author_id=author_id or state.bot.id,
        revisions=[revision],
        nonce=nonce,
        reference_id=replied.id if replied else None,
        interaction_id=answers.id if answers else None,
        ephemeral_for=answers.user_id if answers and ephemeral else None,
    )
    state.messages[message.id] = message
    channel.messages[message.id] = message
    if channel.kind in THREAD_KINDS and channel.archived:
        channel.archived = False
        _dispatch_thread_update(core, channel)
    announce(core, channel, message, is_new=True)
    if not ephemeral and not revision.thinking:
        notify(core, channel, message)
        _dispatch_message(core, "MESSAGE_CREATE", channel, message)
    return message


def notify(core: Core, channel: Channel, message: Message) -> None:
    """Note whom a new message notifies."""
    now = message.current
    replied = core.state.messages.get(message.reference_id or 0)
    found = mentions.Mentions(
        user_ids=now.mention_user_ids,
        role_ids=now.mention_role_ids,
        everyone=now.mention_everyone,
        replied_user_id=replied.author_id if replied else None,
    )
    for ping in mentions.pings(core.state, channel, message, found):
        core.state.pings.append(ping)
        name = core.state.users[ping.user_id].name
        core.event_log.publish(
            "ping",
            f"{name} was notified in {place(core, channel)}: {shown(message)}",
            user_id=str(ping.user_id),
            message_id=str(message.id),
            channel_id=str(channel.id),
            reason=str(ping.reason),
        )


def revise(core: Core, channel: Channel, message: Message, revision: Revision) -> None:
    """Change what a message shows."""
    was_thinking = message.current.thinking
    message.revisions.append(revision)
    announce(core, channel, message, is_new=was_thinking)
    if message.ephemeral_for is None:
        if was_thinking:
            notify(core, channel, message)
        _dispatch_message(core, "MESSAGE_UPDATE", channel, message)


def remove(core: Core, channel: Channel, message: Message) -> None:
    """Delete a message and its files."""
    message.deleted = True
    channel.messages.pop(message.id, None)
    for revision in message.revisions:
        for attachment in revision.attachments:
            core.cdn.forget(attachment.id)
    core.event_log.publish(
        "message_deleted",
        f"A message disappeared from {place(core, channel)}",
        message_id=str(message.id),
        channel_id=str(channel.id),
    )
    if message.ephemeral_for is None:
        data: Json = {"id": str(message.id), "channel_id": str(channel.id)}
        if channel.guild_id is not None:
            data["guild_id"] = str(channel.guild_id)
        _dispatch(core, "MESSAGE_DELETE", channel, data)


def announce(core: Core, channel: Channel, message: Message, *, is_new: bool) -> None:
    """Publish what a person in the channel, or the only one who sees it, would see."""
    now = message.current
    if now.thinking:
        kind, verb = "thinking", "is thinking"
    elif message.ephemeral_for is not None:
        kind, verb = "private_answer", "answers privately"
    elif is_new:
        kind, verb = "message_posted", "posts"
    else:
        kind, verb = "message_edited", "edits"
    author = core.state.users[message.author_id].name
    names = [file.filename for file in now.attachments]
    core.event_log.publish(
        kind,
        f"{author} {verb} in {place(core, channel)}: {shown(message)}",
        message_id=str(message.id),
        channel_id=str(channel.id),
        author_id=str(message.author_id),
        interaction_id=str(message.interaction_id) if message.interaction_id else None,
        ephemeral_for=str(message.ephemeral_for) if message.ephemeral_for else None,
        revision=len(message.revisions),
        content=message.text,
        attachments=names or None,
    )


def shown(message: Message) -> str:
    """Shorten a message to a line."""
    text = " / ".join(message.text.split("\n"))
    names = ", ".join(file.filename for file in message.attachments)
    text = text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + "…"
    return f"{text} [{names}]" if names else text


def place(core: Core, channel: Channel) -> str:
    """Name a channel the way people do."""
    if channel.recipient_id is not None:
        return f"the DM with {core.state.users[channel.recipient_id].name}"
    return f"#{channel.name}"


def _dispatch_message(core: Core, event: str, channel: Channel, message: Message) -> None:
    payloads = core.payloads
    whole, without = payloads.message(message), payloads.message_without_content(message)
    _dispatch(core, event, channel, whole, without_content=without)


def _dispatch(
    core: Core, event: str, channel: Channel, data: Json, *, without_content: Json | None = None
) -> None:
    guild_id = channel.guild_id
    if guild_id is not None:
        data = {**data, "guild_id": str(guild_id)}
        if without_content is not None:
            without_content = {**without_content, "guild_id": str(guild_id)}
    intent = INTENT_DIRECT_MESSAGES if guild_id is None else INTENT_GUILD_MESSAGES
    core.gateway.dispatch(
        event, data, guild_id=guild_id, intent=intent, without_content=without_content
    )


def _dispatch_thread_update(core: Core, channel: Channel) -> None:
    core.gateway.dispatch(
        "THREAD_UPDATE", core.payloads.channel(channel), guild_id=channel.guild_id
    )
