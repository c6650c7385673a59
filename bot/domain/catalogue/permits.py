"""Which channels, models and effects a guild's admins allow.

Only what was allowed or denied is stored; the rest follows from the rules here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.catalogue.effects import Effect
from bot.domain.ids import ChannelId


class Subject(StrEnum):
    """What is allowed or denied."""

    CHANNEL = "channel"
    MODEL = "model"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permits:
    """A guild's decisions; True allows, False denies."""

    channels: Mapping[ChannelId, bool] = field(default_factory=dict)
    models: Mapping[str, bool] = field(default_factory=dict)
    effects: Mapping[str, bool] = field(default_factory=dict)

    def allows_channel(self, path: Sequence[ChannelId]) -> bool:
        """Tell whether videos may be made somewhere.

        Args:
            path: the channel and what it belongs to, nearest first: thread, channel, category.
                The nearest with a decision counts. Once anything is allowed, the rest is closed.
        """
        for channel_id in path:
            decided = self.channels.get(channel_id)
            if decided is not None:
                return decided
        return not any(self.channels.values())

    def allows_model(self, name: str) -> bool:
        """Tell whether a model may be used."""
        return self.models.get(name, True)

    def allows_effect(self, effect: Effect) -> bool:
        """Tell whether an effect may be used; those that bring two people together start denied."""
        return self.effects.get(effect.name, not effect.shows_two_people)
