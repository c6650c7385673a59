"""Presses buttons, chooses from menus and panels, and fills in forms, as a scene says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

from sandbox.demo.control import ControlClient, long_poll
from sandbox.demo.errors import DemoError
from sandbox.discord.world.json import Json
from sandbox.docs.component_lines import form_lines
from sandbox.docs.reply import Placeholders, lines_of
from sandbox.docs.scenes import File, Fill, OpenMenu, Press, Say, Value, Watch

ANSWER_SECONDS = 60
"""Until a press or command is answered; a busy machine takes more than the usual second."""

_JOB = re.compile(r"`([0-9A-HJKMNP-TV-Z]{6})`")


class Presser:
    """Remembers the messages and forms that scenes come back to."""

    def __init__(
        self,
        discord: ControlClient,
        placeholders: Placeholders,
        jobs: dict[str, str],
        *,
        sent: Callable[[Value], object],
    ) -> None:
        """Prepare to press.

        Args:
            discord: the local Discord.
            placeholders: what stands for ids and times.
            jobs: ids by the script's names; what is made is added.
            sent: writes a value as the local Discord takes it.
        """
        self._discord = discord
        self._placeholders = placeholders
        self._jobs = jobs
        self._sent = sent
        self.messages: dict[str, str] = {}
        """Ids of messages by the script's names."""
        self._sources: dict[str, str] = {}
        """What each private message answered, by the message's id."""
        self._seen = 0
        self._forms: dict[str, tuple[str, Json]] = {}
        """What opened a form, and the form, by the script's names."""

    async def press(self, scene: Press, on: str) -> list[str]:
        """Press a button of a message, or choose from it; return the answer."""
        panel = await self._discord.get(f"/panel?user={scene.user}&message={on}")
        private = await self._current(on) if on in self._sources else None
        revised = len(private["revisions"]) if private else 0
        what: Json = {"user": scene.user, "message": on}
        if scene.choose:
            (select,) = panel["selects"]
            chosen = _beginning_with(scene.choose, [each["label"] for each in select["options"]])
            what |= {"custom_id": select["custom_id"], "values": [chosen]}
            pressed = await self._discord.post("/choose", what)
        else:
            fitting = [each for each in panel["buttons"] if _is_called(each, scene.button)]
            if not fitting:
                raise DemoError(f"Nothing called “{scene.button}” can be pressed.")
            pressed = await self._discord.post("/click", what | {"button": fitting[0]["custom_id"]})
        return await self._answer(
            str(pressed["id"]),
            on=on,
            keep=scene.keep,
            makes=scene.makes,
            beside=scene.answered_beside,
            revised=revised,
        )

    async def choose_entry(self, scene: OpenMenu, on: str) -> list[str]:
        """Choose an entry of a message's menu; return the answer."""
        what = {"user": scene.user, "message": on, "command": scene.entry}
        chosen = await self._discord.post("/message-command", what)
        return await self._answer(str(chosen["id"]), on=on, keep=scene.keep)

    async def fill(self, scene: Fill) -> list[str]:
        """Fill a form in and send it; return what was filled in, and the answer."""
        opened_by, form = self._forms[scene.form]
        values = {label: self._filled(form, label, value) for label, value in scene.values.items()}
        what = {"user": scene.user, "invocation": opened_by, "values": values}
        sent = await self._discord.post("/modal", what)
        typed = [f"{label}: {_typed(value)}" for label, value in scene.values.items()]
        return [*typed, "", *await self._answer(str(sent["id"]), on="", makes=scene.makes)]

    def _filled(self, form: Json, label: str, value: Value) -> object:
        """Return what a field is given: a file, a text, or one of its options."""
        (field,) = (each["component"] for each in form["components"] if each["label"] == label)
        if "options" in field:
            return _beginning_with(str(value), [option["label"] for option in field["options"]])
        sent = self._sent(value)
        return [sent] if isinstance(sent, dict) else sent

    async def watch(self, scene: Watch) -> list[str]:
        """Wait until a private message says it; return that message."""
        path = f"/panel?user={scene.user}&message={self.messages[scene.on]}"
        until = _deadline()
        while (await self._discord.get(path))["text"].count(scene.says) < scene.times:
            await self._wait(f"“{scene.on}” says “{scene.says}”", until)
        return self._lines(await self._current(self.messages[scene.on]))

    async def say(self, scene: Say, channel: str, files: list[object]) -> None:
        """Write a message with files."""
        what = {"user": scene.user, "channel": channel, "files": files}
        self.messages[scene.keep] = str((await self._discord.post("/say", what))["id"])

    async def _answer(
        self,
        pressed: str,
        *,
        on: str,
        keep: str = "",
        makes: tuple[str, ...] = (),
        beside: bool = False,
        revised: int = 0,
    ) -> list[str]:
        """Wait for what a press is answered with, and keep it under a name.

        Args:
            pressed: id of the interaction.
            on: the message that was pressed.
            keep: the name; empty where nothing comes back to it.
            makes: names of the jobs that the answer speaks of.
            beside: whether it is another message than the one pressed.
            revised: how often that one was written before.
        """
        until = _deadline()
        while True:
            invocation = await self._discord.get(f"/invocations/{pressed}")
            if invocation["modal"]:
                self._forms[keep] = (pressed, invocation["modal"])
                return form_lines(invocation["modal"], self._read)
            for message in invocation["messages"]:
                revisions = message["revisions"]
                is_new = message["id"] != on or (not beside and len(revisions) > revised)
                if is_new and not revisions[-1]["thinking"] and self._know(makes, message):
                    self.messages[keep] = str(message["id"])
                    self._sources.setdefault(str(message["id"]), pressed)
                    return self._lines(message)
            if invocation["failed"]:
                raise DemoError(f"{invocation['title']} was not answered.")
            await self._wait(f"{invocation['title']} is answered", until)

    def _know(self, makes: tuple[str, ...], message: Json) -> bool:
        """Give the jobs that a message speaks of their names; tell whether all are there."""
        said = dict.fromkeys(_JOB.findall(str(message["text"])))
        new = [job for job in said if job not in self._placeholders.jobs]
        if len(new) != len(makes):
            return False
        for name, job in zip(makes, new, strict=True):
            self._jobs[name] = job
            self._placeholders.know(job)
        return True

    async def _current(self, message: str) -> Json:
        """Return a private message as it is now."""
        invocation = await self._discord.get(f"/invocations/{self._sources[message]}")
        found: Json = next(each for each in invocation["messages"] if each["id"] == message)
        return found

    async def _wait(self, what: str, until: float) -> None:
        try:
            for event in await long_poll(self._discord, after=self._seen, until=until):
                self._seen = int(event["number"])
        except TimeoutError:
            raise DemoError(f"Within {ANSWER_SECONDS} s it did not happen that {what}.") from None

    def _lines(self, message: Json) -> list[str]:
        revision = message["revisions"][-1]
        return lines_of(revision, self._placeholders, datetime.fromisoformat(revision["at"]))

    def _read(self, words: object) -> list[str]:
        return self._placeholders.shown(str(words or "")).splitlines()


def _deadline() -> float:
    return asyncio.get_running_loop().time() + ANSWER_SECONDS


def _is_called(button: Json, name: str) -> bool:
    """Tell whether a button has a name; the price behind it is the bot's to say."""
    label = str(button["label"])
    return label == name or label.startswith(f"{name} · ")


def _beginning_with(words: str, labels: list[str]) -> str:
    found = next((label for label in labels if label.startswith(words)), None)
    if found is None:
        raise DemoError(f"There is no “{words}” among {labels}.")
    return found


def _typed(value: Value) -> str:
    return value.name if isinstance(value, File) else str(value)
