"""Posts, reads, edits and deletes messages with the bot token.

https://discord.com/developers/docs/resources/message
"""

from __future__ import annotations

from sandbox.discord.core import Core
from sandbox.discord.messages import posting
from sandbox.discord.messages.composing import Draft, compose
from sandbox.discord.rest.call import NOTHING, Answer, Call
from sandbox.discord.rules.errors import (
    archived_thread,
    direct_messages_closed,
    foreign_message,
    invalid_form,
    locked_thread,
    missing_access,
    missing_permissions,
    no_mutual_guild,
    not_a_text_channel,
    not_in_direct_messages,
    old_message_edits,
    reply_without_history,
    slow_mode,
    unknown_channel,
    unknown_message,
)
from sandbox.discord.rules.rate_limits import milliseconds_up
from sandbox.discord.world.json import Json
from sandbox.discord.world.permissions import Permission, holds_messages, send_bit
from sandbox.discord.world.records import THREAD_KINDS, Channel, Message
from sandbox.discord.world.snowflakes import timestamp_of

HISTORY_DEFAULT, HISTORY_MAXIMUM = 50, 100
OLD_MESSAGE_SECONDS = 3600.0
OLD_EDITS, OLD_EDITS_SECONDS = 3, 6.0


def visible_channel(call: Call) -> Channel:
    """Find the channel of a path the bot can see.

    Raises:
        ApiError: 10003 or 50001.
    """
    state = call.core.state
    channel = state.channels.get(call.id("channel_id"))
    if channel is None or channel.deleted:
        raise unknown_channel()
    guild = state.guild_of(channel)
    if guild is not None:
        if guild.deleted:
            raise unknown_channel()
        if guild.bot_removed or not state.bot_may(channel, Permission.VIEW_CHANNEL):
            raise missing_access()
    return channel


def find_message(call: Call, channel: Channel) -> Message:
    """Find the message of a path; ephemeral ones do not exist for the bot token.

    Raises:
        ApiError: 10008.
    """
    message = channel.messages.get(call.id("message_id"))
    if message is None or message.ephemeral_for is not None:
        raise unknown_message()
    return message


async def create_message(call: Call) -> Answer:
    """POST /channels/{channel_id}/messages."""
    core, body = call.core, call.json
    channel = visible_channel(call)
    _check_sendable(core, channel)
    if call.body.files and not core.state.bot_may(channel, Permission.ATTACH_FILES):
        raise missing_permissions()
    replied = _replied(core, channel, body)
    earlier = _earlier(core, body)
    if earlier is not None:
        return Answer(200, _shown(core, earlier))
    _check_slow_mode(core, channel)
    revision = await compose(core, _draft(call, channel, replied))
    earlier = _earlier(core, body)  # composing lets other requests run
    if earlier is not None:
        return Answer(200, _shown(core, earlier))
    nonce = None if body.get("nonce") is None else str(body["nonce"])
    message = posting.post(core, channel, revision, nonce=nonce, replied=replied)
    core.state.last_send_at[channel.id] = core.clock.timestamp()
    if nonce is not None:
        core.state.nonces[core.state.bot.id, nonce] = (message.id, core.clock.timestamp())
    return Answer(200, _shown(core, message))


def _draft(call: Call, channel: Channel, replied: Message | None) -> Draft:
    return Draft(
        channel=channel,
        body=call.json,
        files=call.body.files,
        size_limit_bytes=call.core.state.upload_limit(channel),
        may_embed=call.core.state.bot_may(channel, Permission.EMBED_LINKS),
        replied=replied,
    )


def _check_sendable(core: Core, channel: Channel) -> None:
    state = core.state
    if channel.recipient_id is not None:
        if not state.users[channel.recipient_id].takes_direct_messages:
            raise direct_messages_closed()
        if not state.shares_guild(channel.recipient_id):
            raise no_mutual_guild()
        return
    if not holds_messages(channel):
        raise not_a_text_channel()
    if not state.bot_may(channel, send_bit(channel)):
        raise missing_permissions()
    _check_lock(core, channel)


def _check_lock(core: Core, channel: Channel) -> None:
    """A locked thread takes no posts and no edits without MANAGE_THREADS.

    https://discord.com/developers/docs/topics/threads#editing-and-deleting-threads
    """
    if channel.kind in THREAD_KINDS and channel.locked:
        if core.state.bot_may(channel, Permission.MANAGE_THREADS):
            return
        raise archived_thread() if channel.archived else locked_thread()


