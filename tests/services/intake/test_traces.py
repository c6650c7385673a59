"""No file keeps anything of what a member had erased: database, journal, scratch, temporary files.

What a kill leaves is looked for by ``tests/e2e/test_crash_points.py``.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.jobs.job import Job
from bot.domain.jobs.states import JobState
from bot.domain.people import Requester
from bot.domain.requests.submission import VideoOptions
from bot.media.child import MediaPool
from bot.services.intake.attachments import Attachments
from tests.fakes import GUILD, MEMBER, a_requester, a_submission
from tests.media.malformed_inputs import jpeg
from tests.services.core import RETENTION, Core
from tests.services.video_requests import attached
from tests.traces import MARK, holding, marked, samples

OWNER = Requester(user_id=MEMBER, guild_id=GUILD, name="Ada")
WORDS = "a zebra in the fog, 4711"
PICTURE = marked(jpeg(1280, 720))


@pytest.fixture
async def pictures(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Attachments]:
    """Pictures are made to fit by real children; temporary files lie where they are found."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    async with MediaPool(scratch=tmp_path / "scratch", workers=1) as media:
        yield Attachments(core.chat, media, core.files, min_free_bytes=0)


async def made_and_over(core: Core, pictures: Attachments) -> tuple[Job, list[bytes]]:
    """Have a video asked for and cancelled; return pieces of all that was kept of its pictures."""
    options = VideoOptions(prompt=WORDS, negative_prompt=WORDS)
    submission = a_submission(options=options)
    sources = attached(core, first_frame=PICTURE, last_frame=PICTURE)
    await pictures.keep(submission.job_id, sources, a_requester())
    job = await core.submissions.submit(submission)
    await core.writer.patch(job.id, actual_prompt=f"{WORDS}, and a moon")
    kept = [sample for file in core.files_of(job.id).values() for sample in samples(file)]
    return await core.cancellations.cancel(job.id, OWNER), kept


async def test_the_marks_are_found_while_they_are_kept(
    core: Core, pictures: Attachments, tmp_path: Path
) -> None:
    job, kept = await made_and_over(core, pictures)
    folder = f"jobs/{job.id}"
    names = [f"{folder}/first_frame.jpg", f"{folder}/last_frame.jpg", f"{folder}/preview.jpg"]
    assert holding(tmp_path, *kept) == names
    found = holding(tmp_path, WORDS.encode())
    assert found
    assert all(name.startswith("tween.db") for name in found)
    assert holding(tmp_path, MARK) == [], "what the picture said of its place never gets that far"


async def test_nothing_is_left_of_what_was_forgotten(
    core: Core, pictures: Attachments, tmp_path: Path
) -> None:
    job, kept = await made_and_over(core, pictures)
    await core.erasure.forget(job.id, OWNER)
    assert holding(tmp_path, *kept) == []
    await core.reaper.run_once()
    assert holding(tmp_path, WORDS.encode(), MARK, *kept) == []


async def test_nothing_is_left_after_the_retention(
    core: Core, pictures: Attachments, tmp_path: Path
) -> None:
    job, kept = await made_and_over(core, pictures)
    core.clock.advance(days=RETENTION.days, minutes=-1)
    await core.reaper.run_once()
    assert holding(tmp_path, WORDS.encode()), "the words stay as long as the job can be shown"
    core.clock.advance(minutes=2)
    await core.reaper.run_once()
    assert holding(tmp_path, WORDS.encode(), MARK, *kept) == []
    assert (await core.job(job)).state is JobState.CANCELLED
