"""Records every REST request and its answer, for tests to look at and to validate."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.discord.world.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """What is known about one uploaded file."""

    name: str
    """Form field, such as ``files[0]``."""
    filename: str
    content_type: str | None
    size: int
    sha256: str


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One request, filled in as it is worked on."""

    number: int
    method: str
    path: str
    """Below the API base, such as ``/channels/1/messages``."""
    query: dict[str, str]
    headers: dict[str, str]
    """Lower-case names; the token is shortened."""
    started_at: float
    route: str | None = None
    """Template, such as ``/channels/{channel_id}/messages``; None: unknown route."""
    json: Json | list[Json] | None = None
    """JSON body or ``payload_json``."""
    multipart: bool = False
    files: list[FilePart] = field(default_factory=list)
    status: int | None = None
    """None while open, and for a connection that was dropped."""
    answer: Json | list[Json] | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    finished_at: float | None = None
    fault: str | None = None
    """What was done to it on purpose."""
    done: bool = False
    """True when its effect took place, even if the answer was lost."""

    @property
    def seconds(self) -> float | None:
        """How long it took, None while open."""
        return None if self.finished_at is None else self.finished_at - self.started_at


def shown_headers(headers: dict[str, str]) -> dict[str, str]:
    """Lower the names and shorten the token."""
    shown = {name.lower(): value for name, value in headers.items()}
    if "authorization" in shown:
        shown["authorization"] = shown["authorization"][:8] + "…"
    return shown
