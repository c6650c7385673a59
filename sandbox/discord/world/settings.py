"""Names what can be chosen about the server; defaults are Discord's figures where it has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """Says how a ``DiscordServer`` is."""

    host: str = "127.0.0.1"
    """Loopback only; nothing here is meant for a network."""
    port: int = 0
    """0 picks a free one."""
    files_dir: Path | None = None
    """Where uploads are kept; None makes a temporary directory that goes with the server."""
    token: str | None = None
    """Bot token; None makes one up."""
    bot_name: str = "Tween"
    shards: int = 1
    """What ``/gateway/bot`` recommends."""
    upload_limits_bytes: tuple[int, int, int, int] = (10 * MIB, 10 * MIB, 50 * MIB, 100 * MIB)
    """Largest file by premium tier; the first also holds for direct messages."""
    acknowledge_within_seconds: float = 3.0
    """https://discord.com/developers/docs/interactions/receiving-and-responding"""
    interaction_token_seconds: float = 900.0
    """Fifteen minutes, same page."""
    cdn_url_seconds: float = 86_400.0
    """Signed URLs live a day: https://discord.com/developers/docs/reference#signed-attachment-cdn-urls"""
    heartbeat_interval_seconds: float = 41.25
    rate_limits: bool = True
    """False never answers 429 by itself."""
    global_requests_per_second: int = 50
    identify_every_seconds: float = 0.0
    """Discord allows one IDENTIFY per 5 s; 0 lets a test restart its bot at once."""
    nonce_seconds: float = 300.0
    """How long ``enforce_nonce`` finds the first message; Discord says "the past few minutes"."""
    privileged_intents: bool = False
    """False closes with 4014 when a privileged intent is asked for."""
    seed: int = 0
    """Start of every lot drawn for planned failures that meet a share of the requests."""
    default_world: bool = True
    """True starts with one guild, one channel and two members."""
