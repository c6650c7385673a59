"""Edits of the status message per job of 120 s, counted by the sandbox as revisions.

The post itself is not an edit; the delivery is. Once for a job alone, once for ten that were asked
for at the same moment, of which eight wait in line and see their place and their estimate move.
STATUS_EDIT_INTERVAL_SECONDS is the default; waiting is skipped (``simulated_time``), so that
nothing is scaled.
"""

from __future__ import annotations

from tests.benchmarks.days import a_day
from tests.benchmarks.rows import Row, Unit

MAKING_SECONDS = 120.0
IN_LINE = 10
KNOWN = 4
"""Jobs made before, so that there are estimates to show."""
WANTED = 8.0


async def rows() -> list[Row]:
    """Measure a job alone, then a line."""
    return [await _measured(1), await _measured(IN_LINE)]


async def _measured(count: int) -> Row:
    async with a_day((MAKING_SECONDS, MAKING_SECONDS)) as day:
        await day.submit(KNOWN)
        await day.all_delivered(KNOWN)
        await day.submit(count)
        await day.all_delivered(KNOWN + count)
        messages = day.status_messages()[KNOWN:]
    edits = [len(message.revisions) - 1 for message in messages]
    mean = sum(edits) / count
    if count == 1:
        name, against = "alone", ""
        titles = [str(revision.embeds[0]["title"]) for revision in messages[0].revisions]
        remark = "what the message showed: " + ", ".join(titles)
    else:
        name, against = f"{count} asked for at once", f"{min(edits)} to {max(edits)} by place"
        remark = f"mean; in the order of their places: {', '.join(map(str, edits))}"
    return Row(
        name=f"edits of a job of 120 s, {name}",
        ours=f"{mean:.1f}",
        against=against,
        figure=mean,
        unit=Unit.COUNT,
        wanted=WANTED,
        remark=remark,
    )
