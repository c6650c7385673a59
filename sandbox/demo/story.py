"""Lets a member ask for a video, and tells everything they see until it is there."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from sandbox.demo.cards import Card, card_of
from sandbox.demo.control import ControlClient, long_poll
from sandbox.demo.errors import DemoError
from sandbox.demo.markup import plain, size
from sandbox.demo.transcript import Transcript
from sandbox.demo.tune import tune
from sandbox.demo.video_requests import VideoRequest
from sandbox.discord.world.json import Json

DELIVERY_SECONDS = 150
"""From the commands to the last notification; 12 to 20 are usual, and a busy machine is slower."""

JOB = re.compile(r"Job `?([0-9A-HJKMNP-TV-Z]{6})\b")

LEAST_EDITS = 3
"""A status message that changes less often tells nobody anything."""

LEAST_EDITS_TOGETHER = 1
"""Discord bounds the edits of a channel, so where several videos are under way a message skips
states; the last one it always shows."""

TUNE_NAME = "tune.wav"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredVideo:
    """A video as it was posted in the channel."""

    request: VideoRequest
    job: str
    """The footer of its message, such as ``Job ABC123``."""
    file_name: str
    url: str
    """Signed address at the CDN."""
    size_bytes: int
    sha256: str
    edits: int
    """How often the status message changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What one member asks for at once."""

    member: str
    channel_id: str
    requests: Sequence[VideoRequest]


class Story:
    """Watches the channels of a server, from the first command on."""

    def __init__(self, discord: ControlClient, world: Json, transcript: Transcript) -> None:
        self._discord = discord
        self._guild_id = str(world["guild_id"])
        self._channel_id = str(world["channel_id"])
        self._channels = {self._channel_id: ""}
        """What stands behind a command that was used there: nothing where most happens."""
        self._names = {str(user["id"]): str(user["name"]) for user in world["users"]}
        self._names[str(world["application_id"])] = "Tween"
        self._transcript = transcript
        self._seen = 0
        self._began: datetime | None = None
        self._asked: dict[str, tuple[str, Sequence[str]]] = {}
        """Command and options by interaction."""
        self._cards: dict[str, Card] = {}
        """What each message shows at present."""
        self._edits: dict[str, int] = {}
        self._together = False
        """Several videos are under way, so each line says whose it is."""

    async def add_channel(self, name: str) -> str:
        """Add a channel to the server and watch it as well; return its id."""
        added = await self._discord.post("/channels", {"guild": self._guild_id, "name": name})
        self._channels[str(added["id"])] = f" in #{name}"
        return str(added["id"])

    async def ask(self, *askings: Asking, onlooker: str = "") -> list[DeliveredVideo]:
        """Let members ask for videos at the same time and follow them to their ends.

        Args:
            askings: What they ask for.
            onlooker: Who looks at the queue while a video is being made, if anybody does.

        Raises:
            DemoError: a video is not there in time, or is something other than a video.
        """
        until = asyncio.get_running_loop().time() + DELIVERY_SECONDS
        self._seen = len(await self._discord.get(f"/events?after={self._seen}")) + self._seen
        requests = [request for asking in askings for request in asking.requests]
        asked = {
            await self._request(request, asking): request
            for asking in askings
            for request in asking.requests
        }
        jobs: dict[str, VideoRequest] = {}
        delivered: dict[str, DeliveredVideo] = {}
        self._together = len(requests) > 1
        try:
            while len(delivered) < len(requests):
                for event in await long_poll(self._discord, after=self._seen, until=until):
                    self._seen = int(event["number"])
                    await self._tell(event)
                    request = asked.get(event.get("interaction_id", ""))
                    if request is not None and event["kind"] == "private_answer":
                        jobs[_job_of(event["content"])] = request
                    if event["kind"] == "ping":
                        done = await self._delivered(jobs, event)
                        delivered[done.request.file_name] = done
                    if onlooker and self._is_being_made():
                        await self._send(onlooker, self._channel_id, "queue show", {}, [])
                        onlooker = ""
        except TimeoutError:
            raise DemoError(f"There was no video after {DELIVERY_SECONDS} s.") from None
        return [delivered[request.file_name] for request in requests]

    async def _request(self, request: VideoRequest, asking: Asking) -> str:
        """Send the command of a request; return the interaction's id."""
        options: dict[str, object] = {}
        lines = []
        for option, path in request.pictures.items():
            options[option] = _file(path.name, "image/jpeg", path=str(path))
            lines.append(f"{option:<12} {picture_line(path)}")
        if request.soundtrack_seconds is not None:
            data = tune(request.soundtrack_seconds)
            content = base64.b64encode(data).decode()
            options["soundtrack"] = _file(TUNE_NAME, "audio/wav", base64=content)
            length = f"{request.soundtrack_seconds} s, {size(len(data))}"
            lines.append(f"{'soundtrack':<12} {TUNE_NAME} ({length})")
        for option, value in request.typed.items():
            options[option] = value
            lines.append(f"{option:<12} {str(value).lower() if isinstance(value, bool) else value}")
        return await self._send(asking.member, asking.channel_id, request.command, options, lines)

    async def _send(
        self,
        member: str,
        channel_id: str,
        command: str,
        options: Mapping[str, object],
        lines: Sequence[str],
    ) -> str:
        """Send a command; return the interaction's id."""
        sent = await self._discord.post(
            "/slash",
            {
                "user": member,
                "channel": channel_id,
                "command": command,
                "options": options,
            },
        )
        interaction_id = str(sent["id"])
        self._asked[interaction_id] = (f"/{command}{self._channels[channel_id]}", lines)
        return interaction_id

    # What people see.

    async def _tell(self, event: dict[str, Any]) -> None:
        """Write an event, if a person would notice it."""
        at = datetime.fromisoformat(event["at"])
        match event["kind"]:
            case "interaction":
                command, lines = self._asked[event["interaction_id"]]
                self._write(at, event["user_id"], f"uses {command}", lines)
            case "no_answer":
                raise DemoError("The bot did not answer a command within three seconds.")
            case "acknowledged":
                self._write(at, "Tween", f"is thinking… (after {event['seconds'] * 1000:.0f} ms)")
            case "private_answer":
                whom = self._names[event["ephemeral_for"]]
                lines = self._plain(event["content"], at)
                self._write(at, "Tween", "answers privately", lines, aside=f"only {whom} sees this")
            case "message_posted" | "message_edited":
                await self._tell_message(event, at)
            case "ping":
                self._write(at, event["user_id"], "is notified 🔔")
            case _:
                pass

    async def _tell_message(self, event: dict[str, Any], at: datetime) -> None:
        """Write a new message whole, and of a changed one what is new."""
        message = await self._message(event["channel_id"], event["message_id"])
        # Later revisions have events of their own.
        revision = message["revisions"][event["revision"] - 1]
        card = card_of(revision, names=self._names, at=at)
        before = self._cards.get(event["message_id"])
        self._cards[event["message_id"]] = card
        if before is None:
            verb = "replies" if message["reference_id"] else "posts"
            self._write(at, "Tween", verb, card.lines)
            return
        self._edits[event["message_id"]] = self._edits.get(event["message_id"], 0) + 1
        verb = f"edits {card.footer}" if self._together else "edits"
        self._write(at, "Tween", f"{verb}: {card.title}", card.news_since(before))

    def _write(
        self, at: datetime, who: str, what: str, lines: Sequence[str] = (), *, aside: str = ""
    ) -> None:
        if self._began is None:
            self._began = at
        seconds = (at - self._began).total_seconds()
        self._transcript.event(seconds, self._names.get(who, who), what, lines, aside=aside)

    def _plain(self, markup: str, at: datetime) -> list[str]:
        return plain(markup, names=self._names, at=at).splitlines()

    def _is_being_made(self) -> bool:
        return any("Being made" in card.title for card in self._cards.values())

    # What there is in the end.

    async def _message(self, channel_id: str, message_id: str) -> dict[str, Any]:
        messages = await self._discord.get(f"/messages?channel={channel_id}")
        for message in messages:
            if message["id"] == message_id:
                found: dict[str, Any] = message
                return found
        raise DemoError("A message the bot posted has disappeared.")

    async def _delivered(
        self, jobs: Mapping[str, VideoRequest], ping: dict[str, Any]
    ) -> DeliveredVideo:
        """Return the video of the message the notification belongs to."""
        channel_id = ping["channel_id"]
        notice = await self._message(channel_id, ping["message_id"])
        message_id = notice["reference_id"] or notice["id"]
        shown = (await self._message(channel_id, message_id))["revisions"][-1]
        card = self._cards.get(message_id)
        videos = [file for file in shown["attachments"] if file["content_type"] == "video/mp4"]
        if card is None or len(videos) != 1:
            title = card.title if card else "nothing"
            raise DemoError(f"The job ended without a video; its message shows “{title}”.")
        request = jobs.get(_job_of(card.footer))
        if request is None:
            raise DemoError(f"Nobody asked for the video of {card.footer}.")
        edits = self._edits.get(message_id, 0)
        least = LEAST_EDITS_TOGETHER if self._together else LEAST_EDITS
        if edits < least:
            raise DemoError(f"The status message changed {edits} times, not {least}.")
        video = videos[0]
        return DeliveredVideo(
            request=request,
            job=card.footer,
            file_name=video["filename"],
            url=video["url"],
            size_bytes=video["size"],
            sha256=video["sha256"],
            edits=edits,
        )


def _job_of(words: str) -> str:
    """Return the job id in an answer or a footer.

    Raises:
        DemoError: there is none, so no job was made.
    """
    found = JOB.search(words)
    if found is None:
        raise DemoError(f"The bot refused the command: {words}")
    return found[1]


def _file(name: str, content_type: str, **source: str) -> dict[str, str]:
    """Return a file as the Discord sandbox takes it in an option."""
    return {"filename": name, "content_type": content_type, **source}


def picture_line(path: Path) -> str:
    """Describe a picture the way a client's upload box does."""
    with Image.open(path) as picture:
        return f"{path.name} ({picture.width}×{picture.height}, {size(path.stat().st_size)})"
