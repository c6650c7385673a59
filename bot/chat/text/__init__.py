"""Every sentence a person reads, in one place: a second language replaces this folder.

A module for whoever reads it: ``text.refusals`` and ``text.jobs`` are members', ``text.settings``
admins', and so on; ``phrases`` are what they share. Only the modules are handed out here, so that
a caller says whose words it takes. Layout, order, limits and colours are the panels'.

Not here: what only logs, exports and the shell say, which is English in every language.
"""

from __future__ import annotations

from bot.chat.text import (
    alerts,
    alt_texts,
    answers,
    audit,
    choices,
    decisions,
    denials,
    descriptions,
    effects,
    failures,
    guide,
    jobs,
    mentions,
    moderation,
    operators,
    options,
    phrases,
    pictures,
    presses,
    progress,
    quotas,
    refusals,
    reports,
    settings,
    sounds,
    staff_descriptions,
    suggestions,
    usage,
)

__all__ = [
    "alerts",
    "alt_texts",
    "answers",
    "audit",
    "choices",
    "decisions",
    "denials",
    "descriptions",
    "effects",
    "failures",
    "guide",
    "jobs",
    "mentions",
    "moderation",
    "operators",
    "options",
    "phrases",
    "pictures",
    "presses",
    "progress",
    "quotas",
    "refusals",
    "reports",
    "settings",
    "sounds",
    "staff_descriptions",
    "suggestions",
    "usage",
]
