"""Who may: one function per audience, asked on the server side whatever Discord showed."""

from __future__ import annotations

from functools import partial

import aiohttp
import discord
import stamina

from bot.chat.limits import ALREADY_ACKNOWLEDGED
from bot.client import TweenBot
from bot.domain.errors import (
    InvalidOptionsError,
    LateAcknowledgementError,
    NotPermittedError,
)
from bot.domain.ids import MAX_SNOWFLAKE, ChannelId, GuildId, InteractionId, RoleId, UserId
from bot.domain.money import Money
from bot.domain.people import Person, Requester
from bot.domain.problems import OptionProblem, Permission
from bot.domain.requests.submission import Origin
from bot.logs import get_logger

log = get_logger(__name__)

ACKNOWLEDGED = "acknowledged"
"""Set in ``Interaction.extras`` where Discord has the acknowledgement and discord.py does not know.

https://discordpy.readthedocs.io/en/v2.7.1/interactions/api.html#discord.Interaction.extras
"""

ASIDE = "aside"
"""Set there where the message that was pressed stays: what is said to the person is a message of
its own, which only they see."""

PATIENCE_SECONDS = 2.0
"""Discord closes an interaction after three."""

_VIDEO_COMMANDS = ("video ", "jobs retry")
"""How the names of commands begin that ask for a video."""


async def acknowledge(
    interaction: discord.Interaction[TweenBot], *, in_place: bool = False
) -> None:
    """Answer Discord at once, privately; everything slow comes after.

    Args:
        interaction: a command, a press, or what was sent with a modal.
        in_place: the answer takes the place of the message that was pressed.

    Raises:
        LateAcknowledgementError: Discord closed the interaction already; nothing may be done.
        RestartingError: this process is about to end.
    """
    admit(interaction)
    try:
        await _defer(interaction, in_place=in_place)
    except discord.NotFound as error:
        raise LateAcknowledgementError(interaction.created_at) from error
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        # Nobody else does: Discord took it, its answer was lost, and it was asked once more.
        interaction.extras[ACKNOWLEDGED] = True
    _count_wait(interaction)


def admit(interaction: discord.Interaction[TweenBot]) -> None:
    """Begin what a person asked, once; the answer to Discord follows.

    Raises:
        LateAcknowledgementError: it is done already; nothing may be done again.
        RestartingError: this process is about to end.
    """
    interactions = interaction.client.interactions
    if not interactions.is_first(interaction.id):
        # Discord sometimes sends an interaction twice; the other one does what was asked.
        raise LateAcknowledgementError(interaction.created_at)
    interactions.admit()


async def open_form(interaction: discord.Interaction[TweenBot], form: discord.ui.Modal) -> None:
    """Answer Discord with a form; it must be the first answer, so nothing slow comes before.

    Args:
        interaction: a press or a menu's entry, admitted already.
        form: what is filled in and sent, maybe hours later and to another process.

    Raises:
        LateAcknowledgementError: Discord closed the interaction already.
    """
    # discord.py would keep it until it is sent, and a form that is dismissed never is: 1,000 of
    # them are 1,000 objects. Forms are read by their custom id instead (``_forms``).
    form.stop()
    try:
        await _send_form(interaction, form)
    except discord.NotFound as error:
        raise LateAcknowledgementError(interaction.created_at) from error
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED:
            raise
        # Nobody else answers: Discord took it, and only its answer was lost.
        interaction.extras[ACKNOWLEDGED] = True
    _count_wait(interaction)


def _count_wait(interaction: discord.Interaction[TweenBot]) -> None:
    services = interaction.client.services
    waited = (services.clock.now() - interaction.created_at).total_seconds()
    services.acknowledged(waited)


_AGAIN_WHERE_CUT = partial(
    stamina.retry,
    on=(discord.DiscordServerError, aiohttp.ClientError, OSError),
    attempts=3,
    timeout=PATIENCE_SECONDS,
    wait_initial=0.1,
    wait_max=0.5,
)
"""Asks again where the connection broke; discord.py does not after a 503 or a cut."""


@_AGAIN_WHERE_CUT()
async def _defer(interaction: discord.Interaction[TweenBot], *, in_place: bool) -> None:
    await interaction.response.defer(ephemeral=True, thinking=not in_place)


@_AGAIN_WHERE_CUT()
async def _send_form(interaction: discord.Interaction[TweenBot], form: discord.ui.Modal) -> None:
    await interaction.response.send_modal(form)


def asks_for_video(interaction: discord.Interaction[TweenBot]) -> bool:
    """Tell whether a video is asked for."""
    command = interaction.command
    return command is not None and command.qualified_name.startswith(_VIDEO_COMMANDS)


def is_moderator(interaction: discord.Interaction[TweenBot]) -> bool:
    """Tell whether the person may act on anybody's jobs here."""
    if interaction.guild_id is None:
        return False
    permissions = interaction.permissions
    return permissions.moderate_members or permissions.manage_guild


def is_admin(interaction: discord.Interaction[TweenBot]) -> bool:
    """Tell whether the person may read usage and change settings here."""
    return interaction.guild_id is not None and interaction.permissions.manage_guild


