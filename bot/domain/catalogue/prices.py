"""What a video costs: reserved at its most when it is queued, charged by its terms when made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from bot.domain.amounts import Amounts

MOST_INPUT_SECONDS = 5
"""Seconds of reference videos that wan2.6-r2v and wan2.7-r2v bill at most, all of them together."""


class InputBilling(StrEnum):
    """What is billed of a video that a request brings along.

    https://help.aliyun.com/zh/model-studio/model-pricing (October 2026). Pictures and sounds are
    free everywhere.
    """

    NOTHING = "nothing"
    """None is taken, or the length that is asked for contains it, as with a continuation."""
    ADDED = "added"
    """All its seconds, at the price of those made."""
    CAPPED = "capped"
    """Its first seconds, ``MOST_INPUT_SECONDS`` at most."""

    def seconds(self, input_seconds: Decimal) -> Decimal:
        """Return the billed seconds of videos of that length together."""
        match self:
            case InputBilling.NOTHING:
                return Decimal(0)
            case InputBilling.ADDED:
                return input_seconds
            case InputBilling.CAPPED:
                return min(input_seconds, Decimal(MOST_INPUT_SECONDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLength:
    """What a provider says it billed, in seconds."""

    total: Decimal
    """Its figure for the whole."""
    input: Decimal = Decimal(0)
    """Of videos that were brought along."""
    output: Decimal | None = None
    """Of the video that was made; None where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A job's reservation and the terms of its charge, as they were when it was queued."""

    reserved: Amounts
    """What the RESERVE entry holds."""
    micros_per_second: int
    """Micro-CNY for each billed second."""
    input_billing: InputBilling = InputBilling.NOTHING

    def billed(self, *, seconds: Decimal | int) -> Amounts:
        """Return what a finished task costs whose provider billed so many seconds."""
        exact = Decimal(seconds)
        whole = int(exact.to_integral_value(rounding=ROUND_HALF_UP))
        return Amounts(
            videos=1, seconds=max(1, whole), micros=math.ceil(self.micros_per_second * exact)
        )

    def billed_seconds(self, length: BilledLength) -> Decimal:
        """Return the seconds that are paid for.

        Wan 3.0's reference calls its ``duration`` the length of the video, its price list bills
        input and output: where the figure is that of the output alone, the input is added.
        """
        if (
            self.input_billing is InputBilling.ADDED
            and length.input
            and length.total == length.output
        ):
            return length.total + length.input
        return length.total