def _replied(core: Core, channel: Channel, body: Json) -> Message | None:
    reference = body.get("message_reference")
    if not reference or reference.get("message_id") is None:
        return None
    if not core.state.bot_may(channel, Permission.READ_MESSAGE_HISTORY):
        raise reply_without_history()
    message = channel.messages.get(int(reference["message_id"]))
    if message is not None and message.ephemeral_for is None:
        return message
    if reference.get("fail_if_not_exists") is False:
        return None
    problem = {"code": "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "message": "Unknown message"}
    raise invalid_form({"message_reference": {"_errors": [problem]}})


def _earlier(core: Core, body: Json) -> Message | None:
    """Find the message a repeated nonce stands for: same author, the past few minutes."""
    if body.get("nonce") is None or not body.get("enforce_nonce"):
        return None
    found = core.state.nonces.get((core.state.bot.id, str(body["nonce"])))
    if found is None or core.clock.timestamp() > found[1] + core.settings.nonce_seconds:
        return None
    message = core.state.messages[found[0]]
    return None if message.deleted else message


def _check_slow_mode(core: Core, channel: Channel) -> None:
    if not channel.slowmode_seconds or core.state.bot_may(channel, Permission.BYPASS_SLOWMODE):
        return
    free_at = core.state.last_send_at.get(channel.id, 0.0) + channel.slowmode_seconds
    wait = free_at - core.clock.timestamp()
    if wait > 0:
        raise slow_mode(milliseconds_up(wait))


async def list_messages(call: Call) -> Answer:
    """GET /channels/{channel_id}/messages."""
    core = call.core
    channel = visible_channel(call)
    if not core.state.bot_may(channel, Permission.READ_MESSAGE_HISTORY):
        return Answer(200, [])
    limit = int(call.query.get("limit", HISTORY_DEFAULT))
    if not 1 <= limit <= HISTORY_MAXIMUM:
        problem = {
            "code": "NUMBER_TYPE_MAX",
            "message": f"int value should be less than or equal to {HISTORY_MAXIMUM}.",
        }
        raise invalid_form({"limit": {"_errors": [problem]}})
    ids = sorted(
        message.id for message in channel.messages.values() if message.ephemeral_for is None
    )
    chosen = _page(ids, call.query, limit)
    return Answer(
        200,
        [_shown(core, channel.messages[message_id]) for message_id in sorted(chosen)[::-1]],
    )


def _page(ids: list[int], query: dict[str, str], limit: int) -> list[int]:
    if "around" in query:
        pivot = int(query["around"])
        return sorted(ids, key=lambda message_id: abs(message_id - pivot))[:limit]
    if "after" in query:
        return [message_id for message_id in ids if message_id > int(query["after"])][:limit]
    if "before" in query:
        ids = [message_id for message_id in ids if message_id < int(query["before"])]
    return ids[-limit:]


def _shown(core: Core, message: Message) -> Json:
    """Write a message; what others wrote is hidden from a bot without MESSAGE_CONTENT."""
    if core.settings.privileged_intents:
        return core.payloads.message(message)
    return core.payloads.message_without_content(message)


async def get_message(call: Call) -> Answer:
    """GET /channels/{channel_id}/messages/{message_id}."""
    channel = visible_channel(call)
    if not call.core.state.bot_may(channel, Permission.READ_MESSAGE_HISTORY):
        raise missing_access()
    return Answer(200, _shown(call.core, find_message(call, channel)))


async def edit_message(call: Call) -> Answer:
    """PATCH /channels/{channel_id}/messages/{message_id}: needs no SEND_MESSAGES."""
    core = call.core
    channel = visible_channel(call)
    message = find_message(call, channel)
    if message.author_id != core.state.bot.id:
        raise foreign_message()
    if channel.archived:
        raise archived_thread()
    _check_lock(core, channel)
    if call.body.files and not core.state.bot_may(channel, Permission.ATTACH_FILES):
        raise missing_permissions()
    _check_age(core, channel, message)
    replied = core.state.messages.get(message.reference_id or 0)
    revision = await compose(core, _draft(call, channel, replied), message)
    posting.revise(core, channel, message, revision)
    return Answer(200, _shown(core, message))


def _check_age(core: Core, channel: Channel, message: Message) -> None:
    if core.clock.timestamp() < timestamp_of(message.id) + OLD_MESSAGE_SECONDS:
        return
    wait = core.limits.sliding(f"old:{channel.id}", OLD_EDITS, OLD_EDITS_SECONDS)
    if wait:
        raise old_message_edits(milliseconds_up(wait))


async def delete_message(call: Call) -> Answer:
    """DELETE /channels/{channel_id}/messages/{message_id}."""
    core = call.core
    channel = visible_channel(call)
    message = find_message(call, channel)
    if message.author_id != core.state.bot.id:
        if channel.guild_id is None:
            raise not_in_direct_messages()
        if not core.state.bot_may(channel, Permission.MANAGE_MESSAGES):
            raise missing_permissions()
    if channel.archived:
        raise archived_thread()
    posting.remove(core, channel, message)
    return NOTHING


async def start_typing(call: Call) -> Answer:
    """POST /channels/{channel_id}/typing."""
    channel = visible_channel(call)
    _check_sendable(call.core, channel)
    return NOTHING
