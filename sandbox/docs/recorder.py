"""Plays the script: the real bot between both sandboxes, members who ask, replies written down."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sandbox.demo.control import ControlClient, long_poll
from sandbox.demo.errors import DemoError
from sandbox.demo.stage import Stage
from sandbox.demo.transcript import Transcript
from sandbox.discord.world.json import Json
from sandbox.docs.component_lines import SHOWN_CHOICES
from sandbox.docs.pressing import ANSWER_SECONDS, Presser
from sandbox.docs.reply import Placeholders, lines_of, wrapped
from sandbox.docs.scenes import (
    AdvanceClock,
    Ask,
    Deny,
    FailTask,
    File,
    Fill,
    Notify,
    OpenMenu,
    Press,
    Pressed,
    Read,
    Say,
    Scene,
    Show,
    Silent,
    Suggest,
    Value,
    Watch,
    section,
)

EVENT_SECONDS = 60
"""From a scene to what the next one waits for; a second or two are usual."""

_QUEUED = re.compile(r"Queued as Job `([0-9A-HJKMNP-TV-Z]{6})`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One reply, with the caption it is shown under."""

    section: str
    """A command, or what is pressed."""
    caption: str
    text: str
    picture: str = ""
    """Name of the picture that goes with it."""


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
        self._presser = Presser(self._discord, self._placeholders, self._jobs, sent=self._sent)
        self._seen = 0
        self.pictures: dict[str, bytes] = {}
        """What was kept, by name."""

    async def play(self, scenes: Iterable[Scene], transcript: Transcript) -> list[Recorded]:
        """Play some scenes; return what has a caption."""
        replies = []
        for scene in scenes:
            lines = await self._play(scene)
            if not isinstance(scene, Silent) and scene.caption:
                if isinstance(scene, Press | Watch) and scene.shown_from:
                    lines = ["…", *lines[lines.index(scene.shown_from) :]]
                text = wrapped(lines)
                under = section(scene)
                picture = scene.picture if isinstance(scene, Ask) else ""
                replies.append(
                    Recorded(section=under, caption=scene.caption, text=text, picture=picture)
                )
                transcript.passed(f"{under}: {scene.caption}")
        return replies

    async def _play(self, scene: Scene) -> list[str]:
        match scene:
            case Ask():
                return await self._ask(scene)
            case Suggest():
                return await self._suggest(scene)
            case Show():
                return await self._show(scene)
            case Notify():
                return await self._notify(scene)
            case Read():
                return await self._read(scene)
            case Press() | OpenMenu() | Fill() | Watch():
                return await self._touch(scene)
            case AdvanceClock() | FailTask() | Say() | Deny():
                await self._happen(scene)
                return []
            case _:
                assert_never(scene)

    async def _touch(self, scene: Pressed) -> list[str]:
        match scene:
            case Press():
                return await self._presser.press(scene, await self._pressed(scene.job, scene.on))
            case OpenMenu():
                on = await self._pressed(scene.job, scene.on)
                return await self._presser.choose_entry(scene, on)
            case Fill():
                return await self._presser.fill(scene)
            case Watch():
                return await self._presser.watch(scene)
            case _:
                assert_never(scene)

    async def _pressed(self, job: str, on: str) -> str:
        """Return the message that is meant: one kept by name, or a job's status message."""
        if on:
            return self._presser.messages[on]
        return str((await self._status(job))["id"])

    async def _status(self, job: str) -> Json:
        job_id = self._jobs[job]
        return await self._until(lambda found: _status_of(found, job_id), f"“{job}” shows")

    async def _happen(self, scene: Silent) -> None:
        match scene:
            case AdvanceClock():
                await self._stage.provider.post("/clock", {"advance_seconds": scene.seconds})
            case FailTask():
                fault = {"point": "task", "action": "fail", "code": scene.code}
                fault |= {"message": scene.message} if scene.message else {}
                await self._stage.provider.post("/faults", {**fault, "model": scene.model})
            case Deny():
                await self._deny_bot(scene.permissions)
            case Say():
                files = [self._sent(file) for file in scene.files]
                if scene.video_of:
                    status = await self._status(scene.video_of)
                    (video,) = status["revisions"][-1]["attachments"]
                    # By path: it is too large for a body.
                    files.append({"filename": "mine.mp4", "path": video["path"]})
                await self._presser.say(scene, self._channel, files)
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

    async def _notify(self, scene: Notify) -> list[str]:
        job = self._jobs[scene.job]

        def tells(message: Json) -> bool:
            return bool(message["reference_id"]) and job in message["revisions"][-1]["content"]

        return self._lines(await self._until(tells, f"somebody is told of “{scene.job}”"))

    async def _read(self, scene: Read) -> list[str]:
        def says(message: Json) -> bool:
            return scene.says.format_map(self._jobs) in message["revisions"][-1]["content"]

        channel = self._ids[scene.channel]
        what = f"“{scene.says}” is read in {scene.channel}"
        found = await self._until(says, what, channel)
        self._presser.messages[scene.keep] = str(found["id"])
        return self._lines(found)

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
