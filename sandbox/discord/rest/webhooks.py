"""Takes what an interaction token can do after the first answer: edits and follow-ups.

The token lives fifteen minutes; afterwards every call answers 401 with 50027:
https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages
"""

from __future__ import annotations

from sandbox.discord.core import Core
from sandbox.discord.messages import posting
from sandbox.discord.messages.composing import compose
from sandbox.discord.rest.call import NOTHING, Answer, Call
from sandbox.discord.rest.interactions import answer_draft
from sandbox.discord.rules.errors import dead_webhook_token, unknown_message, unknown_webhook
from sandbox.discord.wire.payloads import FLAG_EPHEMERAL
from sandbox.discord.world.interaction_records import Interaction
from sandbox.discord.world.records import Message

ORIGINAL = "@original"


def _interaction(call: Call) -> Interaction:
    core = call.core
    token = call.parameters["webhook_token"]
    found = next(
        (
            interaction
            for interaction in core.state.interactions.values()
            if interaction.token == token
        ),
        None,
    )
    if found is None or call.id("webhook_id") != core.state.application_id:
        raise unknown_webhook()
    if core.clock.timestamp() > found.created_at + core.settings.interaction_token_seconds:
        raise dead_webhook_token()
    if found.acknowledged_at is None:
        raise unknown_webhook()
    return found


def _message(call: Call, interaction: Interaction) -> Message:
    core = call.core
    identifier: int | None
    if call.parameters["message_id"] == ORIGINAL:
        identifier = interaction.original_id
    else:
        identifier = call.id("message_id")
        if identifier != interaction.original_id and identifier not in interaction.follow_up_ids:
            raise unknown_message()
    message = core.state.messages.get(identifier or 0)
    if message is None or message.deleted:
        raise unknown_message()
    return message


async def follow_up(call: Call) -> Answer:
    """POST /webhooks/{webhook_id}/{webhook_token}.

    The first follow-up after a deferral edits the "thinking" message, whose privacy is fixed.
    """
    core = call.core
    interaction = _interaction(call)
    thinking = _thinking(core, interaction)
    if thinking is not None:
        return await _edit(call, interaction, thinking)
    ephemeral = bool(int(call.json.get("flags") or 0) & FLAG_EPHEMERAL)
    draft = answer_draft(core, interaction, call.json, call.body.files, public=not ephemeral)
    revision = await compose(core, draft)
    channel = core.state.channels[interaction.channel_id]
    message = posting.post(core, channel, revision, answers=interaction, ephemeral=ephemeral)
    interaction.follow_up_ids.append(message.id)
    return Answer(200, core.payloads.message(message))


def _thinking(core: Core, interaction: Interaction) -> Message | None:
    message = core.state.messages.get(interaction.original_id or 0)
    return message if message and message.current.thinking and not message.deleted else None


async def _edit(call: Call, interaction: Interaction, message: Message) -> Answer:
    core = call.core
    public = message.ephemeral_for is None
    draft = answer_draft(core, interaction, call.json, call.body.files, public=public)
    revision = await compose(core, draft, message)
    interaction.original_revised |= message.id == interaction.original_id
    posting.revise(core, core.state.channels[message.channel_id], message, revision)
    return Answer(200, core.payloads.message(message))


async def get_answer(call: Call) -> Answer:
    """GET …/messages/{message_id}."""
    message = _message(call, _interaction(call))
    return Answer(200, call.core.payloads.message(message))


async def edit_answer(call: Call) -> Answer:
    """PATCH …/messages/{message_id}."""
    interaction = _interaction(call)
    return await _edit(call, interaction, _message(call, interaction))


async def delete_answer(call: Call) -> Answer:
    """DELETE …/messages/{message_id}."""
    message = _message(call, _interaction(call))
    posting.remove(call.core, call.core.state.channels[message.channel_id], message)
    return NOTHING
