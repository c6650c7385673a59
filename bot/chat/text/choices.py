"""What the choices of an option are called; the values that Discord sends are the contract's."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.catalogue import Kind
from bot.domain.guilds.exports import ExportFormat
from bot.domain.guilds.periods import Period
from bot.domain.guilds.quota import Unit, Window
from bot.domain.guilds.settings import Notify
from bot.domain.guilds.usage import By
from bot.domain.jobs.states import StateFilter

STATES: Mapping[StateFilter, str] = {
    StateFilter.ACTIVE: "active",
    StateFilter.DONE: "done",
    StateFilter.FAILED: "failed",
    StateFilter.CANCELLED: "cancelled",
    StateFilter.ALL: "all",
}

UNITS: Mapping[Unit, str] = {
    Unit.VIDEOS: "videos",
    Unit.SECONDS: "seconds",
    Unit.COST: "cost",
}

WINDOWS: Mapping[Window, str] = {
    Window.DAY: "day",
    Window.WEEK: "week",
    Window.MONTH: "month",
}

PERIODS: Mapping[Period, str] = {
    Period.TODAY: "today",
    Period.SEVEN_DAYS: "7 days",
    Period.THIRTY_DAYS: "30 days",
    Period.THIS_MONTH: "this month",
    Period.LAST_MONTH: "last month",
    Period.ALL: "all",
}

COMPARED: Mapping[By, str] = {By.DAY: "day", By.MEMBER: "member", By.MODEL: "model"}

FORMATS: Mapping[ExportFormat, str] = {ExportFormat.CSV: "csv", ExportFormat.JSON: "json"}

KINDS: Mapping[Kind, str] = {
    Kind.FRAMES: "frames",
    Kind.IMAGE: "image",
    Kind.TEXT: "text",
    Kind.REFERENCE: "reference",
    Kind.EFFECT: "effect",
}

CAMERA_MOVES: Mapping[str, str] = {
    "static": "does not move",
    "push-in": "moves closer",
    "pull-out": "moves away",
    "pan-left": "turns left",
    "pan-right": "turns right",
    "tilt-up": "turns up",
    "tilt-down": "turns down",
    "orbit": "circles around",
    "follow": "follows along",
    "crane-up": "rises and looks down",
    "handheld": "is held by hand",
    "flyover": "flies over",
}
"""What the camera does; the words that are sent are in ``bot.domain.catalogue.camera``."""

NOTIFY: Mapping[Notify, str] = {
    Notify.PING: "ping",
    Notify.DM: "dm",
    Notify.NONE: "none",
}

ON_OFF: Mapping[str, str] = {"on": "on", "off": "off"}

ALLOW_DENY: Mapping[str, str] = {"allow": "allow", "deny": "deny"}

SHOW_HIDE: Mapping[str, str] = {"show": "show", "hide": "hide"}
