"""What autocompletes offer, a line each: models, sizes and effects with what they cost or do."""

from __future__ import annotations

from bot.chat.text.effects import DOES, SUITS
from bot.chat.text.sentences import say
from bot.domain.catalogue import Effect, Model
from bot.domain.money import Money


def model(offered: Model, money: Money) -> str:
    """Return a model with what a second costs at least."""
    return say(
        "{model} · from {price}/s",
        model=offered.name,
        price=money.show(min(offered.prices.values())),
    )


def effect(offered: Effect) -> str:
    """Return an effect with what happens and which picture suits it."""
    return say(
        "{effect}: {does} · {suits}",
        effect=offered.label,
        does=DOES[offered.name],
        suits=SUITS[offered.suits],
    )


def permitted_effect(offered: Effect) -> str:
    """Return an effect with what happens."""
    return say("{effect}: {does}", effect=offered.label, does=DOES[offered.name])
