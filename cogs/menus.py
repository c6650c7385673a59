"""Animate image and Continue video, in the menu of a message with a picture or a video."""

from __future__ import annotations

import discord

from bot.chat import forms, text
from bot.client import TweenBot
from bot.domain.ids import UserId
from bot.domain.requests.drafts import AttachedFile
from cogs._checks import admit, money_of, open_form, requester_of, require_bot_may_post
from cogs._menus import message_menu


async def animate(interaction: discord.Interaction[TweenBot], message: discord.Message) -> None:
    """Open the form that makes a video of a message's picture."""
    admit(interaction)
    require_bot_may_post(interaction)
    opened = await interaction.client.services.menu_forms.open_pictures(
        requester_of(interaction), UserId(message.author.id), _files_of(message)
    )
    await open_form(
        interaction, forms.animate_form(opened.draft, opened.offer, money_of(interaction))
    )


async def continue_video(
    interaction: discord.Interaction[TweenBot], message: discord.Message
) -> None:
    """Open the form that goes on from a message's video."""
    admit(interaction)
    require_bot_may_post(interaction)
    opened = await interaction.client.services.menu_forms.open_videos(
        requester_of(interaction), UserId(message.author.id), _files_of(message)
    )
    await open_form(
        interaction, forms.continue_video_form(opened.draft, opened.offer, money_of(interaction))
    )


def _files_of(message: discord.Message) -> list[AttachedFile]:
    """Return what is attached to a message, and to the one that it forwards."""
    attached = [*message.attachments]
    for snapshot in message.message_snapshots:
        attached += snapshot.attachments
    return [
        AttachedFile(
            name=attachment.filename,
            url=attachment.url,
            size_bytes=attachment.size,
            content_type=attachment.content_type,
        )
        for attachment in attached
    ]


async def setup(bot: TweenBot) -> None:
    """Put the entries into the menu of messages."""
    bot.tree.add_command(message_menu(text.presses.ANIMATE_TITLE, animate, opens_form=True))
    bot.tree.add_command(
        message_menu(text.presses.CONTINUE_VIDEO_TITLE, continue_video, opens_form=True)
    )
