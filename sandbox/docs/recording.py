"""Lets every act of the script be played in a world of its own, and keeps what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.commands import leaves
from sandbox.demo.stage import Stage
from sandbox.demo.transcript import Transcript
from sandbox.discord.world.json import Json
from sandbox.docs.cast import LOUNGE, QUEUE_SECONDS, REGULARS, TASK_SECONDS
from sandbox.docs.recorder import Recorded, Recorder
from sandbox.docs.scenes import MEMBER, MODERATOR, OTHER
from sandbox.docs.script import ACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Holds everything that was recorded."""

    commands: Mapping[str, Json]
    """What the bot registered, by full name."""
    replies: tuple[Recorded, ...]
    pictures: Mapping[str, bytes]
    """By name."""

    @property
    def pressed(self) -> tuple[str, ...]:
        """Return what was pressed and is no command, in the order of its first reply."""
        sections = dict.fromkeys(reply.section for reply in self.replies)
        return tuple(name for name in sections if name not in self.commands)

    def of(self, section: str) -> str:
        """Return a section's replies as Markdown."""
        return "\n\n".join(
            f"*{reply.caption}*\n\n```text\n{reply.text}\n```"
            + (f"\n\n![{reply.caption}](pictures/{reply.picture})" if reply.picture else "")
            for reply in self.replies
            if reply.section == section
        )


async def record(folder: Path, transcript: Transcript) -> Recording:
    """Play the whole script, each act with a world of its own.

    Raises:
        DemoError: a scene did not go as it should.
    """
    commands: Mapping[str, Json] = {}
    replies: list[Recorded] = []
    pictures: dict[str, bytes] = {}
    for number, act in enumerate(ACTS):
        stage = Stage(
            folder / str(number),
            transcript,
            queue_seconds=QUEUE_SECONDS,
            task_seconds=TASK_SECONDS,
            settings=act.settings,
            operator=MODERATOR,
        )
        (folder / str(number)).mkdir()
        async with stage:
            await stage.open()
            await _prepare_world(stage)
            state = await stage.discord.get("/state")
            recorder = Recorder(stage, state)
            replies += await stage.watched(recorder.play(act.scenes, transcript))
            await stage.close()
        commands = leaves(state["commands"])
        pictures |= recorder.pictures
    return Recording(commands=commands, replies=tuple(replies), pictures=pictures)


async def _prepare_world(stage: Stage) -> None:
    """Add the channel, the role and the other member that the script speaks of."""
    guild = stage.world["guild_id"]
    other = await stage.discord.post("/users", {"name": OTHER})
    await stage.discord.post("/members", {"guild": guild, "user": other["id"]})
    await stage.discord.post("/channels", {"guild": guild, "name": LOUNGE.removeprefix("#")})
    role = {"guild": guild, "name": REGULARS.removeprefix("@"), "members": [MEMBER]}
    await stage.discord.post("/roles", role)
