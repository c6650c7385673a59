"""Lets users act: commands, autocomplete, buttons, selects, menus, modals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.discord.client.command_finding import check_default_permissions, find_command
from sandbox.discord.client.command_input import (
    ClientRefusedError,
    OptionValue,
    Reader,
    Resolved,
    Upload,
    command_data,
)
from sandbox.discord.client.invocation import Invocation, Suggestions
from sandbox.discord.client.modal_input import modal_data
from sandbox.discord.client.panel import Panel, find_component, read_panel
from sandbox.discord.client.select_input import pick
from sandbox.discord.client.starting import InteractionStarter
from sandbox.discord.core import Core
from sandbox.discord.messages import mentions, posting
from sandbox.discord.messages.composing import make_attachment
from sandbox.discord.rules.commands import CommandKind
from sandbox.discord.rules.components import STYLE_LINK
from sandbox.discord.rules.messages import is_v2
from sandbox.discord.wire.multipart import UploadedFile
from sandbox.discord.world.component_tree import SELECTS, Kind
from sandbox.discord.world.interaction_records import Interaction, InteractionKind
from sandbox.discord.world.json import Json
from sandbox.discord.world.records import Message, Revision, User
from sandbox.discord.world.state import ChannelRef, MessageRef, UserRef


class UserActions:
    """Does what people do at Discord's client."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._starter = InteractionStarter(core)
        self.close = self._starter.close
        self._start = self._starter.start

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
        self._check_visible(who, target)
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
        self, user: UserRef, message: MessageRef, custom_id: str, values: object
    ) -> Invocation:
        """Pick from a select.

        Args:
            user: Who.
            message: Under which message.
            custom_id: Of the select.
            values: Options by value or label; members, roles or channels where it offers those.

        Raises:
            ClientRefusedError: that cannot be picked.
        """
        who, target = self._core.state.user(user), self._core.state.message(message)
        select = self._component(who, target, custom_id)
        if select["type"] not in SELECTS:
            raise ClientRefusedError(f"{custom_id!r} is not a select")
        where, resolved = self._core.state.channels[target.channel_id], Resolved()
        reader = Reader(self._core, where, who, resolved)
        data = {**_component_data(select), "values": pick(reader, select, values)}
        if resolved.objects:
            data["resolved"] = resolved.objects
        return self._on_message(who, target, data, f"select {custom_id}")

    async def submit_modal(
        self, user: UserRef, opened_by: Invocation, values: Mapping[str, object]
    ) -> Invocation:
        """Fill in and send the modal an invocation opened, however long ago.

        A modal closes once the bot has answered; where it did not, it can be sent again.

        Args:
            user: Who.
            opened_by: What ``slash``, ``click``, ``choose`` or ``message_command`` returned.
            values: By custom id or label: text, yes or no, options by value or label (several in a
                list), ``Upload``; a field that is not named keeps what the bot put there.

        Raises:
            ClientRefusedError: the client would not send it.
        """
        who, origin = self._core.state.user(user), opened_by.interaction
        modal = self._open_modal(who, origin)
        where = self._core.state.channels[origin.channel_id]
        data = await modal_data(self._core, where, who, modal, values)
        sent = self._start(
            who,
            where,
            InteractionKind.MODAL_SUBMIT,
            data,
            f"modal {modal['title']}",
            message_id=origin.message_id,
            opened_by_id=origin.id,
        )
        origin.modal_submission_id = sent.id
        return sent

    def dismiss_modal(self, user: UserRef, opened_by: Invocation) -> None:
        """Close a modal without sending it, of which the bot never hears.

        Raises:
            ClientRefusedError: it is not open.
        """
        origin = opened_by.interaction
        self._open_modal(self._core.state.user(user), origin)
        origin.modal_dismissed = True

    def _open_modal(self, who: User, origin: Interaction) -> Json:
        if origin.modal is None or who.id != origin.user_id:
            raise ClientRefusedError("no modal is open for that user")
        sent = self._core.state.interactions.get(origin.modal_submission_id or 0)
        if origin.modal_dismissed or (sent is not None and not sent.failed):
            raise ClientRefusedError("the modal is closed")
        return origin.modal

    def panel(self, user: UserRef, message: MessageRef) -> Panel:
        """Read a message as a member sees it.

        Raises:
            ClientRefusedError: they do not see it.
        """
        who, target = self._core.state.user(user), self._core.state.message(message)
        self._check_visible(who, target)
        return read_panel(target, is_v2=is_v2(target.current.flags))

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
        named = mentions.resolve(self._core.state, where, content, {"parse": ["users"]}, None)
        revision = Revision(
            at=self._core.clock.now(),
            content=content,
            embeds=tuple(embeds),
            attachments=tuple(attachments),
            mention_user_ids=named.user_ids,
        )
        return posting.post(self._core, where, revision, author_id=who.id)

    def invocation(self, interaction_id: int) -> Invocation:
        """Look at an earlier interaction.

        Raises:
            KeyError: there is none.
        """
        return Invocation(self._core, self._core.state.interactions[interaction_id])

    def _check_visible(self, who: User, message: Message) -> None:
        if message.deleted or message.ephemeral_for not in {None, who.id}:
            raise ClientRefusedError(f"{who.name} does not see that message")

    def _component(self, who: User, message: Message, wanted: str) -> Json:
        self._check_visible(who, message)
        component = find_component(message, wanted)
        if component is None:
            labels = list(self.panel(who, message).labels)
            raise ClientRefusedError(f"no {wanted!r} under the message; there: {labels}")
        if component.get("disabled"):
            raise ClientRefusedError(f"{wanted!r} is disabled")
        return component

    def _on_message(self, who: User, target: Message, data: Json, title: str) -> Invocation:
        where = self._core.state.channels[target.channel_id]
        return self._start(who, where, InteractionKind.COMPONENT, data, title, message_id=target.id)


def _component_data(component: Json) -> Json:
    return {
        "custom_id": component["custom_id"],
        "component_type": component["type"],
        "id": component.get("id"),
    }
