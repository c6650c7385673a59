"""Names what a run of the emulator may be told beforehand; the rest goes through faults."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.dashscope.rows import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTarget:
    """Where a rule of EventBridge sends events."""

    url: str
    """As configured, and signed."""
    token: str
    """What the target is configured to send along; signed as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """The options of one emulated account in one region."""

    host: str = "127.0.0.1"
    """Address to listen on; results and uploads are linked with it."""

    port: int = 0
    """TCP port; 0 lets the system choose a free one."""

    region: Region = Region.BEIJING
    """Decides which model names exist and which limits they have."""

    seed: int = 0
    """Start of every drawn lot: the same seed draws the same durations."""

    task_seconds: tuple[float, float] | None = None
    """Shortest and longest running time of a task, emulated seconds; None: per model."""

    queue_seconds: tuple[float, float] = (0.03, 0.5)
    """Shortest and longest wait before an unhindered task runs, emulated seconds."""

    failure_seconds: tuple[float, float] = (0.1, 1.0)
    """Time after which an unacceptable task turns FAILED, emulated seconds."""

    speed: float = 1.0
    """Emulated seconds per real second."""

    api_keys: tuple[str, ...] = ()
    """Keys of the account; empty: every non-empty key that begins with ``sk-``."""

    query_qps: int = 20
    """Queries, lists and cancels per second of the whole account (manage-asynchronous-tasks)."""

    upload_qps: int = 100
    """Upload policies per second and model (get-temporary-file-url)."""

    create_rps: int | None = None
    """Creations per second and model; None: the figure of the model's row."""

    concurrency: int | None = None
    """Tasks of one model running at once; None: the figure of the model's row."""

    rate_window_seconds: float = 1.0
    """Length of the window the rates are counted in, REAL seconds."""

    duration_counts_input: bool = True
    """Whether ``usage.duration`` of 3.0 is input and output together, as the price list and the
    sample of wan2.6-r2v have it, or the made video alone, as the API page of 3.0 says."""

    ignores_picture_fields: bool = False
    """Whether 3.0 makes a paid video of the prompt alone when ``img_url`` stands in place of
    ``media``. 2.7 fails such a task; that 3.0 does not is likely, and nobody has said so."""

    callback: CallbackTarget | None = None
    """Where ends of tasks are told; None: nowhere, until control says where."""

    max_body_bytes: int = 128 * 1024 * 1024
    """Largest request body that is read."""

    cached_videos: int = 16
    """Rendered videos kept in memory; identical inputs are rendered once."""

    def __post_init__(self) -> None:
        """Take the name of a region for the region."""
        object.__setattr__(self, "region", Region(self.region))
