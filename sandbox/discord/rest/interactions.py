"""Takes the first answer to an interaction.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

from enum import IntEnum

from sandbox.discord.core import Core
from sandbox.discord.messages import posting
from sandbox.discord.messages.composing import Draft, compose
from sandbox.discord.rest.call import NOTHING, Answer, Call
from sandbox.discord.rules.commands import check_suggestions
from sandbox.discord.rules.errors import (
    ApiError,
    already_acknowledged,
    unknown_interaction,
    unknown_message,
)
from sandbox.discord.rules.messages import is_v2
from sandbox.discord.rules.modals import check_modal
from sandbox.discord.rules.problems import Problems
from sandbox.discord.wire.multipart import UploadedFile
from sandbox.discord.wire.payloads import FLAG_EPHEMERAL, NITRO_LIMIT_BYTES
from sandbox.discord.world.component_tree import numbered
from sandbox.discord.world.interaction_records import Interaction, InteractionKind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Message, Revision


class Callback(IntEnum):
    """Response types."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


ANSWERS = frozenset({Callback.MESSAGE, Callback.DEFERRED_MESSAGE})
UPDATES = frozenset({Callback.UPDATE, Callback.DEFERRED_UPDATE})


def _allowed(interaction: Interaction) -> frozenset[Callback]:
    """List the response types that fit an interaction."""
    if interaction.kind is InteractionKind.AUTOCOMPLETE:
        return frozenset({Callback.AUTOCOMPLETE})
    allowed = set(ANSWERS)
    if interaction.kind is not InteractionKind.MODAL_SUBMIT:
        allowed.add(Callback.MODAL)
    if interaction.message_id is not None:
        allowed |= UPDATES
    return frozenset(allowed)


def upload_limit(core: Core, interaction: Interaction) -> int:
    """Return ``attachment_size_limit``: the guild's limit or the user's Nitro, if larger."""
    limit = core.state.upload_limit(core.state.channels[interaction.channel_id])
    if core.state.users[interaction.user_id].nitro:
        return max(limit, NITRO_LIMIT_BYTES)
    return limit


def answer_draft(
    core: Core,
    interaction: Interaction,
    body: Json,
    files: dict[int, UploadedFile],
    *,
    public: bool,
    at: tuple[str | int, ...] = (),
) -> Draft:
    """Describe an answer; it goes through a webhook, so channel permissions do not matter."""
    return Draft(
        channel=core.state.channels[interaction.channel_id],
        body=body,
        files=files,
        size_limit_bytes=upload_limit(core, interaction),
        public=public,
        at=at,
    )


async def respond(call: Call) -> Answer:
    """POST /interactions/{interaction_id}/{interaction_token}/callback."""
    core = call.core
    interaction = _pending(call)
    kind = _callback_type(call.json, interaction)
    data: Json = call.json.get("data") or {}
    interaction.acknowledged_at = core.clock.timestamp()
    interaction.callback_type = int(kind)
    try:
        message = await _carry_out(call, interaction, kind, data)
    except ApiError:
        interaction.acknowledged_at = interaction.callback_type = None
        raise
    took = interaction.acknowledged_at - interaction.created_at
    core.event_log.publish(
        "acknowledged",
        f"{interaction.title} was acknowledged after {took:.2f} s",
        interaction_id=str(interaction.id),
        seconds=round(took, 3),
        callback_type=int(kind),
    )
    if not call.flag("with_response"):
        return NOTHING
    return Answer(200, _response(core, interaction, kind, message))


def _pending(call: Call) -> Interaction:
    core = call.core
    interaction = core.state.interactions.get(call.id("interaction_id"))
    if interaction is None or interaction.token != call.parameters["interaction_token"]:
        raise unknown_interaction()
    if interaction.acknowledged_at is not None:
        raise already_acknowledged()
    age = core.clock.timestamp() - interaction.created_at
    if interaction.failed or age > core.settings.acknowledge_within_seconds:
        raise unknown_interaction()
    return interaction


def _callback_type(body: Json, interaction: Interaction) -> Callback:
    allowed = _allowed(interaction)
    if body.get("type") not in allowed:
        problems = Problems()
        problems.choices(("type",), map(int, sorted(allowed)))
        problems.refuse()
    return Callback(body["type"])


async def _carry_out(
    call: Call, interaction: Interaction, kind: Callback, data: Json
) -> Message | None:
    if kind is Callback.AUTOCOMPLETE:
        _keep_choices(interaction, data)
        return None
    if kind is Callback.MODAL:
        check_modal(data)
        interaction.modal = {**data, "components": list(numbered(data["components"]))}
        return None
    if kind in ANSWERS:
        return await _post_answer(call, interaction, kind, data)
    return await _update_component_message(call, interaction, kind, data)


def _keep_choices(interaction: Interaction, data: Json) -> None:
    check_suggestions(data, _focused_kind(interaction.data))
    interaction.choices = data.get("choices") or []


def _focused_kind(data: Json) -> int:
    for option in data.get("options") or ():
        if option.get("focused"):
            return int(option["type"])
        if "options" in option:
            return _focused_kind(option)
    return 3


async def _post_answer(call: Call, interaction: Interaction, kind: Callback, data: Json) -> Message:
    core = call.core
    ephemeral = bool(int(data.get("flags") or 0) & FLAG_EPHEMERAL)
    if kind is Callback.DEFERRED_MESSAGE:
        _check_deferral(data)
        revision = Revision(at=core.clock.now(), thinking=True)
    else:
        draft = answer_draft(
            core, interaction, data, call.body.files, public=not ephemeral, at=("data",)
        )
        revision = await compose(core, draft)
    interaction.ephemeral = ephemeral
    channel = core.state.channels[interaction.channel_id]
    message = posting.post(core, channel, revision, answers=interaction, ephemeral=ephemeral)
    interaction.original_id = message.id
    return message


def _check_deferral(data: Json) -> None:
    """Only what fills the message later can say that it is made of components.

    https://github.com/discord/discord-api-docs/pull/7560
    """
    if is_v2(data.get("flags")):
        problems = Problems()
        problems.add(
            ("data", "flags"),
            "MESSAGE_FLAGS_INVALID",
            "MessageFlags.IS_COMPONENTS_V2 cannot be used when deferring",
        )
        problems.refuse()


async def _update_component_message(
    call: Call, interaction: Interaction, kind: Callback, data: Json
) -> Message:
    core = call.core
    message = core.state.messages[interaction.message_id or 0]
    interaction.original_id = message.id
    interaction.ephemeral = message.ephemeral_for is not None
    if kind is Callback.UPDATE:
        if message.deleted:
            raise unknown_message()
        public = message.ephemeral_for is None
        draft = answer_draft(core, interaction, data, call.body.files, public=public, at=("data",))
        revision = await compose(core, draft, message)
        interaction.original_revised = True
        posting.revise(core, core.state.channels[message.channel_id], message, revision)
    return message


def _response(
    core: Core, interaction: Interaction, kind: Callback, message: Message | None
) -> Json:
    """Write the callback response: https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback."""
    shown: Json = {"id": str(interaction.id), "type": int(interaction.kind)}
    body: Json = {"interaction": shown}
    if message is not None:
        shown |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.current.thinking,
            "response_message_ephemeral": message.ephemeral_for is not None,
        }
        if kind in {Callback.MESSAGE, Callback.UPDATE}:
            body["resource"] = {"type": int(kind), "message": core.payloads.message(message)}
    return body
