"""The parts of one server, wired together. Handlers and user actions get this one object."""

from __future__ import annotations

from sandbox.discord.bus import EventLog
from sandbox.discord.cdn import Cdn
from sandbox.discord.clock import Clock
from sandbox.discord.faults import Faults
from sandbox.discord.files import FileStore
from sandbox.discord.gateway import Gateway
from sandbox.discord.payloads import Payloads
from sandbox.discord.ratelimits import RateLimits
from sandbox.discord.recorder import RecordedRequest
from sandbox.discord.settings import DiscordSettings
from sandbox.discord.state import State


class Core:
    """Composition root."""

    def __init__(self, settings: DiscordSettings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.bus = EventLog(self.clock)
        self.faults = Faults(settings.seed)
        self.state = State(settings, self.clock)
        self.store = FileStore(settings.files_dir)
        self.cdn = Cdn(
            self.clock,
            application_id=self.state.application_id,
            url_seconds=settings.cdn_url_seconds,
        )
        self.payloads = Payloads(self.state, self.cdn)
        self.gateway = Gateway(self.state, self.payloads, self.faults, self.bus)
        self.limits = RateLimits(
            self.clock,
            enabled=settings.rate_limits,
            per_second=settings.global_requests_per_second,
        )
        self.requests: list[RecordedRequest] = []
        """Every REST request, in order of arrival."""
