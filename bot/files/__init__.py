"""Where files are kept: the files port on this machine's disk."""

from __future__ import annotations

from bot.files.local import SCRATCH, LocalFiles

__all__ = ["SCRATCH", "LocalFiles"]
