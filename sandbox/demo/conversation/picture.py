"""The whole picture: three windows on a desk. Asking, following, and the video."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sandbox.demo.conversation.composer import Composer, Upload, chips, option
from sandbox.demo.conversation.flow import Look, words
from sandbox.demo.conversation.ink import Canvas, Colour, Face
from sandbox.demo.conversation.parts import (
    BODY,
    Box,
    Column,
    Media,
    Row,
    buttons,
    embed,
    markup,
)
from sandbox.demo.conversation.richtext import Reader
from sandbox.demo.conversation.windows import (
    CONTENT,
    PAD,
    WINDOW_WIDTH,
    Above,
    Header,
    Message,
    OnlyYou,
    Person,
    Window,
)
from sandbox.demo.errors import DemoError
from sandbox.demo.shown_messages import ShownMessage, Visibility
from sandbox.demo.video_requests import VideoRequest
from sandbox.discord.world.json import Json

MARGIN, GAP = 20.0, 16.0
WIDTH = 2 * WINDOW_WIDTH + 2 * MARGIN + GAP

_FILLS = ("#3f8f6b", "#a8577e", "#b0762f", "#5a7fa8")
_BOT_FILL = "#404bc4"
_COMMAND = Look(size=15, fill=Colour.HEADING, face=Face.STRONG)
UPLOAD_GAP = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One request, from the command to the notification."""

    request: VideoRequest
    command: Json
    """What the bot registered: description and options."""
    seen: Sequence[ShownMessage]
    names: Mapping[str, str]
    """Names of people by id."""
    bot_id: str
    channel: str
    frame: Image.Image
    """A frame of the delivered video."""
    seconds: float
    """Length of the delivered video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyMessages:
    """What the windows show, out of everything that was seen."""

    answer: ShownMessage
    followed: ShownMessage
    """The status message while the video can still be cancelled."""
    done: ShownMessage
    """The status message with the video."""
    notice: ShownMessage
    looked: ShownMessage | None
    """What somebody else saw meanwhile, if anybody looked."""
    people: Mapping[str, Person]

    @property
    def asker(self) -> Person:
        """Whose request it is."""
        return self.people[self.answer.whom]


def save(conversation: Conversation, path: Path) -> None:
    """Write the picture as PNG.

    Raises:
        DemoError: something that belongs into it was not seen.
    """
    draw(conversation).save(path, "PNG")


def draw(conversation: Conversation) -> Image.Image:
    """Return the picture.

    Raises:
        DemoError: something that belongs into it was not seen.
    """
    moments = _key_messages(conversation)
    left = [_asking(conversation, moments), _following(conversation, moments)]
    right = [_watching(conversation, moments)]
    if moments.looked is not None:
        right.append(_looking(conversation, moments, moments.looked))
    tall = max(Column(boxes=column, gap=GAP).height for column in (left, right))
    canvas = Canvas(WIDTH, tall + 2 * MARGIN, Colour.DESK)
    for column, x in ((left, MARGIN), (right, MARGIN + WINDOW_WIDTH + GAP)):
        top = MARGIN
        for window in column:
            # The last window of a column reaches down to the desk's margin.
            room = MARGIN + tall - top if window is column[-1] else window.height
            window.stretched(canvas, x, top, room)
            top += room + GAP
    return canvas.image


def _key_messages(conversation: Conversation) -> _KeyMessages:
    """Pick what is shown."""
    seen = conversation.seen
    done = _first(seen[::-1], "a video", lambda message: message.video is not None)
    answer = _first(
        seen, "a private answer", lambda message: message.visibility is Visibility.PRIVATE
    )
    others = (message for message in seen if message.whom not in {"", answer.whom})
    own = [message for message in seen if message.message_id == done.message_id]
    return _KeyMessages(
        answer=answer,
        followed=_first(
            own[::-1],
            "a status message with a button",
            lambda message: bool(message.labels) and message.video is None,
        ),
        done=done,
        notice=_first(
            seen, "a notification", lambda message: message.reference_id == done.message_id
        ),
        looked=next(others, None),
        people={
            user_id: Person(name=name, fill=_BOT_FILL, is_bot=True)
            if user_id == conversation.bot_id
            else Person(name=name, fill=_FILLS[number % len(_FILLS)])
            for number, (user_id, name) in enumerate(conversation.names.items())
        },
    )


def _first(
    seen: Sequence[ShownMessage], what: str, fits: Callable[[ShownMessage], bool]
) -> ShownMessage:
    for message in seen:
        if fits(message):
            return message
    raise DemoError(f"The conversation cannot be drawn: {what} is missing.")


# The windows.


def _asking(conversation: Conversation, moments: _KeyMessages) -> Window:
    """Return the composer with the command in it."""
    request = conversation.request
    inner = WINDOW_WIDTH - 2 * PAD - 24
    boxes: list[Box] = [words(f"/{request.command}", _COMMAND, inner)]
    if request.pictures:
        step = (inner + UPLOAD_GAP) / max(2, len(request.pictures))
        uploads = [
            Upload(image=_load(path), option=option, file_name=path.name, width=step - UPLOAD_GAP)
            for option, path in request.pictures.items()
        ]
        boxes.append(Row(boxes=uploads, step=step))
    boxes.extend(option(name, str(typed), inner) for name, typed in request.typed.items())
    composer = Composer(inside=Column(boxes=boxes, gap=8))
    return Window(
        channel=conversation.channel,
        step=f"{moments.asker.name} asks",
        inside=Column(boxes=[_hint(conversation), composer], gap=12),
    )


def _hint(conversation: Conversation) -> Column:
    """Return what a client shows above the composer: the description, and what else may be set."""
    request, given = conversation.request, conversation.command
    used = {*request.pictures, *request.typed}
    others = [option["name"] for option in given["options"] if option["name"] not in used]
    width = WINDOW_WIDTH - 2 * PAD
    return Column(
        boxes=[
            words(str(given["description"]), Look(size=14), width),
            chips(others, width),
        ],
        gap=8,
    )


def _following(conversation: Conversation, moments: _KeyMessages) -> Window:
    """Return the private answer and the status message."""
    asker = moments.asker
    used = Above(person=asker, before="used", chip=moments.answer.command)
    answer = _message(conversation, moments, moments.answer, above=used)
    status = _message(conversation, moments, moments.followed)
    return Window(
        channel=conversation.channel,
        step=f"{asker.name} follows",
        inside=Column(boxes=[status, answer], gap=16),
    )


def _watching(conversation: Conversation, moments: _KeyMessages) -> Window:
    """Return the finished video and the line that tells of it."""
    asker, bot = moments.asker, moments.people[conversation.bot_id]
    done = _message(conversation, moments, moments.done)
    above = Above(person=bot, before="Click to see attachment")
    notice = _message(conversation, moments, moments.notice, above=above)
    return Window(
        channel=conversation.channel,
        step=f"{asker.name} is told",
        inside=Column(boxes=[done, notice], gap=16),
    )


def _looking(conversation: Conversation, moments: _KeyMessages, looked: ShownMessage) -> Window:
    """Return what somebody else was answered."""
    person = moments.people[looked.whom]
    used = Above(person=person, before="used", chip=looked.command)
    answer = _message(conversation, moments, looked, above=used)
    return Window(
        channel=conversation.channel,
        step=f"meanwhile {person.name} looks",
        inside=Column(boxes=[answer], gap=0),
    )


def _message(
    conversation: Conversation,
    moments: _KeyMessages,
    seen: ShownMessage,
    *,
    above: Above | None = None,
) -> Message:
    """Return a message as the asker sees it."""
    reader = Reader(names=conversation.names, at=seen.at)
    bot = moments.people[conversation.bot_id]
    is_private = seen.visibility is Visibility.PRIVATE
    boxes: list[Box] = [Header(person=bot, stamp=f"Today at {seen.at:%H:%M}")]
    boxes += markup(str(seen.revision.get("content") or ""), reader, BODY, CONTENT)
    boxes += _media(conversation, seen, reader)
    if seen.labels:
        boxes.append(buttons(seen.labels, CONTENT))
    if is_private:
        boxes.append(OnlyYou())
    return Message(
        person=bot,
        above=above,
        inside=Column(boxes=boxes, gap=5),
        private=is_private,
        pings=seen is moments.notice,
    )


def _media(conversation: Conversation, seen: ShownMessage, reader: Reader) -> list[Box]:
    """Return attachments, then embeds, as a client orders them."""
    boxes: list[Box] = []
    if seen.video is not None:
        length = f"0:{round(conversation.seconds):02}"
        boxes.append(Media(image=conversation.frame, width=CONTENT, is_video=True, length=length))
    files = {
        f"attachment://{attachment['filename']}": attachment
        for attachment in seen.revision["attachments"]
    }
    for shown in seen.revision["embeds"]:
        file = files.get(str(shown.get("image", {}).get("url")))
        image = _load(Path(file["path"])) if file else None
        boxes.append(embed(shown, reader, CONTENT, image))
    return boxes


def _load(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")
