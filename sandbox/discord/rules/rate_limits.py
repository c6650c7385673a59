"""Limits rates: buckets per route and major parameter, a global limit, invalid requests.

Discord publishes no sizes, only headers: https://discord.com/developers/docs/topics/rate-limits.
The figures here are those seen in the wild; a bot must live with any.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from dataclasses import dataclass, field

from sandbox.discord.world.clock import Clock
from sandbox.discord.world.json import Json

VIA = {"Via": "1.1 google"}
"""discord.py takes a 429 without ``Via`` for a Cloudflare ban (``http.py``)."""

BUCKETS: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("POST", "/users/@me/channels"): (10, 10.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2.0),
    ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"): (5, 2.0),
}
"""Requests and seconds by method and route; the rest shares the default."""
DEFAULT_BUCKET = (30, 5.0)
INVALID_STATUSES = frozenset({401, 403, 429})
INVALID_WINDOW_SECONDS = 600.0


@dataclass(slots=True)
class Window:
    """A fixed window that starts with its first request."""

    limit: int
    seconds: float
    opened_at: float = 0.0
    used: int = 0

    def take(self, now: float) -> float:
        """Use one; return 0, or the seconds to wait when none is left."""
        if now >= self.opened_at + self.seconds:
            self.opened_at, self.used = now, 0
        if self.used >= self.limit:
            return self.opened_at + self.seconds - now
        self.used += 1
        return 0.0


@dataclass(slots=True)
class Verdict:
    """What the limits say about one request."""

    headers: dict[str, str] = field(default_factory=dict)
    refusal: Json | None = None
    """Body of the 429, or None."""


class RateLimits:
    """Keeps all buckets of one bot."""

    def __init__(self, clock: Clock, *, enabled: bool, per_second: int) -> None:
        self._clock = clock
        self.enabled = enabled
        self._buckets: dict[str, Window] = {}
        self._sliding: dict[str, deque[float]] = {}
        self._global = Window(per_second, 1.0)
        self.sizes = dict(BUCKETS)
        """Change an entry before the first request to test other sizes."""
        self._invalid: deque[float] = deque()

    @property
    def invalid_requests(self) -> int:
        """401, 403 and 429 answers in the last ten minutes; Cloudflare bans at 10 000."""
        self._forget(self._invalid, INVALID_WINDOW_SECONDS)
        return len(self._invalid)

    def count_answer(self, status: int, scope: str | None) -> None:
        """Count an invalid request; those against a shared limit do not count."""
        if status in INVALID_STATUSES and scope != "shared":
            self._invalid.append(self._clock.timestamp())

    def check(self, method: str, route: str, major: str, *, exempt_from_global: bool) -> Verdict:
        """Take one request out of its bucket."""
        now = self._clock.timestamp()
        if self.enabled and not exempt_from_global and (wait := self._global.take(now)):
            return refused(wait, scope="global", is_global=True)
        limit, seconds = self.sizes.get((method, route), DEFAULT_BUCKET)
        name = hashlib.md5(f"{method} {route}".encode(), usedforsecurity=False).hexdigest()
        window = self._buckets.setdefault(f"{name}:{major}", Window(limit, seconds))
        wait = window.take(now)
        reset_at = window.opened_at + window.seconds
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - window.used),
            "X-RateLimit-Reset": f"{milliseconds_up(reset_at):.3f}",
            "X-RateLimit-Reset-After": f"{milliseconds_up(max(reset_at - now, 0.0)):.3f}",
            "X-RateLimit-Bucket": name,
        }
        if not self.enabled:
            return Verdict()
        if not wait:
            return Verdict(headers=headers)
        verdict = refused(wait, scope="user", is_global=False)
        verdict.headers |= headers
        return verdict

    def sliding(self, name: str, limit: int, seconds: float) -> float:
        """Use one of a limit that has no headers; return the seconds to wait, or 0."""
        if not self.enabled:
            return 0.0
        uses = self._sliding.setdefault(name, deque())
        self._forget(uses, seconds)
        now = self._clock.timestamp()
        if len(uses) >= limit:
            return uses[0] + seconds - now
        uses.append(now)
        return 0.0

    def _forget(self, uses: deque[float], seconds: float) -> None:
        oldest = self._clock.timestamp() - seconds
        while uses and uses[0] <= oldest:
            uses.popleft()


def milliseconds_up(seconds: float) -> float:
    """Round up to milliseconds: whoever waits that long must not be a moment early."""
    return math.ceil(seconds * 1000) / 1000


def refused(retry_after_seconds: float, *, scope: str, is_global: bool) -> Verdict:
    """Build a 429."""
    headers = {
        **VIA,
        "Retry-After": str(int(retry_after_seconds) + 1),
        "X-RateLimit-Scope": scope,
    }
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    body: Json = {
        "message": "You are being rate limited.",
        "retry_after": milliseconds_up(retry_after_seconds),
        "global": is_global,
    }
    return Verdict(headers=headers, refusal=body)
