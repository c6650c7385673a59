"""What the emulator's tests share: pictures, requests, and an account to send them to."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from PIL import Image, ImageDraw
from yarl import URL

from sandbox.dashscope import DashScopeServer

SAMPLES = Path(__file__).parents[3] / "sandbox" / "samples"
FRAMES_PATH = "/services/aigc/image2video/video-synthesis"
VIDEO_PATH = "/services/aigc/video-generation/video-synthesis"
FLASH = "wan2.2-kf2v-flash"
PLUS = "wanx2.1-kf2v-plus"
DEADLINE_SECONDS = 15


def picture(
    colour: str = "teal",
    size: tuple[int, int] = (320, 240),
    kind: str = "JPEG",
    mode: str = "RGB",
) -> bytes:
    """Return a small picture with something to see on it."""
    image = Image.new(mode, size, colour)
    ImageDraw.Draw(image).ellipse((40, 40, size[0] // 2, size[1] // 2), fill="white")
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def data_uri(data: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


FIRST = data_uri(picture("teal"))
LAST = data_uri(picture("maroon"))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    json: dict[str, object] = field(default_factory=dict)

    @property
    def code(self) -> object:
        return self.json.get("code")

    @property
    def output(self) -> dict[str, object]:
        output = self.json["output"]
        assert isinstance(output, dict)
        return output

    @property
    def task_id(self) -> str:
        return str(self.output["task_id"])


class Account:
    """A client of one emulated account, without an SDK."""

    def __init__(self, server: DashScopeServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        address = path if path.startswith("http") else self.server.base_url + path
        content = data
        sent = dict({"Authorization": "Bearer sk-test"} if headers is None else headers)
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        async with self.http.request(
            method,
            URL(address, encoded=True),
            # As a file, because aiohttp warns of large bodies in one piece.
            data=None if content is None else io.BytesIO(content),
            headers=sent,
            allow_redirects=False,
        ) as response:
            raw = await response.read()
            is_json = raw[:1] == b"{"
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                raw.decode(errors="replace"),
                await response.json(content_type=None) if is_json else {},
            )

    async def create(
        self,
        *,
        model: str = FLASH,
        path: str = FRAMES_PATH,
        task_input: object = None,
        parameters: object = None,
        key: str = "sk-test",
        oss: bool = False,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {key}", "X-DashScope-Async": "enable"}
        if oss:
            headers["X-DashScope-OssResourceResolve"] = "enable"
        if task_input is None:
            task_input = {"first_frame_url": FIRST, "last_frame_url": LAST, "prompt": "a cat"}
        body = {"model": model, "input": task_input, "parameters": parameters or {}}
        return await self.send("POST", path, body=body, headers=headers)

    async def query(self, task_id: str, *, key: str = "sk-test") -> Answer:
        return await self.send(
            "GET", f"/tasks/{task_id}", headers={"Authorization": f"Bearer {key}"}
        )

    async def cancel(self, task_id: str) -> Answer:
        return await self.send("POST", f"/tasks/{task_id}/cancel")

    async def finished(self, **request: object) -> Answer:
        """Create a task and return the first answer that shows it finished."""
        created = await self.create(**request)  # type: ignore[arg-type] # passed through
        assert created.status == 200, created.text
        task = self.server.tasks[created.task_id]
        await self.server.wait_for(lambda: task.finished, DEADLINE_SECONDS)
        return await self.query(created.task_id)