def is_operator(interaction: discord.Interaction[TweenBot]) -> bool:
    """Tell whether the person runs this bot."""
    return UserId(interaction.user.id) in interaction.client.services.operators


def money_of(interaction: discord.Interaction[TweenBot]) -> Money:
    """Return how amounts are shown."""
    return interaction.client.services.money


def requester_of(interaction: discord.Interaction[TweenBot]) -> Requester:
    """Return who asks, with what they may see and do."""
    guild_id = interaction.guild_id
    user = interaction.user
    roles = user.roles if isinstance(user, discord.Member) else []
    return Requester(
        user_id=UserId(user.id),
        guild_id=None if guild_id is None else GuildId(guild_id),
        name=user.display_name,
        may_moderate=is_moderator(interaction),
        role_ids=frozenset(RoleId(role.id) for role in roles),
        channel_path=_path_of(interaction),
    )


def actor_of(interaction: discord.Interaction[TweenBot]) -> Person:
    """Return who does something, for the audit trail."""
    return Person(user_id=UserId(interaction.user.id), name=interaction.user.display_name)


def guild_of(interaction: discord.Interaction[TweenBot]) -> GuildId:
    """Return the server a command was used in.

    Raises:
        InvalidOptionsError: it was used elsewhere.
    """
    if interaction.guild_id is None:
        raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
    return GuildId(interaction.guild_id)


def require_ids(*numbers: object) -> None:
    """Make sure that numbers which came from outside are such as can be stored.

    Discord's own clients send nothing else; what somebody built by hand may be anything.

    Raises:
        InvalidOptionsError: one of them is below nothing or above a snowflake.
    """
    for number in numbers:
        if isinstance(number, int) and not -MAX_SNOWFLAKE <= number <= MAX_SNOWFLAKE:
            raise InvalidOptionsError(problem=OptionProblem.ID_RANGE)


def require_options(interaction: discord.Interaction[TweenBot]) -> None:
    """Make sure that every number and id among a command's options can be stored.

    Raises:
        InvalidOptionsError: one cannot.
    """
    for _, value in interaction.namespace:
        require_ids(value, getattr(value, "id", None))


def require_moderator(interaction: discord.Interaction[TweenBot]) -> None:
    """Make sure that the person is a moderator.

    Raises:
        NotPermittedError: they are not.
    """
    if not is_moderator(interaction):
        raise NotPermittedError(who="you", required=(Permission.MODERATE_MEMBERS,))


def require_admin(interaction: discord.Interaction[TweenBot]) -> None:
    """Make sure that the person is an admin.

    Raises:
        NotPermittedError: they are not.
    """
    if not is_admin(interaction):
        raise NotPermittedError(who="you", required=(Permission.MANAGE_GUILD,))


def require_operator(interaction: discord.Interaction[TweenBot]) -> None:
    """Make sure that the person runs this bot.

    Raises:
        NotPermittedError: they do not.
    """
    if not is_operator(interaction):
        raise NotPermittedError(who="operator")


def require_bot_may_post(interaction: discord.Interaction[TweenBot]) -> None:
    """Make sure, before anything is queued, that the status message can stand here.

    Raises:
        NotPermittedError: the bot lacks a permission in this channel.
    """
    permissions = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = [
        Permission.VIEW_CHANNEL,
        Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES,
        Permission.EMBED_LINKS,
        Permission.ATTACH_FILES,
    ]
    missing = tuple(name for name in needed if not getattr(permissions, name))
    if missing:
        raise NotPermittedError(who="bot", required=missing)


def origin_of(interaction: discord.Interaction[TweenBot]) -> Origin:
    """Return where a video is asked for, and by which interaction.

    Raises:
        InvalidOptionsError: outside a server there is no channel to answer in.
    """
    guild_id, channel_id = interaction.guild_id, interaction.channel_id
    if guild_id is None or channel_id is None:
        raise InvalidOptionsError(problem=OptionProblem.GUILD_ONLY)
    if interaction.guild is not None and not interaction.guild.roles:
        # Roles and categories come from the cache, which fills after the connection stands; every
        # server has one role. Without them a role's rule of 0 would not block.
        raise InvalidOptionsError(problem=OptionProblem.GUILD_NOT_READY)
    return Origin(
        interaction_id=InteractionId(interaction.id),
        guild_id=GuildId(guild_id),
        channel_id=ChannelId(channel_id),
        premium_tier=0 if interaction.guild is None else interaction.guild.premium_tier,
    )


def _path_of(interaction: discord.Interaction[TweenBot]) -> tuple[ChannelId, ...]:
    """Return the channel and what it belongs to, nearest first."""
    channel = interaction.channel
    parent = channel.parent if isinstance(channel, discord.Thread) else channel
    category_id = getattr(parent, "category_id", None)
    thread_of = channel.parent_id if isinstance(channel, discord.Thread) else None
    path = (interaction.channel_id, thread_of, category_id)
    return tuple(ChannelId(place) for place in path if place is not None)
