"""Wires the parts of one server together; handlers and user actions get this one object."""

from __future__ import annotations

from sandbox.discord.gateway.gateway import Gateway
from sandbox.discord.rules.faults import Faults
from sandbox.discord.rules.rate_limits import RateLimits
from sandbox.discord.wire.cdn import Cdn
from sandbox.discord.wire.payloads import Payloads
from sandbox.discord.world.clock import Clock
from sandbox.discord.world.event_log import EventLog
from sandbox.discord.world.files import FileStore
from sandbox.discord.world.recorded_request import RecordedRequest
from sandbox.discord.world.settings import DiscordSettings
from sandbox.discord.world.state import State


class Core:
    """Holds every part of one server."""

    def __init__(self, settings: DiscordSettings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.event_log = EventLog(self.clock)
        self.faults = Faults(settings.seed)
        self.state = State(settings, self.clock)
        self.store = FileStore(settings.files_dir)
        self.cdn = Cdn(
            self.clock,
            application_id=self.state.application_id,
            url_seconds=settings.cdn_url_seconds,
        )
        self.payloads = Payloads(self.state, self.cdn)
        self.gateway = Gateway(self.state, self.payloads, self.faults, self.event_log)
        self.limits = RateLimits(
            self.clock,
            enabled=settings.rate_limits,
            per_second=settings.global_requests_per_second,
        )
        self.requests: list[RecordedRequest] = []
        """Every REST request, in order of arrival."""
