"""What sixty commands of one member cost a member of another guild, in picture-times.

A picture-time is what one command's picture takes alone, from its bytes to the kept JPEG, with the
child warm. Then one member asks sixty times at once for the same picture, another member of another
guild once, last of all; judged is how many picture-times that one waits for theirs.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from bot.domain.ids import GuildId, JobId, UserId
from bot.domain.people import Requester
from bot.domain.ports import Chat, LocalFile
from bot.domain.requests.pictures import PictureSource
from bot.files.local import LocalFiles
from bot.media.child import MediaPool
from bot.services.intake.attachments import Attachments
from tests.benchmarks.pictures import encoded, photograph
from tests.benchmarks.rows import Row, Unit

COMMANDS = 60
ALONE = 5
ROUNDS = 3
MOST_PICTURE_TIMES = 3.0


class _Attached:
    """Hands out one file, whatever is asked for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def fetch_attachment(self, _url: str, into: LocalFile, **_: int) -> None:
        """Copy the file, as a very near CDN would."""
        await asyncio.to_thread(shutil.copyfile, self._file, into)


def _member(number: int) -> Requester:
    return Requester(user_id=UserId(number), guild_id=GuildId(number), name=str(number))


async def _kept(pictures: Attachments, job_id: str, member: Requester) -> float:
    """Return the seconds one command's picture took, its wait included."""
    source = PictureSource(option="image", url="", size_bytes=1, content_type="image/jpeg")
    before = time.perf_counter()
    await pictures.keep(JobId(job_id), [source], member)
    return time.perf_counter() - before


async def _behind(pictures: Attachments) -> float:
    """Return the seconds another member waits behind the sixty commands."""
    loop = asyncio.get_running_loop()
    crowd = [
        loop.create_task(_kept(pictures, f"C{number:05}", _member(1))) for number in range(COMMANDS)
    ]
    await asyncio.sleep(0)
    waited = await _kept(pictures, "Z00000", _member(2))
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    return waited


async def rows() -> list[Row]:
    """Measure one picture alone, then behind a crowd's, with fresh children each time."""
    alone: list[float] = []
    behind: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tween-bench-") as name:
        folder = Path(name)
        picture = folder / "photograph.jpg"
        picture.write_bytes(encoded(photograph("cat-first.jpg", (4000, 3000)), "JPEG", quality=92))
        chat = cast("Chat", _Attached(picture))
        for number in range(ROUNDS):
            async with MediaPool(scratch=folder) as pool:
                await pool.warm_up()
                files = LocalFiles(folder / str(number))
                pictures = Attachments(chat, pool, files, min_free_bytes=0)
                alone += [await _kept(pictures, f"A{at:05}", _member(3)) for at in range(ALONE)]
                behind.append(await _behind(pictures))
    return _rows(alone, behind)


def _rows(alone: Sequence[float], behind: Sequence[float]) -> list[Row]:
    one, waited = statistics.median(alone), max(behind)
    return [
        Row(
            name=f"a picture behind {COMMANDS} commands of another guild's member",
            ours=f"{waited * 1000:.0f} ms",
            against=f"a picture alone {one * 1000:.0f} ms",
            figure=waited / one,
            unit=Unit.RATIO,
            wanted=MOST_PICTURE_TIMES,
            remark=f"the longest of {ROUNDS} rounds",
        )
    ]
