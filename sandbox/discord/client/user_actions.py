"""Lets users act: commands, autocomplete, buttons, selects, menus, modals."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence

from sandbox.discord.client.command_input import (
    ClientRefusedError,
    OptionValue,
    Upload,
    check_default_permissions,
    command_data,
    find_command,
)
from sandbox.discord.client.invocation import Invocation, Suggestions
from sandbox.discord.client.modal_input import modal_data
from sandbox.discord.core import Core
from sandbox.discord.messages import posting
from sandbox.discord.messages.composing import make_attachment
from sandbox.discord.messages.posting import place
from sandbox.discord.rules.commands import CommandKind
from sandbox.discord.rules.components import SELECTS, STYLE_LINK, Kind, walk
from sandbox.discord.wire.multipart import UploadedFile
from sandbox.discord.world.interaction_records import Interaction, InteractionKind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Channel, Message, Revision, User
from sandbox.discord.world.state import ChannelRef, MessageRef, UserRef


class UserActions:
    """Does what people do at Discord's client."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._timers: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Forget the three-second timers."""
        for timer in self._timers:
            timer.cancel()

    async def slash(
        self,
        user: UserRef,
        channel: ChannelRef,
        command: str,
        options: Mapping[str, OptionValue] | None = None,
        *,
        despite_defaults: bool = False,
    ) -> Invocation:
        """Send a slash command such as ``video frames``.

        Args:
            user: Who.
            channel: Where.
            command: Name with sub-commands, separated by spaces.
            options: By option name; files as ``Upload``.
            despite_defaults: As if a guild admin had opened the command to everybody.

        Raises:
            ClientRefusedError: Discord's client would not send it.
        """
        who, where = self._core.state.user(user), self._core.state.channel(channel)
        words = command.removeprefix("/").split()
        found = find_command(self._core, where, who, words[0], CommandKind.CHAT_INPUT)
        if not despite_defaults:
            check_default_permissions(self._core, where, who, found)
        data = await command_data(self._core, where, who, found, words, options or {})
        return self._start(who, where, InteractionKind.COMMAND, data, f"/{' '.join(words)}")

    async def autocomplete(
        self,
        user: UserRef,
        channel: ChannelRef,
        command: str,
        options: Mapping[str, OptionValue],
        focused: str,
        *,
        timeout_seconds: float = 5.0,
    ) -> Suggestions:
        """Type into an option and read the suggestions.

        Raises:
            ClientRefusedError: the option does not autocomplete.
            NoAnswerError: no suggestions in three seconds.
        """
        who, where = self._core.state.user(user), self._core.state.channel(channel)
        words = command.removeprefix("/").split()
        found = find_command(self._core, where, who, words[0], CommandKind.CHAT_INPUT)
        values = {focused: "", **options}
        data = await command_data(self._core, where, who, found, words, values, focused)
        title = f"autocomplete of {focused} in /{' '.join(words)}"
        invocation = self._start(who, where, InteractionKind.AUTOCOMPLETE, data, title)
        await invocation.acknowledged(timeout_seconds)
        return Suggestions(
            choices=invocation.choices or [], seconds=invocation.acknowledged_after_seconds or 0.0
        )

    async def message_command(
        self, user: UserRef, message: MessageRef, command: str, *, despite_defaults: bool = False
    ) -> Invocation:
        """Use an entry of a message's context menu.

        Raises:
            ClientRefusedError: Discord's client would not offer it.
        """
        who, target = self._core.state.user(user), self._core.state.message(message)
        where = self._core.state.channels[target.channel_id]
        found = find_command(self._core, where, who, command, CommandKind.MESSAGE)
        if not despite_defaults:
            check_default_permissions(self._core, where, who, found)
        data: Json = {
            "id": str(found.id),
            "name": found.name,
            "type": int(CommandKind.MESSAGE),
            "target_id": str(target.id),
            "resolved": {"messages": {str(target.id): self._core.payloads.message(target)}},
        }
        if found.guild_id is not None:
            data["guild_id"] = str(found.guild_id)
        return self._start(who, where, InteractionKind.COMMAND, data, command)

    async def click(
        self, user: UserRef, message: MessageRef, label_or_custom_id: str
    ) -> Invocation:
        """Press a button.

        Raises:
            ClientRefusedError: there is no such button to press.
        """
        who, target = self._core.state.user(user), self._core.state.message(message)
        button = self._component(who, target, label_or_custom_id)
        if button["type"] != Kind.BUTTON or button.get("style") == STYLE_LINK:
            raise ClientRefusedError(f"{label_or_custom_id!r} is not a button that tells the bot")
        data = _component_data(button)
        return self._on_message(who, target, data, f"button {button.get('label', '')}".strip())

    async def choose(
        self, user: UserRef, message: MessageRef, custom_id: str, values: list[str]
    ) -> Invocation:
        """Pick from a string select.

        Raises:
            ClientRefusedError: that cannot be picked.
        """
        who, target = self._core.state.user(user), self._core.state.message(message)
        select = self._component(who, target, custom_id)
        known = {option["value"] for option in select.get("options") or ()}
        if select["type"] not in SELECTS or not set(values) <= known:
            raise ClientRefusedError(f"{custom_id!r} does not offer {values}")
        data = {**_component_data(select), "values": values}
        return self._on_message(who, target, data, f"select {custom_id}")

    async def submit_modal(
        self, user: UserRef, opened_by: Invocation, values: Mapping[str, object]
    ) -> Invocation:
        """Fill in and send the modal an invocation opened.

        Args:
            user: Who.
            opened_by: What ``slash``, ``click`` or ``message_command`` returned.
            values: By custom id or label; text, lists of select values, or lists of ``Upload``.

        Raises:
            ClientRefusedError: the client would not send it.
        """
        who, origin = self._core.state.user(user), opened_by.interaction
        if origin.modal is None or who.id != origin.user_id:
            raise ClientRefusedError("no modal is open for that user")
        where = self._core.state.channels[origin.channel_id]
        data = await modal_data(self._core, where, who, origin.modal, values)
        title = f"modal {origin.modal['title']}"
        return self._start(
            who, where, InteractionKind.MODAL_SUBMIT, data, title, message_id=origin.message_id
        )

    async def say(
        self,
        user: UserRef,
        channel: ChannelRef,
        content: str = "",
        *,
        files: Sequence[Upload] = (),
        embeds: Sequence[Json] = (),
    ) -> Message:
        """Write a message, with pictures if wanted; embeds stand for links that unfolded."""
        who, where = self._core.state.user(user), self._core.state.channel(channel)
        attachments = [
            await make_attachment(
                self._core,
                where,
                UploadedFile(
                    field_name=f"files[{number}]",
                    filename=file.filename,
                    content_type=file.content_type,
                    file=self._core.store.put(file.data),
                ),
                {},
            )
            for number, file in enumerate(files)
        ]
        revision = Revision(
            at=self._core.clock.now(),
            content=content,
            embeds=tuple(embeds),
            attachments=tuple(attachments),
        )
        return posting.post(self._core, where, revision, author_id=who.id)

    def invocation(self, interaction_id: int) -> Invocation:
        """Look at an earlier interaction.

        Raises:
            KeyError: there is none.
        """
        return Invocation(self._core, self._core.state.interactions[interaction_id])

    def _component(self, who: User, message: Message, wanted: str) -> Json:
        if message.deleted or message.ephemeral_for not in {None, who.id}:
            raise ClientRefusedError(f"{who.name} does not see that message")
        for component in walk(message.components):
            if wanted in {component.get("custom_id"), component.get("label")}:
                if component.get("disabled"):
                    raise ClientRefusedError(f"{wanted!r} is disabled")
                return component
        labels = [
            str(component.get("label"))
            for component in walk(message.components)
            if component.get("label")
        ]
        raise ClientRefusedError(f"no {wanted!r} under the message; there: {labels}")

    def _on_message(self, who: User, target: Message, data: Json, title: str) -> Invocation:
        where = self._core.state.channels[target.channel_id]
        return self._start(who, where, InteractionKind.COMPONENT, data, title, message_id=target.id)

    def _start(
        self,
        who: User,
        where: Channel,
        kind: InteractionKind,
        data: Json,
        title: str,
        *,
        message_id: int | None = None,
    ) -> Invocation:
        core = self._core
        interaction = Interaction(
            id=core.state.ids.next(),
            token=secrets.token_urlsafe(96),
            kind=kind,
            user_id=who.id,
            channel_id=where.id,
            guild_id=where.guild_id,
            title=title,
            created_at=core.clock.timestamp(),
            data=data,
            message_id=message_id,
        )
        core.state.interactions[interaction.id] = interaction
        core.event_log.publish(
            "interaction",
            f"{who.name} uses {title} in {place(core, where)}",
            interaction_id=str(interaction.id),
            user_id=str(who.id),
            channel_id=str(where.id),
        )
        payload = core.payloads.interaction(interaction)
        core.gateway.dispatch_interaction(payload, guild_id=where.guild_id)
        self._timers.append(
            asyncio.get_running_loop().call_later(
                core.settings.acknowledge_within_seconds, self._give_up, interaction
            )
        )
        return Invocation(core, interaction)

    def _give_up(self, interaction: Interaction) -> None:
        if interaction.acknowledged_at is None:
            interaction.failed = True
            self._core.event_log.publish(
                "no_answer",
                f"{interaction.title}: the application did not respond",
                interaction_id=str(interaction.id),
            )


def _component_data(component: Json) -> Json:
    return {
        "custom_id": component["custom_id"],
        "component_type": component["type"],
        "id": component.get("id"),
    }
