"""A job's folder under DATA_DIR: pictures made to fit, the preview, the finished video."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from bot.domain.host.disk import of_disk
from bot.domain.ids import JobId
from bot.domain.jobs.job import Job
from bot.domain.requests.pictures import Picture, PreparedPicture
from bot.media import files

PREVIEW = "preview.jpg"
RESULT = "result.mp4"
SHRUNK = "delivered.mp4"


class Folders:
    """Where the files of jobs lie; file work runs in threads."""

    def __init__(self, data_dir: Path) -> None:
        self.root = data_dir / "jobs"

    def of(self, job_id: JobId) -> Path:
        """Return a job's folder."""
        return self.root / job_id

    def preview(self, job: Job) -> Path | None:
        """Return the preview's path, where the job has one."""
        return self.of(job.id) / PREVIEW if job.has_preview else None

    async def store_pictures(
        self, job_id: JobId, pictures: tuple[PreparedPicture, ...], preview: bytes | None
    ) -> tuple[Picture, ...]:
        """Write prepared pictures to disk and return what to keep of them.

        Raises:
            DiskUnavailableError: the disk is not writable; nothing stays behind.
        """
        try:
            return await asyncio.to_thread(self._store, job_id, pictures, preview)
        except OSError as error:
            with contextlib.suppress(OSError):  # what a broken disk keeps is the reaper's to sweep
                await asyncio.to_thread(files.remove_tree, self.of(job_id))
            raise of_disk(error) from error

    def _store(
        self, job_id: JobId, pictures: tuple[PreparedPicture, ...], preview: bytes | None
    ) -> tuple[Picture, ...]:
        folder = self.of(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        stored = []
        for picture in pictures:
            name = f"{picture.option}.jpg"
            files.write_atomically(folder / name, picture.jpeg)
            stored.append(
                Picture(
                    option=picture.option,
                    file_name=name,
                    width=picture.width,
                    height=picture.height,
                    notes=picture.notes,
                )
            )
        if preview is not None:
            files.write_atomically(folder / PREVIEW, preview)
        return tuple(stored)

    async def load_pictures(self, job: Job) -> tuple[tuple[PreparedPicture, ...], bytes | None]:
        """Read a job's pictures and preview back, for a retry.

        Raises:
            FileNotFoundError: they were erased.
        """
        return await asyncio.to_thread(self._load, job)

    def _load(self, job: Job) -> tuple[tuple[PreparedPicture, ...], bytes | None]:
        folder = self.of(job.id)
        pictures = tuple(
            PreparedPicture(
                option=stored.option,
                jpeg=(folder / stored.file_name).read_bytes(),
                width=stored.width,
                height=stored.height,
                notes=stored.notes,
            )
            for stored in job.pictures
        )
        preview = self.preview(job)
        return pictures, preview.read_bytes() if preview else None

    async def largest_video(self, job_id: JobId, *, limit_bytes: int) -> Path | None:
        """Return the job's best video that is not larger than a limit."""
        return await asyncio.to_thread(self._largest_video, job_id, limit_bytes)

    def _largest_video(self, job_id: JobId, limit_bytes: int) -> Path | None:
        for name in (RESULT, SHRUNK):
            path = self.of(job_id) / name
            if path.is_file() and path.stat().st_size <= limit_bytes:
                return path
        return None

    async def erase(self, job_id: JobId) -> None:
        """Delete a job's folder."""
        await asyncio.to_thread(files.remove_tree, self.of(job_id))

    async def erase_stray(self, name: str) -> None:
        """Delete a folder that belongs to no job."""
        await asyncio.to_thread(files.remove_tree, self.root / name)

    def older_than(self, moment: float) -> list[str]:
        """Return the names of folders not written since a moment (seconds of the epoch)."""
        if not self.root.is_dir():
            return []
        return [path.name for path in self.root.iterdir() if path.stat().st_mtime < moment]
