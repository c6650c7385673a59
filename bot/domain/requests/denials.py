"""Models and effects that a guild's admins forbid: part of the tree in ``bot.domain.errors``."""

from __future__ import annotations

from bot.domain.errors import RequestError


class ModelDeniedError(RequestError):
    """The guild's admins denied a model."""

    code = "model_denied"

    def __init__(self, model: str | None, *, instead: tuple[str, ...]) -> None:
        self.model = model
        """None where nobody named one and all that could make it are denied."""
        self.instead = instead
        """Models that may make it."""
        super().__init__(f"{model or 'every model'} is denied")


class EffectDeniedError(RequestError):
    """The guild's admins denied an effect, or never allowed one that starts denied."""

    code = "effect_denied"

    def __init__(self, effect: str) -> None:
        self.effect = effect
        """What people read of it."""
        super().__init__(f"the effect {effect} is denied")


class FormGoneError(RequestError):
    """What a form was about is not known any more, or it is somebody else's form."""

    code = "form_gone"

    def __init__(self, draft_id: str) -> None:
        super().__init__(f"form {draft_id}")
