"""The emulator's films, rendered once for all tests of all workers: each costs a second or two."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.dashscope.video import VideoPlan, render


class FilmArchive:
    """Renders as the emulator does, and keeps every film.

    What is invented from a prompt alone is one film for all prompts, of which each has bytes of
    its own: a story tells films apart, and looks at none.
    """

    folder: Path | None = None
    """Where other workers find the films; None: they stay in this process."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="films")
        self._films: dict[str, Future[bytes]] = {}

    def start(self, plan: VideoPlan) -> Future[bytes]:
        """Begin to render a film, unless it is there."""
        plan = _of_any_prompt(plan)
        key = plan.key()
        if key not in self._films:
            self._films[key] = self._executor.submit(self._film, plan)
        return self._films[key]

    async def video(self, plan: VideoPlan) -> bytes:
        """Return the film."""
        film = await asyncio.shield(asyncio.wrap_future(self.start(plan)))
        return film if plan == _of_any_prompt(plan) else film + _free_box(plan.key())

    def close(self) -> None:
        """Keep everything for the next server."""

    def _film(self, plan: VideoPlan) -> bytes:
        path = None if self.folder is None else self.folder / f"{plan.key()}.mp4"
        if path is not None and path.exists():
            return path.read_bytes()
        film = render(plan, threading.Event())
        if path is not None:
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(film)
            Path(file.name).replace(path)  # another worker sees all of it or nothing
        return film


def _of_any_prompt(plan: VideoPlan) -> VideoPlan:
    return plan if plan.pictures else replace(plan, prompt="")


def _free_box(text: str) -> bytes:
    """Return a box that players pass over."""
    content = text.encode()
    return (8 + len(content)).to_bytes(4, "big") + b"free" + content


ARCHIVE = FilmArchive()


@pytest.fixture(scope="session", autouse=True)
def shared_films(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the films of this run where all of its workers find them."""
    base = tmp_path_factory.getbasetemp()
    is_shared = "PYTEST_XDIST_WORKER" in os.environ  # noqa: TID251 - no setting
    ARCHIVE.folder = (base.parent if is_shared else base) / "films"
