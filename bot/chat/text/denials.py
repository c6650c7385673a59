"""What members read where a server does not let a video be made, or reported."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.text.phrases import FACT_CHARACTERS, one_line
from bot.chat.text.sentences import say
from bot.domain.errors import BotError
from bot.domain.guilds.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.guilds.reports import JobDeletedError, NoLogChannelError, TooManyReportsError
from bot.domain.problems import PromptOption
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError

_SHOWN_CHANNELS = 5
"""Channels a member is sent to instead."""

_WORD_STOPPED: Mapping[PromptOption, str] = {
    PromptOption.PROMPT: ("A word rule of this server stopped the prompt. Put it in other words."),
    PromptOption.NEGATIVE_PROMPT: (
        "A word rule of this server stopped the negative prompt. Put it in other words."
    ),
}


def denied(error: BotError) -> str | None:
    """Return why admins or moderators of a server do not let this be made; else None."""
    match error:
        case MemberBlockedError():
            return "A moderator of this server has blocked you from making videos. Ask a moderator."
        case ChannelClosedError(instead=()):
            return "This server's admins keep videos out of this channel. Try another channel."
        case ChannelClosedError():
            channels = (f"<#{channel}>" for channel in error.instead[:_SHOWN_CHANNELS])
            return say(
                "This server's admins keep videos out of this channel. Try {channels}.",
                channels=", ".join(channels),
            )
        case ModelDeniedError(model=str(model), instead=instead) if instead:
            return say(
                "An admin of this server has denied {model}. Try {models}.",
                model=one_line(model, FACT_CHARACTERS),
                models=", ".join(instead),
            )
        case ModelDeniedError():
            return "An admin of this server has denied every model that could make this."
        case EffectDeniedError():
            return say(
                "The effect {effect} is denied on this server; an admin can allow it. "
                "Choose one from the list that opens.",
                effect=error.effect,
            )
        case WordBlockedError():
            return _WORD_STOPPED[error.field]
        case _:
            return _unreported(error)


def _unreported(error: BotError) -> str | None:
    """Return why a video is not reported; else None."""
    match error:
        case NoLogChannelError():
            return (
                "This server's moderators have no channel in which they read reports. Tell a "
                "moderator yourself."
            )
        case JobDeletedError():
            return "That video was deleted."
        case TooManyReportsError():
            return say(
                "You have reported {limit} videos today, which is the most. Tell a moderator "
                "yourself.",
                limit=error.limit,
            )
        case _:
            return None
