"""The one place that answers an error of a command, button, modal or autocomplete.

Precedence: an interaction Discord has closed gets no answer, a refusal gets its sentence, a
refused permission or option gets its own, and anything else gets a reference that the log has too.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

import aiohttp
import discord
import stamina
from discord import app_commands

from bot.chat import text
from bot.chat.limits import (
    ALREADY_ACKNOWLEDGED,
    CONTENT_CHARACTERS,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_WEBHOOK,
)
from bot.client import RestartingError, TweenBot
from bot.domain.errors import BotError, LateAcknowledgementError, RequestError, StorageError
from bot.domain.ids import CROCKFORD, GuildId
from bot.logs import get_logger
from cogs._checks import ACKNOWLEDGED, ASIDE, asks_for_video, money_of

log = get_logger(__name__)

_CLOSED = frozenset({UNKNOWN_INTERACTION, UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN})

_CUT = (aiohttp.ClientError, OSError)

_WRAPPERS = (
    app_commands.CommandInvokeError,
    app_commands.TransformerError,
    app_commands.CheckFailure,
)
"""What discord.py, or ``GuardedCog``, puts around what really happened."""

ANSWER_ATTEMPTS = 3
"""discord.py repeats an answer to an interaction after a 5xx, and not after a cut connection."""

_Asked = ParamSpec("_Asked")
_Value = TypeVar("_Value", str, int)
"""What an option takes."""


async def answer(
    interaction: discord.Interaction[TweenBot],
    error: BaseException,
    *,
    also: str | None = None,
) -> None:
    """Tell the person what went wrong, privately and once.

    Args:
        interaction: what they did.
        error: what came of it.
        also: what they are given back with a refusal.
    """
    interaction.client.interactions.track()
    cause = _cause(error)
    if isinstance(cause, LateAcknowledgementError):
        log.warning("interaction_closed", name=_name(interaction), reason=str(cause))
        return
    sentence = _sentence(interaction, cause)
    if sentence is None:
        reference = "".join(secrets.choice(CROCKFORD) for _ in range(4))
        sentence = text.refusals.something_wrong(reference)
        log.error(
            "interaction_failed", name=_name(interaction), reference=reference, exc_info=cause
        )
    elif isinstance(cause, RequestError):
        log.info("interaction_refused", name=_name(interaction), code=cause.code)
    elif isinstance(cause, StorageError):
        log.warning(
            "interaction_unstored", name=_name(interaction), code=cause.code, reason=str(cause)
        )
    await say(interaction, "\n".join(filter(None, (sentence, also))))
    if isinstance(cause, RequestError):
        # A guild's admins read of refused videos; what they were refused themselves is none.
        guild_id = interaction.guild_id if asks_for_video(interaction) else None
        await interaction.client.services.refused(
            None if guild_id is None else GuildId(guild_id), cause.code
        )


async def say(
    interaction: discord.Interaction[TweenBot],
    content: str | None = None,
    *,
    embed: discord.Embed | None = None,
    file: discord.File | None = None,
    view: discord.ui.View | None = None,
) -> None:
    """Give the private answer, whichever way is still open; a dead token is only logged."""
    if content is not None:
        content = text.phrases.shortened(content, CONTENT_CHARACTERS)
    try:
        async for attempt in stamina.retry_context(
            on=_CUT, attempts=ANSWER_ATTEMPTS, wait_initial=0.3, wait_max=1.0
        ):
            with attempt:
                if file is not None and attempt.num > 1:
                    file = _unsent(file)
                await _say_once(interaction, content, embed=embed, file=file, view=view)
    except _CUT as error:
        # What was asked is done or refused already: a second answer could only contradict that.
        log.warning("answer_unsent", name=_name(interaction), reason=type(error).__name__)
    except discord.HTTPException as error:
        if file is not None and error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            await say(interaction, text.refusals.ANSWER_TOO_LARGE, embed=embed)
            return
        closed = error.code in _CLOSED
        log.warning(
            "answer_unsent",
            name=_name(interaction),
            code=error.code,
            closed=closed,
            status=error.status,
        )


async def _say_once(
    interaction: discord.Interaction[TweenBot],
    content: str | None,
    *,
    embed: discord.Embed | None,
    file: discord.File | None,
    view: discord.ui.View | None,
) -> None:
    missing = discord.utils.MISSING
    if interaction.extras.get(ASIDE):
        await interaction.followup.send(
            missing if content is None else content,
            embed=embed or missing,
            file=file or missing,
            view=view or missing,
            ephemeral=True,
        )
        return
    if not interaction.response.is_done() and not interaction.extras.get(ACKNOWLEDGED):
        try:
            await interaction.response.send_message(
                content,
                embed=embed or missing,
                file=file or missing,
                view=view or missing,
                ephemeral=True,
            )
        except discord.HTTPException as error:
            if error.code != ALREADY_ACKNOWLEDGED:
                raise
            # Discord has an acknowledgement whose answer was lost, and shows "thinking".
            interaction.extras[ACKNOWLEDGED] = True
            file = None if file is None else _unsent(file)
        else:
            return
    await interaction.edit_original_response(
        content=content,
        embed=embed,
        attachments=[file] if file else missing,
        view=view or missing,
    )


def _unsent(file: discord.File) -> discord.File:
    """Return a file as it was before discord.py sent, and so closed, it."""
    source = file.fp.name if file.fp.closed and hasattr(file.fp, "name") else file.fp
    return discord.File(source, file.filename, spoiler=file.spoiler, description=file.description)


def suggesting(
    complete: Callable[_Asked, Awaitable[list[app_commands.Choice[_Value]]]],
) -> Callable[_Asked, Coroutine[Any, Any, list[app_commands.Choice[_Value]]]]:
    """Make an autocomplete that suggests nothing where it breaks, and says so in the log.

    Args:
        complete: a function of interaction and typed text, or a method of these.
    """

    @wraps(complete)
    async def guarded(
        *asked: _Asked.args, **named: _Asked.kwargs
    ) -> list[app_commands.Choice[_Value]]:
        *_, interaction, _ = asked
        if not isinstance(interaction, discord.Interaction):
            raise TypeError("an autocomplete is asked with an interaction and a text")
        interaction.client.interactions.track()
        try:
            return await complete(*asked, **named)
        except Exception as error:
            log.exception("autocomplete_failed", name=_name(interaction), exc_info=error)
            return []

    return guarded


def _sentence(interaction: discord.Interaction[TweenBot], cause: BaseException) -> str | None:
    """Return what a person reads about an error they can do something about; else None."""
    match cause:
        case BotError():
            return text.refusals.refusal(cause, money_of(interaction))
        case RestartingError():
            return text.refusals.RESTARTING
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            return text.refusals.OUTDATED_COMMAND
        case app_commands.TransformerError():
            return text.refusals.UNUSABLE_OPTION
        case _:
            return None


def _cause(error: BaseException) -> BaseException:
    """Return what really happened, below discord.py's wrappers."""
    while isinstance(error, _WRAPPERS) and isinstance(error.__cause__, BaseException):
        error = error.__cause__
    return error


def _name(interaction: discord.Interaction[TweenBot]) -> str:
    command = interaction.command
    if command is not None:
        return command.qualified_name
    data = interaction.data
    return str(data.get("custom_id") or data.get("name") or "unknown") if data else "unknown"


async def setup(bot: TweenBot) -> None:
    """Send the errors of all commands here."""

    @bot.tree.error
    async def on_error(
        interaction: discord.Interaction[TweenBot], error: app_commands.AppCommandError
    ) -> None:
        await answer(interaction, error)
