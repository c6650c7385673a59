"""Which of a job's files lie in the provider's temporary store, so that none goes there twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUpload:
    """One file of a job in the provider's temporary store."""

    file_name: str
    """Among the job's files."""
    model: str
    """The one model that may use it."""
    url: str
    """``oss://``: of no use without the account's key."""
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """All of them."""

    files: tuple[JobUpload, ...] = ()

    def of(self, file_name: str, *, model: str, until: datetime) -> JobUpload | None:
        """Return where a file is that lasts until a moment; None where it is to be uploaded."""
        return next(
            (
                file
                for file in self.files
                if file.file_name == file_name and file.model == model and file.expires_at > until
            ),
            None,
        )

    def including(self, file: JobUpload) -> Uploads:
        """Return these with a file, in place of what was known of it."""
        others = tuple(one for one in self.files if one.file_name != file.file_name)
        return replace(self, files=(*others, file))
