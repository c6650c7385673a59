"""Money as it is shown and typed; everything else counts micro-CNY."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

MICROS = 1_000_000
"""Micro-CNY in a CNY."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """How amounts are shown; the ledger holds micro-CNY."""

    currency: str = "CNY"
    per_cny: float = 1.0

    def show(self, micros: int) -> str:
        """Return an amount with its currency."""
        return f"{self.figure(micros)} {self.currency}"

    def figure(self, micros: int) -> str:
        """Return an amount without its currency."""
        return f"{micros / MICROS * self.per_cny:,.2f}"

    def micros(self, typed: float) -> int:
        """Return the micro-CNY of an amount typed in the currency shown."""
        # Decimals, because 0.29 is to be 290,000 and not a part of a million less.
        return round(Decimal(str(typed)) / Decimal(str(self.per_cny)) * MICROS)
