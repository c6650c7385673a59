"""What can be made, by which model, for how much: the ONE place for such figures.

``models`` and ``effects`` are the data, each figure with its source; adding a model is adding a
row there. ``records`` says what a row holds, ``offered`` what one region sells of them after the
host's overrides.
"""

from __future__ import annotations

from bot.domain.catalogue.effects import EFFECTS, Effect, Suits, effect_label
from bot.domain.catalogue.models import MODELS
from bot.domain.catalogue.offered import Catalogue, Override
from bot.domain.catalogue.prices import Price
from bot.domain.catalogue.records import (
    SIZES,
    Choices,
    Endpoint,
    Kind,
    LaneLimits,
    Model,
    ModelRow,
    Offer,
    Region,
)

__all__ = [
    "EFFECTS",
    "MODELS",
    "SIZES",
    "Catalogue",
    "Choices",
    "Effect",
    "Endpoint",
    "Kind",
    "LaneLimits",
    "Model",
    "ModelRow",
    "Offer",
    "Override",
    "Price",
    "Region",
    "Suits",
    "effect_label",
]
