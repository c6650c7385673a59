"""Plays the script: the real bot between both sandboxes, members who ask, replies written down."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

from sandbox.demo.commands import leaves
from sandbox.demo.control import ControlClient, long_poll
from sandbox.demo.errors import DemoError
from sandbox.demo.stage import Stage
from sandbox.demo.transcript import Transcript
from sandbox.discord.world.json import Json
from sandbox.docs.cast import LOUNGE, QUEUE_SECONDS, REGULARS, SETTINGS, TASK_SECONDS
from sandbox.docs.reply import Placeholders, lines_of, wrapped
from sandbox.docs.scenes import (
    MEMBER,
    MODERATOR,
    AdvanceClock,
    Ask,
    FailTask,
    File,
    Notify,
    Press,
    Read,
    Scene,
    Show,
    Suggest,
    Value,
    section,
)
from sandbox.docs.script import SCRIPT

ANSWER_SECONDS = 20
EVENT_SECONDS = 60
"""From a scene to what the next one waits for; a second or two are usual."""

SHOWN_CHOICES = 8

_QUEUED = re.compile(r"Queued as Job `([0-9A-HJKMNP-TV-Z]{6})`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One reply, with the caption it is shown under."""

    command: str
    caption: str
    text: str
    picture: str = ""
    """Name of the picture that goes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Holds everything that was recorded."""

    commands: Mapping[str, Json]
    """What the bot registered, by full name."""
    replies: tuple[Recorded, ...]
    pictures: Mapping[str, bytes]
    """By name."""

    def of(self, command: str) -> str:
        """Return a command's replies as Markdown."""
        return "\n\n".join(
            f"*{reply.caption}*\n\n```text\n{reply.text}\n```"
            + (f"\n\n![{reply.caption}](pictures/{reply.picture})" if reply.picture else "")
            for reply in self.replies
            if reply.command == command
        )


async def record(folder: Path, transcript: Transcript) -> Recording:
    """Play the whole script.

    Raises:
        DemoError: a scene did not go as it should.
    """
    stage = Stage(
        folder,
        transcript,
        queue_seconds=QUEUE_SECONDS,
        task_seconds=TASK_SECONDS,
        settings=SETTINGS,
        operator=MODERATOR,
    )
    async with stage:
        await stage.open()
        await _prepare_world(stage)
        state = await stage.discord.get("/state")
        recorder = Recorder(stage, state)
        replies = await stage.watched(recorder.play(transcript))
        await stage.close()
    return Recording(
        commands=leaves(state["commands"]), replies=tuple(replies), pictures=recorder.pictures
    )


async def _prepare_world(stage: Stage) -> None:
    """Add the channel and the role that the script speaks of."""
    guild = stage.world["guild_id"]
    await stage.discord.post("/channels", {"guild": guild, "name": LOUNGE.removeprefix("#")})
    role = {"guild": guild, "name": REGULARS.removeprefix("@"), "members": [MEMBER]}
    await stage.discord.post("/roles", role)


