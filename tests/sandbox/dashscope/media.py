"""Small sounds and clips, and a place where they were uploaded."""

from __future__ import annotations

import array
import io
import math
import wave
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import av
from av.audio.stream import AudioStream
from PIL import Image

from sandbox.dashscope.clock import ChangeNotifier, EmulatorClock
from sandbox.dashscope.files import FileSource
from sandbox.dashscope.rows import Region
from sandbox.dashscope.uploads import StoredFile, UploadStore
from sandbox.dashscope.validation import VideoPlan, check_creation, inspect_input
from tests.sandbox.dashscope.helpers import picture

TONE = 440
LOUD = 16000
WAV_RATE = 8000


@cache
def wav(seconds: float) -> bytes:
    """Return a loud tone."""
    second = array.array(
        "h", (round(LOUD * math.sin(math.tau * TONE * at / WAV_RATE)) for at in range(WAV_RATE))
    )
    samples = (second * (int(seconds) + 1))[: round(seconds * WAV_RATE)]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(WAV_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


@cache
def sound(seconds: float, codec: str = "libmp3lame", form: str = "mp3") -> bytes:
    """Return silence in another format than WAV."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, 48000, layout="mono")
        assert isinstance(stream, AudioStream)
        frame = av.AudioFrame(format="s16", layout="mono", samples=round(seconds * 48000))
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


@cache
def clip(
    seconds: float,
    size: tuple[int, int] = (320, 240),
    *,
    rate: int = 30,
    colour: str = "navy",
    tone: bool = False,
    form: str = "mp4",
) -> bytes:
    """Return a video of one colour, with a loud tone if wanted."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream("libx264", rate, options={"preset": "ultrafast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        track = container.add_stream("aac", WAV_RATE, layout="mono") if tone else None
        image = Image.new("RGB", size, colour)
        for number in range(round(seconds * rate)):
            frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call] # in PyAV
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            samples = wav(seconds)[44:]
            heard = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // 2, align=1)
            heard.planes[0].update(samples)
            heard.sample_rate = WAV_RATE
            container.mux(track.encode(heard))
            container.mux(track.encode())
    return file.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "a.png": lambda: picture(size=(400, 300), kind="PNG"),
    "b.png": lambda: picture("maroon", (300, 400), "PNG"),
    "wide.png": lambda: picture(size=(2000, 240), kind="PNG"),
    "wider.png": lambda: picture(size=(2400, 240), kind="PNG"),
    "c.mp4": lambda: clip(3),
    "c2.mp4": lambda: clip(2.0, (240, 320), colour="olive"),
    "c8.mp4": lambda: clip(8, rate=16),
    "c12.mp4": lambda: clip(12, rate=16),
    "a.mp3": lambda: sound(4),
    "a.wav": lambda: wav(3),
    "talk.txt": lambda: b"words",
}
"""What `Desk` has, by name."""


class Desk:
    """Plans requests without a server; ``file:NAME`` in a request is an uploaded file."""

    def __init__(self) -> None:
        clock = EmulatorClock(1.0, notifier=ChangeNotifier())
        self._uploads = UploadStore(clock, b"secret")
        self._expires_at = clock.epoch() + 3600
        self._source = FileSource(self._uploads)

    async def planned(
        self,
        model: str,
        task_input: Mapping[str, object],
        parameters: Mapping[str, object] | None = None,
        *,
        region: Region = Region.BEIJING,
        ignores_picture_fields: bool = False,
        files: Mapping[str, bytes] = MappingProxyType({}),
    ) -> VideoPlan:
        """Return what the emulator would make.

        Raises:
            ApiError: it refuses the creation.
            InputRejectedError: it takes the creation, and fails the task.
        """
        made = {name: make for name, make in FILES.items() if f"file:{name}" in str(task_input)}
        contents = {name: make() for name, make in made.items()} | dict(files)
        for name, data in contents.items():
            self._uploads.files[name] = StoredFile(model, data, self._expires_at)
        body = {"model": model, "input": _addressed(task_input), "parameters": parameters or {}}
        creation = check_creation(body, path="video-generation", region=region)
        return await inspect_input(
            creation,
            self._source,
            resolve_oss=True,
            ignores_picture_fields=ignores_picture_fields,
        )


def _addressed(value: object) -> object:
    if isinstance(value, str):
        return value.replace("file:", "oss://") if value.startswith("file:") else value
    if isinstance(value, dict):
        return {name: _addressed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_addressed(item) for item in value]
    return value


def media(**items: str | list[str]) -> dict[str, object]:
    """Return an input with a prompt and the ``media`` list of these types."""
    listed = [
        {"type": kind, "url": url}
        for kind, urls in items.items()
        for url in (urls if isinstance(urls, list) else [urls])
    ]
    return {"prompt": "p", "media": listed}
