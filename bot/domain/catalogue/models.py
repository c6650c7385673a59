"""The models, a row each, by generation. Another model is another row."""

from __future__ import annotations

from bot.domain.catalogue.models_2_2 import MODELS_2_2
from bot.domain.catalogue.models_2_7 import MODELS_2_7
from bot.domain.catalogue.models_3_0 import MODELS_3_0
from bot.domain.catalogue.records import ModelRow

MODELS: tuple[ModelRow, ...] = (*MODELS_2_2, *MODELS_2_7, *MODELS_3_0)
