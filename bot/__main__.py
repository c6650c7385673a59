"""``python -m bot``."""

from __future__ import annotations

import contextlib
import os

from bot.cli import main


def _keep_to_oneself() -> None:
    """Keep what this process writes, and what is in its memory, from everybody but its owner."""
    # Prompts, pictures and links lie in its files.
    os.umask(0o077)
    try:
        import resource
    except ImportError:  # Windows
        return
    # A core file would hold tokens, and pictures of members.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _keep_to_oneself()
    main()