class Recorder:
    """Plays scenes one after the other."""

    def __init__(self, stage: Stage, state: Json) -> None:
        self._stage = stage
        self._discord: ControlClient = stage.discord
        self._channel = str(stage.world["channel_id"])
        self._ids = {str(user["name"]): str(user["id"]) for user in state["users"]}
        roles = [role for guild in state["guilds"] for role in guild["roles"]]
        self._ids |= {f"#{channel['name']}": str(channel["id"]) for channel in state["channels"]}
        self._ids |= {f"@{role['name']}": str(role["id"]) for role in roles}
        named = (*state["users"], *state["channels"], *roles)
        self._placeholders = Placeholders(
            names={str(recorded["id"]): str(recorded["name"]) for recorded in named}
            | {str(state["application_id"]): "Tween"}
        )
        self._jobs = {"guild": str(stage.world["guild_id"])}
        """Real ids by the script's names: the server's, and each job's."""
        self._seen = 0
        self.pictures: dict[str, bytes] = {}
        """What was kept, by name."""

    async def play(self, transcript: Transcript) -> list[Recorded]:
        """Play the script; return what has a caption."""
        replies = []
        for scene in SCRIPT:
            lines = await self._play(scene)
            if not isinstance(scene, AdvanceClock | FailTask) and scene.caption:
                text = wrapped(lines)
                under = section(scene)
                picture = scene.picture if isinstance(scene, Ask) else ""
                replies.append(
                    Recorded(command=under, caption=scene.caption, text=text, picture=picture)
                )
                transcript.passed(f"/{under}: {scene.caption}")
        return replies

    async def _play(self, scene: Scene) -> list[str]:
        match scene:
            case Ask():
                return await self._ask(scene)
            case Suggest():
                return await self._suggest(scene)
            case Show():
                return await self._show(scene)
            case Press():
                return await self._press(scene)
            case Notify():
                return await self._notify(scene)
            case Read():
                return await self._read(scene)
            case AdvanceClock():
                await self._stage.provider.post("/clock", {"advance_seconds": scene.seconds})
                return []
            case FailTask():
                fault = {"point": "task", "action": "fail", "code": scene.code}
                await self._stage.provider.post("/faults", {**fault, "model": scene.model})
                return []
            case _:
                assert_never(scene)

    async def _ask(self, scene: Ask) -> list[str]:
        channel = self._channel
        if scene.in_direct_messages:
            opened = await self._discord.post("/direct-channels", {"user": scene.user})
            channel = str(opened["id"])
        await self._deny_bot(scene.bot_lacks)
        sent = await self._discord.post(
            "/slash",
            {
                "user": scene.user,
                "channel": channel,
                "command": scene.command,
                "options": {name: self._sent(value) for name, value in scene.options.items()},
            },
        )
        message = await self._answer(sent["id"])
        await self._deny_bot(())
        content = str(message["revisions"][-1]["content"])
        made = _QUEUED.match(content)
        if bool(made) != bool(scene.makes):
            raise DemoError(f"/{scene.command} ({scene.caption}) was answered “{content}”.")
        if made:
            self._jobs[scene.makes] = made[1]
            self._placeholders.know(made[1])
        if scene.picture:
            attached = message["revisions"][-1]["attachments"][0]
            self.pictures[scene.picture] = await self._discord.download(attached["url"])
        typed = [f"{name}: {self._typed(value)}" for name, value in scene.options.items()]
        return [" ".join((f"/{scene.command}", *typed)), "", *self._lines(message)]

    async def _deny_bot(self, lacks: tuple[str, ...]) -> None:
        """Take permissions from the bot in the channel; none gives all back."""
        await self._discord.post("/overwrites", {"channel": self._channel, "deny": list(lacks)})

    async def _suggest(self, scene: Suggest) -> list[str]:
        suggested = await self._discord.post(
            "/autocomplete",
            {
                "user": scene.user,
                "channel": self._channel,
                "command": scene.command,
                "options": {name: self._sent(value) for name, value in scene.options.items()},
                "focused": scene.option,
            },
        )
        names = [self._placeholders.shown(choice["name"]) for choice in suggested["choices"]]
        left = len(names) - SHOWN_CHOICES
        return [*names[:SHOWN_CHOICES], *([f"(and {left} more)"] if left > 0 else [])]

    async def _show(self, scene: Show) -> list[str]:
        """Wait until a status message says it."""
        job = self._jobs[scene.job]

        def says(message: Json) -> bool:
            titles = [embed["title"] for embed in message["revisions"][-1]["embeds"]]
            return _status_of(message, job) and titles[0].endswith(scene.title)

        return self._lines(await self._until(says, f"“{scene.job}” says “{scene.title}”"))

    async def _press(self, scene: Press) -> list[str]:
        job = self._jobs[scene.job]
        message = await self._until(lambda found: _status_of(found, job), f"“{scene.job}” shows")
        pressed = await self._discord.post(
            "/click", {"user": scene.user, "message": message["id"], "button": scene.button}
        )
        return self._lines(await self._answer(pressed["id"]))

    async def _notify(self, scene: Notify) -> list[str]:
        job = self._jobs[scene.job]

        def tells(message: Json) -> bool:
            return bool(message["reference_id"]) and job in message["revisions"][-1]["content"]

        return self._lines(await self._until(tells, f"somebody is told of “{scene.job}”"))

    async def _read(self, scene: Read) -> list[str]:
        def says(message: Json) -> bool:
            return scene.says in message["revisions"][-1]["content"]

        channel = self._ids[scene.channel]
        what = f"“{scene.says}” is read in {scene.channel}"
        return self._lines(await self._until(says, what, channel))

    # Waiting and reading.

    async def _answer(self, interaction: str) -> Json:
        """Wait for the private answer to an interaction."""
        path = f"/invocations/{interaction}?wait_seconds={ANSWER_SECONDS}"
        answered = await self._discord.get(path)
        found: Json = next(message for message in answered["messages"] if not _is_thinking(message))
        return found

    async def _until(
        self, fits: Callable[[Json], bool], what: str, channel: str | None = None
    ) -> Json:
        """Wait for a message of a channel, the members' one if none is given."""
        deadline = asyncio.get_running_loop().time() + EVENT_SECONDS
        path = f"/messages?channel={channel or self._channel}"
        try:
            while True:
                for message in await self._discord.get(path):
                    if fits(message):
                        found: Json = message
                        return found
                for event in await long_poll(self._discord, after=self._seen, until=deadline):
                    self._seen = int(event["number"])
        except TimeoutError:
            raise DemoError(f"Within {EVENT_SECONDS} s it did not happen that {what}.") from None

    def _lines(self, message: Json) -> list[str]:
        revision = message["revisions"][-1]
        return lines_of(revision, self._placeholders, datetime.fromisoformat(revision["at"]))

    # What is sent and what is shown of it.

    def _sent(self, value: Value) -> object:
        """Return an option's value as the sandbox takes it."""
        match value:
            case File():
                data = base64.b64encode(value.data).decode()
                return {
                    "filename": value.name,
                    "base64": data,
                    "content_type": value.content_type,
                }
            case str() if value in self._ids:
                return self._ids[value]
            case str():
                return value.format_map(self._jobs)
            case _:
                return value

    def _typed(self, value: Value) -> str:
        """Return an option's value as a person sees it."""
        match value:
            case File():
                return value.name
            case str() if value in self._ids:
                return value if value[0] in "#@" else f"@{value}"
            case str():
                return self._placeholders.shown(value.format_map(self._jobs))
            case _:
                return str(value)


def _is_thinking(message: Json) -> bool:
    return bool(message["revisions"][-1]["thinking"])


def _status_of(message: Json, job: str) -> bool:
    """Tell whether a message is a job's status message."""
    embeds = message["revisions"][-1]["embeds"]
    return any(embed.get("footer", {}).get("text") == f"Job {job}" for embed in embeds)
