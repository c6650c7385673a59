"""What admins read of settings, and what members read where a setting or a block stops them."""

from __future__ import annotations

from bot.chat.text.phrases import FACT_CHARACTERS, one_line
from bot.domain.errors import (
    BotError,
)
from bot.domain.guilds.denials import ChannelClosedError, MemberBlockedError, WordBlockedError
from bot.domain.guilds.settings import Notify
from bot.domain.requests.denials import EffectDeniedError, ModelDeniedError

_SHOWN_CHANNELS = 5

FROM_NOW_ON = "It counts from now on."

_CHANNEL = {
    True: "Videos are made only where a channel, its category or its thread is allowed.",
    False: "Jobs that were queued there before go on.",
    None: "It follows its parent again: a thread its channel, a channel its category.",
}

NOTIFY = {
    Notify.PING: "a reply that pings",
    Notify.DM: "a direct message",
    Notify.NONE: "nothing but the status message",
}


SETTINGS = {
    "log-channel": "log channel",
    "notify": "when a job is over",
    "others-pictures": "others' pictures in the message menu",
    "preview": "preview of pictures",
    "prompts": "prompts in the usage log",
    "timezone": "time zone",
}
"""What a setting is called, by its command; a channel, model or effect has its own name."""

VALUES = {
    "allow": "allowed",
    "deny": "denied",
    "dm": NOTIFY[Notify.DM],
    "hide": "hidden",
    "none": NOTIFY[Notify.NONE],
    "ping": NOTIFY[Notify.PING],
    "show": "shown",
}
"""What is set, by what was typed; anything else stands for itself."""


def channel_hint(*, allowed: bool | None) -> str:
    """Return what a decision about a channel means for the others; None took one back."""
    return _CHANNEL[allowed]


def denied(error: BotError) -> str | None:
    """Return why admins or moderators of a server do not let this be made; else None."""
    match error:
        case MemberBlockedError():
            return "A moderator of this server has blocked you from making videos. Ask a moderator."
        case ChannelClosedError():
            places = ", ".join(f"<#{each}>" for each in error.instead[:_SHOWN_CHANNELS])
            where = f"Try {places}" if places else "Try another channel"
            return f"This server's admins keep videos out of this channel. {where}."
        case ModelDeniedError():
            instead = ", ".join(error.instead)
            if error.model is None or not instead:
                return "An admin of this server has denied every model that could make this."
            name = one_line(error.model, FACT_CHARACTERS)
            return f"An admin of this server has denied {name}. Try {instead}."
        case EffectDeniedError():
            return (
                f"The effect {error.effect} is denied on this server; an admin can allow it. "
                "Choose one from the list that opens."
            )
        case WordBlockedError():
            option = error.field.replace("_", " ")
            return f"A word rule of this server stopped the {option}. Put it in other words."
        case _:
            return None
