"""Alt texts: every file has one, a video's begins with what made it, none repeats a prompt."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from bot.chat.messenger import Messenger
from bot.chat.text import alt_texts
from bot.domain.catalogue import Kind
from bot.domain.guilds.usage import By
from bot.domain.jobs.states import JobState
from bot.domain.jobs.status import StatusView
from sandbox.discord import DiscordServer
from tests.chat.stage import at, deliver, job_in, only_message, posted
from tests.fakes import a_job

ROOT = Path(__file__).parents[2]
MOST_CHARACTERS = 1024
"""https://docs.discord.com/developers/resources/message#attachment-object."""


def test_no_file_is_sent_without_one() -> None:
    sent = []
    for path in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "cogs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "discord.File":
                sent.append(path.name)
                names = {keyword.arg for keyword in node.keywords}
                assert "description" in names, f"{path}:{node.lineno}"
    assert set(sent) >= {"messenger.py", "jobs.py", "usage.py", "operator.py", "_errors.py"}


@pytest.mark.parametrize("kind", Kind)
def test_a_video_begins_with_what_made_it_and_repeats_no_prompt(kind: Kind) -> None:
    job = a_job(kind=kind, prompt="a red fox", spoiler=True)
    said = alt_texts.video(job)
    assert said.startswith("AI-generated video")
    assert job.spec.model in said
    assert "fox" not in said
    assert len(said) < MOST_CHARACTERS


def test_an_effect_is_named() -> None:
    assert "Squish" in alt_texts.video(a_job(kind=Kind.EFFECT, effect="squish"))


def test_a_file_that_no_decoder_reads_says_so() -> None:
    said = alt_texts.video(a_job(state=JobState.FAILED, operator_loss=True))
    assert said.startswith("AI-generated video")
    assert "no decoder reads it" in said


@pytest.mark.parametrize("said", [alt_texts.PREVIEW, alt_texts.EXPORT, *map(alt_texts.chart, By)])
def test_what_is_about_videos_says_what_made_them(said: str) -> None:
    assert "AI-generated video" in said
    assert len(said) < MOST_CHARACTERS


async def test_discord_has_them(
    server: DiscordServer, messenger: Messenger, tmp_path: Path
) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"film")
    job = job_in(server, has_preview=True)
    receipt = await posted(messenger, job, preview=b"picture")
    (preview,) = only_message(server).attachments
    assert preview.description == alt_texts.PREVIEW
    done = at(job_in(server, JobState.DELIVERED), receipt)
    await deliver(messenger.deliver_by_edit, messenger, done, video)
    (attached,) = only_message(server).attachments
    assert attached.description == alt_texts.video(done.job)
    assert attached.description.startswith("AI-generated video")
    hidden = StatusView(job=job_in(server, JobState.DELIVERED, spoiler=True))
    await deliver(messenger.deliver_by_dm, messenger, hidden, video)
    (sent,) = only_message(server, server.build.direct_channel("tom")).attachments
    assert (sent.filename, sent.description) == (
        "SPOILER_tween-7F3K2Q.mp4",
        alt_texts.video(hidden.job),
    )
