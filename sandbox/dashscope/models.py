"""Lists every model the emulated account may use, by name.

Another model is another row: of `early_models` up to 2.2, of `sound_models` for 2.5
and 2.6, of `media_models` from 2.7 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandbox.dashscope.early_models import EARLY_MODELS
from sandbox.dashscope.media_models import MEDIA_MODELS
from sandbox.dashscope.rows import Limits, ModelRow, Region
from sandbox.dashscope.sound_models import SOUND_MODELS

__all__ = ["MODELS", "Limits", "ModelRow", "Region"]

MODELS: Mapping[str, ModelRow] = MappingProxyType(
    {row.name: row for row in (*EARLY_MODELS, *SOUND_MODELS, *MEDIA_MODELS)}
)
