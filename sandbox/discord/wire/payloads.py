"""Writes files, messages and interactions as Discord's JSON."""

from __future__ import annotations

from sandbox.discord.wire.cdn import Cdn
from sandbox.discord.wire.component_payloads import ComponentPayloads
from sandbox.discord.wire.place_payloads import PlacePayloads
from sandbox.discord.world.component_tree import shown_files
from sandbox.discord.world.interaction_records import Interaction, InteractionKind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Attachment, Message, Revision
from sandbox.discord.world.settings import MIB
from sandbox.discord.world.state import State

FLAG_EPHEMERAL = 1 << 6
FLAG_LOADING = 1 << 7
ATTACHMENT_FLAG_SPOILER = 1 << 3
MESSAGE_DEFAULT, MESSAGE_REPLY, MESSAGE_CHAT_INPUT, MESSAGE_CONTEXT_MENU = 0, 19, 20, 23
HIDDEN_CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
"""What a bot without the message content intent gets of other people's messages.

https://discord.com/developers/docs/events/gateway#message-content-intent
"""
NITRO_LIMIT_BYTES = 500 * MIB
CONTEXT_GUILD, CONTEXT_BOT_DM = 0, 1


class Payloads(PlacePayloads):
    """Writes JSON; the CDN signs the URLs in it."""

    def __init__(self, state: State, cdn: Cdn) -> None:
        super().__init__(state)
        self._cdn = cdn
        self._components = ComponentPayloads(cdn)

    def attachment(self, attachment: Attachment) -> Json:
        """Write a file with a freshly signed URL."""
        url = self._cdn.url(attachment)
        data: Json = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
            "flags": ATTACHMENT_FLAG_SPOILER if attachment.spoiler else 0,
        }
        if attachment.content_type:
            data["content_type"] = attachment.content_type
        if attachment.width and attachment.height:
            data |= {"width": attachment.width, "height": attachment.height}
        if attachment.description:
            data["description"] = attachment.description
        if attachment.ephemeral:
            data["ephemeral"] = True
        return data

    def message(self, message: Message, *, with_reference: bool = True) -> Json:
        """Write a message as it is now."""
        state, now = self._state, message.current
        users = [self.user(state.users[user_id]) for user_id in now.mention_user_ids]
        data: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "type": MESSAGE_DEFAULT,
            "author": self.user(state.users[message.author_id]),
            "content": now.content,
            "timestamp": message.revisions[0].at.isoformat(),
            "edited_timestamp": now.at.isoformat() if len(message.revisions) > 1 else None,
            "tts": False,
            "pinned": False,
            "mention_everyone": now.mention_everyone,
            "mentions": users,
            "mention_roles": [str(role_id) for role_id in now.mention_role_ids],
            "attachments": [self.attachment(attachment) for attachment in self._listed(now)],
            "embeds": [self._embed(embed, now) for embed in now.embeds],
            "components": self._components.write(now.components, now.attachments),
            "flags": self._flags(message),
        }
        if message.nonce is not None:
            data["nonce"] = message.nonce
        if message.interaction_id is not None:
            data |= self._answer_marks(state.interactions[message.interaction_id])
        if message.reference_id is not None and with_reference:
            data |= self._reference(message)
        return data

    def message_without_content(self, message: Message) -> Json:
        """Write a message as a bot without the message content intent gets it.

        Its own messages, those that mention it and direct messages are complete.
        """
        data = self.message(message)
        if not self._readable(message):
            data |= HIDDEN_CONTENT
        replied = self._state.messages.get(message.reference_id or 0)
        if data.get("referenced_message") and replied and not self._readable(replied):
            data["referenced_message"] |= HIDDEN_CONTENT
        return data

    def _readable(self, message: Message) -> bool:
        bot_id = self._state.bot.id
        return (
            message.author_id == bot_id
            or bot_id in message.current.mention_user_ids
            or self._state.channels[message.channel_id].guild_id is None
        )

    @staticmethod
    def _flags(message: Message) -> int:
        flags = message.current.flags
        if message.ephemeral_for is not None:
            flags |= FLAG_EPHEMERAL
        if message.current.thinking:
            flags |= FLAG_LOADING
        return flags

    def _listed(self, now: Revision) -> list[Attachment]:
        """Leave out what embeds and components show: Discord does not list it as attachments.

        https://github.com/discord/discord-api-docs/pull/8279
        """
        shown = shown_files(now.components) | {
            embed[slot]["url"].removeprefix("attachment://")
            for embed in now.embeds
            for slot in ("image", "thumbnail")
            if str(embed.get(slot, {}).get("url", "")).startswith("attachment://")
        }
        return [attachment for attachment in now.attachments if attachment.filename not in shown]

    def _embed(self, embed: Json, now: Revision) -> Json:
        """Complete an embed; ``attachment://`` becomes a signed URL, or nothing when unknown."""
        data: Json = {**embed, "type": "rich"}
        data["fields"] = [{"inline": False, **field} for field in embed.get("fields", ())]
        if not data["fields"]:
            del data["fields"]
        for slot in ("image", "thumbnail"):
            url = str(embed.get(slot, {}).get("url", ""))
            if not url.startswith("attachment://"):
                continue
            name = url.removeprefix("attachment://")
            found = next(
                (attachment for attachment in now.attachments if attachment.filename == name), None
            )
            if found is None:
                del data[slot]
                continue
            signed = self._cdn.url(found)
            data[slot] = {"url": signed, "proxy_url": signed}
            if found.width and found.height:
                data[slot] |= {"width": found.width, "height": found.height}
        return data

    def _answer_marks(self, interaction: Interaction) -> Json:
        marks: Json = {
            "type": MESSAGE_DEFAULT,
            "webhook_id": str(self._state.application_id),
            "application_id": str(self._state.application_id),
            "interaction_metadata": self._metadata(interaction),
        }
        if interaction.kind is InteractionKind.COMMAND:
            is_menu = interaction.data.get("target_id") is not None
            marks["type"] = MESSAGE_CONTEXT_MENU if is_menu else MESSAGE_CHAT_INPUT
        return marks

    def _metadata(self, interaction: Interaction) -> Json:
        """Say what an answer answers; of a modal also what opened it."""
        metadata: Json = {
            "id": str(interaction.id),
            "type": int(interaction.kind),
            "user": self.user(self._state.users[interaction.user_id]),
            "authorizing_integration_owners": owners(interaction),
        }
        if interaction.kind is InteractionKind.COMPONENT:
            metadata["interacted_message_id"] = str(interaction.message_id)
        if interaction.kind is InteractionKind.COMMAND and interaction.data.get("target_id"):
            metadata["target_message_id"] = str(interaction.data["target_id"])
        if interaction.opened_by_id is not None:
            opener = self._state.interactions[interaction.opened_by_id]
            metadata["triggering_interaction_metadata"] = self._metadata(opener)
        return metadata

    def _reference(self, message: Message) -> Json:
        referenced = self._state.messages.get(message.reference_id or 0)
        channel = self._state.channels[message.channel_id]
        reference: Json = {
            "type": 0,
            "channel_id": str(message.channel_id),
            "message_id": str(message.reference_id),
        }
        if channel.guild_id is not None:
            reference["guild_id"] = str(channel.guild_id)
        gone = referenced is None or referenced.deleted
        return {
            "type": MESSAGE_REPLY,
            "message_reference": reference,
            "referenced_message": None
            if gone or referenced is None
            else self.message(referenced, with_reference=False),
        }

    def interaction(self, interaction: Interaction) -> Json:
        """Write an INTERACTION_CREATE payload with every key discord.py reads."""
        state = self._state
        channel = state.channels[interaction.channel_id]
        user = state.users[interaction.user_id]
        limit = state.upload_limit(channel)
        data: Json = {
            "id": str(interaction.id),
            "application_id": str(state.application_id),
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "locale": user.locale,
            "channel_id": str(channel.id),
            "channel": self.channel(channel, permissions=state.permissions(channel, user.id)),
            "app_permissions": str(state.permissions(channel, state.bot.id)),
            "attachment_size_limit": max(limit, NITRO_LIMIT_BYTES) if user.nitro else limit,
            "authorizing_integration_owners": owners(interaction),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "context": CONTEXT_BOT_DM if channel.guild_id is None else CONTEXT_GUILD,
        }
        if interaction.message_id is not None:
            data["message"] = self.message(state.messages[interaction.message_id])
        guild = state.guild_of(channel)
        if guild is None:
            data["user"] = self.user(user)
            return data
        data |= {
            "guild_id": str(guild.id),
            "guild": {
                "id": str(guild.id),
                "locale": guild.shown_locale,
                "features": guild.features,
            },
            "guild_locale": guild.shown_locale,
            "member": self.member(
                guild.members[user.id], permissions=state.permissions(channel, user.id)
            ),
        }
        return data


def owners(interaction: Interaction) -> Json:
    """Name who installed the app: the guild, or "0" in the bot's DM.

    https://discord.com/developers/docs/interactions/receiving-and-responding
    """
    return {"0": str(interaction.guild_id or 0)}
