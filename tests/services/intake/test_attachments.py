"""Outside pictures before a job: fetched, made to fit and kept together, or not at all."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.catalogue import Kind, SoundtrackBounds
from bot.domain.errors import InvalidImageError
from bot.domain.guilds.denials import QueueFullError
from bot.domain.host.disk import DiskUnavailableError
from bot.domain.ids import JobId, UserId
from bot.domain.jobs.states import JobState
from bot.domain.ports import LocalFile
from bot.domain.problems import PictureProblem
from bot.domain.requests.pictures import Picture, PictureFit
from bot.domain.requests.sounds import (
    InvalidSoundError,
    SoundFacts,
    SoundFormat,
    SoundSource,
    Soundtrack,
)
from bot.domain.requests.submission import VideoOptions
from bot.services.intake import attachments as attachment_module
from bot.services.intake.attachments import Attachments
from tests.fakes import GUILD, a_picture, a_requester
from tests.services.core import Core
from tests.services.disk_trouble import DISK_ERRORS, disk_error, unsynced
from tests.services.video_requests import ask, attached

JOB = JobId("AAAAAA")
LATE = UserId(99)
FRAMES = {"first_frame": b"a fox", "last_frame": b"a hen"}


@pytest.fixture
def pictures(core: Core) -> Attachments:
    return Attachments(core.chat, core.media, core.files, min_free_bytes=0)


async def test_pictures_are_kept_under_their_names_with_a_preview(
    core: Core, pictures: Attachments
) -> None:
    kept = await pictures.keep(JOB, attached(core, **FRAMES), a_requester())
    assert kept.pictures == (a_picture("first_frame"), a_picture("last_frame"))
    assert core.files_of(JOB) == {
        "first_frame.jpg": b"a fox",
        "last_frame.jpg": b"a hen",
        "preview.jpg": b"preview",
    }
    assert core.media.picture_calls == ["expect_pictures", "prepare"], "one visit for all"
    names = ["", "/first_frame.jpg", "/last_frame.jpg", "/preview.jpg"]
    assert core.left() == [f"jobs/AAAAAA{name}" for name in names], "and nothing in scratch"


async def test_picture_that_cannot_be_fetched_is_named_and_nothing_is_kept(
    core: Core, pictures: Attachments
) -> None:
    first, last = attached(core, **FRAMES)
    del core.chat.attached[last.url]
    with pytest.raises(InvalidImageError) as refused:
        await pictures.keep(JOB, [first, last], a_requester())
    assert (refused.value.option, refused.value.problem) == (
        "last_frame",
        PictureProblem.UNAVAILABLE,
    )
    assert core.left() == []
    assert "prepare" not in core.media.picture_calls


async def test_what_outlived_its_interaction_is_dropped_unread(
    core: Core, pictures: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = asyncio.Event(), asyncio.Event()
    prepare = core.media.prepare

    async def slowly(
        sources: Sequence[tuple[str, LocalFile]],
        into: LocalFile,
        *,
        preview: str,
        fit: PictureFit,
    ) -> tuple[Picture, ...]:
        begun.set()
        await over.wait()
        return await prepare(sources, into, preview=preview, fit=fit)

    monkeypatch.setattr(core.media, "prepare", slowly)
    async with asyncio.TaskGroup() as group:
        for number in range(attachment_module.AT_ONCE):
            member = replace(a_requester(), user_id=UserId(number + 1))
            sources = attached(core, image=b"a fox")
            group.create_task(pictures.keep(JobId(f"AAAAA{number}"), sources, member))
        await begun.wait()
        monkeypatch.setattr(attachment_module, "INTERACTION_SECONDS", 0.05)
        (source,) = attached(core, image=b"late")
        with pytest.raises(InvalidImageError):
            await pictures.keep(JobId("AAAAAZ"), [source], replace(a_requester(), user_id=LATE))
        over.set()
    assert len(core.chat.fetched) == attachment_module.AT_ONCE
    assert not (core.settings.data_dir / "jobs" / "AAAAAZ").exists()


async def test_picture_that_cannot_be_used_is_named_and_nothing_is_kept(
    core: Core, pictures: Attachments
) -> None:
    problem = InvalidImageError(option="last_frame", problem=PictureProblem.DECODER_FAILED)
    core.media.picture_errors.append(problem)
    with pytest.raises(InvalidImageError) as refused:
        await pictures.keep(JOB, attached(core, **FRAMES), a_requester())
    assert refused.value is problem
    assert core.left() == []


async def test_request_without_pictures_has_no_preview_and_bothers_no_child(core: Core) -> None:
    job = await ask(core, kind=Kind.TEXT)
    assert (job.pictures, job.has_preview) == ((), False)
    assert core.left() == []
    assert core.media.picture_calls == []


@pytest.mark.parametrize("spoiler", [False, True])
async def test_pictures_of_a_request_become_its_jobs(core: Core, *, spoiler: bool) -> None:
    options = VideoOptions(prompt="a red fox", spoiler=spoiler)
    job = await ask(core, attached(core, **FRAMES), options=options)
    assert job.pictures == (a_picture("first_frame"), a_picture("last_frame"))
    assert job.has_preview is not spoiler
    assert (
        core.files_of(job.id).items()
        >= {
            "first_frame.jpg": b"a fox",
            "last_frame.jpg": b"a hen",
        }.items()
    )


async def test_what_has_no_room_is_refused_before_a_byte_is_read(core: Core) -> None:
    core.quotas._defaults = replace(core.quotas._defaults, max_queued_per_member=0)
    with pytest.raises(QueueFullError):
        await ask(core, attached(core, **FRAMES))
    assert core.media.picture_calls == []
    assert core.chat.fetched == []


async def test_no_picture_is_taken_where_results_would_not_fit_any_more(core: Core) -> None:
    free = await core.files.free_bytes()
    pictures = Attachments(core.chat, core.media, core.files, min_free_bytes=2 * free)
    with pytest.raises(DiskUnavailableError) as refused:
        await pictures.keep(JOB, attached(core, **FRAMES), a_requester())
    assert str(refused.value) == os.strerror(errno.ENOSPC)
    assert core.left() == []


# --- a disk in trouble -----------------------------------------------------------------------


@DISK_ERRORS
@pytest.mark.parametrize("after", range(6), ids=lambda after: f"after {after} syncs")
async def test_pictures_that_cannot_all_be_kept_leave_nothing_of_the_folder(
    core: Core, pictures: Attachments, number: int, after: int
) -> None:
    sources = attached(core, **FRAMES)
    # Each of the three files is synced, and then the folder that names it.
    with unsynced(number, after=after), pytest.raises(DiskUnavailableError) as refused:
        await pictures.keep(JOB, sources, a_requester())
    assert str(refused.value) == os.strerror(number)
    assert core.left() == []
    with unsynced(number, after=6):
        await pictures.keep(JOB, sources, a_requester())
    assert len(core.files_of(JOB)) == 3


@DISK_ERRORS
async def test_request_whose_pictures_cannot_be_kept_is_refused_whole(
    core: Core, number: int
) -> None:
    sources = attached(core, **FRAMES)
    with unsynced(number, after=3), pytest.raises(DiskUnavailableError):
        await ask(core, sources)
    assert core.left() == []
    assert await core.lookup.active(GUILD) == []
    assert core.chat.calls == []
    assert await core.state(await ask(core, sources)) is JobState.QUEUED


async def test_request_is_refused_where_no_folder_can_be_made(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(DiskUnavailableError) as refused:
        await ask(core, attached(core, **FRAMES))
    assert str(core.settings.data_dir) not in str(refused.value)
    assert await core.lookup.active(GUILD) == []


async def test_picture_there_is_no_room_for_is_no_bad_picture(
    core: Core, pictures: Attachments, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: str, into: LocalFile, **__: object) -> None:
        await asyncio.to_thread(Path(into).write_bytes, b"a f")
        raise disk_error(errno.ENOSPC)

    with monkeypatch.context() as patch:
        patch.setattr(core.chat, "fetch_attachment", refuse)
        with pytest.raises(DiskUnavailableError):
            await pictures.keep(JOB, attached(core, **FRAMES), a_requester())
    assert core.left() == []


async def test_pictures_that_nobody_can_look_at_for_want_of_room_are_no_bad_pictures(
    core: Core, pictures: Attachments
) -> None:
    core.media.picture_errors.append(disk_error(errno.ENOSPC))
    with pytest.raises(DiskUnavailableError):
        await pictures.keep(JOB, attached(core, **FRAMES), a_requester())
    assert core.left() == []


# --- sounds ----------------------------------------------------------------------------------


def a_song(core: Core, content: bytes = b"a song", **changes: Any) -> SoundSource:  # noqa: ANN401
    """Have somebody attach a sound; return what a command then has."""
    url = "https://cdn.discordapp.com/song.mp3"
    core.chat.attached[url] = content
    source = SoundSource(url=url, size_bytes=len(content), content_type="audio/mpeg")
    return replace(source, **changes)


async def test_a_soundtrack_is_kept_as_it_came_under_a_name_of_ours(
    core: Core, pictures: Attachments
) -> None:
    core.media.sounds.append(
        SoundFacts(format=SoundFormat.WAV, seconds=4.5, channels=2, sample_rate=48_000)
    )
    kept = await pictures.keep(
        JOB, [], a_requester(), soundtrack=a_song(core), bounds=SoundtrackBounds(min_seconds=2)
    )
    assert kept.soundtrack == Soundtrack(file_name="soundtrack.wav", seconds=4.5)
    assert (kept.pictures, core.files_of(JOB)) == ((), {"soundtrack.wav": b"a song"})


async def test_of_a_request_with_a_bad_picture_no_sound_is_kept(
    core: Core, pictures: Attachments
) -> None:
    (image,) = attached(core, image=b"a fox")
    del core.chat.attached[image.url]
    with pytest.raises(InvalidImageError):
        await pictures.keep(
            JOB,
            [image],
            a_requester(),
            soundtrack=a_song(core),
            bounds=SoundtrackBounds(min_seconds=2),
        )
    assert not (core.settings.data_dir / "jobs" / JOB).exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"size_bytes": 0}, "empty"),
        ({"size_bytes": 15_000_001}, "too_large"),
        ({"content_type": "image/png"}, "not_a_sound"),
    ],
)
def test_a_sound_is_refused_by_what_discord_says_of_it(
    core: Core, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidSoundError) as caught:
        Attachments.check_declared([], a_song(core, **changes))
    assert caught.value.problem == problem


async def test_a_sound_that_discord_does_not_hand_out_is_named(
    core: Core, pictures: Attachments
) -> None:
    song = a_song(core)
    del core.chat.attached[song.url]
    with pytest.raises(InvalidSoundError) as caught:
        await pictures.keep(
            JOB, [], a_requester(), soundtrack=song, bounds=SoundtrackBounds(min_seconds=2)
        )
    assert caught.value.problem == "unavailable"
    assert not (core.settings.data_dir / "jobs" / JOB).exists()
