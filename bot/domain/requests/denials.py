"""What a guild's own admins and moderators forbid: part of the tree in ``bot.domain.errors``."""

from __future__ import annotations

from bot.domain.errors import RequestError
from bot.domain.ids import ChannelId


class MemberBlockedError(RequestError):
    """A moderator blocked this member."""

    code = "member_blocked"


class ChannelClosedError(RequestError):
    """The guild's admins do not let videos be made in this channel."""

    code = "channel_closed"

    def __init__(self, *, instead: tuple[ChannelId, ...]) -> None:
        self.instead = instead
        """Channels and categories that were opened, where any were."""
        super().__init__(f"closed; {len(instead)} channels are open")


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


class WordBlockedError(RequestError):
    """A word rule of the guild stopped a prompt."""

    code = "word_blocked"

    def __init__(self, *, field: str) -> None:
        self.field = field
        """Name of the option: ``prompt`` or ``negative_prompt``."""
        super().__init__(f"a word rule stopped the {field}")
