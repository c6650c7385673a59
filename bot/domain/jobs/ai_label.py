"""What a video's file says of being made by AI, where it does not say so itself.

China's GB 45438-2025 wants a JSON under the key ``AIGC`` in a file's metadata, with these names;
``comment`` is what everybody's programs show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the media children take the label apart from everything else there is of a job
    from bot.domain.jobs.job import Job

MADE_BY_AI = "1"
"""``Label``: 1 is "made by AI", 2 "may be", 3 "is suspected to be"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AiLabel:
    """The label in a file, by the keys of its metadata."""

    aigc: str | None
    comment: str | None


def ai_label(job: Job) -> AiLabel:
    """Return the label of a job's video: the model and the job, never what was asked for."""
    aigc = {
        "Label": MADE_BY_AI,
        "ContentProducer": job.spec.model,
        "ProduceID": str(job.id),
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }
    comment = ("AI-generated", f"model={job.spec.model}", f"job={job.id}")
    return AiLabel(aigc=json.dumps(aigc, separators=(",", ":")), comment="; ".join(comment))
