"""Prometheus collectors, in a registry that is passed in. No guild or user labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_STAGE_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10_800)
_ACK_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3)
_LAG_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_BYTE_BUCKETS = (1 << 20, 2 << 20, 5 << 20, 10 << 20, 25 << 20, 50 << 20, 100 << 20)


class Metrics:
    """Everything Tween measures about itself."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.jobs = Counter(
            "bot_jobs_total", "Jobs that entered a state.", ["state"], registry=registry
        )
        self.queue_depth = Gauge("bot_queue_depth", "Jobs waiting.", registry=registry)
        self.in_flight = Gauge("bot_in_flight", "Tasks at the provider.", registry=registry)
        self.unconfirmed = Gauge(
            "bot_unconfirmed", "Jobs whose create call was not answered.", registry=registry
        )
        self.parked = Gauge("bot_parked", "Jobs waiting for the operator.", registry=registry)
        self.account_paused = Gauge(
            "bot_account_paused", "1 while the provider refuses the account.", registry=registry
        )
        self.result_deadline_seconds = Gauge(
            "bot_result_deadline_seconds",
            "Seconds until the nearest result not yet on disk expires; 86400 with none.",
            registry=registry,
        )
        self.stage_seconds = Histogram(
            "bot_stage_duration_seconds",
            "Time jobs spent in a state.",
            ["stage"],
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self.acknowledge_seconds = Histogram(
            "bot_acknowledge_seconds",
            "From Discord's timestamp of a command to its acknowledgement.",
            buckets=_ACK_BUCKETS,
            registry=registry,
        )
        self.loop_lag_seconds = Histogram(
            "bot_loop_lag_seconds",
            "How late the event loop was.",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        self.delivery_bytes = Histogram(
            "bot_delivery_bytes",
            "Size of delivered files.",
            buckets=_BYTE_BUCKETS,
            registry=registry,
        )
        self.status_edits = Counter(
            "bot_status_edits_total", "Edits of status messages.", registry=registry
        )
        self.provider_calls = Counter(
            "bot_provider_calls_total",
            "Calls of the provider by outcome.",
            ["call", "outcome"],
            registry=registry,
        )
        self.callbacks = Counter(
            "bot_callbacks_total",
            "Calls at /callbacks/dashscope by outcome.",
            ["outcome"],
            registry=registry,
        )
        self.refusals = Counter(
            "bot_refusals_total", "Requests refused privately.", ["code"], registry=registry
        )
        self.loop_failures = Counter(
            "bot_loop_failures_total", "Unexpected errors in a loop.", ["loop"], registry=registry
        )
