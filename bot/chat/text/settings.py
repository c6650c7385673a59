"""What admins read of settings: each with its value, and what a change of it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discord

from bot.chat.text.audit import chosen, setting_value
from bot.chat.text.sentences import counted, say
from bot.domain.catalogue import Kind, effect_label
from bot.domain.catalogue.permits import Subject
from bot.domain.guilds.audit import (
    DefaultChange,
    PermitChange,
    SettingChange,
    SettingName,
    SettingValue,
)
from bot.domain.guilds.settings import Guild, Notify

FROM_NOW_ON = "It counts from now on."

_CHANNEL = {
    True: "Videos are made only where a channel, its category or its thread is allowed.",
    False: "Jobs that were queued there before go on.",
    None: "It follows its parent again: a thread its channel, a channel its category.",
}

NOTIFY: Mapping[Notify, str] = {
    Notify.PING: "a reply that pings",
    Notify.DM: "a direct message",
    Notify.NONE: "nothing but the status message",
}

# --- everything that is set ------------------------------------------------------------------

OVERVIEW = "Settings of this server"

PLACES = "Videos are made"
DENIED_MODELS = "Denied models"
DENIED_EFFECTS = "Denied effects"
DEFAULTS = "When a member chooses nothing"
"""Heads the choices for members who make none, a line for each kind of video."""


def facts(guild: Guild) -> list[tuple[str, str]]:
    """Return the settings of a guild that are one value each, with their names."""
    log_channel = "off" if guild.log_channel_id is None else f"<#{guild.log_channel_id}>"
    return [
        ("Time zone", discord.utils.escape_markdown(guild.time_zone)),
        ("Log channel", log_channel),
        ("When a job is over", NOTIFY[guild.notify]),
        ("Preview of pictures", "on" if guild.preview else "off"),
        ("Prompts in the usage log", "shown" if guild.show_prompts else "hidden"),
        ("Others' pictures", "allowed" if guild.others_pictures else "denied"),
    ]


def places(allowed: Sequence[str], denied: Sequence[str], most: int) -> str:
    """Return where videos are made: channels by their mentions, no more than so many."""
    only, never = listed(allowed, most), listed(denied, most)
    if allowed and denied:
        return say("only in {allowed}; not in {denied}", allowed=only, denied=never)
    if allowed:
        return say("only in {allowed}", allowed=only)
    if denied:
        return say("everywhere; not in {denied}", denied=never)
    return "everywhere"


def listed(names: Sequence[str], most: int) -> str:
    """Return no more than so many names, and how many there are besides."""
    shown = ", ".join(names[:most])
    if len(names) > most:
        return counted(
            len(names) - most,
            one="{names} and {count} more",
            other="{names} and {count} more",
            names=shown,
        )
    return shown or "none"


def default(kind: Kind, model: str, shape: str, *, is_set: bool) -> str:
    """Return what is made of a kind where a member chooses nothing.

    Args:
        kind: what the member starts from.
        model: its name.
        shape: its resolution or size.
        is_set: an admin chose it, or else the catalogue.
    """
    if is_set:
        return say("{kind}: **{model}** · **{shape}**", kind=kind.value, model=model, shape=shape)
    return say(
        "{kind}: **{model}** · **{shape}** (the catalogue's)",
        kind=kind.value,
        model=model,
        shape=shape,
    )


def no_default(kind: Kind) -> str:
    """Return that nothing of a kind can be made."""
    return say("{kind}: every model is denied", kind=kind.value)


# --- one change ------------------------------------------------------------------------------

_SETTINGS: Mapping[SettingName, str] = {
    SettingName.LOG_CHANNEL: "Log channel",
    SettingName.NOTIFY: "When a job is over",
    SettingName.OTHERS_PICTURES: "Others' pictures in the message menu",
    SettingName.PREVIEW: "Preview of pictures",
    SettingName.PROMPTS: "Prompts in the usage log",
    SettingName.TIME_ZONE: "Time zone",
}

_SWITCHED: Mapping[SettingName, tuple[str, str]] = {
    SettingName.PROMPTS: ("hidden", "shown"),
    SettingName.PREVIEW: ("off", "on"),
    SettingName.OTHERS_PICTURES: ("denied", "allowed"),
}
"""What a setting is that is switched off, and on."""

_SUBJECTS: Mapping[Subject, str] = {
    Subject.CHANNEL: "Channel <#{name}>",
    Subject.MODEL: "Model {name}",
    Subject.EFFECT: "Effect {name}",
}

_DECIDED: Mapping[bool | None, str | None] = {True: "allowed", False: "denied", None: None}


def channel_hint(*, allowed: bool | None) -> str:
    """Return what a decision about a channel means for the others; None took one back."""
    return _CHANNEL[allowed]


def changed(change: SettingChange | DefaultChange | PermitChange, hint: str = "") -> str:
    """Return the answer to a change, or to one that changes nothing.

    Args:
        change: what was asked for.
        hint: what it means; without it that it counts from now on.
    """
    name = _subject(change)
    before, after = (
        "not set" if value is None else discord.utils.escape_markdown(value)
        for value in _values(change)
    )
    if change.before == change.after:
        return say("Nothing to change. {name}: **{value}** already.", name=name, value=after)
    return say(
        "{name}: **{value}**, before: {before}. {hint}",
        name=name,
        value=after,
        before=before,
        hint=hint or FROM_NOW_ON,
    )


def _subject(change: SettingChange | DefaultChange | PermitChange) -> str:
    match change:
        case SettingChange():
            return _SETTINGS[change.setting]
        case DefaultChange():
            return say("Default for {kind}", kind=change.kind.value)
        case PermitChange():
            is_effect = change.subject is Subject.EFFECT
            name = effect_label(change.name) if is_effect else change.name
            return say(_SUBJECTS[change.subject], name=name)


def _values(
    change: SettingChange | DefaultChange | PermitChange,
) -> tuple[str | None, str | None]:
    """Return what was and what is; None where nothing was decided."""
    match change:
        case SettingChange():
            return _value(change.setting, change.before), _value(change.setting, change.after)
        case DefaultChange():
            return chosen(change.before), chosen(change.after)
        case PermitChange():
            return _DECIDED[change.before], _DECIDED[change.after]


def _value(setting: SettingName, value: SettingValue) -> str:
    if setting is SettingName.NOTIFY:
        return NOTIFY[Notify(str(value))]
    if isinstance(value, bool):
        off, on = _SWITCHED[setting]
        return on if value else off
    return setting_value(setting, value)
