"""A model once a region and a host offer it: what may be asked of it, and for how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from bot.domain.amounts import Amounts
from bot.domain.catalogue.prices import Price
from bot.domain.catalogue.records import MODEL_DECIDES, Abilities, Kind, LaneLimits, Sound

END_NOTICE = timedelta(days=30)
"""How long before a model's end people read of it: the provider's own least notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model that can be bought in the configured region."""

    name: str
    abilities: Abilities
    resolutions: tuple[str, ...]
    """Tiers with a price, smallest first."""
    recommended_resolution: str
    """One of them."""
    prices: Mapping[str, int]
    """Micro-CNY per second by tier."""
    silent_prices: Mapping[str, int] = field(default_factory=dict)
    """Likewise without sound, where that is cheaper."""
    prefers_silence: bool = False
    """Whether silence is what nobody has to choose: it was cheaper, at least in the list."""
    limits: LaneLimits
    effects: frozenset[str] = frozenset()
    """Names of the effects it knows in this region."""
    ends_on: date | None = None
    """The day, in UTC, from which it is not sold any more."""

    def makes(self, kind: Kind) -> bool:
        """Tell whether the model makes this kind of video."""
        return bool(self.effects) if kind is Kind.EFFECT else kind in self.abilities.kinds

    def is_sold_on(self, day: date) -> bool:
        """Tell whether the provider makes its videos on a day, in UTC."""
        return self.ends_on is None or day < self.ends_on

    def ends_soon(self, day: date) -> bool:
        """Tell whether its end is near enough to speak of it."""
        return self.ends_on is not None and day >= self.ends_on - END_NOTICE

    def still_makes(
        self, *, resolution: str, seconds: int, effect: str | None, audio: bool | None
    ) -> bool:
        """Tell whether what was asked for once can be bought today.

        Regions share names of models, but neither tiers nor effects.
        """
        return (
            resolution in self.resolutions
            and self.can_last(seconds)
            and (effect is None or effect in self.effects)
            and (audio is None) is (self.abilities.sound is not Sound.CHOICE)
        )

    def can_last(self, seconds: int) -> bool:
        """Tell whether a video can have this length, or the model may decide it."""
        if seconds == MODEL_DECIDES:
            return self.abilities.may_decide_duration
        return seconds in self.abilities.durations

    def most_seconds(self, asked: int) -> int:
        """Return the longest that a video of the length asked for can become."""
        return self.abilities.longest if asked == MODEL_DECIDES else asked

    def sizes(self, kind: Kind) -> tuple[str, ...]:
        """Return what may be chosen as ``size``, smallest tier first; none where pictures decide.

        That is ``W*H``, or a tier and a ratio such as ``720P 16:9``.
        """
        ratios = self.abilities.ratios_for(kind)
        return tuple(
            size
            for tier in self.resolutions
            for size in (
                self.abilities.sizes_of(tier) or tuple(f"{tier} {ratio}" for ratio in ratios)
            )
        )

    def tier_of(self, kind: Kind, size: str) -> str | None:
        """Return the tier a ``size`` is priced at, where the model offers it."""
        if size not in self.sizes(kind):
            return None
        if not self.abilities.has_sizes:
            return size.partition(" ")[0]
        return next(tier for tier in self.resolutions if size in self.abilities.sizes_of(tier))

    def per_second(self, *, resolution: str, audio: bool | None) -> int:
        """Return micro-CNY for a second of a tier; ``audio`` is None where there is no choice."""
        if audio is False:
            return self.silent_prices.get(resolution, self.prices[resolution])
        return self.prices[resolution]

    def default_audio(self, *, soundtrack: bool = False) -> bool | None:
        """Return whether a video is heard when nobody chose: where that costs nothing more.

        Args:
            soundtrack: whether one comes along, which is to be heard.
        """
        if self.abilities.sound is not Sound.CHOICE:
            return None
        return soundtrack or not self.prefers_silence

    def price(
        self,
        *,
        resolution: str,
        seconds: int,
        audio: bool | None = None,
        input_seconds: Decimal = Decimal(0),
    ) -> Price:
        """Return what a video reserves, at its most, and by which terms it is charged.

        Args:
            resolution: its tier.
            seconds: as asked for; ``MODEL_DECIDES`` reserves the longest.
            audio: whether it can be heard; None where the model has no choice.
            input_seconds: length of the videos that are sent along.
        """
        per_second = self.per_second(resolution=resolution, audio=audio)
        brought = math.ceil(self.abilities.input_billing.seconds(input_seconds))
        most = self.most_seconds(seconds) + brought
        return Price(
            reserved=Amounts(videos=1, seconds=most, micros=per_second * most),
            micros_per_second=per_second,
            input_billing=self.abilities.input_billing,
        )
