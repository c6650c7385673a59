"""``python -m sandbox.demo``: pictures, words and sounds become videos, and all can watch.

Exit codes: 0 it worked, 1 it did not, 128 + n a signal ended it. No process outlives it.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from sandbox.demo import contact_sheet
from sandbox.demo.commands import leaves
from sandbox.demo.contact_sheet import Strip
from sandbox.demo.conversation import picture
from sandbox.demo.conversation.picture import Conversation
from sandbox.demo.errors import DemoError
from sandbox.demo.markup import size
from sandbox.demo.shown_messages import messages_about
from sandbox.demo.stage import TASK_SECONDS, Stage
from sandbox.demo.story import Asking, Story
from sandbox.demo.transcript import Transcript
from sandbox.demo.verification import VerifiedVideo, results, verify
from sandbox.demo.video_requests import FIRST_REQUEST, NEWER_REQUESTS, OTHER_REQUESTS

SHEET_NAME = "contact-sheet.png"
CONVERSATION_NAME = "conversation.png"

NEWER = "newer-models"
"""Name of the second channel."""


async def play(out: Path, folder: Path, transcript: Transcript) -> None:
    """Run the whole demo.

    Raises:
        DemoError: anything is not as it should be.
    """
    transcript.title(
        "Tween: pictures and words become videos",
        "Three real processes on 127.0.0.1; no accounts, nothing leaves this machine.",
    )
    async with Stage(folder, transcript) as stage:
        await stage.open()
        verified = await stage.watched(perform(out, stage, transcript))
        await asyncio.to_thread(
            contact_sheet.save, [_strip(video) for video in verified], out / SHEET_NAME
        )
        shown = await _conversation(verified[0], stage)
        await asyncio.to_thread(picture.save, shown, out / CONVERSATION_NAME)
        await stage.close()
    _conclude(verified, out, transcript)


async def _conversation(verified: VerifiedVideo, stage: Stage) -> Conversation:
    """Return what a member saw of their request."""
    delivered, world = verified.delivered, await stage.discord.get("/state")
    bot_id, channel = world["application_id"], stage.world["channel_id"]
    names = {user["id"]: user["name"] for user in world["users"]} | {bot_id: "Tween"}
    return Conversation(
        request=delivered.request,
        command=leaves(world["commands"])[delivered.request.command],
        seen=await messages_about(
            stage.discord, channel=channel, job=delivered.job.removeprefix("Job ")
        ),
        names=names,
        bot_id=bot_id,
        channel=next(place["name"] for place in world["channels"] if place["id"] == channel),
        frame=verified.video.middle.image,
        seconds=verified.video.seconds,
    )


def _conclude(verified: Sequence[VerifiedVideo], out: Path, transcript: Transcript) -> None:
    """Tell what there is now, what was checked, and where to go from here."""
    transcript.heading("Saved")
    saved = [(video.path, f"posted as {video.delivered.file_name}") for video in verified]
    saved += [
        (out / SHEET_NAME, "first, middle and last frame"),
        (out / CONVERSATION_NAME, "what the member saw"),
    ]
    widest = max(len(str(path)) for path, _ in saved)
    for path, about in saved:
        transcript.fact(str(path).ljust(widest), f"{size(path.stat().st_size):>8}  {about}")
    transcript.heading("Checked")
    for video in verified:
        for finding in video.findings:
            transcript.passed(f"{video.path.name}: {finding}")
    transcript.passed("bot and sandboxes ended on SIGTERM with exit code 0")
    transcript.heading(f"Done in {transcript.seconds:.0f} s. To run it for real:")
    transcript.lines(
        "  1. README.md, “Set-up”: make a Discord application and a Model Studio key",
        "  2. write DISCORD_TOKEN=… and DASHSCOPE_API_KEY=… into a file named .env",
        "  3. make run",
        "",
    )


async def perform(out: Path, stage: Stage, transcript: Transcript) -> list[VerifiedVideo]:
    """Let members ask for every kind of video; save and check what they get."""
    owner, member = (str(user["name"]) for user in stage.world["users"])
    transcript.heading(
        f"What people see in #videos and #{NEWER}",
        f"The emulated provider needs {TASK_SECONDS} s for a video, the real one 1 to 10 minutes, "
        "so the bot's first guesses are too long here.",
    )
    story = Story(stage.discord, stage.world, transcript)
    videos = str(stage.world["channel_id"])
    # Two channels, because Discord bounds the edits of each.
    newer = await story.add_channel(NEWER)
    first = Asking(member=member, channel_id=videos, requests=[FIRST_REQUEST])
    delivered = [
        *await story.ask(first, onlooker=owner),
        *await story.ask(
            Asking(member=owner, channel_id=videos, requests=OTHER_REQUESTS),
            Asking(member=member, channel_id=newer, requests=NEWER_REQUESTS),
        ),
    ]
    made = await results(stage.provider)
    checks = (
        verify(video, out / video.request.file_name, discord=stage.discord, made=made)
        for video in delivered
    )
    return await asyncio.gather(*checks)


def _strip(verified: VerifiedVideo) -> Strip:
    video = verified.video
    request, heard = verified.delivered.request, "silent" if video.sound is None else "sound"
    shape = f"{video.width}×{video.height}  ·  {video.seconds:.1f} s  ·  {heard}"
    return Strip(
        title=request.title,
        detail=f"/{request.command}  ·  {request.model}  ·  {shape}",
        video=video,
    )


async def until_signal(out: Path, folder: Path) -> int:
    """Play, and end early and in order when a signal asks for it; return the exit code."""
    playing = asyncio.current_task()
    signals: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        # Once is enough: a second one would interrupt the ending of the processes.
        if playing is not None and not signals:
            signals.append(number)
            playing.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What nohup or a script's "&" switched off stays off.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    try:
        await play(out, folder, Transcript())
    except asyncio.CancelledError:
        if not signals:
            raise
        click.echo("\nStopped. No process is left behind.", err=True)
        return 128 + signals[0]
    return 0


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo-out"),
    show_default=True,
    help="Where the videos and the contact sheet go.",
)
def main(out: Path) -> None:
    """Show the bot at work: local stand-ins for Discord and the provider, a real MP4."""
    # A terminal without emoji shows question marks rather than a traceback.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    folder = Path(tempfile.mkdtemp(prefix="tween-demo-"))
    failure: Exception | None = None
    code = 1
    try:
        out.mkdir(parents=True, exist_ok=True)
        code = asyncio.run(until_signal(out, folder))
    except BrokenPipeError:
        # Nobody reads any more: click ends the process without a word.
        raise
    except (DemoError, OSError) as error:
        failure = error
    except (LookupError, RuntimeError, TypeError, ValueError) as error:
        failure = DemoError(f"A sandbox said something unexpected: {error!r}.")
    finally:
        if failure is None:
            shutil.rmtree(folder, ignore_errors=True)
    if failure is not None:
        click.echo(f"\nThe demo failed. {failure}\nLogs: {folder}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
