"""``make demo`` as a stranger runs it, and what it does when it cannot go on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sandbox.demo.cards import Card
from sandbox.demo.children import Child
from sandbox.demo.contact_sheet import CELL, COLUMNS, Strip, draw
from sandbox.demo.decoded_sound import LISTEN_RATE, DecodedSound, decode_sound
from sandbox.demo.decoded_sound import likeness as sound_likeness
from sandbox.demo.decoded_video import DecodedVideo, Frame, decode, likeness
from sandbox.demo.errors import DemoError
from sandbox.demo.markup import plain, size
from sandbox.demo.tune import tune
from sandbox.demo.verification import ALIKE, ALIKE_SOUND, check_sound
from sandbox.demo.video_requests import NEWER_REQUESTS, SAMPLES, VIDEO_REQUESTS

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

DEADLINE_SECONDS = 110
"""Twice what it takes, and below what pytest gives a test."""

WHOLE_SECONDS = 220
"""Likewise for the whole demo, of which a machine that runs other tests as well makes minutes."""


class Demo:
    """The demo as a process, with a temporary folder and an output folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.out = folder / "out"
        self.temporary = folder / "tmp"
        self.printed = ""

    async def read_until(self, words: str) -> None:
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE_SECONDS):
            while words not in self.printed:
                line = await self.process.stdout.readline()
                assert line, f"it ended without {words!r}:\n{self.printed}"
                self.printed += line.decode()

    async def end(self, within_seconds: float = DEADLINE_SECONDS) -> int:
        assert self.process.stdout is not None
        async with asyncio.timeout(within_seconds):
            self.printed += (await self.process.stdout.read()).decode()
            return await self.process.wait()


