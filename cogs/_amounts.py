"""Reads amounts of a unit as they are typed: whole videos and seconds, money in its currency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from discord import app_commands

from bot.chat import text
from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.quota import Unit
from bot.domain.money import Money

MOST = 1_000_000_000
"""Of any unit; as micro-CNY still far from what a database column holds."""

_LARGEST_STORED = 10**18

UnitName = Literal["videos", "seconds", "cost"]
WindowName = Literal["day", "week", "month"]

if TYPE_CHECKING:
    Amount = float
else:
    Amount = app_commands.Range[float, 0, MOST]


def read_amount(unit: Unit, typed: float, money: Money, *, least: int = 0) -> int:
    """Return videos, seconds or micro-CNY.

    Args:
        unit: what is counted.
        typed: the figure; money in the currency that is shown.
        money: the currency.
        least: 0 where nothing is an amount too, else 1.

    Raises:
        InvalidOptionsError: not a whole number of what cannot be split, or out of range.
    """
    if not math.isfinite(typed) or not least <= math.ceil(typed) <= MOST or typed < 0:
        raise _out_of_range(unit, money, least)
    if unit is not Unit.COST:
        if not float(typed).is_integer():
            raise InvalidOptionsError(
                problem="whole_number", unit=unit.value.capitalize(), typed=f"{typed:g}"
            )
        return int(typed)
    micros = money.micros(typed)
    # Less than is shown would look like nothing, and nothing is a block.
    if micros > _LARGEST_STORED or (typed and money.figure(micros) == money.figure(0)):
        raise _out_of_range(unit, money, least)
    return micros


def _out_of_range(unit: Unit, money: Money, least: int) -> InvalidOptionsError:
    if unit is Unit.COST:
        smallest = f"0.01 {money.currency}" if least else f"0.01 {money.currency} (or 0)"
        return InvalidOptionsError(
            problem="amount_range", least=smallest, most=f"{MOST:,} {money.currency}"
        )
    return InvalidOptionsError(
        problem="amount_range",
        least=text.amount(unit, least, money),
        most=text.amount(unit, MOST, money),
    )
