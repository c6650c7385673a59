"""What can be made, by which model, for how much: the ONE place for such figures.

``models_2_2``, ``models_2_7``, ``models_3_0`` and ``effects`` are the data, each figure with its
source; adding a model is adding a row there. ``records`` says what a row holds, ``shapes`` how a
request looks, ``model`` what may be asked of a model, ``offered`` what one region sells of them
after the host's overrides.
"""

from __future__ import annotations

from bot.domain.catalogue.camera import CAMERA_MOVES, with_camera
from bot.domain.catalogue.effects import EFFECTS, Effect, Suits, effect_label
from bot.domain.catalogue.model import Model
from bot.domain.catalogue.models import MODELS
from bot.domain.catalogue.offered import Catalogue, Override
from bot.domain.catalogue.prices import BilledLength, InputBilling, Price
from bot.domain.catalogue.records import (
    MODEL_DECIDES,
    Abilities,
    Choices,
    Kind,
    LaneLimits,
    ModelRow,
    Offer,
    PictureBounds,
    Region,
    Sound,
    SoundtrackBounds,
)
from bot.domain.catalogue.shapes import SIZES, Endpoint, FileRole, RequestShape

__all__ = [
    "CAMERA_MOVES",
    "EFFECTS",
    "MODELS",
    "MODEL_DECIDES",
    "SIZES",
    "Abilities",
    "BilledLength",
    "Catalogue",
    "Choices",
    "Effect",
    "Endpoint",
    "FileRole",
    "InputBilling",
    "Kind",
    "LaneLimits",
    "Model",
    "ModelRow",
    "Offer",
    "Override",
    "PictureBounds",
    "Price",
    "Region",
    "RequestShape",
    "Sound",
    "SoundtrackBounds",
    "Suits",
    "effect_label",
    "with_camera",
]
