"""Reads amounts of a unit as they are typed: whole videos and seconds, money in its currency."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from discord import app_commands

from bot.domain.errors import InvalidOptionsError
from bot.domain.guilds.quota import Unit
from bot.domain.money import Money
from bot.domain.problems import OptionProblem

MOST = 1_000_000_000
"""Of any unit; as micro-CNY still far from what a database column holds."""

_LARGEST_STORED = 10**18

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
        raise _out_of_range(unit, least)
    if unit is not Unit.COST:
        if not float(typed).is_integer():
            is_videos = unit is Unit.VIDEOS
            raise InvalidOptionsError(
                problem=OptionProblem.WHOLE_VIDEOS if is_videos else OptionProblem.WHOLE_SECONDS,
                typed=f"{typed:g}",
            )
        return int(typed)
    micros = money.micros(typed)
    # Less than is shown would look like nothing, and nothing is a block.
    if micros > _LARGEST_STORED or (typed and money.figure(micros) == money.figure(0)):
        raise _out_of_range(unit, least)
    return micros


def _out_of_range(unit: Unit, least: int) -> InvalidOptionsError:
    return InvalidOptionsError(
        problem=OptionProblem.AMOUNT_RANGE, unit=unit.value, least=least, most=MOST
    )
