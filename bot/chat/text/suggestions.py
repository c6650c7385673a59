"""What autocompletes offer, a line each: models, sizes and effects with what they cost or do."""

from __future__ import annotations

from datetime import date

from bot.chat.text.effects import DOES, SUITS
from bot.chat.text.sentences import say
from bot.domain.catalogue import Effect, Model
from bot.domain.money import Money


def model(offered: Model, money: Money, today: date) -> str:
    """Return a model with what a second costs at least, and its end where that is near."""
    least = min([*offered.prices.values(), *offered.silent_prices.values()])
    if offered.ends_on is not None and offered.ends_soon(today):
        return say(
            "{model} · from {price}/s · ends {day}",
            model=offered.name,
            price=money.show(least),
            day=f"{offered.ends_on:%Y-%m-%d}",
        )
    return say("{model} · from {price}/s", model=offered.name, price=money.show(least))


def with_price(words: str, price: str) -> str:
    """Return a choice with what a video costs."""
    return say("{words} · {price}", words=words, price=price)


def with_prices(words: str, *, silent: str, heard: str) -> str:
    """Return a choice with what a video costs without sound and with it."""
    return say(
        "{words} · {silent} silent · {heard} with sound", words=words, silent=silent, heard=heard
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
