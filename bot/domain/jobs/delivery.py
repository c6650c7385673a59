"""The finished file and how it is put in front of people."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.ids import ChannelId, MessageId
from bot.domain.units import MIB

TIER_LIMITS_MIB = (10, 10, 50, 100)
"""Upload limit by boost tier 0 to 3: https://discord.com/developers/docs/reference#uploading-files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedVideo:
    """What looking at a whole video has shown."""

    size_bytes: int
    width: int
    height: int
    duration_seconds: float
    codec: str = "h264"
    """FFmpeg's name of the format."""
    plays: bool = True
    """Whether every phone and browser plays it as it is; otherwise it is to be re-encoded."""
    is_labelled: bool = True
    """Whether the file says that it was made by AI; otherwise it is to be labelled."""
    has_credentials: bool = False
    """Whether it holds content credentials (C2PA), which a re-encoding loses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The message that proves a delivery."""

    channel_id: ChannelId
    message_id: MessageId
    digest: str | None = None
    """Of the drawing that was sent; None where the message was found."""


def upload_limit_bytes(*, premium_tier: int, base_limit_mib: int) -> int:
    """Return the most bytes of one file in a guild.

    The requester's Nitro does not count: the message is the bot's own. A host's
    ``UPLOAD_LIMIT_MIB`` replaces the limit without boosts and never lowers a boosted one.
    """
    if premium_tier <= 0:
        return base_limit_mib * MIB
    tier = min(premium_tier, len(TIER_LIMITS_MIB) - 1)
    return max(base_limit_mib, TIER_LIMITS_MIB[tier]) * MIB