@contextlib.asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Demo]:
    (folder / "tmp").mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox.demo",
        "--out",
        str(folder / "out"),
        cwd=ROOT,
        env={"PATH": os.defpath, "TMPDIR": str(folder / "tmp"), "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # A script's "&" ignores Ctrl-C, and so would everything it starts, this suite included.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield Demo(process, folder)
    finally:
        if process.returncode is None:
            # Not SIGKILL: it has processes of its own to end.
            process.terminate()
            await process.communicate()


def children_of(pid: int) -> dict[int, str]:
    """Return the commands of a process's children."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.mark.timeout(WHOLE_SECONDS + 10)
@pytest.mark.e2e
async def test_a_stranger_sees_two_pictures_become_a_video(tmp_path: Path) -> None:
    async with demo(tmp_path) as running:
        code = await running.end(WHOLE_SECONDS)
    printed = running.printed
    assert code == 0, printed

    video = decode(running.out / "frames.mp4")
    assert (video.codec, round(video.seconds, 1), video.sound) == ("h264", 5.0, None)
    for request in VIDEO_REQUESTS:
        assert f"{request.file_name}: made by {request.model}" in printed
        assert (f"{request.file_name}: sound in AAC" in printed) is request.heard
    with Image.open(running.out / "contact-sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 3 * 400
    with Image.open(running.out / "conversation.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 2000
    job = re.search(r"Queued as Job ([0-9A-HJKMNP-TV-Z]{6})\b", printed)
    assert job is not None, printed
    in_order = [
        "tom uses /video frames",
        "🕓 Waiting",
        "Place 1 in line, expected in ",
        "Tween answers privately  (only tom sees this)",
        "edits: 🕓 In the provider's queue",
        "edits: 🎬 Being made",
        "edits: ✅ Done",
        f"tween-{job[1]}.mp4",
        "@tom your video is ready.",
        "tom is notified",
        "byte for byte the provider's file, made once",
        "begins like cat-first.jpg",
        "ends like cat-last.jpg",
        "made by wan2.6-r2v-flash, from 2 files in its temporary store",
        "text-with-soundtrack.mp4: sounds like tune.wav",
        "ended on SIGTERM with exit code 0",
        "make run",
    ]
    places = [printed.find(words) for words in in_order]
    assert -1 not in places, (in_order[places.index(-1)], printed)
    assert places == sorted(places), printed
    assert printed.count("edits:") >= 3
    assert "<t:" not in printed
    assert "<@" not in printed
    assert "\x1b" not in printed, "colours are for terminals"
    assert list(running.temporary.iterdir()) == []


@needs_proc
@pytest.mark.e2e
async def test_ctrl_c_leaves_no_process_and_no_folder_behind(tmp_path: Path) -> None:
    async with demo(tmp_path) as running:
        await running.read_until("uses /video frames")
        started = children_of(running.process.pid)
        assert len(started) == 3, started
        running.process.send_signal(signal.SIGINT)
        assert await running.end() == 128 + signal.SIGINT
    assert "Traceback" not in running.printed
    assert [pid for pid in started if is_alive(pid)] == []
    assert list(running.temporary.iterdir()) == []


@needs_proc
@pytest.mark.e2e
async def test_a_bot_that_dies_is_one_sentence_and_a_folder_of_logs(tmp_path: Path) -> None:
    async with demo(tmp_path) as running:
        await running.read_until("uses /video frames")
        started = children_of(running.process.pid)
        bot = next(pid for pid, command in started.items() if "bot run" in command)
        os.kill(bot, signal.SIGKILL)
        assert await running.end() == 1
    assert "Traceback" not in running.printed
    assert "The bot ended by itself with exit code -9." in running.printed
    logs = Path(running.printed.rpartition("Logs: ")[2].strip())
    assert "commands_registered" in (logs / "bot.log").read_text()
    assert [pid for pid in started if is_alive(pid)] == []


@pytest.mark.e2e
async def test_a_sandbox_that_does_not_start_is_named(tmp_path: Path) -> None:
    child = Child("DashScope sandbox", "sandbox.dashscope", "--region", "moon", folder=tmp_path)
    await child.start(announces=True)
    with pytest.raises(DemoError, match="DashScope sandbox ended by itself with exit code 2"):
        await child.announcement()
    assert await child.stop() == 2
    assert "moon" in (tmp_path / "dashscope.log").read_text()


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("**wan** costs `1`", "wan costs 1"),
        ("```\na cat\n```", "“a cat”"),
        ("<@42> your video is ready.\n-# Job ABC123", "@tom your video is ready.\nJob ABC123"),
        ("[follow it](https://discord.com/channels/1/2/3)", "follow it"),
        (f"<t:{int(NOON.timestamp()) + 95}:R>", "in 2 minutes"),
        (f"<t:{int(NOON.timestamp()) - 3600}:R>", "1 hour ago"),
        (f"<t:{int(NOON.timestamp())}:f>", "2026-05-04 12:00"),
    ],
)
def test_markup_is_read_as_people_see_it(markup: str, seen: str) -> None:
    assert plain(markup, names={"42": "tom"}, at=NOON) == seen


def test_sizes_are_written_for_people() -> None:
    assert [size(count) for count in (10, 90_000, 3_000_000)] == ["1 KiB", "88 KiB", "2.9 MiB"]


def test_an_edit_tells_only_what_is_new() -> None:
    before = Card(
        title="Waiting",
        text=("Kind", "Place 1"),
        facts=("Price: 1",),
        things=("[Cancel]",),
        footer="Job A",
    )
    after = Card(
        title="Done",
        text=("Kind",),
        facts=("Price: 1", "Seed: 7"),
        things=("a.mp4",),
        footer="Job A",
    )
    assert after.news_since(before) == ["Seed: 7", "a.mp4"]


def video_of(*pictures: Image.Image) -> DecodedVideo:
    first, middle, last = (Frame(image=picture, at_seconds=0) for picture in pictures)
    width, height = first.image.size
    return DecodedVideo(
        codec="h264",
        width=width,
        height=height,
        frames_per_second=30,
        seconds=5,
        first=first,
        middle=middle,
        last=last,
    )


def test_a_contact_sheet_has_a_strip_for_each_video() -> None:
    wide = video_of(*[Image.new("RGB", (1168, 768), "orange")] * 3)
    tall = video_of(*[Image.new("RGB", (720, 1280), "teal")] * 3)
    row = [Strip(title="Wide", detail="wan2.6-t2v", video=wide)] * COLUMNS
    one = draw(row)
    two = draw([*row, Strip(title="Tall", detail="", video=tall)])
    assert draw(row[:1]).size == one.size
    assert two.width == one.width
    assert two.height > one.height + CELL[1]


def heard(seconds: float, *, codec: str = "aac", loudness: float = 0.1) -> DecodedSound:
    samples = np.full(round(seconds * LISTEN_RATE), loudness)
    return DecodedSound(codec=codec, seconds=seconds, samples=samples)


@pytest.mark.parametrize(
    ("sound", "problem"),
    [
        (None, "is silent"),
        (heard(5, loudness=0), "is silent"),
        (heard(5, codec="mp3"), "is mp3, not AAC"),
        (heard(4.9), r"lasts 4\.90 s, its pictures 5\.00 s"),
        (heard(5.1), r"lasts 5\.10 s, its pictures 5\.00 s"),
    ],
)
def test_a_video_that_is_to_be_heard_has_sound_as_long_as_its_pictures(
    sound: DecodedSound | None, problem: str
) -> None:
    request = next(row for row in NEWER_REQUESTS if row.heard and not row.soundtrack_seconds)
    video = video_of(*[Image.new("RGB", (96, 64))] * 3)
    assert check_sound(replace(video, sound=heard(5.02)), request)
    with pytest.raises(DemoError, match=problem):
        check_sound(replace(video, sound=sound), request)


def test_a_video_that_is_to_be_silent_has_no_sound_track() -> None:
    video = video_of(*[Image.new("RGB", (96, 64))] * 3)
    assert check_sound(video, VIDEO_REQUESTS[0]) == ["no sound track"]
    with pytest.raises(DemoError, match=r"frames\.mp4 has a sound track"):
        check_sound(replace(video, sound=heard(5, loudness=0)), VIDEO_REQUESTS[0])


def test_a_soundtrack_is_told_from_other_sounds() -> None:
    request = next(row for row in NEWER_REQUESTS if row.soundtrack_seconds == 2)
    played = decode_sound(tune(2), name="tune.wav")
    assert played is not None
    assert played.seconds == pytest.approx(2)
    assert 0.2 < played.peak < 0.5
    late = replace(played, codec="aac", samples=np.roll(played.samples, 100) / 3)
    video = replace(video_of(*[Image.new("RGB", (96, 64))] * 3), seconds=2.0)
    assert sound_likeness(late, played) > ALIKE_SOUND
    assert "sounds like tune.wav" in check_sound(replace(video, sound=late), request)[-1]
    with pytest.raises(DemoError, match=r"only \d+% like tune\.wav"):
        check_sound(replace(video, sound=heard(2)), request)


def test_each_family_of_models_is_asked_for() -> None:
    families = {row.model.removeprefix("wan").removeprefix("x")[:3] for row in VIDEO_REQUESTS}
    assert {"2.1", "2.2", "2.6", "2.7", "3.0"} <= families
    assert {row.command for row in VIDEO_REQUESTS} == {
        f"video {kind}" for kind in ("frames", "image", "text", "reference", "effect")
    }
    assert {row.choices.get("model", row.model) for row in NEWER_REQUESTS} == {
        row.model for row in NEWER_REQUESTS
    }
    names = [row.file_name for row in VIDEO_REQUESTS]
    assert len(set(names)) == len(names)


def test_the_two_cats_are_told_apart() -> None:
    request = VIDEO_REQUESTS[0]
    for name, other in (("first_frame", "last_frame"), ("last_frame", "first_frame")):
        with Image.open(request.pictures[name]) as picture:
            frame = Frame(image=picture.convert("RGB"), at_seconds=0)
        assert likeness(frame, request.pictures[name]) > ALIKE
        assert likeness(frame, request.pictures[other]) < ALIKE


def test_a_damaged_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(500))
    with pytest.raises(DemoError, match=r"a\.mp4 cannot be played"):
        decode(path)
    with av.open(str(path), "w", format="mp4") as container:
        container.add_stream("libx264", 30)
    with pytest.raises(DemoError, match=r"a\.mp4"):
        decode(path)


def test_the_samples_name_their_author_and_licence() -> None:
    text = (SAMPLES / "README.md").read_text("utf-8")
    for picture in SAMPLES.glob("*.jpg"):
        assert f"`{picture.name}`" in text
    assert "Stéfan van der Walt" in text
    assert "CC0" in text
